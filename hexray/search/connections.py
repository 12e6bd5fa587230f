"""Positions that virtual connections decide, and the moves that a threat leaves to choose from.

A cell or a chain of stones is held to an edge when its owner can join the two though the opponent
moves first; the cells that this may take are its carrier. Held cells are found from each edge
outward. A neighbour of a held chain is held, and so is what a bridge ties to it: two steps away,
with two empty cells between. An empty cell y that is held makes a way for what touches it or is
tied to it: the owner plays y. Where no cell belongs to every way, the opponent cannot close them
all, and the ways together are a carrier. That is the OR rule of H-search, which here knows
connections to the edges only.

Where both edges hold a chain, by carriers that do not meet, its owner has won whoever moves.
Where they so hold an empty cell, playing it wins: a threat. Who must answer threats has to play
into the carriers of all of them; any other move loses, and where there is none all moves lose.

Anshelevich, "A hierarchical approach to computer Hex" (2002); Hayward et al., "Solving 7x7 Hex
with domination, fill-in, and virtual connections" (2005).
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hexray.game.board import EMPTY
from hexray.game.kernel import kernel
from hexray.search.threats import WINS, mark_threats
from hexray.search.ways import NOWHERE, ways_of

_MOVER, _OPPONENT = 1, -1
_NOTHING, _THREATENS, _JOINED = 0, 1, 2
_REACH = 2
"""Rows that a bridge spans."""


class Connections(NamedTuple):
    """What touches what on boards of one size, and scratch space for one position.

    Sets of cells are W words of 64 bits, W being the length of ``words``: numba knows that of a
    tuple when it compiles, which halves the time. What is said of a chain stands at its first cell.

    ways     int16[4, A, 12, 3]  what is near each cell (``ways_of``)
    chain    int16[A]        first cell of the chain of a stone; an empty cell itself; -1 for the
                             other colour
    held     bool[2, A]      held to the first (top, left) or to the second edge
    carrier  int64[2, A, W]  the cells that this may take
    common   int64[A, W]     cells that belong to every way found so far
    spread   int64[A, W]     cells that belong to any of them
    way      int64[W]        one way
    waiting  int16[A]        stones of a chain still to be looked at
    marks    int8[A]         cells that win at once
    must     int64[W]        cells that belong to every threat
    extent   int16[A]        cells in the carrier of the threat at a cell; A without one
    moves    bool[A]         cells that the verdict names; a result
    """

    words: tuple[int, ...]
    ways: NDArray[np.int16]
    chain: NDArray[np.int16]
    held: NDArray[np.bool_]
    carrier: NDArray[np.int64]
    common: NDArray[np.int64]
    spread: NDArray[np.int64]
    way: NDArray[np.int64]
    waiting: NDArray[np.int16]
    marks: NDArray[np.int8]
    must: NDArray[np.int64]
    extent: NDArray[np.int16]
    moves: NDArray[np.bool_]


def new_connections(size: int) -> Connections:
    """Make room for judging positions on boards of one size, one at a time."""
    area = size * size
    words = (area + 63) // 64
    return Connections(
        tuple(range(words)),
        ways_of(size),
        chain=np.empty(area, np.int16),
        held=np.empty((2, area), np.bool_),
        carrier=np.empty((2, area, words), np.int64),
        common=np.empty((area, words), np.int64),
        spread=np.empty((area, words), np.int64),
        way=np.empty(words, np.int64),
        waiting=np.empty(area, np.int16),
        marks=np.empty(area, np.int8),
        must=np.empty(words, np.int64),
        extent=np.empty(area, np.int16),
        moves=np.empty(area, np.bool_),
    )


@kernel
def judge(stones: NDArray, size: int, room: Connections) -> int:
    """Return +1 or -1 when the mover surely wins or loses, otherwise 0.

    stones int8[A] is a board in the mover frame that nobody has won. After +1 ``room.moves``
    marks the most direct moves that win, after 0 those that are left: every other one loses.
    """
    if mark_threats(stones, size, room.marks, room.waiting):
        for cell in range(size * size):
            room.moves[cell] = room.marks[cell] == WINS
        return 1
    if _join(stones, size, _MOVER, room) != _NOTHING:
        return 1
    found = _join(stones, size, _OPPONENT, room)
    if found == _JOINED:
        return -1
    for cell in range(size * size):
        room.moves[cell] = stones[cell] == EMPTY and (
            found == _NOTHING or _contains(room.must, cell)
        )
    return 0


@kernel
def _join(stones: NDArray, size: int, colour: int, room: Connections) -> int:
    """Find how ``colour`` can join its edges; ``room.moves`` marks the moves that do most directly.

    Those are the threats with the smallest carrier.
    """
    area = size * size
    _find_chains(stones, colour, room)
    _hold_to_edge(stones, size, colour, 0, room)
    _hold_to_edge(stones, size, colour, 1, room)
    for word in range(len(room.words)):
        room.must[word] = -1
    found, fewest = _NOTHING, area
    for cell in range(area):
        room.extent[cell] = area
        if stones[cell] == -colour or not _is_held_twice(room.chain[cell], room):
            continue
        if stones[cell] == colour:
            found = _JOINED
            continue
        found = max(found, _THREATENS)
        room.extent[cell] = _narrow(cell, room)
        fewest = min(fewest, room.extent[cell])
    if found == _THREATENS and not room.must.any():
        found = _JOINED
    for cell in range(area):
        room.moves[cell] = stones[cell] == EMPTY and room.extent[cell] == fewest
    return found


@kernel
def _narrow(cell: int, room: Connections) -> int:
    """Leave of ``room.must`` what belongs to the threat at a cell; return its other cells."""
    count = 0
    for word in range(len(room.words)):
        carrier = room.carrier[0, cell, word] | room.carrier[1, cell, word]
        room.must[word] &= carrier | _bit(cell, word)
        while carrier:
            carrier &= carrier - 1
            count += 1
    return count


@kernel
def _find_chains(stones: NDArray, colour: int, room: Connections) -> None:
    area = len(stones)
    for cell in range(area):
        room.chain[cell] = cell if stones[cell] == EMPTY else NOWHERE
    for first in range(area):
        if stones[first] != colour or room.chain[first] != NOWHERE:
            continue
        room.chain[first] = first
        room.waiting[0] = first
        count = 1
        while count:
            count -= 1
            cell = room.waiting[count]
            for step in range(12):
                other = room.ways[0, cell, step, 0]
                if other < 0:
                    break
                if room.ways[0, cell, step, 1] >= 0 or stones[other] != colour:
                    continue
                if room.chain[other] == NOWHERE:
                    room.chain[other] = first
                    room.waiting[count] = other
                    count += 1


@kernel
def _hold_to_edge(stones: NDArray, size: int, colour: int, edge: int, room: Connections) -> None:
    """Find the cells and chains of ``colour`` that are held to its first or second edge.

    One sweep outward; a second would decide 6 % more positions and take half as long again.
    """
    area = size * size
    for cell in range(area):
        room.held[edge, cell] = False
        for word in range(len(room.words)):
            room.common[cell, word], room.spread[cell, word] = -1, 0
    deepest = 0
    for index in range(area):
        depth, place = index // size, index % size
        if depth > deepest + _REACH:
            return
        row = size - 1 - depth if edge else depth
        cell = row * size + place if colour == _MOVER else place * size + row
        which = room.chain[cell]
        if which < 0:
            continue
        if not room.held[edge, which]:
            if depth == 0:
                _hold(which, edge, room)
            elif not _hold_on(stones, colour, cell, edge, room):
                continue
        deepest = depth


@kernel
def _hold(which: int, edge: int, room: Connections) -> None:
    room.held[edge, which] = True
    for word in range(len(room.words)):
        room.carrier[edge, which, word] = 0


@kernel
def _hold_on(stones: NDArray, colour: int, cell: int, edge: int, room: Connections) -> bool:
    """Hold a cell, or the chain of its stone, to what is held around it; say whether that is so."""
    ways = room.ways[edge if colour == _MOVER else 2 + edge, cell]
    for step in range(len(ways)):
        other = ways[step, 0]
        if other < 0:
            return False
        beyond = room.chain[other]
        if beyond < 0 or not room.held[edge, beyond]:
            continue
        one, two = ways[step, 1], ways[step, 2]
        if one >= 0 and not _is_clear(stones, one, two, room.carrier[edge, beyond]):
            continue
        if _add_way(stones, cell, other, one, two, edge, room):
            room.held[edge, room.chain[cell]] = True
            return True
    return False


@kernel
def _is_clear(stones: NDArray, one: int, two: int, carrier: NDArray) -> bool:
    """Say whether two cells are empty and no part of a carrier."""
    if stones[one] != EMPTY or stones[two] != EMPTY:
        return False
    return not (_contains(carrier, one) or _contains(carrier, two))


@kernel
def _add_way(
    stones: NDArray, cell: int, other: int, one: int, two: int, edge: int, room: Connections
) -> bool:
    """Add a way over ``other``; write the carrier and say so when nothing closes all ways.

    A stone needs no move, so its way alone is enough. ``one`` and ``two`` are the pair of a
    bridge, or -1. A cell is no part of its own carrier: its owner holds it then.
    """
    which, beyond = room.chain[cell], room.chain[other]
    is_stone, narrows = stones[other] != EMPTY, False
    for word in range(len(room.words)):
        way = room.carrier[edge, beyond, word] | _bit(one, word) | _bit(two, word)
        if not is_stone:
            way |= _bit(other, word)
        if stones[cell] == EMPTY:
            way &= ~_bit(cell, word)
        room.way[word] = way
        narrows |= room.common[which, word] & ~way != 0
    if not (is_stone or narrows):
        return False
    is_open = True
    for word in range(len(room.words)):
        room.common[which, word] &= room.way[word]
        room.spread[which, word] |= room.way[word]
        room.carrier[edge, which, word] = room.way[word] if is_stone else room.spread[which, word]
        is_open &= room.common[which, word] == 0
    return is_stone or is_open


@kernel
def _is_held_twice(which: int, room: Connections) -> bool:
    if not (room.held[0, which] and room.held[1, which]):
        return False
    for word in range(len(room.words)):
        if room.carrier[0, which, word] & room.carrier[1, which, word]:
            return False
    return True


@kernel
def _contains(cells: NDArray, cell: int) -> bool:
    return (cells[cell >> 6] >> (cell & 63)) & 1 != 0


@kernel
def _bit(cell: int, word: int) -> int:
    """Return a cell's bit of a word of a set; none for -1."""
    return 1 << (cell & 63) if cell >> 6 == word else 0
