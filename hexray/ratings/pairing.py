"""Which two players should meet next."""

from collections.abc import Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from hexray.errors import RatingsError
from hexray.ratings.elo import ELO_PER_NAT
from hexray.ratings.table import fit

_TIE = 1e-9


def next_pairing(players: Sequence[str], wins: NDArray[np.int64]) -> tuple[str, str]:
    """Return the two players, in order of name, whose next game tells most.

    wins   int64[P, P], how many games the row won against the column

    A game between players whose difference has variance v (in nats) and that the first wins with
    probability p adds log(1 + p (1 - p) v) / 2 to what is known of all ratings together: the
    matrix determinant lemma, for the Gaussian approximation of MacKay, Information-based objective
    functions for active data selection (Neural Computation 4, 1992). So the largest p (1 - p) v is
    taken, p at the ratings; of equals (to one part in 1e9) the two with the fewest games against
    each other, then the first by name. A player without games counts as the prior says. Raises
    RatingsError as ``fit`` does.
    """
    first, second = _names(players, _most_telling(players, wins, _every_pair(players)))
    return first, second


def next_opponent(
    player: str, among: Sequence[str], players: Sequence[str], wins: NDArray[np.int64]
) -> str:
    """Return whom of ``among`` this one of ``players`` should meet, by the same measure.

    Raises RatingsError as ``fit`` does, and for nobody to meet, itself, or one without a row.
    """
    if not among or player in among or not {player, *among} <= set(players):
        raise RatingsError(
            f"{player} cannot meet one of {', '.join(among) or 'nobody'}; name other players, "
            "each with a row of results"
        )
    index = players.index(player)
    others = [players.index(other) for other in among]
    own = [(min(index, other), max(index, other)) for other in others]
    one, other = _most_telling(players, wins, own)
    return players[other if one == index else one]


def _every_pair(players: Sequence[str]) -> list[tuple[int, int]]:
    return list(combinations(range(len(players)), 2))


def _most_telling(
    players: Sequence[str], wins: NDArray[np.int64], pairs: Sequence[tuple[int, int]]
) -> tuple[int, int]:
    elo, covariance = fit(players, wins)
    games = wins + wins.T
    told = {}
    for one, other in pairs:
        chance = 1.0 / (1.0 + np.exp(abs(elo[one] - elo[other]) / ELO_PER_NAT))
        variance = covariance[one, one] + covariance[other, other] - 2.0 * covariance[one, other]
        told[one, other] = chance * (1.0 - chance) * variance
    most = max(told.values())
    equals = [pair for pair, gain in told.items() if gain >= most * (1.0 - _TIE)]

    def order(pair: tuple[int, int]) -> tuple[int, list[str]]:
        return int(games[pair]), _names(players, pair)

    return min(equals, key=order)


def _names(players: Sequence[str], pair: tuple[int, int]) -> list[str]:
    return sorted(players[index] for index in pair)
