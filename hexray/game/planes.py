"""What the network sees: boards in the mover frame as input planes."""

import numpy as np
from numpy.typing import NDArray

from hexray.game.kernel import kernel

PLANES = ("own stones", "opponent's stones", "on the board", "own edges", "opponent's edges")


def encode(cells: NDArray[np.int8], size: int) -> NDArray[np.float32]:
    """Encode boards ``cells[B, A]`` (mover frame) as float32[B, N, N, C], channels last.

    Own edges are the first and last row, the opponent's the first and last column.
    """
    planes = np.zeros((len(cells), size, size, len(PLANES)), np.float32)
    _write(np.ascontiguousarray(cells), size, planes)
    return planes


@kernel
def _write(cells: NDArray, size: int, planes: NDArray) -> None:
    for board in range(len(cells)):
        for row in range(size):
            for column in range(size):
                stone = cells[board, row * size + column]
                if stone > 0:
                    planes[board, row, column, 0] = 1.0
                elif stone < 0:
                    planes[board, row, column, 1] = 1.0
                planes[board, row, column, 2] = 1.0
                if row == 0 or row == size - 1:
                    planes[board, row, column, 3] = 1.0
                if column == 0 or column == size - 1:
                    planes[board, row, column, 4] = 1.0
