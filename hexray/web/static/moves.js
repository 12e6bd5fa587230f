/** Draws the tree of a game as moves to click on; variations stand below the move they replace. */

import { html } from "./elements.js";
import { RESIGN, SWAP } from "./rules.js";
import { isMain } from "./tree.js";

const SIGNS = { inaccuracy: "?!", mistake: "?", blunder: "??" };

/**
 * Put the moves of a tree into an element of the page.
 * @param {HTMLElement} host
 * @param {(node: import("./tree.js").Node) => void} onGo
 * @returns {(tree: import("./tree.js").Tree) => void} draws a tree
 */
export function makeMoves(host, onGo) {
  let tree = null;
  host.addEventListener("click", (event) => {
    const button = event.target.closest("[data-node]");
    if (button) onGo(tree.nodes.get(Number(button.dataset.node)));
  });
  return (drawn) => {
    tree = drawn;
    const focused = document.activeElement?.dataset?.node;
    host.replaceChildren(lineFrom(tree.root, tree.shown));
    const current = host.querySelector("[aria-current]");
    if (focused !== undefined) host.querySelector(`[data-node="${focused}"]`)?.focus();
    if (current) keepInSight(host, current);
  };
}

/** Draw the line that begins at a node, and below each of its moves what was played instead. */
function lineFrom(first, shown) {
  const line = html("div", { class: "line" });
  line.append(moveOf(first, shown));
  for (let at = first; at.children.length > 0; at = at.children[0]) {
    const [next, ...others] = at.children;
    line.append(moveOf(next, shown));
    for (const other of others) {
      line.append(html("div", { class: "variation" }, lineFrom(other, shown)));
    }
  }
  return line;
}

function moveOf(node, shown) {
  const ply = node.game.moves.length;
  const mark = node.judged?.mark ?? "";
  const colour = ply === 0 ? "" : node.game.turn === 1 ? "blue" : "red";
  const button = html("button", {
    type: "button",
    "data-node": node.id,
    "data-mark": mark || null,
    class: `${colour} ${mark} ${isMain(node) ? "on-main" : ""}`,
    "aria-current": node === shown ? "step" : null,
    title: mark ? `${mark}: ${lossOf(node)}` : null,
  });
  if (ply > 0) button.append(html("small", {}, `${ply}`));
  button.append(ply === 0 ? "Start" : spoken(node.move));
  if (mark) button.append(html("em", {}, SIGNS[mark]));
  return button;
}

/**
 * Say what a judged move has cost, and what was better.
 * @param {import("./tree.js").Node} node
 */
export function lossOf({ judged }) {
  const better = judged.best ? `; ${spoken(judged.best)} was better` : "";
  return `${Math.round(100 * judged.loss)}% of the chance of winning lost${better}`;
}

function spoken(name) {
  return name === SWAP ? "swap" : name === RESIGN ? "resigns" : name;
}

/** Scroll the list alone; `scrollIntoView` would move the whole page. */
function keepInSight(host, button) {
  const [frame, place] = [host.getBoundingClientRect(), button.getBoundingClientRect()];
  if (place.top < frame.top) host.scrollTop -= frame.top - place.top;
  if (place.bottom > frame.bottom) host.scrollTop += place.bottom - frame.bottom;
}
