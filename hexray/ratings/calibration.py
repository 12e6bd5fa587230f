"""Whether a value means what it says: of the positions it calls won in 70 %, are 70 % won?

Everywhere ``value`` is float[R] in [-1, 1] and ``outcome`` [R] is +1 or -1, both mover frame. A
value v stands for the winning chance (1 + v) / 2.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hexray.errors import RatingsError

STAGES = ("opening", "middle", "end")


class Calibration(NamedTuple):
    """How good the values of some positions are.

    ece       expected calibration error, 0 to 1
    brier     mean squared error of the winning chance, 0 to 1; 0.25 says nothing
    accuracy  share of positions whose outcome has the sign of the value; 0 has none
    """

    rows: int
    ece: float
    brier: float
    accuracy: float


def calibration(value: NDArray, outcome: NDArray, bins: int) -> Calibration:
    """Measure R positions, one or more. Raises RatingsError for input that is none."""
    _check(value, outcome, bins)
    return Calibration(
        rows=len(value),
        ece=calibration_error(value, outcome, bins),
        brier=brier_score(value, outcome),
        accuracy=float(np.mean(np.sign(value) == outcome)),
    )


def calibration_by_stage(
    value: NDArray, outcome: NDArray, cells: NDArray[np.int8], bins: int
) -> dict[str, Calibration]:
    """Measure each stage of the game by itself; a stage without a position is left out.

    ``cells`` [R, A] are the positions, as full as the network sees them: filled cells count.
    """
    found = stage_of(cells)
    _check(value, outcome, bins)
    held = {name: found == index for index, name in enumerate(STAGES)}
    return {
        name: calibration(value[rows], outcome[rows], bins)
        for name, rows in held.items()
        if rows.any()
    }


def calibration_error(value: NDArray, outcome: NDArray, bins: int) -> float:
    """Return the expected calibration error over ``bins`` intervals of equal width.

    In each interval of winning chance, how far the mean chance is from the share won; the mean of
    these, weighted by positions. Chance alone makes it positive: even a perfect value has some
    sqrt(bins / R) / 3. Source: Naeini, Cooper and Hauskrecht, "Obtaining well calibrated
    probabilities using Bayesian binning" (2015), section 3, of the chance of one side.
    """
    chance, won = _chance(value), outcome > 0
    index = np.minimum((chance * bins).astype(np.int64), bins - 1)
    surplus = np.bincount(index, chance - won, minlength=bins)
    return float(np.abs(surplus).sum() / len(chance))


def brier_score(value: NDArray, outcome: NDArray) -> float:
    """Return the mean squared difference of winning chance and result (1 or 0)."""
    return float(np.mean((_chance(value) - (outcome > 0)) ** 2))


def stage_of(cells: NDArray[np.int8]) -> NDArray[np.int64]:
    """Return for each position [R, A] which third of the board is being filled: 0, 1 or 2.

    A board with exactly a third of its cells filled is in the middle.
    """
    filled = np.count_nonzero(cells, axis=1)
    return np.minimum(3 * filled // cells.shape[1], 2)


def _chance(value: NDArray) -> NDArray[np.float64]:
    return (np.asarray(value, np.float64) + 1) / 2


def _check(value: NDArray, outcome: NDArray, bins: int) -> None:
    if len(value) == 0 or value.shape != outcome.shape or value.ndim != 1:
        raise RatingsError(
            f"values {value.shape} and outcomes {outcome.shape}; give one of each for a position, "
            "and one position or more"
        )
    if not np.all(np.abs(value) <= 1):
        raise RatingsError("a value is outside [-1, 1]; give values of the mover")
    if not np.all(np.abs(outcome) == 1):
        raise RatingsError("an outcome is neither 1 nor -1; Hex has no draws")
    if bins < 1:
        raise RatingsError(f"{bins} bins; use 1 or more")
