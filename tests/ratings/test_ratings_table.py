"""Ratings of many players: two by hand, many by simulation, and results that say little."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import binom

from hexray.errors import RatingsError
from hexray.ratings.elo import Estimate, score_from_elo
from hexray.ratings.table import PRIOR_ELO, Rating, rate

NAMES = ["ada", "bea", "cora", "dora"]


def test_two_players_differ_by_the_elo_of_their_score() -> None:
    """75 of 100 is log10(3) * 400 = 190.8 Elo, its error 173.7 / sqrt(100 * 3 / 16) = 40.1.

    The prior takes 0.3 Elo off, as it stands for 0.04 games.
    """
    ratings = rate(["ada", "bea"], _wins(2, {(0, 1): 75, (1, 0): 25}), anchor="bea")
    assert ratings[0].elo.value == pytest.approx(190.8, abs=0.5)
    assert ratings[0].elo.high - ratings[0].elo.value == pytest.approx(1.96 * 40.1, abs=0.5)
    assert ratings[1] == Rating("bea", Estimate(0.0, 0.0, 0.0), 100)


def test_without_an_anchor_the_mean_is_nought() -> None:
    wins = _wins(3, {(0, 1): 30, (1, 0): 10, (1, 2): 20, (2, 1): 5})
    ratings = rate(NAMES[:3], wins)
    assert sum(rating.elo.value for rating in ratings) == pytest.approx(0.0, abs=1e-9)
    assert [rating.games for rating in ratings] == [40, 65, 25]


def test_an_anchor_moves_every_rating_alike() -> None:
    wins = _wins(3, {(0, 1): 30, (1, 0): 10, (1, 2): 20, (2, 1): 5})
    free, held = rate(NAMES[:3], wins), rate(NAMES[:3], wins, anchor="cora")
    moved = [one.elo.value - other.elo.value for one, other in zip(free, held, strict=True)]
    assert moved == pytest.approx([free[2].elo.value] * 3, abs=1e-9)


def test_an_unbroken_chain_adds_up() -> None:
    """Each wins 3 of 4 against the next, so the ends lie two times 190.8 Elo apart."""
    wins = _wins(3, {(0, 1): 300, (1, 0): 100, (1, 2): 300, (2, 1): 100})
    assert rate(NAMES[:3], wins, anchor="cora")[0].elo.value == pytest.approx(381.7, abs=1.0)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(0, 30), min_size=12, max_size=12))
def test_exchanging_wins_and_losses_mirrors_every_rating(counts: list[int]) -> None:
    wins = np.zeros((4, 4), dtype=np.int64)
    wins[~np.eye(4, dtype=bool)] = counts
    if (wins.sum(axis=0) + wins.sum(axis=1)).all():
        for one, other in zip(rate(NAMES, wins), rate(NAMES, wins.T), strict=True):
            mirrored = (-other.elo.value, -other.elo.high, -other.elo.low)
            assert one.elo == pytest.approx(mirrored, abs=0.01)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(0, 30), min_size=12, max_size=12))
def test_the_fit_leaves_no_score_unexplained(counts: list[int]) -> None:
    """At the optimum a player's points are those expected, but for the pull of the prior."""
    wins = np.zeros((4, 4), dtype=np.int64)
    wins[~np.eye(4, dtype=bool)] = counts
    if (wins.sum(axis=0) + wins.sum(axis=1)).all():
        elo = np.array([rating.elo.value for rating in rate(NAMES, wins)])
        games = wins + wins.T
        for i in range(4):
            expected = sum(games[i, j] * score_from_elo(elo[i] - elo[j]) for j in range(4))
            pull = elo[i] * 400.0 / np.log(10.0) / PRIOR_ELO**2
            assert wins[i].sum() == pytest.approx(expected + pull, abs=1e-4)


def test_more_games_of_one_score_shrink_every_interval() -> None:
    wins = _wins(3, {(0, 1): 7, (1, 0): 3, (1, 2): 2, (2, 1): 9, (0, 2): 4, (2, 0): 4})
    for few, many in zip(rate(NAMES[:3], wins), rate(NAMES[:3], 4 * wins), strict=True):
        ratio = (many.elo.high - many.elo.low) / (few.elo.high - few.elo.low)
        assert ratio == pytest.approx(0.5, abs=0.02)


