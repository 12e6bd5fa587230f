"""The gradient noise scale: how many rows make a gradient as much signal as noise.

McCandlish and others 2018 (arXiv:1812.06162, appendix A.1), from two batch sizes.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class NoiseScale(NamedTuple):
    """What two batch sizes say of the gradient of all rows.

    rows      B_simple = noise / signal, in rows; None where the signal is lost in the noise
    signal    estimate of the squared norm of the true gradient (it may be negative)
    noise     estimate of the trace of the covariance of one row's gradient
    error     standard error of ``rows`` by the jackknife over batches, None where it is unknown
    """

    rows: float | None
    signal: float
    noise: float
    error: float | None


def noise_scale(gradients: Sequence[NDArray[np.float64]], batch_rows: int) -> NoiseScale:
    """Estimate the noise scale from gradients of disjoint batches of ``batch_rows`` rows each.

    The small batch is one of them, the large one all together. Each gradient is the mean over the
    rows of its batch. Raises ValueError for fewer than two.
    """
    if len(gradients) < 2:
        raise ValueError(f"{len(gradients)} batches; a noise scale needs two at least")
    stacked = np.stack([np.asarray(each, np.float64).ravel() for each in gradients])
    products = stacked @ stacked.T
    whole = _estimate(products, batch_rows)
    return whole._replace(error=_error(products, batch_rows))


def _estimate(products: NDArray[np.float64], batch_rows: int) -> NoiseScale:
    """Estimate from the products of all pairs of gradients, which hold all norms."""
    count = len(products)
    small, large = float(np.trace(products)) / count, float(products.sum()) / count**2
    few, many = batch_rows, batch_rows * count
    signal = (many * large - few * small) / (many - few)
    noise = (small - large) / (1 / few - 1 / many)
    return NoiseScale(noise / signal if signal > 0 else None, signal, noise, None)


def _error(products: NDArray[np.float64], batch_rows: int) -> float | None:
    count = len(products)
    if count < 3:
        return None
    parts = []
    for left_out in range(count):
        keep = np.arange(count) != left_out
        part = _estimate(products[np.ix_(keep, keep)], batch_rows).rows
        if part is None:
            return None
        parts.append(part)
    return float(np.sqrt((count - 1) * np.var(parts)))
