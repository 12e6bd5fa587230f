/**
 * Draws a board of Hex as SVG and tells what people do on it. Needs no server and, of the page,
 * only `board.css`.
 *
 * @typedef {import("./rules.js").Game} Game
 * @typedef {object} Candidate
 * @property {string} move name of a cell
 * @property {number} order 0 is the best
 * @property {number} visits
 * @property {number} winrate of the player to move, in [0, 1]
 *
 * @typedef {object} View what to draw
 * @property {Game} game
 * @property {boolean} [isUpright] stands on `a1`, for narrow screens
 * @property {boolean} [hasCoordinates]
 * @property {boolean} [hasNumbers] numbers of the moves on their stones
 * @property {ArrayLike<number> | null} [heat] share of each cell, in [0, 1]
 * @property {Candidate[]} [candidates]
 * @property {string[]} [line] how play would go on, from the player to move; hides the candidates
 *
 * @typedef {object} Callbacks
 * @property {(name: string) => void} [onPlay] a click, a tap or Enter on an empty cell
 * @property {(name: string | null) => void} [onHover] the cell under the pointer or the focus
 */

import { svg } from "./elements.js";
import { STONE, layoutOf, written } from "./geometry.js";
import { BLUE, EMPTY, RED, RESIGN, SWAP, cellOf, chain, nameOf, play } from "./rules.js";

const STEPS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
const LAST_RANK = 4;

/**
 * Put a board into an element of the page.
 * @param {Element} host
 * @param {Callbacks} [callbacks]
 * @returns {{ update: (view: View) => void, focus: (name: string) => void }}
 */
export function makeBoard(host, callbacks = {}) {
  const root = svg("svg", { class: "board", role: "group" });
  const cells = svg("g", {});
  const over = svg("g", { class: "over" });
  const ring = svg("polygon", { class: "focus", visibility: "hidden" });
  root.append(cells, over, ring);
  host.replaceChildren(root);
  let drawn = "";
  let layout = layoutOf(2, false);
  let size = 2;
  listen(root, cells, callbacks, () => size);
  root.addEventListener("focusin", (event) => {
    if (!event.target.matches(":focus-visible")) return;
    ring.setAttribute("points", event.target.getAttribute("points"));
    ring.setAttribute("visibility", "visible");
  });
  root.addEventListener("focusout", () => ring.setAttribute("visibility", "hidden"));

  function update(view) {
    const { game, isUpright = false, hasCoordinates = true } = view;
    const wanted = `${game.size} ${isUpright} ${hasCoordinates}`;
    if (wanted !== drawn) {
      drawn = wanted;
      size = game.size;
      layout = layoutOf(size, isUpright);
      drawEmpty(root, cells, layout, size, hasCoordinates);
    }
    root.setAttribute("data-turn", game.winner !== EMPTY ? "" : colourOf(game.turn));
    label(cells, game);
    const parts = [heat(view, layout), joined(game, layout), stones(view, layout)];
    parts.push(view.line ? ghosts(view, layout) : circles(view, layout));
    over.replaceChildren(...parts.flat());
  }

  return { update, focus: (name) => focusCell(cells, name) };
}

/** Listen once on the whole board; which cell is meant stands in `data-cell`. */
function listen(root, cells, callbacks, sizeOf) {
  const play = (target) => {
    const cell = target.closest("[data-cell]");
    if (cell && !cell.hasAttribute("aria-disabled")) callbacks.onPlay?.(cell.dataset.cell);
  };
  const hover = (event) => callbacks.onHover?.(event.target.dataset.cell ?? null);
  root.addEventListener("click", (event) => play(event.target));
  // A click leaves the focus where it is, so that the arrow keys go on to mean the game.
  root.addEventListener("mousedown", (event) => event.preventDefault());
  root.addEventListener("pointerover", hover);
  root.addEventListener("focusin", hover);
  root.addEventListener("pointerleave", () => callbacks.onHover?.(null));
  root.addEventListener("focusout", () => callbacks.onHover?.(null));
  root.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Enter" || event.key === " ") play(event.target);
    else if (event.key in STEPS) step(cells, event.target, STEPS[event.key], sizeOf());
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
}

