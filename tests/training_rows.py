"""Training rows of random positions with random targets, and random weights."""

import numpy as np

from hexray.config import NetSettings
from hexray.data.samples import Rows
from hexray.net.trainer import fresh_weights


def random_rows(count: int, size: int, seed: int = 0) -> Rows:
    """Make ``count`` rows with at least one empty cell each and a policy on the empty ones."""
    rng = np.random.default_rng(seed)
    cells = rng.integers(-1, 2, (count, size * size)).astype(np.int8)
    cells[np.arange(count), rng.integers(0, size * size, count)] = 0
    shares = rng.random(cells.shape) * (cells == 0)
    return Rows(
        cells=cells,
        policy=(shares / shares.sum(axis=1, keepdims=True)).astype(np.float16),
        outcome=rng.choice([-1, 1], count).astype(np.int8),
        root_value=rng.uniform(-1, 1, count).astype(np.float32),
        version=np.zeros(count, np.int32),
    )


def lively_weights(net: NetSettings, seed: int) -> dict[str, np.ndarray]:
    """Make weights whose answers differ from cell to cell and from row to row."""
    rng = np.random.default_rng(seed)
    return {
        name: array + 0.2 * rng.standard_normal(array.shape, np.float32)
        for name, array in fresh_weights(net, seed).items()
    }
