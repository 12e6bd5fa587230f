"""A game of Hex drawn as an SVG picture."""

import math
from collections import deque
from collections.abc import Iterable, Sequence
from html import escape

from hexray.errors import IllegalMove
from hexray.game.board import BLUE, RED, play_sequence
from hexray.game.notation import move_name

Point = tuple[float, float]

_SIDE = 30.0
_WIDTH = math.sqrt(3) * _SIDE
_BAND = 9.0
_STONE = 0.39 * _WIDTH
_HEADING = 58.0
_MARGIN = 16.0
_MIN_WIDTH = 380.0

_STRONG = {RED: "#cf3f35", BLUE: "#2c6db5"}
_DARK = {RED: "#8f2019", BLUE: "#17457c"}
_PALE = {RED: "#f0b9b1", BLUE: "#b3cdea"}
_TINT = {RED: "#fbe0d9", BLUE: "#dce9f8"}
_STYLE = """
text { font-family: 'Helvetica Neue', Helvetica, Arial, sans-serif; text-anchor: middle }
.heading { font-weight: 600; fill: #2b2b2b }
.coordinate { fill: #7b756b }
.number { font-weight: 600; fill: #ffffff }
.cell { fill: #fdfbf7; stroke: #b9b1a4; stroke-width: 1.2 }
.last { fill: none; stroke: #ffffff; stroke-width: 2 }
"""


def board_svg(size: int, moves: Sequence[int], *, title: str, opening: int = 0) -> str:
    """Draw the position after ``moves`` (cells in the absolute frame, in turn, Red first).

    The first ``opening`` moves are random stones: pale and without their number. The last move
    carries a ring; a winning chain, the shortest there is, is drawn as a line through its stones.
    Raises SettingsError for a size out of range and IllegalMove for a move that is not legal.
    """
    winner = int(play_sequence(size, moves).winner[0])
    if not 0 <= opening <= len(moves):
        raise IllegalMove(f"{opening} opening stones in a game of {len(moves)} moves; use fewer")
    chain = winning_chain(size, moves) if winner else []
    left, top, right, bottom = _extent(size)
    width, height = right - left, bottom - top
    title = _printable(title)
    body = [
        f'<rect x="{left:.1f}" y="{top:.1f}" width="{width:.1f}" height="{height:.1f}" rx="14" '
        f'fill="#f6f2ea"/>',
        _heading(title, left, width, top),
        *_edges(size),
        *_coordinates(size),
        *_cells(size, set(chain), winner),
        *_chain_line(size, chain, winner),
        *_stones(size, moves, opening),
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" width="{width:.0f}" '
        f'height="{height:.0f}" viewBox="{left:.1f} {top:.1f} {width:.1f} {height:.1f}">\n'
        f"<title>{escape(title)}</title>\n<style>{_STYLE}</style>\n"
        + "\n".join(body)
        + "\n</svg>\n"
    )


def winning_chain(size: int, moves: Sequence[int]) -> list[int]:
    """Find a shortest chain that joins the sides of either player, from side to side.

    ``moves`` are cells in turn, Red first, of a legal game; empty when nobody has won.
    """
    for colour, own in ((RED, set(moves[::2])), (BLUE, set(moves[1::2]))):
        chain = _shortest_chain(size, own, colour)
        if chain:
            return chain
    return []


def _shortest_chain(size: int, own: set[int], colour: int) -> list[int]:
    def depth(cell: int) -> int:
        return cell // size if colour == RED else cell % size

    before: dict[int, int | None] = {cell: None for cell in sorted(own) if depth(cell) == 0}
    waiting = deque(before)
    while waiting:
        cell = waiting.popleft()
        if depth(cell) == size - 1:
            return _walk_back(before, cell)
        for other in _neighbours(size, cell):
            if other in own and other not in before:
                before[other] = cell
                waiting.append(other)
    return []


def _walk_back(before: dict[int, int | None], cell: int | None) -> list[int]:
    chain = []
    while cell is not None:
        chain.append(cell)
        cell = before[cell]
    return chain[::-1]


def _neighbours(size: int, cell: int) -> Iterable[int]:
    row, column = divmod(cell, size)
    for down, right in ((-1, 0), (-1, 1), (0, -1), (0, 1), (1, -1), (1, 0)):
        if 0 <= row + down < size and 0 <= column + right < size:
            yield (row + down) * size + column + right


def _centre(row: float, column: float) -> Point:
    return (column + row / 2) * _WIDTH, row * 1.5 * _SIDE


def _corner(row: int, column: int, index: int) -> Point:
    """Corner of a cell, clockwise from the top (0) over the upper right (1)."""
    x, y = _centre(row, column)
    angle = math.radians(60 * index - 90)
    return x + _SIDE * math.cos(angle), y + _SIDE * math.sin(angle)


