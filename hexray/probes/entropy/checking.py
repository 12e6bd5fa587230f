"""What ``sanity-check`` finds: are the estimators right on average, and as sure as they say?"""

from collections.abc import Callable, Sequence
from math import sqrt
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hexray.probes.entropy.one import Single
from hexray.probes.entropy.study import Outcome
from hexray.probes.finding import Finding
from hexray.ratings.elo import Estimate
from hexray.ratings.intervals import score_of_games

NAME = "entropy sanity-check"
HOLDS, BIASED, NARROW, WIDE, OPEN = (
    "holds",
    "biased",
    "intervals too narrow",
    "intervals too wide",
    "inconclusive",
)
BESIDE = "u_statistic"
"""The estimator that is told of and not judged."""
LEAST_ENDED = 10
"""Fewer runs of an arm than this say nothing."""
_SIGMAS, _CONFIDENCE = 4.0, 0.9999
_LEAST_COVERAGE, _LEAST_RATIO = 0.93, 0.92


class Cover(NamedTuple):
    """How often two standard errors reach from an estimate to the truth.

    coverage  share of the runs, with Wilson's interval of 99.99 %
    ratio     rms of error over standard error, with an interval of four standard errors
    """

    coverage: Estimate
    ratio: Estimate


def checked(outcomes: Sequence[Outcome], update_positions: int) -> Finding:
    """Judge bias and intervals of the estimators.

    biased                the mean error of the prediction against the exact first-order change of
                          the same positions differs from 0 by more than four standard errors
    intervals too narrow  the share of runs in which two standard errors cover the truth lies below
                          93 %, its whole interval
    intervals too wide    rms error over standard error lies below 0.92, at which 97 % were covered,
                          its whole interval (a share near 100 % says too little)
    holds                 none of these; inconclusive where fewer than 10 runs of an arm ended

    Truth is the mean exact first-order change of all positions, estimated by that of all runs:
    for the conditional error of the runs with one update, for the total of those with their own.
    Standard errors are those that each run states. Told beside: the U-statistic, which predicts a
    step made from the evaluation batch itself, where that has ``update_positions`` too; the sampled
    change, and what first order leaves out, neither free of bias by its nature.
    """
    fixed, redrawn = (_ended(outcomes, arm) for arm in ("fixed", "redrawn"))
    failed = sum(outcome.single is None for outcome in outcomes)
    numbers: dict[str, Any] = {"runs": len(outcomes), "failed": failed}
    numbers["success_rate"] = 1 - failed / len(outcomes)
    if min(len(fixed), len(redrawn)) < LEAST_ENDED:
        sentence = f"{failed} of {len(outcomes)} runs failed; look at what they say"
        return Finding(NAME, OPEN, sentence, False, numbers)
    every = [*fixed, *redrawn]
    if not any(single.first_order for single in every):
        sentence = (
            "the step changes nothing, so that there is nothing to check; raise learning_rate"
        )
        return Finding(NAME, OPEN, sentence, False, numbers)
    is_paired = all(each.task.evaluation_positions == update_positions for each in outcomes)
    biases = _biases(every, redrawn, is_paired)
    covers = _covers(fixed, redrawn, is_paired)
    numbers |= {"bias": _told(biases), "cover": _told(covers), **_beside(every)}
    faults = _faults(biases, covers)
    verdict = " and ".join(dict.fromkeys(fault for fault, _ in faults)) or HOLDS
    sentence = "; ".join([*(why for _, why in faults), _summary(every, biases, covers)])
    return Finding(NAME, verdict, sentence, not faults, numbers)


def _ended(outcomes: Sequence[Outcome], arm: str) -> list[Single]:
    found = [outcome.single for outcome in outcomes if outcome.task.arm == arm]
    return [single for single in found if single is not None]


def _biases(
    every: Sequence[Single], redrawn: Sequence[Single], is_paired: bool
) -> dict[str, Estimate]:
    biases = {
        "predicted": _bias(every, lambda one: one.predicted - one.first_order),
        "sampled": _bias(every, lambda one: one.sampled - one.exact),
        "first_order": _bias(every, lambda one: one.first_order - one.exact),
    }
    if is_paired:
        own = _bias(redrawn, lambda one: one.u_statistic - one.first_order)
        biases[BESIDE] = own
    return biases


