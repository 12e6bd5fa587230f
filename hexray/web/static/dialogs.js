/** The dialogs of the page: a new game, loading, saving. Each asks, and hands over what was said. */

import { offerNets } from "./controls.js";
import { html } from "./elements.js";
import { HUMAN } from "./page.js";
import { MAX_SIZE, MIN_SIZE } from "./rules.js";
import { MAX_TEXT_BYTES, TOO_LONG } from "./saved.js";

const at = (id) => document.getElementById(id);

/**
 * @typedef {object} Setup
 * @property {number} size
 * @property {{ red: string, blue: string }} players
 * @property {{ unit: string, amount: number }} strength
 * @property {boolean} hasSwap
 * @property {boolean} mayResign
 */

/**
 * Make the dialog of a new game.
 * @param {(setup: Setup) => void} onStart
 * @returns {(page: import("./page.js").Page) => void} opens it with what holds now
 */
export function makeNewGame(onStart) {
  const [size, red, blue, unit, amount] = ["size", "player-red", "player-blue", "unit", "amount"].map(at);
  let page = null;
  for (let side = MIN_SIZE; side <= MAX_SIZE; side += 1) {
    size.append(html("option", { value: side }, `${side} x ${side}`));
  }
  const refresh = () => {
    at("size-note").textContent = noteOn(page, Number(size.value), [red.value, blue.value]);
    amount.max = page.limits[unit.value];
    amount.min = unit.value === "seconds" ? 0.1 : 1;
  };
  for (const field of [size, red, blue, unit]) field.addEventListener("change", refresh);
  unit.addEventListener("change", () => {
    amount.value = unit.value === "seconds" ? 1 : page.defaultSimulations;
  });
  onClosed("new-dialog", "start", () => {
    const strength = { unit: unit.value, amount: amountIn(amount, unit.value === "simulations") };
    const players = { red: red.value, blue: blue.value };
    const rules = { hasSwap: at("pie").checked, mayResign: at("may-resign").checked };
    onStart({ size: Number(size.value), players, strength, ...rules });
  });
  return (now) => {
    page = now;
    for (const choice of [red, blue]) {
      offerNets(choice, page, html("option", { value: HUMAN }, "Human"));
    }
    size.value = page.tree.root.game.size;
    [red.value, blue.value] = [page.players.red, page.players.blue];
    [unit.value, amount.value] = [page.strength.unit, page.strength.amount];
    [at("pie").checked, at("may-resign").checked] = [page.hasSwap, page.mayResign];
    refresh();
    at("new-dialog").showModal();
  };
}

/**
 * Make the dialog that loads a game.
 * @param {(text: string) => void} onText
 * @returns {() => void} opens it
 */
export function makeLoad(onText) {
  const [text, file] = [at("load-text"), at("load-file")];
  file.addEventListener("change", async () => {
    const [chosen] = file.files;
    const isLong = chosen?.size > MAX_TEXT_BYTES;
    file.setCustomValidity(isLong ? TOO_LONG : "");
    file.reportValidity();
    text.value = chosen && !isLong ? await chosen.text() : "";
  });
  onClosed("load-dialog", "load", () => onText(text.value));
  return () => {
    [text.value, file.value] = ["", ""];
    file.setCustomValidity("");
    at("load-dialog").showModal();
  };
}

/**
 * Make the dialog that saves a game.
 * @param {(format: string) => Promise<string>} write rejects after it has said why it cannot
 * @returns {() => Promise<void>} opens it
 */
export function makeSave(write) {
  const [format, text, copy] = [at("save-format"), at("save-text"), at("copy")];
  const put = (written) => {
    text.value = written;
    for (const id of ["copy", "download"]) at(id).disabled = written === "";
  };
  const refresh = async () => {
    put("");
    const wanted = format.value;
    const written = await write(wanted);
    if (wanted === format.value) put(written);
  };
  format.addEventListener("change", refresh);
  copy.addEventListener("click", async () => {
    copy.textContent = (await copied(text)) ? "Copied" : "Press Ctrl+C";
  });
  at("download").addEventListener("click", () => download(text.value, format.value));
  return async () => {
    copy.textContent = "Copy";
    at("save-dialog").showModal();
    await refresh();
  };
}

/**
 * Return the number in a field, within its bounds; its least where there is none.
 * @param {HTMLInputElement} field
 * @param {boolean} isWhole
 */
export function amountIn(field, isWhole) {
  const [least, most] = [Number(field.min), Number(field.max)];
  const said = isWhole ? Math.round(Number(field.value)) : Number(field.value);
  field.value = Math.min(Math.max(said, least), most);
  return Number(field.value);
}

/** Enter and Escape close a dialog too; what counts is the button that stands for it. */
function onClosed(id, value, action) {
  const dialog = at(id);
  const form = dialog.querySelector("form");
  form.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !event.target.matches("input, select")) return;
    event.preventDefault();
    form.querySelector(`button[value=${value}]`).click();
  });
  dialog.addEventListener("close", () => {
    if (dialog.returnValue === value) action();
    dialog.returnValue = "";
  });
}

/** Say so where a network plays on a board that it was not trained on. */
function noteOn(page, size, players) {
  const strange = page.nets.filter(({ id, boards }) => players.includes(id) && !boards.includes(size));
  return strange
    .map(({ name, boards }) => {
      const known = boards.length > 0 ? `was trained on ${boards.join(", ")}` : "is not trained";
      return `${name} ${known}; on ${size} x ${size} it may play weakly.`;
    })
    .join(" ");
}

/** A page that is not served by this machine itself may not write to the clipboard. */
async function copied(text) {
  text.select();
  if (navigator.clipboard === undefined) return document.execCommand("copy");
  try {
    await navigator.clipboard.writeText(text.value);
    return true;
  } catch (error) {
    if (error instanceof DOMException) return false;
    throw error;
  }
}

function download(text, format) {
  const ending = format === "sgf" ? "sgf" : "txt";
  const address = URL.createObjectURL(new Blob([text], { type: "text/plain" }));
  html("a", { href: address, download: `hex.${ending}` }).click();
  URL.revokeObjectURL(address);
}
