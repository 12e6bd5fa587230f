/**
 * Where the parts of a drawn board lie: the same layout as hexray's SVG pictures.
 *
 * Lengths are those of the drawing, x to the right, y down; the middle of `a1` is the origin. A
 * board lies flat, rows from left to right, or stands upright, turned by 60 degrees so that `a1`
 * is on top: it is then narrow, as a phone is.
 *
 * @typedef {[number, number]} Point
 */

export const SIDE = 30;
export const WIDTH = Math.sqrt(3) * SIDE;
export const STONE = 0.39 * WIDTH;

const BAND = 9;
const LABEL = 0.95;

/**
 * Lay out a board.
 * @param {number} size
 * @param {boolean} isUpright
 */
export function layoutOf(size, isUpright) {
  const turn = isUpright ? turnedBy60 : (point) => point;
  /** The middle of a cell; parts of rows and columns are allowed. @returns {Point} */
  const centre = (row, column) => turn([(column + row / 2) * WIDTH, row * 1.5 * SIDE]);
  /** A corner of a cell, clockwise from the top (0) over the upper right (1). */
  const corner = (row, column, index) => {
    const angle = ((60 * index - 90) * Math.PI) / 180;
    const [x, y] = [(column + row / 2) * WIDTH, row * 1.5 * SIDE];
    return turn([x + SIDE * Math.cos(angle), y + SIDE * Math.sin(angle)]);
  };
  const hexagon = (row, column) => [0, 1, 2, 3, 4, 5].map((index) => corner(row, column, index));
  const labels = labelsOf(size, centre);
  return { centre, corner, hexagon, labels, bands: bandsOf(size, corner), box: boxOf(labels) };
}

/** Write points as the attribute `points` wants them. @param {Point[]} points */
export function written(points) {
  return points.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join(" ");
}

function turnedBy60([x, y]) {
  const half = Math.sqrt(3) / 2;
  return [x / 2 - y * half, x * half + y / 2];
}

/** Letters at the first and the last row, numbers at the first and the last column. */
function labelsOf(size, centre) {
  const labels = [];
  for (let index = 0; index < size; index += 1) {
    const letter = String.fromCharCode(97 + index);
    for (const place of [-LABEL, size - 1 + LABEL]) {
      labels.push({ text: letter, at: centre(place, index) });
      labels.push({ text: String(index + 1), at: centre(index, place) });
    }
  }
  return labels;
}

function boxOf(labels) {
  const xs = labels.map((label) => label.at[0]);
  const ys = labels.map((label) => label.at[1]);
  const [left, top] = [Math.min(...xs) - 16, Math.min(...ys) - 16];
  return { left, top, width: Math.max(...xs) + 16 - left, height: Math.max(...ys) + 16 - top };
}

/** The four coloured bands around the board, split where two players' sides meet. */
function bandsOf(size, corner) {
  const end = size - 1;
  const along = [...Array(size).keys()];
  const back = [...along].reverse();
  const top = along.flatMap((c) => [corner(0, c, 5), corner(0, c, 0)]);
  const right = along.flatMap((r) => [corner(r, end, 1), corner(r, end, 2)]);
  const bottom = back.flatMap((c) => [corner(end, c, 2), corner(end, c, 3)]);
  const left = back.flatMap((r) => [corner(r, 0, 4), corner(r, 0, 5)]);
  const upperRight = middle(top.at(-1), right[0]);
  const lowerLeft = middle(bottom.at(-1), left[0]);
  const sides = [
    { colour: "red", points: [...top, upperRight] },
    { colour: "blue", points: [upperRight, ...right] },
    { colour: "red", points: [...bottom, lowerLeft] },
    { colour: "blue", points: [lowerLeft, ...left] },
  ];
  return withOuterLine(sides);
}

/** Close each side with its own part of the outer line; it ends where the next one begins. */
function withOuterLine(sides) {
  const outline = sides.flatMap((side) => side.points.slice(0, -1));
  const outer = outwards(outline);
  let from = 0;
  return sides.map(({ colour, points }) => {
    const own = points.map((_, index) => outer[(from + index) % outline.length]);
    from += points.length - 1;
    return { colour, points: [...points, ...own.reverse()] };
  });
}

function middle(one, other) {
  return [(one[0] + other[0]) / 2, (one[1] + other[1]) / 2];
}

/** Move a closed clockwise outline outwards by the width of a band. */
function outwards(outline) {
  const normals = outline.map(([x, y], index) => {
    const [nextX, nextY] = outline[(index + 1) % outline.length];
    const length = Math.hypot(nextX - x, nextY - y);
    return [(nextY - y) / length, (x - nextX) / length];
  });
  return outline.map(([x, y], index) => {
    const [ax, ay] = normals.at(index - 1);
    const [bx, by] = normals[index];
    const scale = BAND / (1 + ax * bx + ay * by);
    return [x + (ax + bx) * scale, y + (ay + by) * scale];
  });
}
