"""Fill-in: stones on cells that cannot matter any more, so that fewer positions look different.

An empty cell is dead when no stone on it can ever make a difference: whatever comes to lie around
it, no two groups of one colour meet there that are not neighbours already. Two neighbouring empty
cells are captured when their owner answers a stone on the one with a stone on the other, which
then leaves the intruder's dead. Who wins does not change when dead cells get a stone of either
colour and captured ones a stone of their owner's, whoever moves; so any of them is a wasted move.
What is said of a cell here follows from its six neighbours alone, with the edges as stones.

Bjornsson, Hayward, Johanson, van Rijswijck, "Dead cell analysis in Hex and the Shannon game"
(2007); Henderson and Hayward, "Captured-reversible moves and star decomposition domination in Hex"
(2013).
"""

from functools import lru_cache
from itertools import product
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hexray.game.board import EMPTY, RING
from hexray.game.kernel import kernel

_MOVER, _OPPONENT = 1, -1
# A surrounding is a number of six digits to the base 3: 0 opponent, 1 empty, 2 mover.
_PLACES = tuple(3**step for step in range(6))


class Surroundings(NamedTuple):
    """What lies around the cells of boards of one size, and scratch space for one position.

    near   int16[A, 6]  the neighbours in one turn, -1 off the board
    bare   int16[A]     the surrounding of each cell on the empty board
    now    int16[A]     the surrounding of each cell; scratch space
    """

    near: NDArray[np.int16]
    bare: NDArray[np.int16]
    now: NDArray[np.int16]


def new_surroundings(size: int) -> Surroundings:
    """Make room for filling boards of one size, one at a time."""
    near, bare = _empty_board(size)
    return Surroundings(near, bare, np.empty(size * size, np.int16))


def filled(cells: NDArray[np.int8], size: int) -> NDArray[np.int8]:
    """Return boards ``cells[B, A]`` (mover frame) with dead and captured cells filled (a copy).

    A dead cell gets a stone of the mover. Nobody but the stones is asked, so the boards may be won.
    Raises ValueError when a cell is neither -1 nor 0 nor 1.
    """
    copy = np.array(cells, np.int8, order="C")
    if copy.min(initial=0) < _OPPONENT or copy.max(initial=0) > _MOVER:
        raise ValueError(f"cells from {copy.min()} to {copy.max()}: use -1, 0 and 1")
    _fill_all(copy, new_surroundings(size))
    return copy


@kernel
def fill_in(cells: NDArray, around: Surroundings) -> None:
    """Fill the dead and captured cells of one board ``cells[A]`` (mover frame), in place."""
    for cell in range(len(cells)):
        around.now[cell] = around.bare[cell]
    for cell in range(len(cells)):
        if cells[cell] != EMPTY:
            _tell(cell, cells[cell], around)
    goes_on = True
    while goes_on:
        goes_on = False
        for cell in range(len(cells)):
            if cells[cell] == EMPTY and _FACTS[around.now[cell]] != 0:
                goes_on |= _fill(cells, cell, around)


@kernel
def _fill_all(boards: NDArray, around: Surroundings) -> None:
    for board in range(len(boards)):
        fill_in(boards[board], around)


@kernel
def _fill(cells: NDArray, cell: int, around: Surroundings) -> bool:
    """Fill one empty cell if it is dead or captured together with a neighbour; say whether."""
    facts = _FACTS[around.now[cell]]
    if facts & 1:
        _put(cells, cell, _MOVER, around)
        return True
    for step in range(6):
        other = around.near[cell, step]
        if other < 0 or cells[other] != EMPTY:
            continue
        both = facts >> (1 + step) & _FACTS[around.now[other]] >> (1 + (step + 3) % 6)
        if both & _BY_EITHER:
            colour = _MOVER if both & 1 else _OPPONENT
            _put(cells, cell, colour, around)
            _put(cells, other, colour, around)
            return True
    return False


@kernel
def _put(cells: NDArray, cell: int, colour: int, around: Surroundings) -> None:
    cells[cell] = colour
    _tell(cell, colour, around)


@kernel
def _tell(cell: int, colour: int, around: Surroundings) -> None:
    """Write a new stone into the surroundings of its neighbours."""
    for step in range(6):
        other = around.near[cell, step]
        if other >= 0:
            around.now[other] += colour * _PLACES[(step + 3) % 6]


@lru_cache
def _empty_board(size: int) -> tuple[NDArray[np.int16], NDArray[np.int16]]:
    near = np.full((size * size, len(RING)), -1, np.int16)
    bare = np.zeros(size * size, np.int16)
    for cell in range(size * size):
        for step, (down, right) in enumerate(RING):
            row, column = cell // size + down, cell % size + right
            stone = _edge(row, column, size)
            bare[cell] += (stone + 1) * _PLACES[step]
            if stone == EMPTY:
                near[cell, step] = row * size + column
    near.flags.writeable = bare.flags.writeable = False
    return near, bare


def _edge(row: int, column: int, size: int) -> int:
    """Return whose edge a cell belongs to; on the board it is empty.

    The cell beyond a corner lies between both edges and changes nothing, whosever it is.
    """
    if not 0 <= row < size:
        return _MOVER
    return EMPTY if 0 <= column < size else _OPPONENT


def _facts() -> NDArray[np.int16]:
    """Say of each surrounding what it does to the cell in its middle, as bits.

    Bit 0: dead. Bit 1 + k: dead once the mover has a stone in direction k; bit 7 + k: the opponent.
    """
    around = np.array(list(product((_OPPONENT, EMPTY, _MOVER), repeat=len(RING))))[:, ::-1]
    dead = np.array([_is_dead(row.tolist()) for row in around])
    facts = dead.astype(np.int16)
    for step, place in enumerate(_PLACES):
        for colour, bit in ((_MOVER, 1 + step), (_OPPONENT, 7 + step)):
            empty = np.flatnonzero(around[:, step] == EMPTY)
            facts[empty] |= dead[empty + colour * place].astype(np.int16) << bit
    return facts


def _is_dead(around: list[int]) -> bool:
    """Say whether, however the empty neighbours are filled, each colour lies in one piece."""
    choices = [(stone,) if stone else (_MOVER, _OPPONENT) for stone in around]
    return all(
        sum(stones[step] != stones[step - 1] for step in range(len(stones))) <= 2
        for stones in product(*choices)
    )


_FACTS = _facts()
_BY_EITHER = 1 | 1 << 6
