/**
 * Fill-in: stones on cells that cannot matter any more, as the network saw them in training.
 *
 * The same as `hexray/game/fill_in.py`, which gives the reasons: an empty cell is dead when its
 * neighbours, however they are filled, keep each colour in one piece; two empty neighbours are
 * captured when a stone on either makes the other dead. Boards are in the mover frame.
 */

const OWN = 1;
const OPPONENT = -1;
const RING = [[0, 1], [1, 0], [1, -1], [0, -1], [-1, 0], [-1, 1]];

/**
 * Fill the dead cells of a board (with stones of the mover) and the captured ones.
 * @param {Int8Array} cells 1 own stone, -1 the opponent's, 0 empty
 * @param {number} size
 * @returns {Int8Array} a new board
 */
export function filled(cells, size) {
  const board = cells.slice();
  let goesOn = true;
  while (goesOn) {
    goesOn = false;
    for (let cell = 0; cell < board.length; cell += 1) {
      if (board[cell] === 0 && fillAt(board, cell, size)) goesOn = true;
    }
  }
  return board;
}

function fillAt(board, cell, size) {
  const around = surrounding(board, cell, size);
  if (isDead(around)) {
    board[cell] = OWN;
    return true;
  }
  for (let step = 0; step < 6; step += 1) {
    const other = neighbour(cell, step, size);
    if (other < 0 || board[other] !== 0) continue;
    const beyond = surrounding(board, other, size);
    for (const colour of [OWN, OPPONENT]) {
      if (!isDead(around.with(step, colour))) continue;
      if (!isDead(beyond.with((step + 3) % 6, colour))) continue;
      board[cell] = board[other] = colour;
      return true;
    }
  }
  return false;
}

/** The six cells around one in a turn; the edges are stones of those whose they are. */
function surrounding(board, cell, size) {
  return RING.map(([down, right], step) => {
    const row = Math.floor(cell / size) + down;
    if (row < 0 || row >= size) return OWN;
    const column = (cell % size) + right;
    return column < 0 || column >= size ? OPPONENT : board[neighbour(cell, step, size)];
  });
}

/** The neighbour of a cell in a direction, -1 off the board. */
function neighbour(cell, step, size) {
  const row = Math.floor(cell / size) + RING[step][0];
  const column = (cell % size) + RING[step][1];
  const isOn = row >= 0 && row < size && column >= 0 && column < size;
  return isOn ? row * size + column : -1;
}

const known = new Map();

function isDead(around) {
  const key = around.reduce((digits, stone) => 3 * digits + stone + 1, 0);
  if (!known.has(key)) known.set(key, keepsEachInOnePiece(around));
  return known.get(key);
}

function keepsEachInOnePiece(around) {
  const empty = around.indexOf(0);
  if (empty >= 0) {
    return [OWN, OPPONENT].every((stone) => keepsEachInOnePiece(around.with(empty, stone)));
  }
  return around.filter((stone, step) => stone !== around.at(step - 1)).length <= 2;
}
