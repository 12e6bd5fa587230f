/**
 * A game with its variations, as a tree of positions; one of them is shown.
 *
 * The first child of a node goes on with its line, the others are variations; the main line is
 * that of first children from the root.
 *
 * @typedef {import("./rules.js").Game} Game
 * @typedef {object} Node
 * @property {number} id
 * @property {Node | null} parent
 * @property {Node[]} children
 * @property {Node | null} next the child that was last gone to
 * @property {Game} game the position
 * @property {string} move what led here; empty at the root
 * @property {object | null} opinion what a network found here
 * @property {number | null} redWinrate chance of Red here, as it was last judged
 * @property {{ mark: string, loss: number, best: string } | null} judged the move that led here
 * @property {string} result of a loaded game that ends here, where its moves do not show it: red,
 *   blue or empty
 *
 * @typedef {object} Tree
 * @property {Node} root
 * @property {Node} shown
 * @property {Map<number, Node>} nodes by id
 */

import { newGame, play } from "./rules.js";

/**
 * Begin a tree with the line of one game; its end is shown.
 * @param {number} size
 * @param {readonly string[]} [moves]
 * @returns {Tree}
 * @throws {IllegalMove}
 */
export function newTree(size, moves = []) {
  const root = node(0, null, newGame(size), "");
  const tree = { root, shown: root, nodes: new Map([[0, root]]) };
  for (const name of moves) grow(tree, name);
  return tree;
}

/**
 * Make a tree of a game and its variations; the end of the main line is shown.
 * @param {number} size
 * @param {readonly string[]} moves the main line
 * @param {readonly string[]} variations each a text, `4 c3 d4`: the number of the position that it
 *   follows, and its moves; 0 is the empty board, then come the positions of the main line, then
 *   those of the variations in their order
 * @returns {Tree}
 * @throws {IllegalMove}
 */
export function treeOf(size, moves, variations) {
  const tree = newTree(size, moves);
  const end = tree.shown;
  for (const [before, ...names] of variations.map((text) => text.split(" "))) {
    show(tree, tree.nodes.get(Number(before)));
    for (const name of names) grow(tree, name);
  }
  show(tree, end);
  return tree;
}

/**
 * Write a tree as its lines; `treeOf` makes the same tree of them.
 * @param {Tree} tree
 * @returns {{ moves: string[], variations: string[] }}
 */
export function linesOf(tree) {
  const numbers = new Map([[tree.root, 0]]);
  const lines = [];
  // What is added below is gone through as well.
  const starts = [...tree.root.children];
  for (const start of starts) {
    const moves = [];
    for (let at = start; at !== undefined; at = at.children[0]) {
      numbers.set(at, numbers.size);
      moves.push(at.move);
      starts.push(...at.children.slice(1));
    }
    lines.push([numbers.get(start.parent), ...moves]);
  }
  const [main = [0], ...others] = lines;
  return { moves: main.slice(1), variations: others.map((line) => line.join(" ")) };
}

/** The position at the end of the main line. @param {Tree} tree @returns {Node} */
export function mainEnd(tree) {
  let at = tree.root;
  while (at.children.length > 0) [at] = at.children;
  return at;
}

/**
 * Play a move at the position shown and show what follows; a move that is new here begins a line.
 * @param {Tree} tree
 * @param {string} name
 * @returns {Node}
 * @throws {IllegalMove}
 */
export function grow(tree, name) {
  const { shown } = tree;
  let child = shown.children.find(({ move }) => move === name);
  if (child === undefined) {
    child = node(Math.max(...tree.nodes.keys()) + 1, shown, play(shown.game, name), name);
    shown.children.push(child);
    tree.nodes.set(child.id, child);
  }
  show(tree, child);
  return child;
}

/**
 * Show a position; going forward from its forebears leads to it again.
 * @param {Tree} tree
 * @param {Node} target
 */
export function show(tree, target) {
  tree.shown = target;
  for (let at = target; at.parent !== null; at = at.parent) at.parent.next = at;
}

/**
 * The line through the position shown: from the root to it, and on as it was last gone.
 * @param {Tree} tree
 * @returns {Node[]} the root first
 */
export function lineOf(tree) {
  const line = pathTo(tree.shown);
  for (let at = tree.shown; at.children.length > 0; line.push(at)) at = at.next ?? at.children[0];
  return line;
}

/**
 * The position beside this one in the list of its parent's moves.
 * @param {Node} at
 * @param {number} by -1 for the one before, +1 for the one after
 * @returns {Node | null}
 */
export function sibling(at, by) {
  if (at.parent === null) return null;
  const { children } = at.parent;
  return children[children.indexOf(at) + by] ?? null;
}

/** Say whether a position is on the main line. @param {Node} at */
export function isMain(at) {
  return pathTo(at).every((step) => step.parent === null || step.parent.children[0] === step);
}

/**
 * Make the line through a position the main line.
 * @param {Node} at
 */
export function promote(at) {
  for (const step of pathTo(at)) {
    const siblings = step.parent?.children ?? [];
    siblings.sort((one, other) => Number(other === step) - Number(one === step));
  }
}

/**
 * Remove a position and all that follows; its parent is shown if it was shown itself.
 * @param {Tree} tree
 * @param {Node} at not the root
 */
export function remove(tree, at) {
  const { parent } = at;
  if (pathTo(tree.shown).includes(at)) tree.shown = parent;
  parent.children = parent.children.filter((child) => child !== at);
  if (parent.next === at) parent.next = null;
  const waiting = [at];
  for (let gone = waiting.pop(); gone !== undefined; gone = waiting.pop()) {
    tree.nodes.delete(gone.id);
    waiting.push(...gone.children);
  }
}

function pathTo(at) {
  const path = [];
  for (let step = at; step !== null; step = step.parent) path.push(step);
  return path.reverse();
}

function node(id, parent, game, move) {
  const children = [];
  const found = { opinion: null, redWinrate: null, judged: null, result: "" };
  return { id, parent, children, next: null, game, move, ...found };
}
