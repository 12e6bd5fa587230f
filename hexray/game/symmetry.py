"""The symmetries of Hex: the half turn, and the two transposes with colours exchanged."""

from math import isqrt

import numpy as np
from numpy.typing import NDArray


def half_turn(rows: NDArray) -> NDArray:
    """Turn boards or policies ``[..., A]`` by 180 degrees (a view).

    It keeps both frames: each player's sides are exchanged with each other.
    """
    return rows[..., ::-1]


def reflect(cells: NDArray[np.int8]) -> NDArray[np.int8]:
    """Transpose boards ``[..., A]`` in the long diagonal and exchange the colours.

    It is the position after a swap of pieces; the same as seen from the other colour.
    """
    size = isqrt(cells.shape[-1])
    grid = cells.reshape(*cells.shape[:-1], size, size)
    return -np.swapaxes(grid, -1, -2).reshape(cells.shape)
