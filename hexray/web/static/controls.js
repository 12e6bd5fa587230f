/** Shows who plays, whose turn it is, and which buttons can be pressed. */

import { html } from "./elements.js";
import * as state from "./page.js";
import { BLUE, EMPTY, RED, chain } from "./rules.js";
import { isMain } from "./tree.js";

const at = (id) => document.getElementById(id);

/**
 * Draw all that surrounds the board.
 * @param {import("./page.js").Page} page
 * @param {string} work what goes on: move, analyse, judge or empty
 */
export function drawButtons(page, work) {
  const { shown } = page.tree;
  const isOpen = shown.game.winner === EMPTY;
  const hasNets = page.nets.length > 0;
  drawSides(page);
  const status = statusNow(page, work === "move");
  // Saying the same again would make a screen reader repeat it.
  if (at("status").textContent !== status) at("status").textContent = status;
  enable("first", shown.parent);
  enable("back", shown.parent);
  enable("forward", state.following(shown));
  enable("end", state.following(shown));
  enable("undo", state.undone(page));
  enable("redo", state.redone(page));
  enable("resign", isOpen && state.mayPlay(page) && !state.isNetsTurn(page));
  enable("analyse", isOpen && hasNets && work !== "move" && work !== "analyse");
  enable("judge", hasNets && page.tree.root.children.length > 0 && work === "");
  enable("stop", work);
  enable("promote", !isMain(shown));
  enable("remove", shown.parent);
  at("swap").hidden = !state.maySwapNow(page);
  at("go").hidden = !state.isNetsTurn(page) || page.isLive;
}

/**
 * Offer the networks to choose from.
 * @param {HTMLElement} choice a select
 * @param {import("./page.js").Page} page
 * @param {...HTMLElement} before options that come first
 */
export function offerNets(choice, page, ...before) {
  const nets = page.nets.map(({ id, name }) => html("option", { value: id }, name));
  choice.replaceChildren(...before, ...nets);
}

function drawSides(page) {
  const { game } = page.tree.shown;
  for (const colour of [RED, BLUE]) {
    const side = at(state.wordOf(colour));
    side.lastElementChild.textContent = state.playerName(page, colour);
    side.title = state.playerName(page, colour);
    side.classList.toggle("turn", game.winner === EMPTY && game.turn === colour);
  }
}

function statusNow(page, isThinking) {
  const said = state.statusOf(page, isThinking);
  const stones = chain(page.tree.shown.game).length;
  return stones > 0 ? `${said} with a chain of ${stones} stones` : said;
}

function enable(id, isEnabled) {
  at(id).disabled = !isEnabled;
}
