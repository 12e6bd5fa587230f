"""A game of Hex drawn as an SVG picture."""

from collections import deque
from collections.abc import Iterable, Sequence

from hexray.errors import IllegalMove
from hexray.game.board import BLUE, RED, play_sequence
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

_STONE = 0.39 * WIDTH
_DARK = {RED: "#8f2019", BLUE: "#17457c"}
_PALE = {RED: "#f0b9b1", BLUE: "#b3cdea"}
_TINT = {RED: "#fbe0d9", BLUE: "#dce9f8"}


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
    body = [
        *edges(size),
        *coordinates(size),
        *_cells(size, set(chain), winner),
        *_chain_line(size, chain, winner),
        *_stones(size, moves, opening),
    ]
    return document(title, board_box(size), body)


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


def _cells(size: int, chain: set[int], winner: int) -> list[str]:
    drawn = []
    for cell in range(size * size):
        corners = points(corner(*divmod(cell, size), index) for index in range(6))
        tint = f' style="fill: {_TINT[winner]}"' if cell in chain else ""
        drawn.append(f'<polygon class="cell" points="{corners}"{tint}/>')
    return drawn


def _chain_line(size: int, chain: list[int], winner: int) -> list[str]:
    if not chain:
        return []
    middle = [centre(*divmod(cell, size)) for cell in chain]
    first, last = divmod(chain[0], size), divmod(chain[-1], size)
    if winner == RED:
        ends = corner(*first, 0), corner(*last, 3)
    else:
        ends = centre(first[0], first[1] - 0.5), centre(last[0], last[1] + 0.5)
    return [
        f'<polyline class="chain" points="{points([ends[0], *middle, ends[1]])}" fill="none" '
        f'stroke="{STRONG[winner]}" stroke-width="10" stroke-linejoin="round"/>'
    ]


def _stones(size: int, moves: Sequence[int], opening: int) -> list[str]:
    drawn = []
    for ply, move in enumerate(moves):
        colour = RED if ply % 2 == 0 else BLUE
        x, y = centre(*divmod(move, size))
        is_random = ply < opening
        fill = _PALE[colour] if is_random else STRONG[colour]
        drawn.append(
            f'<circle class="stone" cx="{x:.1f}" cy="{y:.1f}" r="{_STONE:.1f}" fill="{fill}" '
            f'stroke="{STRONG[colour] if is_random else _DARK[colour]}" stroke-width="1.5">'
            f"<title>{ply + 1}. {move_name(move, size)}</title></circle>"
        )
        if ply == len(moves) - 1:
            drawn.append(f'<circle class="last" cx="{x:.1f}" cy="{y:.1f}" r="{_STONE - 3:.1f}"/>')
        if not is_random:
            drawn.append(text(x, y, str(ply + 1), "number", 17 if ply < 99 else 14))
    return drawn
