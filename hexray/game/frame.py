"""The one place that converts between the absolute frame and the mover frame.

In the mover frame the player to move always joins top to bottom and owns the stones marked +1.
For Red it is the board as it stands; for Blue it is the transpose with colours exchanged.
"""

from math import isqrt

import numpy as np
from numpy.typing import NDArray

from hexray.game.board import BLUE, RED
from hexray.game.kernel import kernel


@kernel
def swap_frame(move: int, colour: int, size: int) -> int:
    """Map a move of ``colour`` from one frame to the other; it is its own inverse."""
    if colour == RED:
        return move
    return (move % size) * size + move // size


@kernel
def write_mover_cells(cells: NDArray, colour: int, size: int, out: NDArray) -> None:
    """Write one absolute board ``cells[A]`` into ``out[A]`` as ``colour`` sees it."""
    for row in range(size):
        for column in range(size):
            move = row * size + column
            out[swap_frame(move, colour, size)] = cells[move] * colour


def mover_cells(cells: NDArray[np.int8], to_move: NDArray[np.int8]) -> NDArray[np.int8]:
    """Return boards ``cells[B, A]`` as their players to move see them (a copy)."""
    size = isqrt(cells.shape[1])
    grid = cells.reshape(-1, size, size)
    seen = np.where((to_move == BLUE)[:, None, None], -grid.transpose(0, 2, 1), grid)
    return seen.reshape(cells.shape)


def swap_moves(
    moves: NDArray[np.integer], to_move: NDArray[np.int8], size: int
) -> NDArray[np.int64]:
    """Map ``moves[B]`` of the players ``to_move[B]`` from one frame to the other."""
    transposed = moves % size * size + moves // size
    return np.where(to_move == BLUE, transposed, moves).astype(np.int64)


def transposed(cells: NDArray) -> NDArray:
    """Return values of cells ``[..., A]`` in the frame of the other player (a copy).

    Colours are not exchanged: it is for policies, which have none.
    """
    size = isqrt(cells.shape[-1])
    grid = cells.reshape(*cells.shape[:-1], size, size)
    return np.swapaxes(grid, -1, -2).reshape(cells.shape)
