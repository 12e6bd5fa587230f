"""The score of a match, with an interval.

``elo.elo_difference`` turns any of these into Elo.
"""

from math import sqrt

from scipy.stats import binomtest, norm

from hexray.errors import RatingsError
from hexray.ratings.elo import CONFIDENCE, Estimate, check_confidence
from hexray.ratings.results import Pairs, check_counts

MIN_PAIRS = 30
"""Pairs from which on their scores are taken as normal."""

MIN_UNLIKE = 5
"""And so many of them must differ from the commonest score, or the variance is not known."""


def score_of_games(wins: int, losses: int, confidence: float = CONFIDENCE) -> Estimate:
    """Estimate the score of independent games, with Wilson's interval.

    Wilson, Probable inference (JASA 22, 1927), without continuity correction. Raises RatingsError
    when there is no game or a negative count.
    """
    check_confidence(confidence)
    check_counts(wins=wins, losses=losses)
    if wins + losses == 0:
        raise RatingsError("no games; a score needs at least one")
    test = binomtest(wins, wins + losses)
    interval = test.proportion_ci(confidence_level=confidence, method="wilson")
    return Estimate(wins / (wins + losses), float(interval.low), float(interval.high))


def score_of_pairs(pairs: Pairs, confidence: float = CONFIDENCE) -> Estimate:
    """Estimate the score of games whose openings were played in both colours.

    The games of a pair are not independent: an opening that wins for one colour brings every pair
    one point. With ``may_use_pairs`` the pair is the unit, normal with ``pair_standard_error``, and
    the ends are cut to [0, 1]: the pentanomial model of fishtest (stats/stat_util.py, ``get_elo``),
    whose five outcomes are three without draws. Otherwise the games are taken as independent, with
    Wilson's interval: too wide where openings decide games, too narrow where a player tends to win
    or lose both games of a pair.
    """
    games = 2 * sum(pairs)
    wins = pairs.split + 2 * pairs.won
    wilson = score_of_games(wins, games - wins, confidence)
    if not may_use_pairs(pairs):
        return wilson
    reach = float(norm.ppf(0.5 + confidence / 2.0)) * pair_standard_error(pairs)
    score = wilson.value
    return Estimate(score, max(0.0, score - reach), min(1.0, score + reach))


def may_use_pairs(pairs: Pairs) -> bool:
    """Say whether the scores of pairs are many and varied enough to be taken as normal."""
    check_counts(**pairs._asdict())
    return sum(pairs) >= MIN_PAIRS and sum(pairs) - max(pairs) >= MIN_UNLIKE


def pair_standard_error(pairs: Pairs) -> float:
    """Return the standard error of the score per game, from the variance between pairs.

    The variance is the unbiased one. Raises RatingsError with fewer than two pairs.
    """
    check_counts(**pairs._asdict())
    count = sum(pairs)
    if count < 2:
        raise RatingsError(f"{count} pairs; a variance between pairs needs at least two")
    score = (0.5 * pairs.split + pairs.won) / count
    squares = (
        pairs.lost * score**2 + pairs.split * (0.5 - score) ** 2 + pairs.won * (1.0 - score) ** 2
    )
    return sqrt(squares / (count - 1) / count)


def first_player_score(
    as_red: tuple[int, int], as_blue: tuple[int, int], confidence: float = CONFIDENCE
) -> Estimate:
    """Estimate the score of whoever moved first, from one player's (wins, losses) by colour.

    Wilson's interval over all games: 0.5 is no advantage. Raises RatingsError unless the player
    had both colours equally often, for otherwise its strength would pass for an advantage.
    """
    if sum(as_red) != sum(as_blue):
        raise RatingsError(
            f"{sum(as_red)} games as Red and {sum(as_blue)} as Blue; "
            "the first player's advantage needs as many of each"
        )
    return score_of_games(as_red[0] + as_blue[1], as_red[1] + as_blue[0], confidence)
