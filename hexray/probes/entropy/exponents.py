"""How a quantity changes with the size of a batch: the exponent of a power law, with an interval.

Both intervals reach as far as three standard errors do: about one in 370 does not hold the truth.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hexray.ratings.elo import Estimate

SIGMAS = 3.0
LEAST, MOST = -4.0, 3.0
"""Exponents of means are looked for between these; an interval that ends there may be wider."""
_STEP = 0.01


def exponent_of_errors(sizes: ArrayLike, errors: Sequence[NDArray[np.float64]]) -> Estimate:
    """Return the slope of log rms error over log size; ``errors`` are those of each size.

    The errors are taken as normal with mean 0, so that the log of their root mean square over n
    runs has the variance 1 / (2 n). All rms errors must be above 0.
    """
    x = np.log(np.asarray(sizes, np.float64))
    rms = np.array([np.sqrt(np.mean(np.square(own))) for own in errors])
    weights = np.array([2.0 * len(own) for own in errors])
    x = x - np.average(x, weights=weights)
    information = (weights * x**2).sum()
    slope = float((weights * x * np.log(rms)).sum() / information)
    reach = SIGMAS / float(np.sqrt(information))
    return Estimate(slope, slope - reach, slope + reach)


def exponent_of_means(sizes: ArrayLike, means: ArrayLike, standard_errors: ArrayLike) -> Estimate:
    """Return the exponent g with which c * size**g fits the means best; c may have any sign.

    The interval is that of the profile likelihood: all exponents whose squared residuals, in
    standard errors, add up to no more than the least sum and 9. So means that cannot be told from
    0 leave every exponent open, where a line through logarithms would find one in the noise.
    """
    own, weights = np.asarray(means, np.float64), 1 / np.asarray(standard_errors, np.float64) ** 2
    logs = np.log(np.asarray(sizes, np.float64))
    grid = np.round(np.arange(LEAST, MOST + _STEP / 2, _STEP), 2)
    shapes = np.exp(grid[:, None] * (logs - logs.mean()))
    factors = (shapes * own * weights).sum(1) / (shapes**2 * weights).sum(1)
    misfit = (weights * (own - factors[:, None] * shapes) ** 2).sum(1)
    inside = grid[misfit <= misfit.min() + SIGMAS**2]
    low, high = inside[0] - _STEP, inside[-1] + _STEP
    return Estimate(float(grid[misfit.argmin()]), float(low), float(high))
