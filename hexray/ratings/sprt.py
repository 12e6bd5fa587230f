"""Sequential probability ratio tests: whether a player is elo0 or elo1 stronger, in few games.

Wald, Sequential tests of statistical hypotheses (Annals of Mathematical Statistics 16, 1945).
"""

from math import log
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hexray.errors import SettingsError
from hexray.ratings.elo import score_from_elo
from hexray.ratings.results import Pairs, check_counts

UNSEEN = 1e-3
"""Count given to a score that no pair had yet, as fishtest does."""

_PAIR_SCORES = np.array([0.0, 0.5, 1.0])


class Hypotheses(NamedTuple):
    """A player is ``elo0`` stronger, or ``elo1``; how often the test may err in either case.

    alpha   rate of accepting elo1 where elo0 is true
    beta    rate of rejecting elo1 where elo1 is true
    """

    elo0: float
    elo1: float
    alpha: float
    beta: float


class Sprt(NamedTuple):
    """Where a test stands: elo1 is accepted from ``upper`` on, rejected from ``lower`` down."""

    decision: Literal["accept", "reject", "go on"]
    llr: float
    lower: float
    upper: float


def sprt_of_games(wins: int, losses: int, hypotheses: Hypotheses) -> Sprt:
    """Decide from independent games.

    The error rates hold when it is asked after every game and obeyed. Raises SettingsError for
    hypotheses that make no test, RatingsError for a negative count.
    """
    check_counts(wins=wins, losses=losses)
    return _decide(float(llr_of_games(wins, losses, hypotheses)), hypotheses)


def sprt_of_pairs(pairs: Pairs, hypotheses: Hypotheses) -> Sprt:
    """Decide from openings played in both colours, whose two games are not independent.

    To be asked after every pair; otherwise as ``sprt_of_games``.
    """
    check_counts(**pairs._asdict())
    return _decide(float(llr_of_pairs(np.array(pairs), hypotheses)), hypotheses)


def llr_of_games(wins: ArrayLike, losses: ArrayLike, hypotheses: Hypotheses) -> NDArray[np.float64]:
    """Return the logarithm of the likelihood ratio of elo1 to elo0, exact, element by element."""
    score0, score1 = _scores(hypotheses)
    win, loss = log(score1 / score0), log((1.0 - score1) / (1.0 - score0))
    return np.asarray(wins) * win + np.asarray(losses) * loss


def llr_of_pairs(counts: ArrayLike, hypotheses: Hypotheses) -> NDArray[np.float64]:
    """Return the generalised log-likelihood ratio of pair counts [..., 3], as [...].

    counts   pairs with 0, 1 and 2 points; a count of 0 becomes ``UNSEEN``

    Each hypothesis fixes the mean score and takes the likeliest distribution that has it, as
    fishtest does (stats/LLRcalc.py, ``LLR_logistic``, after Van den Bergh's
    support_MLE_multinomial.pdf, proposition 1.1). The normal approximation of this ratio, mean
    and variance only, is not used: at (0, 20) Elo it rejects after two split pairs.
    """
    given = np.asarray(counts, dtype=np.float64)
    seen = np.where(given > 0.0, given, UNSEEN)
    score0, score1 = _scores(hypotheses)
    ratio = _log_thinning(seen, score0) - _log_thinning(seen, score1)
    return (seen * ratio).sum(axis=-1)


def _log_thinning(counts: NDArray[np.float64], score: float) -> NDArray[np.float64]:
    """Return log(p / q)[..., 3] of shares p and the likeliest shares q whose mean is ``score``.

    q = p / (1 + x d) with d the scores less the mean, where x makes the mean of q right: with
    three scores the descending root of a quadratic, the only one that leaves all q positive.
    """
    shares = counts / counts.sum(axis=-1, keepdims=True)
    gaps = _PAIR_SCORES - score
    constant = (shares * gaps).sum(axis=-1)
    linear = (shares * gaps * (gaps.sum() - gaps)).sum(axis=-1)
    root = np.sqrt(linear**2 - 4.0 * gaps.prod() * constant)
    return np.log1p((2.0 * constant / (root - linear))[..., None] * gaps)


def _scores(hypotheses: Hypotheses) -> tuple[float, float]:
    elo0, elo1, alpha, beta = hypotheses
    if not elo0 < elo1:
        raise SettingsError(f"elo0 is {elo0} and elo1 {elo1}; elo0 must be the smaller")
    if not (alpha > 0.0 and beta > 0.0 and alpha + beta < 1.0):
        raise SettingsError(
            f"alpha is {alpha} and beta {beta}; both must be above 0 and their sum below 1"
        )
    return score_from_elo(elo0), score_from_elo(elo1)


def _decide(llr: float, hypotheses: Hypotheses) -> Sprt:
    lower = log(hypotheses.beta / (1.0 - hypotheses.alpha))
    upper = log((1.0 - hypotheses.beta) / hypotheses.alpha)
    if llr >= upper:
        return Sprt("accept", llr, lower, upper)
    return Sprt("reject" if llr <= lower else "go on", llr, lower, upper)
