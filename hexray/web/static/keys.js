/** Turns keys into actions, where they are not meant for a field, a dialog or a cell. */

const WRITES = "input:not([type=checkbox]), select, textarea";

/** Keys that press a button; one that is hidden or disabled is not pressed. */
const BUTTONS = {
  ArrowLeft: "back",
  ArrowRight: "forward",
  Home: "first",
  End: "end",
  u: "undo",
  r: "redo",
  s: "swap",
  g: "go",
  n: "new",
  "?": "help",
};

/**
 * Listen to the keys of the page.
 * @param {Record<string, () => void>} others actions that no button stands for, by their key
 */
export function listenToKeys(others) {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (event.target.closest?.(WRITES) || document.querySelector("dialog[open]")) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const button = document.getElementById(BUTTONS[key] ?? "");
    if (key === "Escape") document.activeElement.blur();
    else if (button !== null && !button.hidden) button.click();
    else if (key in others) others[key]();
    else return;
    event.preventDefault();
  });
}
