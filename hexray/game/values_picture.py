"""The values of all cells of a board drawn as an SVG picture, beside the truth."""

from collections.abc import Sequence

from hexray.game.board import BLUE, RED
from hexray.game.drawing import (
    STRONG,
    WIDTH,
    board_box,
    centre,
    coordinates,
    corner,
    document,
    edges,
    points,
    text,
)
from hexray.game.notation import move_name

_EVEN = "#fdfbf7"
_CAPTION, _LEGEND = 34.0, 72.0
_BETWEEN = 2.6 * WIDTH
_MIN_WIDTH = 480.0
_BAR = 220.0
_STEPS = 44


def values_svg(
    size: int, value: Sequence[float], truth: Sequence[bool] | None, *, title: str
) -> str:
    """Draw ``value[A]`` (in [-1, 1], +1 Red wins; absolute frame) on its cells, red to blue.

    Where the truth is known, ``truth[A]`` (Red wins) stands beside it on a board of its own, and a
    cell whose value has the wrong sign, or none, carries a black ring.
    """
    left, top, right, bottom = board_box(size)
    boards = [_board(size, [_value_cell(c, size, v) for c, v in enumerate(value)], "value")]
    width = right
    if truth is not None:
        boards[0] += _rings(size, value, truth)
        cells = [_truth_cell(c, size, bool(wins)) for c, wins in enumerate(truth)]
        width += size * WIDTH + _BETWEEN
        shift = f'<g transform="translate({size * WIDTH + _BETWEEN:.1f} 0)">'
        boards.append([shift, *_board(size, cells, "truth"), "</g>"])
    missing = max(0.0, _MIN_WIDTH - (width - left)) / 2
    box = left - missing, top - _CAPTION, width + missing, bottom + _LEGEND
    legend = _legend((box[0] + box[2]) / 2, bottom + 0.25 * _LEGEND, with_ring=truth is not None)
    return document(title, box, [part for board in boards for part in board] + legend)


def _board(size: int, cells: list[str], caption: str) -> list[str]:
    x, y = centre(-1, (size - 1) / 2 + 0.5)
    words = text(x, y - 0.8 * _CAPTION, caption, "heading", 16)
    return [words, *edges(size), *coordinates(size), *cells]


def _value_cell(cell: int, size: int, value: float) -> str:
    words = f"{value:+.2f}"
    return _cell(cell, size, value, words)


def _truth_cell(cell: int, size: int, wins: bool) -> str:
    return _cell(cell, size, 1.0 if wins else -1.0, "Red" if wins else "Blue")


def _cell(cell: int, size: int, value: float, words: str) -> str:
    row, column = divmod(cell, size)
    kind = "number" if abs(value) > 0.6 else "heading"  # white on dark, dark on pale
    name = move_name(cell, size)
    return (
        f'<polygon class="cell" points="{_hexagon(row, column)}" style="fill: {_colour(value)}">'
        f"<title>{name} {words}</title></polygon>" + text(*centre(row, column), words, kind, 13)
    )


def _rings(size: int, value: Sequence[float], truth: Sequence[bool]) -> list[str]:
    wrong = [
        cell
        for cell, (said, wins) in enumerate(zip(value, truth, strict=True))
        if (said <= 0 if wins else said >= 0)
    ]
    return [_ring(_hexagon(*divmod(cell, size), 26.0)) for cell in wrong]


def _ring(corners: str) -> str:
    return f'<polygon class="wrong" points="{corners}" fill="none" stroke="#000" stroke-width="4"/>'


def _hexagon(row: int, column: int, side: float = 30.0) -> str:
    return points(corner(row, column, index, side) for index in range(6))


def _colour(value: float) -> str:
    """Mix the winner's colour with that of an even position."""
    strong = STRONG[RED] if value > 0 else STRONG[BLUE]
    share = min(1.0, abs(value))
    mixed = (
        round(int(_EVEN[at : at + 2], 16) * (1 - share) + int(strong[at : at + 2], 16) * share)
        for at in (1, 3, 5)
    )
    return "#" + "".join(f"{part:02x}" for part in mixed)


def _legend(x: float, y: float, *, with_ring: bool) -> list[str]:
    """Explain the colours in a bar around ``x``, and the ring below it."""
    step = _BAR / _STEPS
    bar = [
        f'<rect class="bar" x="{x - _BAR / 2 + index * step:.1f}" y="{y - 9:.1f}" '
        f'width="{step + 0.3:.1f}" height="18" fill="{_colour(2 * (index + 0.5) / _STEPS - 1)}"/>'
        for index in range(_STEPS)
    ]
    words = [
        text(x - _BAR / 2 - 55, y, "-1 Blue wins", "coordinate"),
        text(x + _BAR / 2 + 55, y, "Red wins +1", "coordinate"),
    ]
    if not with_ring:
        return bar + words
    mark = _ring(points((x - 100 + dx, y + 30 + dy) for dx, dy in _SMALL))
    return [*bar, *words, mark, text(x + 16, y + 30, "winner not named rightly", "coordinate")]


_SMALL = [(0, -10), (8.66, -5), (8.66, 5), (0, 10), (-8.66, 5), (-8.66, -5)]
