"""Positions that bridges decide: a chain of stones whose gaps the opponent cannot close.

Two stones two steps apart with two empty cells between them form a bridge: the opponent can take
one of the cells, the owner answers in the other. A stone on the second row has the same hold on
the edge. Where all the pairs of a chain are disjoint and the chain joins the sides, its owner has
won whoever is to move. Hein; Anshelevich, "A hierarchical approach to computer Hex" (2002).
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hexray.game.board import RED
from hexray.game.kernel import kernel

FIRST, SECOND, CARRIER = 1, 2, 4
"""Marks of a cell: held from the first edge, from the second, one of a pair that is in use."""
_NOWHERE = -1
# One turn around a cell: every direction is next to the one before, also the last to the first.
_RING = ((0, 1), (1, 0), (1, -1), (0, -1), (-1, 0), (-1, 1))


class Bridges(NamedTuple):
    """What touches what on boards of one size, and scratch space for one position.

    beside  int16[A, 6]  neighbours of a cell, in one turn around it
    across  int16[A, 6]  what lies beyond the neighbours k and k + 1
    marks   int8[A]      FIRST, SECOND, CARRIER
    found   int16[A]     stones of a flood in the order found
    wins    bool[A]      cells (absolute frame) that win when played; a result

    ``beside`` and ``across`` name an edge by area + 0 to 3 (top, bottom, left, right), and hold
    -1 where there is nothing, or a neighbour k or k + 1 is missing.
    """

    beside: NDArray[np.int16]
    across: NDArray[np.int16]
    marks: NDArray[np.int8]
    found: NDArray[np.int16]
    wins: NDArray[np.bool_]


def new_bridges(size: int) -> Bridges:
    """Make room for judging positions on boards of one size, one at a time."""
    area = size * size
    return Bridges(
        *_tables(size), np.empty(area, np.int8), np.empty(area, np.int16), np.empty(area, np.bool_)
    )


@kernel
def decided(stones: NDArray, size: int, to_move: int, room: Bridges) -> int:
    """Return +1 or -1 when bridges decide for or against the colour to move, otherwise 0.

    stones int8[A] is a board in the absolute frame that nobody has won. After +1,
    ``room.wins`` marks cells that win when played: every empty one if all do.
    """
    area = size * size
    own, others = 0, 0
    for cell in range(area):
        own += stones[cell] == to_move
        others += stones[cell] == -to_move
    fewest = size // 2  # a stone holds the edge from the second row, and the next one two rows on
    if others >= fewest and _joins(stones, size, -to_move, room):
        return -1
    if own + 1 < fewest:
        return 0
    edge = area if to_move == RED else area + 2
    joined = _joins(stones, size, to_move, room)
    joined = joined or _flood(stones, size, to_move, edge + 1, edge, SECOND, room)
    count = 0
    for cell in range(area):
        wins = stones[cell] == 0 and (joined or _links_both(stones, cell, edge, room))
        room.wins[cell] = wins
        count += wins
    return 1 if count else 0


@kernel
def _joins(stones: NDArray, size: int, colour: int, room: Bridges) -> bool:
    """Say whether ``colour`` has a chain from its first to its second edge."""
    area = size * size
    for cell in range(area):
        room.marks[cell] = 0
    edge = area if colour == RED else area + 2
    return _flood(stones, size, colour, edge, edge + 1, FIRST, room)


@kernel
def _flood(
    stones: NDArray, size: int, colour: int, edge: int, goal: int, mark: int, room: Bridges
) -> bool:
    """Mark what ``colour`` holds from an edge; stop and say so when that reaches the goal.

    Stones that touch come before those across a bridge, so that no pair is used without need.
    """
    count, solid, bridged, along = 0, 0, 0, 0
    for place in range(size):
        cell = _from_edge(edge, 0, place, size)
        if stones[cell] == colour:
            count = _hold(cell, mark, room, count)
    while True:
        while solid < count:
            cell = room.found[solid]
            solid += 1
            for k in range(6):
                other = room.beside[cell, k]
                if other == goal:
                    return True
                if _is_new(stones, other, colour, mark, room):
                    count = _hold(other, mark, room, count)
        if along < size:
            cell = _from_edge(edge, 1, along, size)
            along += 1
            if _is_new(stones, cell, colour, mark, room) and _takes_edge(stones, cell, edge, room):
                count = _hold(cell, mark, room, count)
            continue
        if bridged == count:
            return False
        cell = room.found[bridged]
        bridged += 1
        for k in range(6):
            other = room.across[cell, k]
            is_new = other == goal or _is_new(stones, other, colour, mark, room)
            if is_new and _take_pair(stones, cell, k, room):
                if other == goal:
                    return True
                count = _hold(other, mark, room, count)
                bridged -= 1  # once more, when what touches the new stone is found
                break


@kernel
def _from_edge(edge: int, depth: int, place: int, size: int) -> int:
    """Return a cell ``depth`` rows in from an edge (area + 0 to 3), at ``place`` along it."""
    side = edge - size * size
    if side & 1:
        depth = size - 1 - depth
    return depth * size + place if side < 2 else place * size + depth


@kernel
def _takes_edge(stones: NDArray, cell: int, edge: int, room: Bridges) -> bool:
    """Use the pair between a cell of the second row and its edge, if it is free."""
    for k in range(6):
        if room.across[cell, k] == edge:
            return _take_pair(stones, cell, k, room)
    return False


@kernel
def _hold(cell: int, mark: int, room: Bridges, count: int) -> int:
    room.marks[cell] |= mark
    room.found[count] = cell
    return count + 1


@kernel
def _is_new(stones: NDArray, cell: int, colour: int, mark: int, room: Bridges) -> bool:
    if cell < 0 or cell >= len(stones):
        return False
    return stones[cell] == colour and room.marks[cell] & mark == 0


@kernel
def _take_pair(stones: NDArray, cell: int, k: int, room: Bridges) -> bool:
    """Use the pair between a cell and what lies across, if it is free."""
    if not _is_free(stones, cell, k, room):
        return False
    room.marks[room.beside[cell, k]] |= CARRIER
    room.marks[room.beside[cell, (k + 1) % 6]] |= CARRIER
    return True


@kernel
def _is_free(stones: NDArray, cell: int, k: int, room: Bridges) -> bool:
    one, two = room.beside[cell, k], room.beside[cell, (k + 1) % 6]
    if stones[one] != 0 or stones[two] != 0:
        return False
    return (room.marks[one] | room.marks[two]) & CARRIER == 0


@kernel
def _links_both(stones: NDArray, cell: int, edge: int, room: Bridges) -> bool:
    """Say whether a stone on an empty cell would join what both floods hold, pairs disjoint."""
    if room.marks[cell] & CARRIER:
        return False
    touches, pairs_first, pairs_second = 0, 0, 0
    for k in range(6):
        touches |= _held(room.beside[cell, k], edge, room)
    for k in range(6):
        end = _held(room.across[cell, k], edge, room)
        if end and _is_free(stones, cell, k, room):
            if end & FIRST:
                pairs_first |= 1 << k
            if end & SECOND:
                pairs_second |= 1 << k
    if touches == FIRST | SECOND:
        return True
    if touches & FIRST:
        return pairs_second != 0
    if touches & SECOND:
        return pairs_first != 0
    for k in range(6):
        # Pair k shares a cell with the pairs before and after it.
        clear = ~((1 << k) | (1 << (k + 1) % 6) | (1 << (k + 5) % 6))
        if pairs_first & (1 << k) and pairs_second & clear:
            return True
    return False


@kernel
def _held(cell: int, edge: int, room: Bridges) -> int:
    """Return FIRST, SECOND or 0 for a stone, a cell or an edge."""
    if cell == edge:
        return FIRST
    if cell == edge + 1:
        return SECOND
    if cell < 0 or cell >= len(room.marks):
        return 0
    return room.marks[cell] & (FIRST | SECOND)


@lru_cache
def _tables(size: int) -> tuple[NDArray[np.int16], NDArray[np.int16]]:
    area = size * size
    beside = np.full((area, 6), _NOWHERE, np.int16)
    across = np.full((area, 6), _NOWHERE, np.int16)
    for cell in range(area):
        row, column = divmod(cell, size)
        for k in range(6):
            one, two = _RING[k], _RING[(k + 1) % 6]
            beside[cell, k] = _at(row + one[0], column + one[1], size)
            pair = [_at(row + step[0], column + step[1], size) for step in (one, two)]
            if all(0 <= each < area for each in pair):
                across[cell, k] = _at(row + one[0] + two[0], column + one[1] + two[1], size)
    beside.flags.writeable = across.flags.writeable = False
    return beside, across


def _at(row: int, column: int, size: int) -> int:
    """Return a cell, or the one edge that lies there; beyond a corner there is nothing."""
    area = size * size
    inside = 0 <= row < size, 0 <= column < size
    if all(inside):
        return row * size + column
    if inside[1]:
        return area if row < 0 else area + 1
    if inside[0]:
        return area + 2 if column < 0 else area + 3
    return _NOWHERE
