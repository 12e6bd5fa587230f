"""Scores, their intervals and their Elo, by published values, by hand and by exact coverage."""

from math import inf, lgamma

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hexray.errors import RatingsError, SettingsError
from hexray.ratings.elo import Estimate, elo_difference, elo_from_score, score_from_elo
from hexray.ratings.intervals import (
    first_player_score,
    may_use_pairs,
    pair_standard_error,
    score_of_games,
    score_of_pairs,
)
from hexray.ratings.results import Pairs

COUNTS = st.integers(0, 3000)


@pytest.mark.parametrize(
    ("wins", "games", "low", "high"),
    [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilsons_interval_is_newcombes(wins: int, games: int, low: float, high: float) -> None:
    """Newcombe, Two-sided confidence intervals (Statistics in Medicine 17, 1998), table I."""
    score = score_of_games(wins, games - wins)
    assert score == pytest.approx((wins / games, low, high), abs=5e-5)


@pytest.mark.parametrize(
    ("score", "elo"),
    [(0.5, 0), (0.607, 76), (0.64, 100), (0.76, 200), (10 / 11, 400), (100 / 101, 800)],
)
def test_elo_is_that_of_the_published_table(score: float, elo: int) -> None:
    assert elo_from_score(score) == pytest.approx(elo, abs=0.8)
    assert score_from_elo(elo) == pytest.approx(score, abs=0.001)


def test_a_player_that_won_everything_has_no_upper_end() -> None:
    elo = elo_difference(score_of_games(16, 0))
    # Wilson's lower end is n / (n + z^2), z = 1.95996: odds of 16 to 3.84146.
    assert elo == (inf, pytest.approx(400 * np.log10(16 / 3.84146), abs=0.01), inf)


def test_a_huge_difference_overflows_in_neither_direction() -> None:
    assert score_from_elo(1e6) == 1.0
    assert score_from_elo(-1e6) == 0.0
    assert (elo_from_score(1.0), elo_from_score(0.0)) == (inf, -inf)


@given(COUNTS, COUNTS)
def test_swapping_the_players_mirrors_score_and_elo(wins: int, losses: int) -> None:
    if wins + losses:
        mine, theirs = score_of_games(wins, losses), score_of_games(losses, wins)
        assert mine == pytest.approx((1 - theirs.value, 1 - theirs.high, 1 - theirs.low), abs=1e-12)
        elo, other = elo_difference(mine), elo_difference(theirs)
        assert elo == pytest.approx((-other.value, -other.high, -other.low), abs=1e-6)


@given(COUNTS, COUNTS, st.integers(2, 9))
def test_more_games_of_one_score_shrink_the_interval(wins: int, losses: int, times: int) -> None:
    if wins + losses:
        few, many = score_of_games(wins, losses), score_of_games(times * wins, times * losses)
        assert many.high - many.low < few.high - few.low
        assert few.low <= many.low <= many.value <= many.high <= few.high


@given(st.tuples(*[st.integers(0, 400)] * 3), st.integers(2, 9))
def test_more_pairs_of_one_score_shrink_the_interval(
    points: tuple[int, int, int], times: int
) -> None:
    pairs = Pairs(*points)
    if may_use_pairs(pairs):
        few, many = score_of_pairs(pairs), score_of_pairs(Pairs(*(times * n for n in points)))
        assert many.high - many.low < few.high - few.low


@given(st.tuples(*[st.integers(0, 400)] * 3))
def test_swapping_the_players_mirrors_the_score_of_pairs(points: tuple[int, int, int]) -> None:
    if sum(points):
        mine, theirs = score_of_pairs(Pairs(*points)), score_of_pairs(Pairs(*points[::-1]))
        assert mine == pytest.approx((1 - theirs.value, 1 - theirs.high, 1 - theirs.low), abs=1e-12)


def test_the_interval_of_pairs_is_the_one_calculated_by_hand() -> None:
    """Squares 10/4 + 10/4 = 5, over 39 and 40: a standard error of 0.05661."""
    pairs = Pairs(lost=10, split=20, won=10)
    assert pair_standard_error(pairs) == pytest.approx(0.056614, abs=1e-6)
    assert score_of_pairs(pairs) == pytest.approx((0.5, 0.389039, 0.610961), abs=1e-6)


def test_an_interval_of_pairs_ends_where_scores_end() -> None:
    assert score_of_pairs(Pairs(lost=0, split=5, won=25)).high < 1.0
    assert score_of_pairs(Pairs(lost=2, split=3, won=70), confidence=0.9999).high == 1.0


@pytest.mark.parametrize(
    "pairs", [Pairs(0, 14, 15), Pairs(0, 0, 100), Pairs(2, 96, 2), Pairs(0, 1, 0)]
)
def test_few_pairs_or_pairs_all_alike_get_wilsons_interval(pairs: Pairs) -> None:
    wins = pairs.split + 2 * pairs.won
    assert score_of_pairs(pairs) == score_of_games(wins, 2 * sum(pairs) - wins)


def test_pairs_that_openings_decide_get_a_narrower_interval_than_games() -> None:
    pairs, games = score_of_pairs(Pairs(5, 90, 5)), score_of_games(100, 100)
    assert pairs.high - pairs.low < 0.5 * (games.high - games.low)


def test_pairs_won_or_lost_as_a_whole_get_a_wider_interval_than_games() -> None:
    pairs, games = score_of_pairs(Pairs(50, 0, 50)), score_of_games(100, 100)
    assert pairs.high - pairs.low > 1.35 * (games.high - games.low)


@pytest.mark.parametrize("count", [30, 50])
@pytest.mark.parametrize(
    "shares",
    [
        (0.25, 0.5, 0.25),
        (0.1, 0.8, 0.1),
        (0.03, 0.94, 0.03),
        (0.05, 0.45, 0.5),
        (0.02, 0.28, 0.7),
        (0.4, 0.2, 0.4),
    ],
)
def test_the_interval_of_pairs_covers_nearly_as_often_as_it_says(
    count: int, shares: tuple[float, float, float]
) -> None:
    """The sum over all results of the trinomial law, so nothing is left to chance."""
    covered = 0.0
    for lost in range(count + 1):
        for won in range(count + 1 - lost):
            points = (lost, count - lost - won, won)
            chance = np.exp(
                lgamma(count + 1)
                + sum(n * np.log(p) - lgamma(n + 1) for n, p in zip(points, shares, strict=True))
            )
            if chance > 1e-7:
                low, high = score_of_pairs(Pairs(*points))[1:]
                covered += chance * (low <= 0.5 * shares[1] + shares[2] <= high)
    assert 0.92 < covered < 1.0


def test_whoever_moves_first_scores_what_the_colours_show() -> None:
    """As Red 30 of 40, as Blue 18 of 40, so the others won 22 as Red: 52 of 80."""
    score = first_player_score(as_red=(30, 10), as_blue=(18, 22))
    assert score == score_of_games(52, 28)
    assert score.value == 0.65


def test_colours_played_unequally_give_no_advantage() -> None:
    with pytest.raises(RatingsError, match="40 games as Red and 39 as Blue"):
        first_player_score(as_red=(30, 10), as_blue=(18, 21))


def test_no_games_and_negative_counts_are_refused() -> None:
    with pytest.raises(RatingsError, match="no games"):
        score_of_games(0, 0)
    with pytest.raises(RatingsError, match="losses is -1"):
        score_of_games(3, -1)
    with pytest.raises(RatingsError, match="split is -2"):
        score_of_pairs(Pairs(3, -2, 4))
    with pytest.raises(RatingsError, match="at least two"):
        pair_standard_error(Pairs(0, 1, 0))


@pytest.mark.parametrize("confidence", [0.0, 1.0, 95.0])
def test_a_confidence_that_is_no_probability_is_refused(confidence: float) -> None:
    with pytest.raises(SettingsError, match="between 0 and 1"):
        score_of_games(1, 1, confidence)


def test_an_elo_interval_keeps_the_order_of_its_ends() -> None:
    assert elo_difference(Estimate(0.5, 0.0, 0.76)) == (0.0, -inf, pytest.approx(200, abs=0.5))
