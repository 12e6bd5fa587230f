"""A board of Hex drawn as an SVG picture."""

from collections.abc import Sequence
from html import escape

from hexray.game.board import BLUE, EMPTY, RED
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
from hexray.game.shown import Mark, Shown, check, winning_chain

_STONE = 0.39 * WIDTH
_DARK = {RED: "#8f2019", BLUE: "#17457c"}
_PALE = {RED: "#f0b9b1", BLUE: "#b3cdea"}
_TINT = {RED: "#fbe0d9", BLUE: "#dce9f8"}
_COLD, _HOT = (253, 251, 247), (31, 111, 120)
_DARK_FROM = 0.6
"""Depth of a tint from which white is read better than black."""
_LEAST_SHOWN = 0.005
_RANKS = ("#3f3b36", "#1c7c45", "#7a8a1e", "#b07d1a")
"""Colours of marks: without a rank, the best, the second; all after that have the last."""
_LEGEND = 28.0


def board_svg(shown: Shown) -> str:
    """Draw a board: stones with their numbers, shares as tints, marks, a line of ghost stones.

    The last move carries a ring; a winning chain, the shortest there is, is drawn as a line
    through its stones. A cell and a stone tell in words what they show. Raises what ``check``
    raises.
    """
    check(shown)
    size, chain = shown.size, winning_chain(shown.size, shown.cells)
    left, top, right, bottom = board_box(size)
    body = [
        *edges(size),
        *coordinates(size),
        *_cells(shown, set(chain)),
        *_chain_line(shown, chain),
        *_stones(shown),
        *_ghosts(shown),
        *(_mark(shown, cell, mark) for cell, mark in shown.marks.items()),
    ]
    if shown.legend:
        body.append(text((left + right) / 2, bottom + 4, shown.legend, "coordinate"))
        bottom += _LEGEND
    return document(shown.title, (left, top, right, bottom), body)


def _cells(shown: Shown, chain: set[int]) -> list[str]:
    heat = [0.0] * len(shown.cells) if shown.heat is None else [float(s) for s in shown.heat]
    most = max(heat) or 1.0
    drawn = []
    for cell, share in enumerate(heat):
        corners = points(corner(*divmod(cell, shown.size), index) for index in range(6))
        fill = _TINT[shown.cells[cell]] if cell in chain else _tint(share / most) if share else ""
        style = f' style="fill: {fill}"' if fill else ""
        told = _told(shown, cell)
        title = f"<title>{escape(told)}</title>" if told else ""
        drawn.append(f'<polygon class="cell" points="{corners}"{style}>{title}</polygon>')
        if share >= _LEAST_SHOWN and shown.cells[cell] == EMPTY and cell not in shown.line:
            drawn.append(_share(shown, cell, share, share / most))
    return drawn


def _share(shown: Shown, cell: int, share: float, depth: float) -> str:
    """Write a share in percent, below the mark where the cell has one."""
    x, y = centre(*divmod(cell, shown.size))
    kind = "share light" if depth > _DARK_FROM else "share"
    words = f"{100 * share:.0f}"
    return text(x, y + 19, words, kind, 11) if cell in shown.marks else text(x, y, words, kind, 13)


def _tint(depth: float) -> str:
    """Mix the colours of nothing (0) and of the greatest share of the picture (1)."""
    mixed = (round(cold * (1 - depth) + hot * depth) for cold, hot in zip(_COLD, _HOT, strict=True))
    return "#" + "".join(f"{part:02x}" for part in mixed)


def _told(shown: Shown, cell: int) -> str:
    """Say in words what a cell shows, beginning with its name; nothing for a plain one."""
    said = []
    if shown.heat is not None:
        said.append(f"{shown.heat[cell]:.1%} {shown.heat_of}")
    if cell in shown.marks:
        words, rank = shown.marks[cell]
        said.append(f"{rank}. {words}" if rank else words)
    if cell in shown.notes:
        said.append(shown.notes[cell])
    return f"{move_name(cell, shown.size)} {', '.join(said)}" if said else ""


