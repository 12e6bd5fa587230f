"""Training rows that a small network can learn: targets are plain functions of the position."""

import numpy as np

from hexray.data.held_out import SplitRows
from hexray.data.rows import Rows

_AROUND = ((-1, 0), (1, 0), (0, -1), (0, 1), (-1, 1), (1, -1))


def learnable_rows(count: int, size: int, seed: int) -> Rows:
    """Make rows whose best move is where most stones are near; who has more stones wins.

    The best move is the only one.
    """
    rng = np.random.default_rng(seed)
    area = size * size
    cells = np.zeros((count, area), np.int8)
    for row, stones in enumerate(rng.integers(1, area // 2, count)):
        places = rng.permutation(area)[:stones]
        cells[row, places] = rng.choice([-1, 1], stones)
    near = np.zeros((count, size + 2, size + 2))
    board = cells.reshape(-1, size, size)
    for down, right in _AROUND:
        worth = np.where(board > 0, 1.0, np.where(board < 0, 0.7, 0.0))
        near[:, 1 + down : 1 + down + size, 1 + right : 1 + right + size] += worth
    score = near[:, 1:-1, 1:-1].reshape(count, area) + np.linspace(0, 0.2, area)
    shares = np.where(cells == 0, np.exp(4 * score), 0)
    return Rows(
        cells=cells,
        policy=(shares / shares.sum(1, keepdims=True)).astype(np.float16),
        outcome=np.where(cells.sum(1) >= 0, 1, -1).astype(np.int8),
        root_value=np.where(cells.sum(1) >= 0, 0.9, -0.9).astype(np.float32),
        version=np.zeros(count, np.int32),
        reply=np.empty((count, 0), np.float16),
        owner=np.empty((count, 0), np.int8),
    )


def learnable(training: int, held_out: int, size: int, seed: int = 0) -> SplitRows:
    """Make rows to train on, and others."""
    return SplitRows(
        learnable_rows(training, size, seed), learnable_rows(held_out, size, seed + 1_000_000)
    )
