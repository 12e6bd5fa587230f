"""Values that are too sure or not sure enough, put right: by temperature, and by isotonic steps.

``value`` is float[R] in [-1, 1] and ``outcome`` [R] is +1 or -1, both mover frame, as in
``calibration``. The logit of a value v is that of its winning chance (1 + v) / 2.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import isotonic_regression, minimize_scalar
from scipy.special import expit, log_expit

from hexray.errors import RatingsError

LEAST_TEMPERATURE, MOST_TEMPERATURE = 0.05, 20.0
_SUREST = 1 - 1e-7
"""Values beyond were rounded; their logits, more than 16, are not known."""


class Isotonic(NamedTuple):
    """Winning chances (``chance``) by value: a rising line through these points, flat outside."""

    value: NDArray[np.float64]
    chance: NDArray[np.float64]


def logit_of(value: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return the logit of the winning chance, finite also where the value is rounded to 1."""
    return 2 * np.arctanh(np.clip(np.asarray(value, np.float64), -_SUREST, _SUREST))


def temperature_of(value: NDArray[np.floating], outcome: NDArray[np.integer]) -> float:
    """Return what the logit must be divided by for the least log loss, 0.05 to 20.

    Above 1 values are too sure. Source: Guo et al., "On calibration of modern neural networks"
    (2017), section 4.2.
    """
    _check(value, outcome)
    signed = logit_of(value) * outcome

    def loss(log_temperature: float) -> float:
        return -float(log_expit(signed / np.exp(log_temperature)).mean())

    bounds = np.log(LEAST_TEMPERATURE), np.log(MOST_TEMPERATURE)
    found: Any = minimize_scalar(loss, bounds=bounds, method="bounded")
    return float(np.exp(found.x))


def cooled(value: NDArray[np.floating], temperature: float) -> NDArray[np.float64]:
    """Return the values whose logits are divided by ``temperature``."""
    return np.tanh(logit_of(value) / (2 * temperature))


def isotonic_of(value: NDArray[np.floating], outcome: NDArray[np.integer]) -> Isotonic:
    """Return the rising winning chances of least squared error.

    Source: Zadrozny and Elkan, "Transforming classifier scores into accurate multiclass probability
    estimates" (2002). No chance is 0 or 1, as no number of games shows that: each step is moved by
    one game of either result.
    """
    _check(value, outcome)
    order = np.argsort(value, kind="stable")
    won = (outcome[order] > 0).astype(np.float64)
    found = isotonic_regression(won)
    weight = np.diff(found.blocks)
    chance = (found.x[found.blocks[:-1]] * weight + 1) / (weight + 2)
    ordered = np.asarray(value, np.float64)[order]
    middle = np.add.reduceat(ordered, found.blocks[:-1]) / weight
    return Isotonic(middle, np.maximum.accumulate(chance))


def stepped(value: NDArray[np.floating], isotonic: Isotonic) -> NDArray[np.float64]:
    """Return the values that stand for the isotonic winning chances."""
    return 2 * np.interp(value, isotonic.value, isotonic.chance) - 1


def log_losses(value: NDArray[np.floating], outcome: NDArray[np.integer]) -> NDArray[np.float64]:
    """Return the log loss of every value against its outcome, in nats."""
    return -np.log(np.maximum(expit(logit_of(value) * outcome), 1e-12))


def _check(value: NDArray, outcome: NDArray) -> None:
    if len(value) == 0 or value.shape != outcome.shape:
        raise RatingsError(
            f"values {value.shape} and outcomes {outcome.shape}; give one of each for a position, "
            "and one position or more"
        )
