/**
 * Writes a game behind the `#` of a link and reads it: `#5,c3:sd4,b2`.
 *
 * Size, the moves up to the position shown and, behind a second comma, those after it; `:s` swaps
 * pieces, `:rb` and `:rw` resign, b being Red. HexWorld writes its links so too.
 */

import { BLUE, IllegalMove, RED, RESIGN, SWAP, newGame, play } from "./rules.js";

const HEAD = /^#?([1-9][0-9]?)(?:r[0-9]{1,2}|c[0-9]|[mn])*(?:,|$)/;
const TOKEN = /:s|:rb|:rw|[a-z][1-9][0-9]?|,/y;
const LOSERS = { ":rb": RED, ":rw": BLUE };

/**
 * Write a line of play.
 * @param {number} size
 * @param {readonly string[]} moves
 * @param {number} [ply] moves before the position shown; all of them when left out
 */
export function hashOf(size, moves, ply = moves.length) {
  const tokens = moves.map((name, index) => {
    if (name === SWAP) return ":s";
    if (name === RESIGN) return index % 2 === 0 ? ":rb" : ":rw";
    return name;
  });
  const ahead = ply < moves.length ? `,${tokens.slice(ply).join("")}` : "";
  return `#${size},${tokens.slice(0, ply).join("")}${ahead}`;
}

/**
 * Read a line of play and check it against the rules.
 * @param {string} hash
 * @returns {{ size: number, moves: string[], ply: number }}
 * @throws {IllegalMove} when it is not one; the message is a sentence for people
 */
export function readHash(hash) {
  const text = decoded(hash).replace(/[\s\\]/g, "");
  const head = HEAD.exec(text);
  if (head === null) throw new IllegalMove("write the size and the moves, such as #5,c3d4");
  let game = newGame(Number(head[1]));
  let ply = -1;
  TOKEN.lastIndex = head[0].length;
  while (TOKEN.lastIndex < text.length) {
    const at = TOKEN.lastIndex;
    const token = TOKEN.exec(text)?.[0];
    if (token === undefined) throw new IllegalMove(`no move at "${text.slice(at, at + 8)}"`);
    if (token !== ",") game = play(game, moveOf(token, game));
    else if (ply < 0) ply = game.moves.length;
    else throw new IllegalMove("a third comma; only two are allowed");
  }
  return { size: game.size, moves: [...game.moves], ply: ply < 0 ? game.moves.length : ply };
}

function decoded(hash) {
  try {
    return decodeURIComponent(hash);
  } catch (error) {
    if (error instanceof URIError) throw new IllegalMove("a % without two digits behind it");
    throw error;
  }
}

function moveOf(token, game) {
  if (token === ":s") return SWAP;
  if (!(token in LOSERS)) return token;
  if (LOSERS[token] !== game.turn) throw new IllegalMove(`${token} is not that player's turn`);
  return RESIGN;
}
