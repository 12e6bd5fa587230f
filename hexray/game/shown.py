"""What is to be shown of a board, whether it is drawn as a picture or in a terminal."""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from math import isfinite
from types import MappingProxyType
from typing import NamedTuple

from hexray.errors import IllegalMove, OffBoard, SettingsError
from hexray.game.board import BLUE, EMPTY, MAX_SIZE, MIN_SIZE, RED, RING, play_sequence
from hexray.game.notation import move_name


class Mark(NamedTuple):
    """A short label on a cell, such as ``61%`` or a letter.

    rank  1 is the best of several moves, 2 the next; 0 stands for no order
    """

    words: str
    rank: int = 0


class Shown(NamedTuple):
    """A board and what is drawn on it, absolute frame.

    cells    A stones: RED, BLUE or EMPTY
    numbers  by cell, which move of the game its stone was
    pale     cells of stones that nobody chose
    last     the cell of the last move
    heat     A shares in [0, 1]; ``heat_of`` says of what
    marks    by cell
    line     empty cells in turn, on which play may go on; ``to_move`` has the first of them
    notes    by cell, what it tells to who asks; pictures only
    legend   words below
    """

    size: int
    cells: Sequence[int]
    title: str = ""
    numbers: Mapping[int, int] = MappingProxyType({})
    pale: frozenset[int] = frozenset()
    last: int | None = None
    heat: Sequence[float] | None = None
    heat_of: str = "policy"
    marks: Mapping[int, Mark] = MappingProxyType({})
    line: Sequence[int] = ()
    to_move: int = RED
    notes: Mapping[int, str] = MappingProxyType({})
    legend: str = ""


def after_moves(size: int, moves: Sequence[int], *, title: str, opening: int = 0) -> Shown:
    """Show the position after ``moves`` (cells in turn, Red first) with their numbers.

    The first ``opening`` moves are random stones: pale and without their number. Raises
    SettingsError for a size out of range and IllegalMove for a move that is not legal.
    """
    board = play_sequence(size, moves)
    if not 0 <= opening <= len(moves):
        raise IllegalMove(f"{opening} opening stones in a game of {len(moves)} moves; use fewer")
    return Shown(
        size,
        board.cells[0].tolist(),
        title,
        numbers={move: ply + 1 for ply, move in enumerate(moves) if ply >= opening},
        pale=frozenset(moves[:opening]),
        last=moves[-1] if moves else None,
        to_move=int(board.to_move[0]),
    )


def check(shown: Shown) -> None:
    """Raise what is wrong with it.

    SettingsError for a size, a number of cells, shares or words that cannot be; OffBoard for a
    cell that the board does not have; IllegalMove where a stone is missing or in the way.
    """
    size, area = shown.size, shown.size * shown.size
    if not MIN_SIZE <= size <= MAX_SIZE:
        raise SettingsError(f"board size {size} is out of range; use {MIN_SIZE} to {MAX_SIZE}")
    if len(shown.cells) != area or any(cell not in (RED, BLUE, EMPTY) for cell in shown.cells):
        raise SettingsError(
            f"{len(shown.cells)} cells for a {size}x{size} board; give {area}, each 1, -1 or 0"
        )
    heat = shown.heat
    if heat is not None and (len(heat) != area or not all(map(_is_share, heat))):
        raise SettingsError(f"heat is not {area} shares in [0, 1]")
    words = [*(mark.words for mark in shown.marks.values()), *shown.notes.values(), shown.legend]
    for text in [*words, shown.heat_of]:
        if not text.isprintable():
            raise SettingsError(f"{text!r} cannot be drawn; leave control characters out")
    _check_cells(shown)


def winning_chain(size: int, cells: Sequence[int]) -> list[int]:
    """Find a shortest chain of stones that joins the sides of its colour, from side to side.

    ``cells`` are A stones, however they came there; empty when nobody has won.
    """
    for colour in (RED, BLUE):
        own = {cell for cell in range(size * size) if cells[cell] == colour}
        chain = _shortest_chain(size, own, colour)
        if chain:
            return chain
    return []


def printable(words: str) -> str:
    """Put a blank for every character that controls rather than shows."""
    return "".join(character if character.isprintable() else " " for character in words)


def _is_share(share: float) -> bool:
    return isfinite(share) and 0 <= share <= 1


def _check_cells(shown: Shown) -> None:
    size, area = shown.size, shown.size * shown.size
    with_stones = {*shown.numbers, *shown.pale, *(() if shown.last is None else (shown.last,))}
    for cell in [*with_stones, *shown.marks, *shown.line, *shown.notes]:
        if not 0 <= cell < area:
            raise OffBoard(f"cell {cell} is off the {size}x{size} board; use 0 to {area - 1}")
    for cell in with_stones:
        if shown.cells[cell] == EMPTY:
            raise IllegalMove(f"{move_name(cell, size)} was played, yet holds no stone; set it")
    for place, cell in enumerate(shown.line):
        if shown.cells[cell] != EMPTY or cell in shown.line[:place]:
            raise IllegalMove(f"{move_name(cell, size)} in the line is occupied; end it before")


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
    for down, right in RING:
        if 0 <= row + down < size and 0 <= column + right < size:
            yield (row + down) * size + column + right
