/** Reads and writes games as text, by the server of the page; only SGF has variations. */

import { ServerError, ask } from "./api.js";
import { hashOf } from "./links.js";
import { EMPTY } from "./rules.js";
import { lineOf, linesOf, mainEnd, treeOf } from "./tree.js";

/** Longest text that the server reads, a little less than a request may hold. */
export const MAX_TEXT_BYTES = 60_000;
export const TOO_LONG = "This is longer than 60 kB; load one game of it at a time";

/**
 * Read a game in any of the forms.
 * @param {string} text
 * @returns {Promise<{ tree: import("./tree.js").Tree, names: { first: string, second: string } }>}
 * @throws {ServerError} also where it is none; IllegalMove
 */
export async function readGame(text) {
  if (new Blob([text]).size > MAX_TEXT_BYTES) throw new ServerError(TOO_LONG);
  const { size, moves, variations, result, first, second } = await ask("/api/read", { text });
  const tree = treeOf(size, moves, variations);
  // What a file says of the result is of interest only where its moves do not show it.
  if (tree.shown.game.winner === EMPTY) tree.shown.result = result;
  return { tree, names: { first, second } };
}

/**
 * Write the whole tree as SGF, or the line shown in another format.
 * @param {import("./page.js").Page} page
 * @param {string} format sgf, trmph, hexworld or link
 * @param {string} address of the page, for a link
 * @returns {Promise<string>}
 * @throws {ServerError}
 */
export async function writeGame(page, format, address) {
  const isWhole = format === "sgf";
  const end = isWhole ? mainEnd(page.tree) : lineOf(page.tree).at(-1);
  const { size, moves } = end.game;
  if (format === "link") return address.split("#")[0] + hashOf(size, moves);
  const lines = isWhole ? linesOf(page.tree) : { moves };
  const request = { size, ...lines, result: end.result, format, ...page.names };
  return (await ask("/api/write", request)).text;
}
