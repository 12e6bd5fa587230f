"""The two-distance between the sides of the board.

Van Rijswijck, "Search and evaluation in Hex" (2002; the program Queenbee): the opponent blocks the
best way, so the distance of an empty cell from a side is one more than the second least among its
neighbours. Neighbours are the empty cells that touch it, or touch a chain of own stones that it
touches; where the side itself is such a neighbour, the distance is 1.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hexray.game.kernel import kernel
from hexray.search.threats import neighbour

FAR = 100
"""Stands for a distance that does not exist; far beyond any that does."""


class Distances(NamedTuple):
    """Scratch space for the distances of A cells; with ``total`` as a result.

    total    int64[A]     distance from top plus distance from bottom; 2 * FAR on stones
    one      int64[A]     distance from the side under way
    reached  int64[A]     neighbours known to be nearer
    seen     int64[A]     the number of the last flood that came here
    queue    int64[A]     cells whose distance is known, the nearest first
    stack    int64[A]     cells of a flood still to be left
    """

    total: NDArray[np.int64]
    one: NDArray[np.int64]
    reached: NDArray[np.int64]
    seen: NDArray[np.int64]
    queue: NDArray[np.int64]
    stack: NDArray[np.int64]


def new_distances(size: int) -> Distances:
    """Make room for the distances on boards of one size."""
    return Distances(*(np.empty(size * size, np.int64) for _ in Distances._fields))


@kernel
def two_distance(cells: NDArray, size: int, room: Distances) -> tuple[int, int]:
    """Return the least total for the stones +1 of ``cells[A]``, and how many cells have it.

    Totals are distances from top and bottom added; they are left in ``room.total``.
    """
    area = size * size
    room.total[:] = 0
    for side in range(2):
        _distances_from(cells, size, side, room)
        for cell in range(area):
            room.total[cell] += room.one[cell]
    least, count = 2 * FAR, 0
    for cell in range(area):
        if room.total[cell] < least:
            least, count = room.total[cell], 0
        if room.total[cell] == least and cells[cell] == 0:
            count += 1
    return least, count


@kernel
def _distances_from(cells: NDArray, size: int, side: int, room: Distances) -> None:
    """Write the distances from one side, nearest first; every step counts the same."""
    area = size * size
    room.one[:] = FAR
    room.reached[:] = 0
    room.seen[:] = -1
    waiting, ends = 0, 0
    first = 0 if side == 0 else area - size
    for cell in range(first, first + size):
        room.seen[cell] = area
        if cells[cell] == 1:
            room.stack[waiting] = cell
            waiting += 1
        elif cells[cell] == 0:
            ends = _tell(cell, 1, 1, room, ends)
    ends = _flood(cells, size, waiting, area, 1, 1, room, ends)
    begin = 0
    while begin < ends:
        cell = room.queue[begin]
        room.stack[0] = cell
        ends = _flood(cells, size, 1, begin, int(room.one[cell]) + 1, 2, room, ends)
        begin += 1


@kernel
def _flood(
    cells: NDArray,
    size: int,
    waiting: int,
    flood: int,
    distance: int,
    needed: int,
    room: Distances,
    ends: int,
) -> int:
    """Tell every neighbour of the stacked cells once; return the new end of the queue."""
    while waiting > 0:
        waiting -= 1
        cell = room.stack[waiting]
        row, column = cell // size, cell % size
        for step in range(6):
            other = neighbour(step, row, column, size)
            if other < 0 or cells[other] < 0 or room.seen[other] == flood:
                continue
            room.seen[other] = flood
            if cells[other] == 1:
                room.stack[waiting] = other
                waiting += 1
            else:
                ends = _tell(other, distance, needed, room, ends)
    return ends


@kernel
def _tell(cell: int, distance: int, needed: int, room: Distances, ends: int) -> int:
    """Count a nearer neighbour; the cell that has enough of them joins the queue."""
    room.reached[cell] += 1
    if room.reached[cell] == needed and room.one[cell] == FAR:
        room.one[cell] = distance
        room.queue[ends] = cell
        ends += 1
    return ends