def _bias(singles: Sequence[Single], error: Callable[[Single], float]) -> Estimate:
    errors = np.array([error(single) for single in singles])
    mean, reach = float(errors.mean()), _SIGMAS * float(errors.std(ddof=1)) / sqrt(len(errors))
    return Estimate(mean, mean - reach, mean + reach)


def _covers(
    fixed: Sequence[Single], redrawn: Sequence[Single], is_paired: bool
) -> dict[str, Cover]:
    given = _column(fixed, "predicted") - _column(fixed, "first_order").mean()
    truth = _column(redrawn, "first_order").mean()
    total = _column(redrawn, "predicted") - truth
    covers = {
        "conditional": _cover(given, _column(fixed, "se_given_update")),
        "total": _cover(total, _column(redrawn, "se_total")),
    }
    if is_paired:
        own = _column(redrawn, "u_statistic") - truth
        covers[BESIDE] = _cover(own, _column(redrawn, "u_statistic_se"))
    return covers


def _cover(errors: NDArray[np.float64], standard_errors: NDArray[np.float64]) -> Cover:
    runs = len(errors)
    inside = int((np.abs(errors) <= 2 * standard_errors).sum())
    # A standard error of 0 beside an error of 0 claims nothing that is wrong.
    scaled = np.divide(errors, standard_errors, where=standard_errors > 0, out=np.zeros(runs))
    ratio = float(np.sqrt((scaled**2).mean()))
    reach = _SIGMAS * ratio / sqrt(2 * runs)
    return Cover(
        score_of_games(inside, runs - inside, _CONFIDENCE),
        Estimate(ratio, ratio - reach, ratio + reach),
    )


def _faults(biases: dict[str, Estimate], covers: dict[str, Cover]) -> list[tuple[str, str]]:
    """Return verdict and reason of all that is wrong with prediction and its intervals."""
    faults = []
    bias = biases["predicted"]
    if bias.low > 0 or bias.high < 0:
        faults.append((BIASED, f"the prediction is off by {_interval(bias)} nats on average"))
    for name in ("conditional", "total"):
        coverage, ratio = covers[name]
        if coverage.high < _LEAST_COVERAGE:
            faults.append((NARROW, f"the {name} standard error is too small"))
        if ratio.high < _LEAST_RATIO:
            faults.append((WIDE, f"the {name} standard error is too large"))
    return faults


def _summary(every: Sequence[Single], biases: dict[str, Estimate], covers: dict[str, Cover]) -> str:
    shares = ", ".join(f"{cover.coverage.value:.0%} ({name})" for name, cover in covers.items())
    mean = _column(every, "first_order").mean()
    return (
        f"mean error {_interval(biases['predicted'])} nats of {mean:+.3g} over {len(every)} runs; "
        f"2 standard errors cover {shares}, and should 95 %"
    )


def _interval(bias: Estimate) -> str:
    return f"{bias.value:+.2g} ({bias.low:+.2g} to {bias.high:+.2g})"


def _beside(every: Sequence[Single]) -> dict[str, float]:
    predicted, exact = _column(every, "predicted"), _column(every, "exact")
    return {
        "right_sign": float((np.sign(predicted) == np.sign(exact)).mean()),
        "mean_predicted": float(predicted.mean()),
        "mean_first_order": float(_column(every, "first_order").mean()),
        "mean_exact": float(exact.mean()),
        "effective_share": float(_column(every, "effective_share").mean()),
        "clipped_share": float(_column(every, "clipped_share").mean()),
    }


def _told(parts: dict[str, Any]) -> dict[str, Any]:
    """Return NamedTuples as dictionaries, all the way down."""
    return {
        name: _told(part._asdict()) if hasattr(part, "_asdict") else part
        for name, part in parts.items()
    }


def _column(singles: Sequence[Single], name: str) -> NDArray[np.float64]:
    return np.array([getattr(single, name) for single in singles], np.float64)