function step(cells, from, [down, right], size) {
  const cell = cellOf(from.dataset.cell, size);
  const row = Math.floor(cell / size) + down;
  const column = (cell % size) + right;
  if (row < 0 || row >= size || column < 0 || column >= size) return;
  focusCell(cells, nameOf(row * size + column, size));
}

/** Move the focus, and with it the one cell that the tab key reaches. */
function focusCell(cells, name) {
  for (const cell of cells.querySelectorAll("[data-cell]")) {
    cell.setAttribute("tabindex", cell.dataset.cell === name ? 0 : -1);
    if (cell.dataset.cell === name) cell.focus();
  }
}

function drawEmpty(root, cells, layout, size, hasCoordinates) {
  const { left, top, width, height } = layout.box;
  root.setAttribute("viewBox", [left, top, width, height].map((x) => x.toFixed(1)).join(" "));
  root.setAttribute("aria-label", `Hex board, ${size} by ${size}`);
  root.toggleAttribute("data-large", size > 13);
  const bands = layout.bands.map(({ colour, points }) =>
    svg("polygon", { class: `band ${colour}`, points: written(points) }),
  );
  const labels = (hasCoordinates ? layout.labels : []).map(({ text, at }) =>
    words(at, text, "coordinate"),
  );
  const middle = Math.floor(size / 2) * (size + 1);
  const hexagons = [...Array(size * size).keys()].map((cell) =>
    svg("polygon", {
      class: "cell",
      "data-cell": nameOf(cell, size),
      points: written(layout.hexagon(Math.floor(cell / size), cell % size)),
      role: "button",
      tabindex: cell === middle ? 0 : -1,
    }),
  );
  cells.replaceChildren(...bands, ...labels, ...hexagons);
}

/** Say of each cell what stands on it, to those who hear the board. */
function label(cells, game) {
  const hexagons = cells.querySelectorAll("[data-cell]");
  hexagons.forEach((hexagon, cell) => {
    const stone = game.cells[cell];
    const name = nameOf(cell, game.size);
    hexagon.setAttribute("aria-label", `${name}, ${colourOf(stone) || "empty"}`);
    const isClosed = stone !== EMPTY || game.winner !== EMPTY;
    if (isClosed) hexagon.setAttribute("aria-disabled", "true");
    else hexagon.removeAttribute("aria-disabled");
  });
}

function heat({ game, heat: shares, candidates, line }, layout) {
  if (!shares) return [];
  const most = Math.max(...shares, 1e-9);
  const covered = new Set(line ?? candidates?.map(({ move }) => move));
  const parts = [];
  for (let cell = 0; cell < game.cells.length; cell += 1) {
    const share = shares[cell];
    if (game.cells[cell] !== EMPTY || share < 0.001) continue;
    const points = written(layout.hexagon(Math.floor(cell / game.size), cell % game.size));
    const opacity = (0.85 * Math.sqrt(share / most)).toFixed(3);
    parts.push(svg("polygon", { class: "heat", points, "fill-opacity": opacity }));
    if (share >= 0.005 && !covered.has(nameOf(cell, game.size))) {
      parts.push(words(middleOf(cell, game, layout), percent(share), "share"));
    }
  }
  return parts;
}

/** The winning chain: its cells tinted, a line from side to side through its stones. */
function joined(game, layout) {
  const cells = game.winner === EMPTY ? [] : chain(game);
  if (cells.length === 0) return [];
  const colour = colourOf(game.winner);
  const at = (cell) => [Math.floor(cell / game.size), cell % game.size];
  const tints = cells.map((cell) =>
    svg("polygon", { class: `won ${colour}`, points: written(layout.hexagon(...at(cell))) }),
  );
  const [first, last] = [at(cells[0]), at(cells.at(-1))];
  const ends =
    game.winner === RED
      ? [layout.corner(...first, 0), layout.corner(...last, 3)]
      : [layout.centre(first[0], first[1] - 0.5), layout.centre(last[0], last[1] + 0.5)];
  const points = [ends[0], ...cells.map((cell) => middleOf(cell, game, layout)), ends[1]];
  return [...tints, svg("polyline", { class: `chain ${colour}`, points: written(points) })];
}