def _extent(size: int) -> tuple[float, float, float, float]:
    left = _centre(0, -1)[0] - 0.5 * _WIDTH - _MARGIN
    right = _centre(size - 1, size)[0] + 0.5 * _WIDTH + _MARGIN
    missing = max(0.0, _MIN_WIDTH - (right - left)) / 2
    top = _centre(-1, 0)[1] - 0.4 * _SIDE - _HEADING
    bottom = _centre(size, 0)[1] + 0.6 * _SIDE + _MARGIN
    return left - missing, top, right + missing, bottom


def _edges(size: int) -> list[str]:
    """Draw the four coloured bands around the board, split where two players' sides meet."""
    end = size - 1
    top = [_corner(0, c, i) for c in range(size) for i in (5, 0)]
    right = [_corner(r, end, i) for r in range(size) for i in (1, 2)]
    bottom = [_corner(end, c, i) for c in range(end, -1, -1) for i in (2, 3)]
    left = [_corner(r, 0, i) for r in range(end, -1, -1) for i in (4, 5)]
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
        f'<polygon class="edge" points="{_points([*side, *(outer[p] for p in side[::-1])])}" '
        f'fill="{_STRONG[colour]}"/>'
        for colour, side in sides
    ]


def _middle(one: Point, other: Point) -> Point:
    return (one[0] + other[0]) / 2, (one[1] + other[1]) / 2


def _outwards(outline: list[Point]) -> list[Point]:
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


def _coordinates(size: int) -> list[str]:
    near, far = -0.92, size - 0.08
    letters = [(row, c, chr(ord("a") + c)) for row in (near, far) for c in range(size)]
    numbers = [(r, column, str(r + 1)) for column in (near, far) for r in range(size)]
    return [_text(*_centre(r, c), name, "coordinate") for r, c, name in [*letters, *numbers]]


def _cells(size: int, chain: set[int], winner: int) -> list[str]:
    drawn = []
    for cell in range(size * size):
        corners = _points(_corner(*divmod(cell, size), index) for index in range(6))
        tint = f' style="fill: {_TINT[winner]}"' if cell in chain else ""
        drawn.append(f'<polygon class="cell" points="{corners}"{tint}/>')
    return drawn


def _chain_line(size: int, chain: list[int], winner: int) -> list[str]:
    if not chain:
        return []
    middle = [_centre(*divmod(cell, size)) for cell in chain]
    first, last = divmod(chain[0], size), divmod(chain[-1], size)
    if winner == RED:
        ends = _corner(*first, 0), _corner(*last, 3)
    else:
        ends = (
            _middle(_corner(*first, 4), _corner(*first, 5)),
            _middle(_corner(*last, 1), _corner(*last, 2)),
        )
    return [
        f'<polyline class="chain" points="{_points([ends[0], *middle, ends[1]])}" fill="none" '
        f'stroke="{_STRONG[winner]}" stroke-width="10" stroke-linejoin="round"/>'
    ]


def _stones(size: int, moves: Sequence[int], opening: int) -> list[str]:
    drawn = []
    for ply, move in enumerate(moves):
        colour = RED if ply % 2 == 0 else BLUE
        x, y = _centre(*divmod(move, size))
        is_random = ply < opening
        fill = _PALE[colour] if is_random else _STRONG[colour]
        drawn.append(
            f'<circle class="stone" cx="{x:.1f}" cy="{y:.1f}" r="{_STONE:.1f}" fill="{fill}" '
            f'stroke="{_STRONG[colour] if is_random else _DARK[colour]}" stroke-width="1.5">'
            f"<title>{ply + 1}. {move_name(move, size)}</title></circle>"
        )
        if ply == len(moves) - 1:
            drawn.append(f'<circle class="last" cx="{x:.1f}" cy="{y:.1f}" r="{_STONE - 3:.1f}"/>')
        if not is_random:
            drawn.append(_text(x, y, str(ply + 1), "number", 17 if ply < 99 else 14))
    return drawn


def _text(x: float, y: float, text: str, kind: str, pixels: float = 15) -> str:
    return (
        f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" dy="0.35em" font-size="{pixels:.3g}">'
        f"{escape(text)}</text>"
    )


def _heading(title: str, left: float, width: float, top: float) -> str:
    """Write the title in the middle, smaller when it is long and cut when it is very long."""
    room = (width - 4 * _MARGIN) / 0.6
    fits = max(8, int(room / 10))
    text = title if len(title) <= fits else title[: fits - 1] + "…"
    return _text(left + width / 2, top + 34, text, "heading", min(20.0, room / max(1, len(text))))


def _printable(text: str) -> str:
    """Put a blank in place of what XML cannot hold."""
    return "".join(c if c.isprintable() else " " for c in text)


def _points(points: Iterable[Point]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
