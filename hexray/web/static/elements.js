/** Makes elements of HTML and SVG without ever reading text as markup. */

const SVG = "http://www.w3.org/2000/svg";

/**
 * Make an element of HTML.
 * @param {string} name
 * @param {Record<string, unknown>} [attributes] false, null and undefined leave one out, true
 *   writes it without a value, a function becomes the listener of `on...`
 * @param {...(Node | string)} children
 * @returns {HTMLElement}
 */
export function html(name, attributes = {}, ...children) {
  return filled(document.createElement(name), attributes, children);
}

/**
 * Make an element of SVG; see `html`.
 * @param {string} name
 * @param {Record<string, unknown>} [attributes]
 * @param {...(Node | string)} children
 * @returns {SVGElement}
 */
export function svg(name, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, name), attributes, children);
}

function filled(element, attributes, children) {
  for (const [key, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(key.slice(2), value);
    else if (value !== false && value !== null && value !== undefined) {
      element.setAttribute(key, value === true ? "" : String(value));
    }
  }
  element.append(...children);
  return element;
}