function stones({ game, hasNumbers }, layout) {
  const numbers = hasNumbers ? numbersOf(game) : new Map();
  const last = lastCell(game);
  const parts = [];
  for (let cell = 0; cell < game.cells.length; cell += 1) {
    if (game.cells[cell] === EMPTY) continue;
    const colour = colourOf(game.cells[cell]);
    const at = middleOf(cell, game, layout);
    const name = nameOf(cell, game.size);
    parts.push(circle(at, STONE, `stone ${colour}`, { "data-stone": colour, "data-at": name }));
    if (cell === last) parts.push(circle(at, STONE - 3, "last", { "data-last": name }));
    if (numbers.has(cell)) parts.push(words(at, numbers.get(cell), "number"));
  }
  return parts;
}

function circles({ game, candidates = [] }, layout) {
  const most = Math.max(...candidates.map(({ visits }) => visits), 1);
  return candidates.flatMap(({ move, order, visits, winrate }) => {
    const at = middleOf(cellOf(move, game.size), game, layout);
    const rank = Math.min(order, LAST_RANK);
    const opacity = order === 0 ? 1 : 0.7 + 0.3 * Math.sqrt(visits / most);
    const attributes = { "data-candidate": move, "fill-opacity": opacity.toFixed(2) };
    return [
      circle(at, STONE + 1, `candidate rank${rank}`, attributes),
      words([at[0], at[1] - 4.5], percent(winrate), `winrate rank${rank}`),
      words([at[0], at[1] + 9], short(visits), `visits rank${rank}`),
    ];
  });
}

function ghosts({ game, line = [] }, layout) {
  const parts = [];
  let now = game;
  for (const [index, name] of line.entries()) {
    if (now.winner !== EMPTY) break;
    const colour = colourOf(now.turn);
    now = play(now, name);
    const at = middleOf(cellOf(name, game.size), game, layout);
    parts.push(circle(at, STONE, `ghost ${colour}`, { "data-ghost": name }));
    parts.push(words(at, String(index + 1), "number"));
  }
  return parts;
}

/** Numbers of the moves by cell; a stone that a swap has moved says S. */
function numbersOf(game) {
  const numbers = new Map();
  game.moves.forEach((name, index) => {
    if (name === RESIGN) return;
    if (name === SWAP) {
      numbers.clear();
      numbers.set(mirroredCell(game), "S");
    } else numbers.set(cellOf(name, game.size), String(index + 1));
  });
  return numbers;
}

function lastCell(game) {
  const last = game.moves.filter((name) => name !== RESIGN).at(-1);
  if (last === undefined) return -1;
  return last === SWAP ? mirroredCell(game) : cellOf(last, game.size);
}

function mirroredCell(game) {
  const cell = cellOf(game.moves[0], game.size);
  return (cell % game.size) * game.size + Math.floor(cell / game.size);
}

function middleOf(cell, game, layout) {
  return layout.centre(Math.floor(cell / game.size), cell % game.size);
}

function circle([x, y], radius, kind, attributes = {}) {
  const place = { cx: x.toFixed(1), cy: y.toFixed(1), r: radius.toFixed(1) };
  return svg("circle", { class: kind, ...place, ...attributes });
}

function words([x, y], text, kind) {
  return svg("text", { class: kind, x: x.toFixed(1), y: y.toFixed(1), dy: "0.35em" }, text);
}

function percent(share) {
  return share > 0 && share < 0.1 ? (100 * share).toFixed(1) : (100 * share).toFixed(0);
}

/** Write a count in at most four characters. */
function short(count) {
  if (count < 1000) return String(count);
  return count < 9950 ? `${(count / 1000).toFixed(1)}k` : `${Math.round(count / 1000)}k`;
}

function colourOf(stone) {
  return stone === RED ? "red" : stone === BLUE ? "blue" : "";
}
