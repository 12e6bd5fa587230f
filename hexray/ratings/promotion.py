"""Whether a candidate takes the incumbent's place; never by a point estimate."""

from typing import Literal

from hexray.errors import RatingsError
from hexray.ratings.elo import Estimate
from hexray.ratings.sprt import Sprt

Verdict = Literal["promote", "keep", "go on"]


def verdict_of_sprt(candidate: int, incumbent: int, test: Sprt) -> Verdict:
    """Say what a sequential test of the candidate's games against the incumbent means.

    candidate, incumbent   versions of the weights

    Raises RatingsError when they are the same version.
    """
    _check_versions(candidate, incumbent)
    if test.decision == "accept":
        return "promote"
    return "keep" if test.decision == "reject" else "go on"


def verdict_of_score(candidate: int, incumbent: int, score: Estimate) -> Verdict:
    """Promote when the whole interval of the candidate's score is above one half, else keep.

    For a match whose length was fixed before it began: looking after every game would find such
    an interval too often. Raises RatingsError when both are the same version, and when the
    interval has no width, for that is a point estimate.
    """
    _check_versions(candidate, incumbent)
    if not score.low < score.high:
        raise RatingsError(
            f"the score {score.value} of version {candidate} has the interval {score.low} to "
            f"{score.high}; promotion needs an interval, not a point"
        )
    return "promote" if score.low > 0.5 else "keep"


def _check_versions(candidate: int, incumbent: int) -> None:
    if candidate == incumbent:
        raise RatingsError(
            f"version {candidate} is candidate and incumbent; let it play another version"
        )