def test_groups_that_never_met_are_far_from_certain() -> None:
    wins = _wins(4, {(0, 1): 60, (1, 0): 40, (2, 3): 50, (3, 2): 50})
    ada, bea, cora, dora = rate(NAMES, wins, anchor="ada")
    assert bea.elo.high - bea.elo.low < 150
    assert min(cora.elo.high - cora.elo.low, dora.elo.high - dora.elo.low) > PRIOR_ELO
    assert np.isfinite([ada.elo, bea.elo, cora.elo, dora.elo]).all()


@pytest.mark.parametrize("games", [1, 20, 500])
def test_a_player_that_won_everything_is_finite_and_uncertain(games: int) -> None:
    ada = rate(["ada", "bea"], _wins(2, {(0, 1): games}), anchor="bea")[0].elo
    assert 400 < ada.value < 3 * PRIOR_ELO
    assert ada.high - ada.low > 1000


@pytest.mark.parametrize("score", [0.5, 0.7, 0.9])
def test_the_interval_of_two_players_covers_as_often_as_it_says(score: float) -> None:
    """The sum over all results of 60 games, so nothing is left to chance."""
    true = 400 * np.log10(score / (1 - score))
    covered = 0.0
    for wins in range(61):
        elo = rate(["ada", "bea"], _wins(2, {(0, 1): wins, (1, 0): 60 - wins}), anchor="bea")[0].elo
        covered += binom.pmf(wins, 60, score) * (elo.low <= true <= elo.high)
    assert 0.93 < covered < 0.98


def test_the_intervals_of_many_players_cover_as_often_as_they_say() -> None:
    """5 players, 10 games a pair, 150 round robins, at a true 95 % to 98 %.

    Were the five of a round robin covered together or not at all, 0.92 to 1 would hold for all but
    3 of 100 seeds (binomial of 150); the seed is fixed.
    """
    rng = np.random.default_rng(5)
    true = np.array([-400.0, -150.0, -20.0, 60.0, 510.0])
    covered = 0
    for _ in range(150):
        wins = np.zeros((5, 5), dtype=np.int64)
        for i, j in combinations(range(5), 2):
            wins[i, j] = rng.binomial(10, score_from_elo(true[i] - true[j]))
            wins[j, i] = 10 - wins[i, j]
        ratings = rate(list("abcde"), wins)
        covered += sum(r.elo.low <= elo <= r.elo.high for r, elo in zip(ratings, true, strict=True))
    assert 0.92 < covered / 750 < 1.0


def test_a_player_without_games_is_named() -> None:
    with pytest.raises(RatingsError, match="cora has no games"):
        rate(NAMES[:3], _wins(3, {(0, 1): 3}))


@pytest.mark.parametrize(
    ("players", "results", "message"),
    [
        (["ada", "bea"], {(0, 1): 3, (1, 1): 2}, "bea has 2 games against itself"),
        (["ada", "ada"], {(0, 1): 3}, "ada is there twice"),
        (["ada", "bea"], {(0, 1): 3, (1, 0): -2}, "bea won -2 games against ada"),
    ],
)
def test_results_that_cannot_be_are_refused(
    players: list[str], results: dict[tuple[int, int], int], message: str
) -> None:
    with pytest.raises(RatingsError, match=message):
        rate(players, _wins(2, results))


def test_a_table_of_another_shape_and_a_strange_anchor_are_refused() -> None:
    with pytest.raises(RatingsError, match=r"3 players and results of shape \(2, 2\)"):
        rate(NAMES[:3], _wins(2, {(0, 1): 1}))
    with pytest.raises(RatingsError, match="1 players"):
        rate(["ada"], np.zeros((1, 1), dtype=np.int64))
    with pytest.raises(RatingsError, match="the anchor zoe is not among ada, bea"):
        rate(["ada", "bea"], _wins(2, {(0, 1): 1}), anchor="zoe")


def _wins(count: int, results: dict[tuple[int, int], int]) -> NDArray[np.int64]:
    wins = np.zeros((count, count), dtype=np.int64)
    for pair, games in results.items():
        wins[pair] = games
    return wins
