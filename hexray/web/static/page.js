/**
 * What the page knows, and what follows from it; neither elements nor requests.
 *
 * @typedef {import("./tree.js").Tree} Tree
 * @typedef {import("./tree.js").Node} Node
 *
 * @typedef {object} Page
 * @property {{ id: string, name: string, board: number, boards: number[] }[]} nets
 * @property {{ simulations: number, seconds: number }} limits
 * @property {number} defaultSimulations of a move, as the server would have it
 * @property {Tree} tree
 * @property {{ red: string, blue: string }} players HUMAN or the id of a network
 * @property {{ unit: "simulations" | "seconds", amount: number }} strength of networks that play
 * @property {boolean} hasSwap
 * @property {boolean} mayResign networks give up games that they take for lost
 * @property {boolean} isLive networks move when it is their turn; not while people look around
 * @property {{ first: string, second: string }} names of the players of a loaded game
 * @property {string | null} candidate whose line is shown on the board
 */

import { BLUE, EMPTY, RED, RESIGN, maySwap } from "./rules.js";
import { newTree } from "./tree.js";

export const HUMAN = "human";

/** What a page knows before it has asked its server. @returns {Page} */
export function newPage() {
  return {
    nets: [],
    defaultSimulations: 64,
    limits: { simulations: 20_000, seconds: 60 },
    tree: newTree(11),
    players: { red: HUMAN, blue: HUMAN },
    strength: { unit: "simulations", amount: 64 },
    hasSwap: true,
    mayResign: false,
    isLive: false,
    names: { first: "", second: "" },
    candidate: null,
  };
}

/** Name a colour in words. @param {number} colour */
export function wordOf(colour) {
  return colour === RED ? "red" : "blue";
}

/** Say who plays a colour: HUMAN or the id of a network. @param {Page} page @param {number} colour */
export function playerOf(page, colour) {
  return page.players[wordOf(colour)];
}

/** Name who plays a colour, for people. @param {Page} page @param {number} colour */
export function playerName(page, colour) {
  const id = playerOf(page, colour);
  const loaded = colour === RED ? page.names.first : page.names.second;
  if (id === HUMAN) return loaded || "human";
  return page.nets.find((net) => net.id === id)?.name ?? id;
}

/** Say whether a network is to move at the position shown. @param {Page} page */
export function isNetsTurn(page) {
  const { game } = page.tree.shown;
  return game.winner === EMPTY && playerOf(page, game.turn) !== HUMAN;
}

/** Say whether people may move now: a network that plays is not interrupted. @param {Page} page */
export function mayPlay(page) {
  return page.tree.shown.game.winner === EMPTY && !(page.isLive && isNetsTurn(page));
}

/** Say whether people may swap now. @param {Page} page */
export function maySwapNow(page) {
  return page.hasSwap && mayPlay(page) && maySwap(page.tree.shown.game);
}

/**
 * Where undo leads: to the last position at which a human had to move.
 * @param {Page} page
 * @returns {Node | null}
 */
export function undone(page) {
  let at = page.tree.shown.parent;
  while (at !== null && !isHumans(page, at)) at = at.parent;
  return at;
}

/**
 * Where redo leads: to the next position at which a human has to move, or to the end.
 * @param {Page} page
 * @returns {Node | null}
 */
export function redone(page) {
  let at = following(page.tree.shown);
  while (at !== null && !isHumans(page, at) && following(at) !== null) at = following(at);
  return at;
}

/** The position that going forward leads to. @param {Node} at @returns {Node | null} */
export function following(at) {
  return at.next ?? at.children[0] ?? null;
}

/**
 * Say whose turn it is or who has won.
 * @param {Page} page
 * @param {boolean} isThinking a network looks for its move
 */
export function statusOf(page, isThinking) {
  const { game } = page.tree.shown;
  const name = (colour) => (colour === RED ? "Red" : "Blue");
  if (game.winner !== EMPTY) {
    const how = game.moves.at(-1) === RESIGN ? `: ${name(-game.winner)} has resigned` : "";
    return `${name(game.winner)} has won${how}`;
  }
  const { result } = page.tree.shown;
  if (result !== "") return `${result === "red" ? "Red" : "Blue"} has won, as the file says`;
  if (isThinking) return `${name(game.turn)} is thinking`;
  if (isNetsTurn(page) && !page.isLive) return `${name(game.turn)} to move: press Play on`;
  return `${name(game.turn)} to move${maySwapNow(page) ? ", or swap" : ""}`;
}

/** Everybody may take moves back where nobody human plays. */
function isHumans(page, at) {
  const { red, blue } = page.players;
  return (red !== HUMAN && blue !== HUMAN) || playerOf(page, at.game.turn) === HUMAN;
}
