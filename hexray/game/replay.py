"""Play many finished games over again: the positions along them, and whether they were legal."""

import numpy as np
from numpy.typing import NDArray

from hexray.game.board import BLUE, RED, new_boards, play_kernel
from hexray.game.frame import write_mover_cells
from hexray.game.kernel import kernel


def positions_along(
    moves: NDArray[np.integer],
    length: NDArray[np.integer],
    skip: NDArray[np.integer],
    size: int,
) -> tuple[NDArray[np.int8], NDArray[np.int8]]:
    """Return the positions before each move of K games, from ply ``skip[k]`` of game k on.

    ``moves`` (absolute frame) holds the games one after another, ``length[k]`` legal moves each.
    Returns cells int8[S, A] in the mover frame and to_move int8[S], S = sum(length - skip).
    """
    count = int(np.sum(length, dtype=np.int64) - np.sum(skip, dtype=np.int64))
    cells = np.zeros((count, size * size), np.int8)
    to_move = np.zeros(count, np.int8)
    board = np.zeros(size * size, np.int8)
    moves, length, skip = (np.asarray(column, np.int64) for column in (moves, length, skip))
    _write_positions(moves, length, skip, size, board, cells, to_move)
    return cells, to_move


def replay_games(
    moves: NDArray[np.integer], length: NDArray[np.integer], size: int
) -> tuple[int, NDArray[np.int8]]:
    """Play K games given one after another (absolute frame) and stop at the first illegal move.

    Returns the number of moves that were legal, and int8[K] who had joined his sides by then
    (RED, BLUE or EMPTY). A move is illegal off the board, on a stone, or after the win.
    """
    boards = new_boards(len(length), size)
    games = np.repeat(np.arange(len(length)), length)
    return play_kernel(boards, size, games, np.asarray(moves, np.int64)), boards.winner


@kernel
def _write_positions(
    moves: NDArray,
    length: NDArray,
    skip: NDArray,
    size: int,
    board: NDArray,
    cells: NDArray,
    to_move: NDArray,
) -> None:
    """Fill ``cells`` and ``to_move``; ``board[A]`` is room for one game, absolute frame."""
    first, row = 0, 0
    for game in range(len(length)):
        board[:] = 0
        for ply in range(length[game]):
            colour = RED if ply % 2 == 0 else BLUE
            if ply >= skip[game]:
                write_mover_cells(board, colour, size, cells[row])
                to_move[row] = colour
                row += 1
            board[moves[first + ply]] = colour
        first += length[game]
