/**
 * A small tree search: PUCT (Silver 2018) with a batch of leaves a round and certain results.
 *
 * All boards are in the mover frame: the player to move has the stones 1 and joins the first row
 * to the last. Playing a move turns the board over to the opponent: transposed, colours exchanged.
 *
 * @typedef {import("./net.js").Evaluate} Evaluate
 *
 * @typedef {object} Found
 * @property {number} move cell, mover frame
 * @property {number} value in [-1, 1], 1 = the player to move wins
 */

const EXPLORATION = 1.25;
const UNVISITED = 0.2; // an untried move is valued at its node's mean less this
const MOST_ROWS = 8;
const STEPS = [[-1, 0], [-1, 1], [0, -1], [0, 1], [1, -1], [1, 0]];

/**
 * Search one position that is not over.
 * @param {Int8Array} cells mover frame
 * @param {number} size
 * @param {Evaluate} evaluate
 * @param {number} simulations
 * @param {() => Promise<boolean>} [goesOn] asked between batches; on false the best so far counts
 * @returns {Promise<Found>}
 */
export async function search(cells, size, evaluate, simulations, goesOn = async () => true) {
  const root = makeNode(cells, size);
  const rows = Math.max(1, Math.min(MOST_ROWS, Math.floor(simulations / 16)));
  if (root.result === 0) expand(root, (await evaluate([cells], size))[0]);
  let left = simulations;
  while (left > 0 && root.result === 0 && (await goesOn())) {
    const paths = gather(root, Math.min(rows, left), size);
    const leaves = paths.filter(({ leaf }) => leaf.result === 0).map(({ leaf }) => leaf);
    const answers = leaves.length ? await evaluate(leaves.map((leaf) => leaf.cells), size) : [];
    leaves.forEach((leaf, row) => expand(leaf, answers[row]));
    paths.forEach(backUp);
    left -= paths.length;
  }
  return { move: bestMove(root), value: root.result || meanOf(root) };
}

/**
 * Find a first move that leaves the game open, for those who may be swapped.
 * @param {number} size
 * @param {Evaluate} evaluate
 * @returns {Promise<Found>} one of the three that the network finds most even
 */
export async function evenOpening(size, evaluate) {
  const empty = new Int8Array(size * size);
  const found = [];
  for (let first = 0; first < empty.length; first += MOST_ROWS) {
    const moves = [...empty.keys()].slice(first, first + MOST_ROWS);
    const answers = await evaluate(moves.map((move) => after(empty, move, size)), size);
    found.push(...moves.map((move, row) => ({ move, value: -answers[row].value })));
  }
  found.sort((one, other) => Math.abs(one.value) - Math.abs(other.value));
  return found[Math.floor(Math.random() * Math.min(3, found.length))];
}

/** The board after a move, as the opponent sees it; also the other frame of a move (-1: none). */
export function after(cells, move, size) {
  const turned = new Int8Array(cells.length);
  for (let cell = 0; cell < cells.length; cell += 1) turned[mirror(cell, size)] = -cells[cell];
  if (move >= 0) turned[mirror(move, size)] = -1;
  return turned;
}

/** The same cell in the frame of the other player. */
export function mirror(cell, size) {
  return (cell % size) * size + Math.floor(cell / size);
}

/** Find a move that wins at once; -1 when there is none. */
export function winningMove(cells, size) {
  const near = neighboursOf(size);
  const sides = reached(cells, size, near);
  for (let cell = 0; cell < cells.length; cell += 1) {
    if (cells[cell] !== 0) continue;
    let both = sideOf(cell, size);
    for (const other of near[cell]) both |= sides[other];
    if (both === 3) return cell;
  }
  return -1;
}

/** Which sides own stones are joined to: 1 the first row, 2 the last. */
function reached(cells, size, near) {
  const sides = new Uint8Array(cells.length);
  for (const side of [1, 2]) {
    const waiting = [];
    const visit = (cell) => {
      if (cells[cell] !== 1 || sides[cell] & side) return;
      sides[cell] |= side;
      waiting.push(cell);
    };
    for (let cell = 0; cell < cells.length; cell += 1) if (sideOf(cell, size) & side) visit(cell);
    while (waiting.length) near[waiting.pop()].forEach(visit);
  }
  return sides;
}

