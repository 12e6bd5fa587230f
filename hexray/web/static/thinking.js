/**
 * What networks are asked for: a move, an opinion of a position, a judgement of a game.
 *
 * What comes back is noted in the nodes of the tree. All reject as `api.js` says.
 *
 * @typedef {import("./page.js").Page} Page
 * @typedef {import("./tree.js").Node} Node
 */

import { ask, follow } from "./api.js";
import { HUMAN, playerOf } from "./page.js";
import { grow, lineOf } from "./tree.js";

const BETWEEN_MOVES_MS = 250;
/** Chance of winning in [0, 1] below which networks resign, where they may. */
const RESIGN_BELOW = 0.05;

/**
 * Let the network whose turn it is move at the position shown.
 * @param {Page} page
 * @param {AbortSignal} signal
 */
export async function letMove(page, signal) {
  const node = page.tree.shown;
  const { unit, amount } = page.strength;
  const net = playerOf(page, node.game.turn);
  const rules = { swap: page.hasSwap, resignBelow: page.mayResign ? RESIGN_BELOW : 0 };
  const request = { ...gameOf(node), net, [unit]: amount, ...rules };
  // Two networks may be so fast that nobody would see the moves.
  const isWatched = page.players.red !== HUMAN && page.players.blue !== HUMAN;
  const wait = isWatched ? BETWEEN_MOVES_MS : 0;
  const [answer] = await Promise.all([ask("/api/move", request, signal), pause(wait, signal)]);
  // The search of a move is short; an analysis from before tells more.
  if (node.opinion === null) noteOpinion(node, answer.opinion);
  grow(page.tree, answer.move);
}

/**
 * Search a position, and note every report.
 * @param {Node} node
 * @param {{ net: string, simulations: number, seconds: number }} wanted
 * @param {AbortSignal} signal
 * @param {() => void} onReport
 */
export async function analyse(node, wanted, signal, onReport) {
  await follow("/api/analyse", { ...gameOf(node), ...wanted }, signal, (opinion) => {
    noteOpinion(node, opinion);
    onReport();
  });
}

/**
 * Judge every move of the line through the position shown.
 * @param {Page} page
 * @param {string} net
 * @param {number} simulations for each position
 * @param {AbortSignal} signal
 * @param {(done: number, all: number) => void} onReport positions that are judged
 */
export async function judge(page, net, simulations, signal, onReport) {
  const line = lineOf(page.tree);
  const request = { ...gameOf(line.at(-1)), net, simulations };
  await follow("/api/judge", request, signal, ({ ply, redWinrate, best, loss, mark }) => {
    const [node, next] = [line[ply], line[ply + 1]];
    // An analysis of the position is deeper than this look at it.
    if (node.opinion === null) node.redWinrate = redWinrate;
    if (next !== undefined) next.judged = { mark, loss, best };
    onReport(Math.min(ply + 1, line.length), line.length);
  });
}

function gameOf({ game }) {
  return { size: game.size, moves: game.moves };
}

function noteOpinion(node, opinion) {
  node.opinion = opinion;
  node.redWinrate = opinion.redWinrate;
}

function pause(milliseconds, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
  });
}
