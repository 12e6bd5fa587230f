/**
 * The rules of Hex: a game is its moves and the board they lead to.
 *
 * Red (+1) moves first and joins top and bottom, Blue (-1) joins left and right. A cell is
 * `row * size + column`; its name is the letter of its column from the left and the number of its
 * row from the top, `a1` top left. Games are values: playing returns a new one. This module needs
 * neither a page nor a server.
 *
 * @typedef {object} Game
 * @property {number} size side of the board
 * @property {readonly string[]} moves names of cells, `SWAP` as the second, `RESIGN` as the last
 * @property {Int8Array} cells RED, BLUE or EMPTY for each cell; not to be changed
 * @property {number} turn RED or BLUE: who moves next
 * @property {number} winner RED or BLUE once the game is over, EMPTY before
 */

export const RED = 1;
export const BLUE = -1;
export const EMPTY = 0;
export const MIN_SIZE = 2;
export const MAX_SIZE = 19;
export const SWAP = "swap-pieces";
export const RESIGN = "resign";

const NEIGHBOURS = [[-1, 0], [-1, 1], [0, -1], [0, 1], [1, -1], [1, 0]];

/** A move or a board that the rules do not know; the message is a sentence for people. */
export class IllegalMove extends Error {}

/**
 * Begin a game, or play a whole one.
 * @param {number} size
 * @param {readonly string[]} [moves]
 * @returns {Game}
 * @throws {IllegalMove} for a size out of range and at the first move that is not legal
 */
export function newGame(size, moves = []) {
  if (!Number.isInteger(size) || size < MIN_SIZE || size > MAX_SIZE) {
    throw new IllegalMove(`no board of size ${size}; use ${MIN_SIZE} to ${MAX_SIZE}`);
  }
  const empty = { size, moves: [], cells: new Int8Array(size * size), turn: RED, winner: EMPTY };
  return moves.reduce(play, empty);
}

/**
 * Play a cell, `SWAP` or `RESIGN` for the player to move.
 * @param {Game} game
 * @param {string} name
 * @returns {Game} a new game
 * @throws {IllegalMove}
 */
export function play(game, name) {
  const { size, turn } = game;
  const moves = [...game.moves, name];
  if (game.winner !== EMPTY) throw new IllegalMove(`${name} comes after the end of the game`);
  if (name === RESIGN) return { ...game, moves, turn: -turn, winner: -turn };
  if (name === SWAP) {
    if (!maySwap(game)) throw new IllegalMove("only the second move may be a swap");
    return { ...game, moves, turn: -turn, cells: mirrored(game.cells, size) };
  }
  const cell = cellOf(name, size);
  if (game.cells[cell] !== EMPTY) throw new IllegalMove(`${name} is occupied`);
  const cells = game.cells.slice();
  cells[cell] = turn;
  const winner = shortestChain(cells, size, turn).length > 0 ? turn : EMPTY;
  return { size, moves, cells, turn: -turn, winner };
}

/**
 * Take the last move back.
 * @param {Game} game
 * @returns {Game} the game itself when nothing was played
 */
export function undo(game) {
  return newGame(game.size, game.moves.slice(0, -1));
}

/**
 * Say whether the player to move may swap: as the second move, after a stone.
 * @param {Game} game
 */
export function maySwap(game) {
  return game.moves.length === 1 && game.winner === EMPTY;
}

/**
 * Find a shortest chain that joins the winner's sides, from side to side.
 * @param {Game} game
 * @returns {number[]} cells; empty when no sides are joined
 */
export function chain(game) {
  const red = shortestChain(game.cells, game.size, RED);
  return red.length > 0 ? red : shortestChain(game.cells, game.size, BLUE);
}

/**
 * Return the cell that a name stands for, in either case of its letter.
 * @param {string} name
 * @param {number} size
 * @throws {IllegalMove} when the board has no such cell
 */
export function cellOf(name, size) {
  const match = /^([a-z])([1-9][0-9]?)$/i.exec(name);
  if (match === null) throw new IllegalMove(`${name} is no cell; write one such as c3`);
  const column = match[1].toLowerCase().charCodeAt(0) - 97;
  const row = Number(match[2]) - 1;
  if (column >= size || row >= size) {
    throw new IllegalMove(`${name} is off the ${size}x${size} board`);
  }
  return row * size + column;
}

/**
 * Name a cell, e.g. 0 is `a1` and 1 is `b1`.
 * @param {number} cell
 * @param {number} size
 */
export function nameOf(cell, size) {
  return String.fromCharCode(97 + (cell % size)) + (Math.floor(cell / size) + 1);
}

/** The board after a swap of pieces: mirrored in the long diagonal, colours exchanged. */
function mirrored(cells, size) {
  return cells.map((_, cell) => {
    const stone = cells[(cell % size) * size + Math.floor(cell / size)];
    return stone === EMPTY ? EMPTY : -stone;
  });
}

/** Breadth first from the top (Red) or the left (Blue); empty when the far side is not reached. */
function shortestChain(cells, size, colour) {
  const depth = (cell) => (colour === RED ? Math.floor(cell / size) : cell % size);
  const before = new Int16Array(cells.length).fill(-2);
  const waiting = [];
  for (let cell = 0; cell < cells.length; cell += 1) {
    if (cells[cell] === colour && depth(cell) === 0) {
      before[cell] = -1;
      waiting.push(cell);
    }
  }
  for (let next = 0; next < waiting.length; next += 1) {
    const cell = waiting[next];
    if (depth(cell) === size - 1) return walkBack(before, cell);
    for (const other of neighbours(cell, size)) {
      if (cells[other] === colour && before[other] === -2) {
        before[other] = cell;
        waiting.push(other);
      }
    }
  }
  return [];
}

function walkBack(before, last) {
  const cells = [];
  for (let cell = last; cell >= 0; cell = before[cell]) cells.push(cell);
  return cells.reverse();
}

function neighbours(cell, size) {
  const row = Math.floor(cell / size);
  const column = cell % size;
  return NEIGHBOURS.map(([down, right]) => [row + down, column + right])
    .filter(([r, c]) => r >= 0 && r < size && c >= 0 && c < size)
    .map(([r, c]) => r * size + c);
}
