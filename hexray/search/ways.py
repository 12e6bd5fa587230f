"""What lies next to a cell, and what a bridge reaches: two steps, over two neighbouring cells."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from hexray.game.board import RING

NOWHERE = -1
_SIDES = ((-1, 0), (1, 0), (0, -1), (0, 1))


@lru_cache
def ways_of(size: int) -> NDArray[np.int16]:
    """Return int16[4, A, 12, 3]: for top, bottom, left, right and a cell, up to twelve ways.

    A way is a neighbour and twice -1, or what a bridge reaches and the two cells that it goes
    over. Those that lead towards the side come first, neighbours before bridges; the others are
    in the same order, and -1 fills the rest.
    """
    area = size * size
    ways = np.full((len(_SIDES), area, 2 * len(RING), 3), NOWHERE, np.int16)
    for cell in range(area):
        row, column = divmod(cell, size)
        around = [_at(row + down, column + right, size) for down, right in RING]
        steps = [(step, (around[k], NOWHERE, NOWHERE)) for k, step in enumerate(RING)]
        for k, (one, two) in enumerate(RING):
            before = RING[k - 1]
            step = one + before[0], two + before[1]
            beyond = _at(row + step[0], column + step[1], size)
            steps.append((step, (beyond, around[k], around[k - 1])))
        inside = [(step, way) for step, way in steps if way[0] != NOWHERE]
        for side, (down, right) in enumerate(_SIDES):
            gains = [min(step[0] * down + step[1] * right, 1) for step, _ in inside]
            order = sorted(range(len(inside)), key=lambda index: -gains[index])
            ways[side, cell, : len(inside)] = [inside[index][1] for index in order]
    ways.flags.writeable = False
    return ways


def _at(row: int, column: int, size: int) -> int:
    return row * size + column if 0 <= row < size and 0 <= column < size else NOWHERE