function sideOf(cell, size) {
  return (cell < size ? 1 : 0) | (cell >= size * (size - 1) ? 2 : 0);
}

const known = new Map();

function neighboursOf(size) {
  if (!known.has(size)) {
    const isOn = (place) => place >= 0 && place < size;
    const near = (row, column) =>
      STEPS.map(([down, right]) => [row + down, column + right])
        .filter(([r, c]) => isOn(r) && isOn(c))
        .map(([r, c]) => r * size + c);
    known.set(size, Array.from({ length: size * size }, (_, cell) =>
      near(Math.floor(cell / size), cell % size)));
  }
  return known.get(size);
}

/** A position of the tree; `result` is 1 or -1 once it is certain that the mover wins or loses. */
function makeNode(cells, size) {
  const winning = winningMove(cells, size);
  const moves = [...cells.keys()].filter((cell) => cells[cell] === 0);
  return {
    cells, moves, winning,
    result: winning >= 0 ? 1 : 0,
    prior: null,
    value: 0,
    sum: 0,
    isAsked: false,
    visits: new Int32Array(moves.length),
    pending: new Int32Array(moves.length),
    total: new Float64Array(moves.length),
    children: moves.map(() => null),
  };
}

function expand(node, { logits, value }) {
  const most = Math.max(...node.moves.map((move) => logits[move]));
  const weights = node.moves.map((move) => Math.exp(logits[move] - most));
  const sum = weights.reduce((one, other) => one + other);
  node.prior = weights.map((weight) => weight / sum);
  node.value = value;
}

/** Go down to at most `rows` leaves, each once; a move under way counts as lost meanwhile. */
function gather(root, rows, size) {
  const paths = [];
  while (paths.length < rows) {
    const path = [];
    let node = root;
    while (node.result === 0 && node.prior !== null) {
      const index = choose(node);
      path.push([node, index]);
      node.pending[index] += 1;
      node.children[index] ??= makeNode(after(node.cells, node.moves[index], size), size);
      node = node.children[index];
    }
    if (node.isAsked && node.result === 0) {
      for (const [above, index] of path) above.pending[index] -= 1;
      break;
    }
    node.isAsked = true;
    paths.push({ path, leaf: node });
  }
  return paths;
}

function choose(node) {
  const unvisited = meanOf(node) - UNVISITED;
  const exploration = EXPLORATION * Math.sqrt(Math.max(1, node.sum));
  let [best, bestScore] = [-1, -Infinity];
  for (let index = 0; index < node.moves.length; index += 1) {
    if (isRefuted(node, index)) continue;
    const tries = node.visits[index] + node.pending[index];
    const mean = tries ? (node.total[index] - node.pending[index]) / tries : unvisited;
    const score = mean + (exploration * node.prior[index]) / (1 + tries);
    if (score > bestScore) [best, bestScore] = [index, score];
  }
  return best;
}

/** Carry the value of a leaf, or its certain result, up to the root. */
function backUp({ path, leaf }) {
  let value = leaf.result || leaf.value;
  for (const [node, index] of path.reverse()) {
    const child = node.children[index];
    value = -(child.result || value);
    node.pending[index] -= 1;
    node.visits[index] += 1;
    node.total[index] += value;
    node.sum += 1;
    if (child.result === -1) [node.result, node.winning] = [1, node.moves[index]];
    else if (node.result === 0 && node.moves.every((_, other) => isRefuted(node, other))) {
      node.result = -1;
    }
  }
}

function isRefuted(node, index) {
  return node.children[index]?.result === 1;
}

function meanOf(node) {
  return (node.value + node.total.reduce((one, other) => one + other, 0)) / (1 + node.sum);
}

/** The winning move, else the most visited one that does not lose for certain, if there is any. */
function bestMove(node) {
  if (node.winning >= 0) return node.winning;
  const open = node.result === 0 ? (index) => !isRefuted(node, index) : () => true;
  let best = -1;
  for (let index = 0; index < node.moves.length; index += 1) {
    if (!open(index)) continue;
    const isMore = best < 0 || node.visits[index] - node.visits[best] || node.prior[index] - node.prior[best];
    if (isMore === true || isMore > 0) best = index;
  }
  return node.moves[best];
}
