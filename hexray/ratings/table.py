"""Ratings of many players from the games they played with each other.

The model is Bradley and Terry's (Biometrika 39, 1952), fitted by choix with a wide Gaussian prior.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from choix import opt_pairwise
from numpy.typing import NDArray
from scipy.stats import norm

from hexray.errors import RatingsError
from hexray.ratings.elo import CONFIDENCE, ELO_PER_NAT, Estimate, check_confidence

PRIOR_ELO = 2000.0
"""Standard deviation of the prior of every rating, around one common value.

Wide enough to move ratings that games determine by a small part of their intervals; it keeps the
others finite: of a player that won or lost everything, and of groups that never met.
"""

_PRIOR_PRECISION = (ELO_PER_NAT / PRIOR_ELO) ** 2
_TOLERANCE = 1e-9


class Fit(NamedTuple):
    """What P players' games say, up to a shift common to all.

    elo         float64[P], mean 0
    covariance  float64[P, P] in Elo squared, of the ratings before any shift
    """

    elo: NDArray[np.float64]
    covariance: NDArray[np.float64]


class Rating(NamedTuple):
    """A player's rating."""

    player: str
    elo: Estimate
    games: int


def rate(
    players: Sequence[str],
    wins: NDArray[np.int64],
    anchor: str | None = None,
    confidence: float = CONFIDENCE,
) -> list[Rating]:
    """Rate players in Elo, in the order given; games are taken as independent.

    wins     int64[P, P], how many games the row won against the column
    anchor   the player whose rating is 0; without one the mean of all is 0

    An interval is of the difference to the anchor, or to the mean: normal, from the observed
    information with the prior. In simulated round robins it covers as often as it says, which
    resampling the games does not. Where openings decide games it is too wide. Raises RatingsError,
    naming the player, for one without games, one that played itself, and an anchor that is not
    there.
    """
    check_confidence(confidence)
    fitted = fit(players, wins)
    games = (wins + wins.T).sum(axis=1)
    for player, count in zip(players, games, strict=True):
        if count == 0:
            raise RatingsError(f"{player} has no games; leave it out or let it play")
    shift = _shift(players, anchor)
    elo = shift @ fitted.elo
    variance = np.diag(shift @ fitted.covariance @ shift.T)
    reach = norm.ppf(0.5 + confidence / 2.0) * np.sqrt(np.maximum(variance, 0.0))
    return [
        Rating(player, Estimate(float(value), float(value - by), float(value + by)), int(count))
        for player, value, by, count in zip(players, elo, reach, games, strict=True)
    ]


def fit(players: Sequence[str], wins: NDArray[np.int64]) -> Fit:
    """Fit the model to ``wins``, as ``rate`` takes them; a player without games is as the prior.

    choix adds ``alpha`` times the sum of squares to the negative log-likelihood, so its ``alpha``
    is half the precision of the prior (its documentation says all of it). It goes through the games
    one by one: 8000 take about a second.
    """
    _check(players, wins)
    games = [
        (int(winner), int(loser))
        for winner, loser in zip(*np.nonzero(wins), strict=True)
        for _ in range(wins[winner, loser])
    ]
    nats = opt_pairwise(len(players), games, alpha=_PRIOR_PRECISION / 2.0, tol=_TOLERANCE)
    covariance = np.linalg.inv(_information(nats, wins + wins.T)).astype(np.float64)
    return Fit(ELO_PER_NAT * (nats - nats.mean()), ELO_PER_NAT**2 * covariance)


def _information(nats: NDArray[np.float64], games: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the negative second derivative of the log-posterior, [P, P]."""
    difference = np.abs(nats[:, None] - nats[None, :])
    weight = games * np.exp(-difference) / (1.0 + np.exp(-difference)) ** 2
    return np.diag(weight.sum(axis=1) + _PRIOR_PRECISION) - weight


def _shift(players: Sequence[str], anchor: str | None) -> NDArray[np.float64]:
    """Return the matrix [P, P] that moves the anchor, or the mean, to 0."""
    count = len(players)
    if anchor is None:
        return np.eye(count) - 1.0 / count
    if anchor not in players:
        raise RatingsError(f"the anchor {anchor} is not among {', '.join(players)}")
    shift = np.eye(count)
    shift[:, players.index(anchor)] -= 1.0
    return shift


def _check(players: Sequence[str], wins: NDArray[np.int64]) -> None:
    count = len(players)
    if count < 2 or wins.shape != (count, count):
        raise RatingsError(
            f"{count} players and results of shape {wins.shape}; give two players or more, "
            "and a row and a column for each"
        )
    for player in players:
        if players.count(player) > 1:
            raise RatingsError(f"{player} is there twice; add up its games")
    if np.any(wins < 0):
        row, column = np.argwhere(wins < 0)[0]
        raise RatingsError(
            f"{players[row]} won {wins[row, column]} games against {players[column]}; "
            "count games from 0"
        )
    for player, own in zip(players, np.diag(wins), strict=True):
        if own:
            raise RatingsError(f"{player} has {own} games against itself; leave them out")
