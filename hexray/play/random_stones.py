"""The random stones that a game of self-play begins with: anywhere, or gathered in fights."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from hexray.config import SelfplaySettings

_NEAR = 2


def random_stones(
    size: int, settings: SelfplaySettings, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Draw the random stones a game begins with (absolute frame, in the order played)."""
    area = size * size
    if rng.random() < settings.random_share:
        stones = int(rng.integers(0, int(settings.random_stones * area), endpoint=True))
    else:
        stones = int(rng.integers(1, 2, endpoint=True))
    order = rng.permutation(area)
    if settings.random_clusters > 0:
        chance = rng.random() * settings.random_clusters
        order = _gathered(order, np.flatnonzero(rng.random(stones) < chance), size, rng)
    return order[:stones]


def _gathered(
    order: NDArray[np.int64], places: NDArray[np.intp], size: int, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Bring to each of the places a cell near one of the cells before it, if that is left."""
    cells, near = order.tolist(), _near(size)
    at = {cell: place for place, cell in enumerate(cells)}
    draws = rng.random((len(places), 2)).tolist()
    for place, (which, step) in zip(places.tolist(), draws, strict=True):
        around = near[cells[int(which * max(place, 1))]]
        cell = around[int(step * len(around))]
        if at[cell] <= place:
            continue
        moved = cells[place]
        cells[place], cells[at[cell]] = cell, moved
        at[cell], at[moved] = place, at[cell]
    return np.array(cells)


@lru_cache
def _near(size: int) -> list[list[int]]:
    """Return the cells at most two steps from each cell."""
    rows, columns = np.divmod(np.arange(size * size), size)
    down, right = rows[:, None] - rows, columns[:, None] - columns
    steps = np.maximum(np.maximum(abs(down), abs(right)), abs(down + right))
    return [np.flatnonzero((row > 0) & (row <= _NEAR)).tolist() for row in steps]
