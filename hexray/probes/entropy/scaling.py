"""What ``batch-scaling`` finds: does the prediction settle as more positions are evaluated?"""

from collections.abc import Sequence
from math import sqrt
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hexray.probes.entropy.exponents import exponent_of_errors, exponent_of_means
from hexray.probes.entropy.plan import LEAST_RUNS, LEAST_SIZES, LEAST_SPAN
from hexray.probes.entropy.study import Outcome
from hexray.probes.finding import Finding
from hexray.ratings.elo import Estimate

NAME = "entropy batch-scaling"
CONVERGES, DEFECT, OPEN = "converges", "scales as 1/B_E", "inconclusive"
_NEAR = 0.5


class Group(NamedTuple):
    """The runs of one B_E that ended: predicted change and exact first-order change, in nats."""

    size: int
    predicted: NDArray[np.float64]
    exact: NDArray[np.float64]

    @property
    def errors(self) -> NDArray[np.float64]:
        """Predicted less exact, run by run."""
        return self.predicted - self.exact

    @property
    def share(self) -> float:
        """How much of the exact change is predicted, 1 where there is no error."""
        return float((self.predicted * self.exact).sum() / (self.exact**2).sum())

    @property
    def spread(self) -> float:
        """Standard deviation of the predictions about their share of the exact change."""
        left = self.predicted - self.share * self.exact
        return float(np.sqrt((left**2).sum() / (len(left) - 1)))


def groups_of(outcomes: Sequence[Outcome]) -> list[Group]:
    """Return the groups of B_E, the smallest first, in which at least five runs ended."""
    by_size: dict[int, list[tuple[float, float]]] = {}
    for outcome in outcomes:
        if outcome.single is not None:
            own = by_size.setdefault(outcome.task.evaluation_positions, [])
            own.append((outcome.single.predicted, outcome.single.first_order))
    return [
        Group(size, *np.array(pairs, np.float64).T)
        for size, pairs in sorted(by_size.items())
        if len(pairs) >= LEAST_RUNS
    ]


def scaling(outcomes: Sequence[Outcome]) -> Finding:
    """Judge by two exponents of B_E how the prediction scales.

    The mean of a sound estimator does not depend on B_E (exponent 0), and its rms error against
    the exact first-order change of the same positions falls as B_E**-1/2. One that is divided by a
    number of parts that grows with B_E has a mean of exponent -1. With intervals of three standard
    errors (``exponents``):

    scales as 1/B_E  the interval of the mean's exponent lies within -1 +- 1/2
    converges        that interval lies within 0 +- 1/2 and holds 0, and the interval of the error's
                     exponent lies within -1/2 +- 1/2 and holds -1/2
    inconclusive     else, and where too few runs or sizes are left

    To be called "scales as 1/B_E" the exponent of a sound estimator must be off by at least six
    standard errors: the interval is no wider than 1 and lies half its width beyond -1/2.
    """
    groups = groups_of(outcomes)
    lost = _why_not(groups)
    failed = sum(outcome.single is None for outcome in outcomes)
    numbers: dict[str, Any] = {"runs": len(outcomes), "failed": failed}
    numbers["sizes"] = [_numbers(group) for group in groups]
    if lost:
        return Finding(NAME, OPEN, lost, False, numbers)
    means, errors = _exponent_of_share(groups), exponent_of_errors(_sizes(groups), _errors(groups))
    numbers |= {"mean_exponent": means._asdict(), "error_exponent": errors._asdict()}
    verdict = _verdict(means, errors)
    sentence = f"{_said(means, errors)}: {_meaning(verdict, means, errors)}"
    return Finding(NAME, verdict, sentence, verdict == CONVERGES, numbers)


def _verdict(means: Estimate, errors: Estimate) -> str:
    if _is_near(means, -1):
        return DEFECT
    stays = _is_near(means, 0) and _holds(means, 0)
    falls = _is_near(errors, -0.5) and _holds(errors, -0.5)
    return CONVERGES if stays and falls else OPEN


def _is_near(exponent: Estimate, value: float) -> bool:
    return value - _NEAR < exponent.low and exponent.high < value + _NEAR


def _holds(exponent: Estimate, value: float) -> bool:
    return exponent.low <= value <= exponent.high


def _exponent_of_share(groups: Sequence[Group]) -> Estimate:
    """Return the exponent of what is predicted of the exact change.

    Standard errors are those of a power law laid through the spreads, so that a size whose runs
    agree by chance does not decide alone.
    """
    logs = np.log(_sizes(groups))
    line = np.polyfit(logs, np.log([group.spread for group in groups]), 1)
    spreads = np.exp(np.polyval(line, logs))
    norms = np.array([np.sqrt((group.exact**2).sum()) for group in groups])
    return exponent_of_means(_sizes(groups), [group.share for group in groups], spreads / norms)


def _why_not(groups: Sequence[Group]) -> str:
    if len(groups) < LEAST_SIZES or groups[-1].size < LEAST_SPAN * groups[0].size:
        return (
            f"only {len(groups)} sizes have {LEAST_RUNS} runs that ended; {LEAST_SIZES} or more "
            f"are needed, the largest {LEAST_SPAN} times the smallest; look at what failed"
        )
    if not all(group.exact.any() for group in groups):
        return "the step changes nothing, so that there is nothing to compare; raise learning_rate"
    if not all(group.spread > 0 and group.errors.any() for group in groups):
        return "the runs of a size all say the same, so that nothing can be told from their spread"
    return ""


def _said(means: Estimate, errors: Estimate) -> str:
    return (
        f"the mean prediction goes as B_E^{_interval(means)} and its rms error as "
        f"B_E^{_interval(errors)}"
    )


def _interval(exponent: Estimate) -> str:
    return f"{exponent.value:.2f} ({exponent.low:.2f} to {exponent.high:.2f})"


def _meaning(verdict: str, means: Estimate, errors: Estimate) -> str:
    if verdict == CONVERGES:
        return "the mean stays and the error falls as B_E^-1/2, as they should"
    if verdict == DEFECT:
        return (
            "the prediction itself shrinks with the batch, a defect of the estimator; look for a "
            "mean that is divided by the number of micro-batches once more"
        )
    if means.high - means.low >= 2 * _NEAR or errors.high - errors.low >= 2 * _NEAR:
        return "these intervals are too wide to tell; raise runs, draws or evaluation_positions"
    return (
        "this is neither a mean that stays with an error that falls as B_E^-1/2, nor a mean that "
        "falls as 1/B_E; sanity-check says whether the estimator is biased"
    )


def _sizes(groups: Sequence[Group]) -> list[int]:
    return [group.size for group in groups]


def _errors(groups: Sequence[Group]) -> list[NDArray[np.float64]]:
    return [group.errors for group in groups]


def _numbers(group: Group) -> dict[str, float | int]:
    runs = len(group.predicted)
    return {
        "evaluation_positions": group.size,
        "runs": runs,
        "mean_predicted": float(group.predicted.mean()),
        "mean_predicted_se": float(group.predicted.std(ddof=1)) / sqrt(runs),
        "mean_exact_first_order": float(group.exact.mean()),
        "rms_error": float(np.sqrt((group.errors**2).mean())),
        "mean_absolute_error": float(np.abs(group.errors).mean()),
    }
