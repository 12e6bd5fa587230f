"""The mean over positions, with an interval that knows that those of one game are alike."""

import numpy as np
from numpy.typing import NDArray

from hexray.errors import RatingsError
from hexray.ratings.elo import CONFIDENCE, Estimate, check_confidence

_ROUNDS = 1000


def mean_over_games(
    values: NDArray,
    game: NDArray[np.integer],
    rng: np.random.Generator,
    confidence: float = CONFIDENCE,
) -> Estimate:
    """Estimate the mean of ``values[R]``, ``game[R]`` saying which belong together.

    The percentile bootstrap over games (Efron 1979; clusters as in Davison and Hinkley 1997,
    section 3.8): games are drawn again, each with all its positions. Raises RatingsError for fewer
    than two games.
    """
    check_confidence(confidence)
    _, place = np.unique(game, return_inverse=True)
    games = int(place.max(initial=-1)) + 1
    if games < 2:
        raise RatingsError(f"{games} games; an interval needs two or more")
    total = np.bincount(place, np.asarray(values, np.float64), games)
    count = np.bincount(place, minlength=games)
    drawn = rng.multinomial(games, np.full(games, 1 / games), _ROUNDS)
    means = (drawn @ total) / (drawn @ count)
    low, high = np.quantile(means, [(1 - confidence) / 2, (1 + confidence) / 2])
    return Estimate(float(total.sum() / count.sum()), float(low), float(high))
