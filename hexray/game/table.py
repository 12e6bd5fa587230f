"""A bounded table of positions: each has a slot until newer ones need it; none passes for another.

Only the stones count, not the order they came in. Slots stand in sets of WAYS; the hash of a
position chooses its set, and there the position itself is compared, so that answers are exact.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hexray.game.kernel import kernel

WAYS = 4
UNKNOWN = -1

# FNV-1a, and the last steps of MurmurHash3, without which its low bits are hardly mixed.
_FNV_BASIS = np.uint64(14695981039346656037)
_FNV_PRIME = np.uint64(1099511628211)
_MIX = np.uint64(0xFF51AFD7ED558CCD)
_HALF = np.uint64(33)


class Table(NamedTuple):
    """S slots in sets of WAYS; the arrays change in place. It takes A + 12.25 bytes a slot.

    cells  int8[S, A]       the position in each slot, mover frame
    hash   uint64[S]        its hash
    epoch  int32[S]         the epoch it came in; of another epoch than ``now`` it is forgotten
    next   uint8[S / WAYS]  place in each set that its next new position takes
    now    int32[1]         the epoch
    """

    cells: NDArray[np.int8]
    hash: NDArray[np.uint64]
    epoch: NDArray[np.int32]
    next: NDArray[np.uint8]
    now: NDArray[np.int32]


def new_table(positions: int, area: int) -> Table:
    """Make a table for ``positions`` of ``area`` cells, rounded up to whole sets.

    It takes memory only as it fills, where the system allows it.
    """
    sets = -(-positions // WAYS)
    return Table(
        cells=np.empty((sets * WAYS, area), np.int8),
        hash=np.empty(sets * WAYS, np.uint64),
        epoch=np.zeros(sets * WAYS, np.int32),
        next=np.zeros(sets, np.uint8),
        now=np.ones(1, np.int32),
    )


def find(table: Table, cells: NDArray[np.int8]) -> NDArray[np.int64]:
    """Return the slot of each of the positions ``cells[B, A]``, UNKNOWN where there is none.

    Raises ValueError when there are no positions or they have another number of cells.
    """
    area = table.cells.shape[1]
    if len(cells) == 0 or cells.shape != (len(cells), area):
        raise ValueError(f"cells of shape {cells.shape} are no rows of {area} cells")
    slots = np.empty(len(cells), np.int64)
    _find(table, _plain(cells), slots)
    return slots


def distinct(cells: NDArray[np.int8]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return ``first[D]`` and ``place[B]``: row b of ``cells[B, A]`` equals row first[place[b]].

    The D rows ``first`` are all different and in their order.
    """
    rows = len(cells)
    first, place = np.empty(rows, np.int64), np.empty(rows, np.int64)
    buckets = np.full(2 * rows + 1, UNKNOWN, np.int64)
    hashes = np.empty(rows, np.uint64)
    count = _distinct(_plain(cells), hashes, buckets, first, place)
    return first[:count], place


def insert(table: Table, cells: NDArray[np.int8]) -> NDArray[np.int64]:
    """Give each of the positions ``cells[B, A]`` a slot, in order, and return them.

    In a full set the one that came first gives way: also to a later row of the same ``cells``,
    so that of equal slots the last is true. The shape is not checked: ``find`` comes first.
    """
    slots = np.empty(len(cells), np.int64)
    _insert(table, _plain(cells), slots)
    return slots


def clear(table: Table) -> None:
    """Forget every position, without touching them."""
    table.now[0] += 1


@kernel
def _find(table: Table, cells: NDArray, slots: NDArray) -> None:
    """Write the slot of every row, or UNKNOWN."""
    for row in range(len(cells)):
        slots[row] = _slot_of(table, cells[row], _hash(cells[row]))


@kernel
def _distinct(
    cells: NDArray, hashes: NDArray, buckets: NDArray, first: NDArray, place: NDArray
) -> int:
    """Write ``first`` and ``place``; return how many rows differ.

    ``buckets`` holds UNKNOWN and is longer than there are rows; ``hashes[B]`` is scratch space.
    """
    count = 0
    for row in range(len(cells)):
        code = _hash(cells[row])
        bucket = np.int64(code % np.uint64(len(buckets)))
        while True:
            known = buckets[bucket]
            if known == UNKNOWN:
                buckets[bucket], hashes[count], first[count] = count, code, row
                place[row] = count
                count += 1
                break
            if hashes[known] == code and _are_equal(cells[first[known]], cells[row]):
                place[row] = known
                break
            bucket = (bucket + 1) % len(buckets)
    return count


@kernel
def _insert(table: Table, cells: NDArray, slots: NDArray) -> None:
    """Write the slot of every row, taking the oldest of its set for a row that has none."""
    for row in range(len(cells)):
        code = _hash(cells[row])
        slot = _slot_of(table, cells[row], code)
        if slot == UNKNOWN:
            group = _set_of(table, code)
            slot = group * WAYS + table.next[group]
            table.next[group] = (table.next[group] + 1) % WAYS
            table.hash[slot] = code
            table.epoch[slot] = table.now[0]
            for cell in range(cells.shape[1]):
                table.cells[slot, cell] = cells[row, cell]
        slots[row] = slot


@kernel
def _slot_of(table: Table, cells: NDArray, code: np.uint64) -> int:
    start = _set_of(table, code) * WAYS
    for slot in range(start, start + WAYS):
        is_valid = table.epoch[slot] == table.now[0] and table.hash[slot] == code
        if is_valid and _are_equal(table.cells[slot], cells):
            return slot
    return UNKNOWN


@kernel
def _set_of(table: Table, code: np.uint64) -> np.int64:
    return np.int64(code % np.uint64(len(table.next)))


@kernel
def _hash(cells: NDArray) -> np.uint64:
    code = _FNV_BASIS
    for cell in range(len(cells)):
        code = (code ^ np.uint64(cells[cell] + 1)) * _FNV_PRIME
    code = (code ^ (code >> _HALF)) * _MIX
    return code ^ (code >> _HALF)


@kernel
def _are_equal(one: NDArray, other: NDArray) -> bool:
    cell = 0
    while cell < len(one) and one[cell] == other[cell]:
        cell += 1
    return cell == len(one)


def _plain(cells: NDArray[np.int8]) -> NDArray[np.int8]:
    """Return ``cells`` as the one kind of array that the kernels are compiled for."""
    return np.require(cells, np.int8, ["C", "W"])
