"""Training rows of random positions with random targets, and random weights."""

import numpy as np

from hexray.config import NetSettings
from hexray.data.rows import NOTHING_FURTHER, Further, Rows
from hexray.net.trainer import fresh_weights


def random_rows(count: int, size: int, seed: int = 0, further: Further = NOTHING_FURTHER) -> Rows:
    """Make ``count`` rows with at least one empty cell each and a policy on the empty ones."""
    rng = np.random.default_rng(seed)
    cells = rng.integers(-1, 2, (count, size * size)).astype(np.int8)
    cells[np.arange(count), rng.integers(0, size * size, count)] = 0
    rows = Rows(
        cells=cells,
        policy=_policy(cells, rng),
        outcome=rng.choice([-1, 1], count).astype(np.int8),
        root_value=rng.uniform(-1, 1, count).astype(np.float32),
        version=np.zeros(count, np.int32),
        reply=np.empty((count, 0), np.float16),
        owner=np.empty((count, 0), np.int8),
    )
    if further.reply:
        rows = rows._replace(reply=_policy(cells, rng))
    if further.owner:
        ended = rng.integers(-1, 2, cells.shape).astype(np.int8)
        rows = rows._replace(owner=np.where(cells == 0, ended, cells))
    return rows


def _policy(cells: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    shares = rng.random(cells.shape) * (cells == 0)
    return (shares / shares.sum(axis=1, keepdims=True)).astype(np.float16)


def lively_weights(net: NetSettings, seed: int) -> dict[str, np.ndarray]:
    """Make weights whose answers differ from cell to cell and from row to row."""
    rng = np.random.default_rng(seed)
    return {
        name: array + 0.2 * rng.standard_normal(array.shape, np.float32)
        for name, array in fresh_weights(net, seed).items()
    }
