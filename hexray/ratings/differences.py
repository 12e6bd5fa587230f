"""How much better one group of runs is than another, with an interval."""

from collections.abc import Sequence
from math import sqrt
from statistics import fmean

from scipy.stats import ttest_ind, ttest_rel

from hexray.errors import RatingsError
from hexray.ratings.elo import CONFIDENCE, Estimate, check_confidence
from hexray.ratings.intervals import score_of_games


def mean_difference(
    ours: Sequence[float], theirs: Sequence[float], confidence: float = CONFIDENCE
) -> Estimate | None:
    """Estimate the mean of ``ours`` less that of ``theirs``, runs of other seeds each.

    Welch's interval (Biometrika 34, 1947), which takes neither equal spread nor equal numbers for
    granted. None where a group has fewer than two runs, which say nothing of how much runs differ.
    Where no run differs from another of its group the interval is the difference itself.
    """
    check_confidence(confidence)
    if len(ours) < 2 or len(theirs) < 2:
        return None
    difference = fmean(ours) - fmean(theirs)
    if len(set(ours)) == len(set(theirs)) == 1:
        return Estimate(difference, difference, difference)
    interval = ttest_ind(ours, theirs, equal_var=False).confidence_interval(confidence)
    return Estimate(difference, float(interval.low), float(interval.high))


def paired_difference(
    ours: Sequence[float], theirs: Sequence[float], confidence: float = CONFIDENCE
) -> Estimate | None:
    """Estimate the mean of ``ours`` less that of ``theirs``, runs of the same seeds in order.

    Student's interval of the differences, much narrower where the seed decides more than what is
    compared. None for fewer than two pairs. Where all differences are equal it is that difference.
    Raises RatingsError where a run has no other of its seed.
    """
    check_confidence(confidence)
    if len(ours) != len(theirs):
        raise RatingsError(f"{len(ours)} runs and {len(theirs)} make no pairs; give each its other")
    if len(ours) < 2:
        return None
    differences = [one - other for one, other in zip(ours, theirs, strict=True)]
    if len(set(differences)) == 1:
        return Estimate(differences[0], differences[0], differences[0])
    interval = ttest_rel(ours, theirs).confidence_interval(confidence)
    return Estimate(fmean(differences), float(interval.low), float(interval.high))


def share_difference(
    ours: float, theirs: float, positions: int, confidence: float = CONFIDENCE
) -> Estimate:
    """Estimate the difference of two shares of ``positions`` each, of one run each.

    Newcombe's hybrid score interval (Statistics in Medicine 17, 1998, method 10), which takes the
    positions as drawn for each: too wide, where both were measured on the same ones.
    """
    mine, other = (
        score_of_games(round(share * positions), positions - round(share * positions), confidence)
        for share in (ours, theirs)
    )
    below = sqrt((mine.value - mine.low) ** 2 + (other.high - other.value) ** 2)
    above = sqrt((mine.high - mine.value) ** 2 + (other.value - other.low) ** 2)
    difference = mine.value - other.value
    return Estimate(difference, difference - below, difference + above)


def verdict(difference: Estimate | None, first: str, second: str) -> str:
    """Say in words who is better, if that can be said."""
    if difference is None:
        return f"no verdict on {first} and {second}: two runs of each are needed at least"
    if difference.low > 0:
        return f"{first} is better than {second}"
    if difference.high < 0:
        return f"{second} is better than {first}"
    return f"no difference between {first} and {second} can be told"
