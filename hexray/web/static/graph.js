/**
 * Draws Red's chance of winning over a game; a click shows the position at that move.
 *
 * @typedef {object} Point
 * @property {number | null} redWinrate in [0, 1]; null where nothing is known
 * @property {string} mark of the move that led here: inaccuracy, mistake, blunder or empty
 *
 * @typedef {object} Line
 * @property {Point[]} points one for each position, the empty board first
 * @property {number} ply of the position shown
 */

import { svg } from "./elements.js";

const [WIDTH, HEIGHT] = [370, 140];
const [LEFT, RIGHT, TOP, BOTTOM] = [36, 362, 8, 118];

/**
 * Put a graph into an element of the page.
 * @param {Element} host
 * @param {(ply: number) => void} onJump
 * @returns {(line: Line) => void} draws a line of play
 */
export function makeGraph(host, onJump) {
  const root = svg("svg", {
    class: "graph",
    viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
    role: "slider",
    tabindex: 0,
    "aria-label": "Chance of Red over the game",
    "aria-valuemin": 0,
  });
  host.replaceChildren(root);
  let last = 0;
  root.addEventListener("click", (event) => {
    const { left, width } = root.getBoundingClientRect();
    const x = ((event.clientX - left) / width) * WIDTH;
    const ply = Math.round(((x - LEFT) / (RIGHT - LEFT)) * Math.max(last, 1));
    onJump(Math.min(Math.max(ply, 0), last));
  });
  return (line) => {
    last = line.points.length - 1;
    draw(root, line, last);
  };
}

function draw(root, { points, ply }, last) {
  const x = (at) => LEFT + ((RIGHT - LEFT) * at) / Math.max(last, 1);
  const y = (chance) => BOTTOM - (BOTTOM - TOP) * chance;
  const known = points
    .map((point, at) => ({ ...point, at }))
    .filter(({ redWinrate }) => redWinrate !== null);
  const curve = known.map(({ at, redWinrate }) => `${x(at).toFixed(1)},${y(redWinrate).toFixed(1)}`);
  const parts = [...axes(x, y, last)];
  if (known.length > 1) {
    const [first, end] = [x(known[0].at).toFixed(1), x(known.at(-1).at).toFixed(1)];
    const middle = y(0.5).toFixed(1);
    const area = [`${first},${middle}`, ...curve, `${end},${middle}`].join(" ");
    parts.push(svg("polygon", { class: "area", points: area }));
    parts.push(svg("polyline", { class: "curve", points: curve.join(" ") }));
  }
  for (const { at, redWinrate, mark } of known) {
    const isSmall = mark === "" && known.length > 1;
    if (isSmall && at !== ply) continue;
    const place = { cx: x(at).toFixed(1), cy: y(redWinrate).toFixed(1), r: mark ? 5 : 4 };
    parts.push(svg("circle", { class: `point ${mark}`, "data-mark": mark || null, ...place }));
  }
  const now = x(ply).toFixed(1);
  parts.push(svg("line", { class: "now", x1: now, x2: now, y1: TOP, y2: BOTTOM }));
  root.replaceChildren(...parts);
  const chance = points[ply]?.redWinrate ?? null;
  const spoken = chance === null ? "not judged" : `Red ${Math.round(100 * chance)} percent`;
  root.setAttribute("aria-valuemax", String(last));
  root.setAttribute("aria-valuenow", String(ply));
  root.setAttribute("aria-valuetext", `move ${ply}, ${spoken}`);
}

function axes(x, y, last) {
  const parts = [0, 0.5, 1].flatMap((chance) => {
    const [at, kind] = [y(chance).toFixed(1), chance === 0.5 ? "grid half" : "grid"];
    return [
      svg("line", { class: kind, x1: LEFT, x2: RIGHT, y1: at, y2: at }),
      svg("text", { class: "tick y", x: LEFT - 5, y: at, dy: "0.35em" }, `${100 * chance}%`),
    ];
  });
  const step = [1, 2, 5, 10, 20, 50, 100].find((length) => last / length <= 8) ?? 100;
  for (let ply = 0; ply <= last; ply += step) {
    parts.push(svg("text", { class: "tick x", x: x(ply).toFixed(1), y: HEIGHT - 6 }, String(ply)));
  }
  return parts;
}
