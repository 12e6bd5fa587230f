"""How often each cell was chosen, drawn as an SVG picture of the board."""

from collections.abc import Sequence

from hexray.game.drawing import (
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

_PALE, _DARK = (253, 251, 247), (31, 111, 120)
_LEGEND = 40.0


def shares_svg(
    size: int, share: Sequence[float], wins: Sequence[float | None], *, title: str
) -> str:
    """Draw ``share[A]`` in [0, 1] of each cell (absolute frame) in percent, the most used darkest.

    ``wins[A]`` is how often Red has won after it, 0 to 1, None where it was never chosen; it is
    told of each cell.
    """
    left, top, right, bottom = board_box(size)
    most = max(share, default=0.0) or 1.0
    cells = [
        _cell(c, size, s, s / most, w) for c, (s, w) in enumerate(zip(share, wins, strict=True))
    ]
    words = "percent of all games; a cell tells how often Red won after it"
    legend = text((left + right) / 2, bottom + _LEGEND / 2, words, "coordinate")
    body = [*edges(size), *coordinates(size), *cells, legend]
    return document(title, (left, top, right, bottom + _LEGEND), body)


def _cell(cell: int, size: int, share: float, depth: float, wins: float | None) -> str:
    row, column = divmod(cell, size)
    outline = points(corner(row, column, index, 30.0) for index in range(6))
    said = "never" if wins is None else f"{share:.1%} of the games, Red won {wins:.0%}"
    words = f"{100 * share:.0f}" if share >= 0.005 else ""
    kind = "number" if depth > 0.6 else "heading"  # white on dark, dark on pale
    return (
        f'<polygon class="cell" points="{outline}" style="fill: {_colour(depth)}">'
        f"<title>{move_name(cell, size)} {said}</title></polygon>"
        + text(*centre(row, column), words, kind, 13)
    )


def _colour(depth: float) -> str:
    mixed = (
        round(pale * (1 - depth) + dark * depth) for pale, dark in zip(_PALE, _DARK, strict=True)
    )
    return "#" + "".join(f"{part:02x}" for part in mixed)
