/** How the page looks: light or dark, and what the board shows. It is remembered. */

import { looks } from "./memory.js";

const CHOICES = ["numbers", "coordinates", "candidates", "heat", "follow"];
const at = (id) => document.getElementById(id);
const narrow = window.matchMedia("(max-width: 560px)");
const dark = window.matchMedia("(prefers-color-scheme: dark)");

/**
 * Show the page as it was left, and remember what people change.
 * @param {() => void} onChange called when the board is to be drawn again
 */
export function listenToLooks(onChange) {
  const kept = looks.read({ coordinates: true, candidates: true, theme: "" });
  if (kept.theme !== "") document.documentElement.dataset.theme = kept.theme;
  for (const id of CHOICES) {
    at(id).checked = kept[id] === true;
    at(id).addEventListener("change", () => {
      keep();
      onChange();
    });
  }
  // A board that stands upright is as narrow as a phone.
  at("upright").checked = narrow.matches;
  at("upright").addEventListener("change", onChange);
  narrow.addEventListener("change", () => {
    at("upright").checked = narrow.matches;
    onChange();
  });
}

/** Turn light into dark, and dark into light. */
export function toggleTheme() {
  const { dataset } = document.documentElement;
  const isDark = (dataset.theme ?? (dark.matches ? "dark" : "light")) === "dark";
  dataset.theme = isDark ? "light" : "dark";
  keep();
}

function keep() {
  const chosen = Object.fromEntries(CHOICES.map((id) => [id, at(id).checked]));
  looks.write({ ...chosen, theme: document.documentElement.dataset.theme ?? "" });
}
