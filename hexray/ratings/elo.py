"""The Elo scale, and estimates with an interval."""

from math import inf, log, log10
from typing import NamedTuple

from hexray.errors import SettingsError

ELO_PER_NAT = 400.0 / log(10.0)
"""Elo points for a factor e in the odds of winning."""

CONFIDENCE = 0.95
"""Confidence level of an interval for which nothing else is asked."""


class Estimate(NamedTuple):
    """A quantity with its interval, ends inclusive; in Elo any of the three may be infinite."""

    value: float
    low: float
    high: float


def elo_from_score(score: float) -> float:
    """Return the Elo difference at which ``score`` in [0, 1] is expected.

    Logistic scale, 400 points for odds of ten to one; infinite at 0 and 1.
    """
    if score <= 0.0 or score >= 1.0:
        return inf if score >= 1.0 else -inf
    return 400.0 * log10(score / (1.0 - score))


def score_from_elo(elo: float) -> float:
    """Return the score expected of a player who is ``elo`` points stronger than the other.

    The logistic curve in the form that neither overflows nor loses the small side.
    """
    if elo < 0.0:
        return 10.0 ** (elo / 400.0) / (1.0 + 10.0 ** (elo / 400.0))
    return 1.0 / (1.0 + 10.0 ** (-elo / 400.0))


def elo_difference(score: Estimate) -> Estimate:
    """Turn a score and its interval into an Elo difference and its interval."""
    return Estimate(*(elo_from_score(part) for part in score))


def check_confidence(confidence: float) -> None:
    """Raise SettingsError unless ``confidence`` lies strictly between 0 and 1."""
    if not 0.0 < confidence < 1.0:
        raise SettingsError(f"confidence is {confidence}; it must lie between 0 and 1, say 0.95")