def _chain_line(shown: Shown, chain: Sequence[int]) -> list[str]:
    if not chain:
        return []
    winner = int(shown.cells[chain[0]])
    middle = [centre(*divmod(cell, shown.size)) for cell in chain]
    first, last = divmod(chain[0], shown.size), divmod(chain[-1], shown.size)
    if winner == RED:
        ends = corner(*first, 0), corner(*last, 3)
    else:
        ends = centre(first[0], first[1] - 0.5), centre(last[0], last[1] + 0.5)
    return [
        f'<polyline class="chain" points="{points([ends[0], *middle, ends[1]])}" fill="none" '
        f'stroke="{STRONG[winner]}" stroke-width="10" stroke-linejoin="round"/>'
    ]


def _stones(shown: Shown) -> list[str]:
    """Draw the stones in the order played, those without a number first."""
    drawn = []
    stones = [cell for cell in range(len(shown.cells)) if shown.cells[cell] != EMPTY]
    for cell in sorted(stones, key=lambda cell: shown.numbers.get(cell, 0)):
        colour, number = int(shown.cells[cell]), shown.numbers.get(cell)
        x, y = centre(*divmod(cell, shown.size))
        is_pale = cell in shown.pale
        name = move_name(cell, shown.size)
        drawn.append(
            f'<circle class="stone" cx="{x:.1f}" cy="{y:.1f}" r="{_STONE:.1f}" '
            f'fill="{(_PALE if is_pale else STRONG)[colour]}" '
            f'stroke="{(STRONG if is_pale else _DARK)[colour]}" stroke-width="1.5">'
            f"<title>{name if number is None else f'{number}. {name}'}</title></circle>"
        )
        if cell == shown.last:
            drawn.append(f'<circle class="last" cx="{x:.1f}" cy="{y:.1f}" r="{_STONE - 3:.1f}"/>')
        if number is not None:
            drawn.append(text(x, y, str(number), "number", 17 if number <= 99 else 14))
    return drawn


def _ghosts(shown: Shown) -> list[str]:
    """Draw the stones of a line, numbered from 1."""
    drawn = []
    for place, cell in enumerate(shown.line):
        colour = shown.to_move if place % 2 == 0 else -shown.to_move
        x, y = centre(*divmod(cell, shown.size))
        drawn.append(
            f'<circle class="ghost" cx="{x:.1f}" cy="{y:.1f}" r="{_STONE:.1f}" '
            f'fill="{_TINT[colour]}" stroke="{STRONG[colour]}" stroke-width="2" '
            f'stroke-dasharray="5 3"><title>{place + 1} in the line: '
            f"{move_name(cell, shown.size)}</title></circle>"
        )
        up, pixels = (9, 13) if cell in shown.marks else (0, 16)
        order = "order red" if colour == RED else "order blue"
        drawn.append(text(x, y - up, str(place + 1), order, pixels))
    return drawn


def _mark(shown: Shown, cell: int, mark: Mark) -> str:
    """Draw a label: in the middle of an empty cell, below a ghost's number, on a stone's corner."""
    x, y = centre(*divmod(cell, shown.size))
    height = 19.0
    width = max(height, 10 + 8.6 * len(mark.words))
    if shown.cells[cell] != EMPTY:
        x, y = x + 0.3 * WIDTH, y - 17
    elif cell in shown.line:
        y += 10
    fill = _RANKS[min(max(mark.rank, 0), len(_RANKS) - 1)]
    return (
        f'<rect class="label" x="{x - width / 2:.1f}" y="{y - height / 2:.1f}" '
        f'width="{width:.1f}" height="{height:.1f}" rx="{height / 2:.1f}" fill="{fill}"/>'
        + text(x, y, mark.words, "mark", 13)
    )
