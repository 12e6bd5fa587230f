"""What every SVG picture of a board is made of: its hexagons, edges and coordinates.

Lengths are pixels of the picture, x to the right, y down; the middle of ``a1`` is the origin.
"""

import math
from collections.abc import Iterable, Sequence
from html import escape

from hexray.game.board import BLUE, RED
from hexray.game.shown import printable

Point = tuple[float, float]
Box = tuple[float, float, float, float]
"""Left, top, right, bottom."""

SIDE = 30.0
"""Side of a hexagon."""
WIDTH = math.sqrt(3) * SIDE
"""Width of a hexagon: the distance of two cells in a row."""
STRONG = {RED: "#cf3f35", BLUE: "#2c6db5"}
"""The players' colours."""

_BAND = 9.0
_HEADING = 58.0
_MARGIN = 16.0
_MIN_WIDTH = 380.0
_STYLE = """
text { font-family: 'Helvetica Neue', Helvetica, Arial, sans-serif; text-anchor: middle }
.heading { font-weight: 600; fill: #2b2b2b }
.coordinate { fill: #7b756b }
.number { font-weight: 600; fill: #ffffff }
.cell { fill: #fdfbf7; stroke: #b9b1a4; stroke-width: 1.2 }
.last { fill: none; stroke: #ffffff; stroke-width: 2 }
.share { fill: #2b2b2b }
.light { fill: #ffffff }
.order { font-weight: 600 }
.red { fill: #8f2019 }
.blue { fill: #17457c }
.label { stroke: #ffffff; stroke-width: 1.5 }
.mark { font-weight: 600; fill: #ffffff }
"""


def document(title: str, box: Box, body: Iterable[str]) -> str:
    """Return a whole picture: a title above ``box``, and ``body`` in it."""
    left, top, right, bottom = box
    missing = max(0.0, _MIN_WIDTH - (right - left)) / 2
    left, top, width = left - missing, top - _HEADING, right - left + 2 * missing
    height = bottom - top
    title = printable(title)  # XML cannot hold the other characters
    parts = [
        f'<rect x="{left:.1f}" y="{top:.1f}" width="{width:.1f}" height="{height:.1f}" rx="14" '
        f'fill="#f6f2ea"/>',
        _heading(title, left, width, top),
        *body,
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" width="{width:.0f}" '
        f'height="{height:.0f}" viewBox="{left:.1f} {top:.1f} {width:.1f} {height:.1f}">\n'
        f"<title>{escape(title)}</title>\n<style>{_STYLE}</style>\n"
        + "\n".join(parts)
        + "\n</svg>\n"
    )


def board_box(size: int) -> Box:
    """Return the box of a board with its coordinates and some room."""
    left = centre(0, -1)[0] - 0.5 * WIDTH - _MARGIN
    right = centre(size - 1, size)[0] + 0.5 * WIDTH + _MARGIN
    top = centre(-1, 0)[1] - 0.4 * SIDE
    bottom = centre(size, 0)[1] + 0.6 * SIDE + _MARGIN
    return left, top, right, bottom


def centre(row: float, column: float) -> Point:
    """Return the middle of a cell."""
    return (column + row / 2) * WIDTH, row * 1.5 * SIDE


def corner(row: int, column: int, index: int, side: float = SIDE) -> Point:
    """Return a corner of a cell, clockwise from the top (0) over the upper right (1)."""
    x, y = centre(row, column)
    angle = math.radians(60 * index - 90)
    return x + side * math.cos(angle), y + side * math.sin(angle)


def edges(size: int) -> list[str]:
    """Draw the four coloured bands around the board, split where two players' sides meet."""
    end = size - 1
    top = [corner(0, c, i) for c in range(size) for i in (5, 0)]
    right = [corner(r, end, i) for r in range(size) for i in (1, 2)]
    bottom = [corner(end, c, i) for c in range(end, -1, -1) for i in (2, 3)]
    left = [corner(r, 0, i) for r in range(end, -1, -1) for i in (4, 5)]
    upper_right = _middle(top[-1], right[0])
    lower_left = _middle(bottom[-1], left[0])
    sides = [
        (RED, [*top, upper_right]),
        (BLUE, [upper_right, *right]),
        (RED, [*bottom, lower_left]),
        (BLUE, [lower_left, *left]),
    ]
    outline = [point for _, side in sides for point in side[:-1]]
    outer = dict(zip(outline, _outwards(outline), strict=True))
    return [
        f'<polygon class="edge" points="{points([*side, *(outer[p] for p in side[::-1])])}" '
        f'fill="{STRONG[colour]}"/>'
        for colour, side in sides
    ]


def coordinates(size: int) -> list[str]:
    """Write the letters above and below the board and the numbers at its sides."""
    near, far = -0.92, size - 0.08
    letters = [(row, c, chr(ord("a") + c)) for row in (near, far) for c in range(size)]
    numbers = [(r, column, str(r + 1)) for column in (near, far) for r in range(size)]
    return [text(*centre(r, c), name, "coordinate") for r, c, name in [*letters, *numbers]]


def text(x: float, y: float, words: str, kind: str, pixels: float = 15) -> str:
    """Write ``words`` around a point, in the style of the class ``kind``."""
    return (
        f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" dy="0.35em" font-size="{pixels:.3g}">'
        f"{escape(words)}</text>"
    )


def points(corners: Iterable[Point]) -> str:
    """Write corners as the attribute ``points`` wants them."""
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in corners)


def _heading(title: str, left: float, width: float, top: float) -> str:
    """Write the title in the middle, smaller when it is long and cut when it is very long."""
    room = (width - 4 * _MARGIN) / 0.6
    fits = max(8, int(room / 10))
    words = title if len(title) <= fits else title[: fits - 1] + "…"
    return text(left + width / 2, top + 34, words, "heading", min(20.0, room / max(1, len(words))))


def _middle(one: Point, other: Point) -> Point:
    return (one[0] + other[0]) / 2, (one[1] + other[1]) / 2


def _outwards(outline: Sequence[Point]) -> list[Point]:
    """Move a closed clockwise outline outwards by the width of a band."""
    normals = []
    for (x, y), (next_x, next_y) in zip(outline, [*outline[1:], outline[0]], strict=True):
        length = math.hypot(next_x - x, next_y - y)
        normals.append(((next_y - y) / length, (x - next_x) / length))
    moved = []
    for index, (x, y) in enumerate(outline):
        (ax, ay), (bx, by) = normals[index - 1], normals[index]
        scale = _BAND / (1 + ax * bx + ay * by)
        moved.append((x + (ax + bx) * scale, y + (ay + by) * scale))
    return moved
