"""Sequential tests, against binomials, a numerical optimum, and two thousand simulated runs."""

from math import log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.stats import binom

from hexray.errors import RatingsError, SettingsError
from hexray.ratings.elo import score_from_elo
from hexray.ratings.results import Pairs
from hexray.ratings.sprt import (
    Hypotheses,
    llr_of_games,
    llr_of_pairs,
    sprt_of_games,
    sprt_of_pairs,
)

TEST = Hypotheses(elo0=0.0, elo1=20.0, alpha=0.05, beta=0.05)
BOUND = 2.944439  # log 19
RUNS = 2000
MOST = 0.064
"""At a true 5 %, 2000 runs give more than 6.4 % in 2 of 1000 seeds; the seeds are fixed."""


@given(st.integers(0, 500), st.integers(0, 500))
def test_the_ratio_of_games_is_that_of_their_binomials(wins: int, losses: int) -> None:
    games = wins + losses
    one, other = binom.logpmf(wins, games, [score_from_elo(20.0), 0.5])
    assert sprt_of_games(wins, losses, TEST).llr == pytest.approx(one - other, abs=1e-8)


def test_the_bounds_are_walds() -> None:
    state = sprt_of_games(0, 0, TEST._replace(alpha=0.01, beta=0.1))
    assert (state.lower, state.upper) == pytest.approx((log(0.1 / 0.99), log(0.9 / 0.01)))


@pytest.mark.parametrize(
    ("wins", "losses", "decision"),
    [(0, 0, "go on"), (52, 0, "go on"), (53, 0, "accept"), (0, 49, "go on"), (0, 50, "reject")],
)
def test_games_decide_when_their_sum_of_logarithms_reaches_log_19(
    wins: int, losses: int, decision: str
) -> None:
    """A win adds log(0.528751 / 0.5) = 0.055908, a loss log(0.471249 / 0.5) = -0.059221."""
    assert sprt_of_games(wins, losses, TEST).decision == decision


@pytest.mark.parametrize("counts", [(3, 20, 7), (10, 5, 10), (40, 1, 30), (1, 60, 2), (30, 20, 1)])
def test_the_ratio_of_pairs_is_the_numerical_optimum(counts: tuple[int, int, int]) -> None:
    best = [_most_likely(np.array(counts), score_from_elo(elo)) for elo in (20.0, 0.0)]
    assert sprt_of_pairs(Pairs(*counts), TEST).llr == pytest.approx(best[0] - best[1], abs=1e-5)


@given(st.tuples(*[st.integers(0, 300)] * 3))
def test_the_ratio_is_mirrored_when_players_and_hypotheses_are(
    points: tuple[int, int, int],
) -> None:
    mirrored = TEST._replace(elo0=-20.0, elo1=0.0)
    there, back = (
        llr_of_pairs(points, TEST),
        llr_of_pairs(points[::-1], mirrored),
    )
    assert there == pytest.approx(-back, rel=1e-6, abs=1e-9)


@given(st.tuples(*[st.integers(0, 2000)] * 3))
def test_the_ratio_of_pairs_is_always_a_number(points: tuple[int, int, int]) -> None:
    assert np.isfinite(llr_of_pairs(points, Hypotheses(-400.0, 300.0, 0.05, 0.05)))


def test_many_ratios_at_once_are_those_one_by_one() -> None:
    counts = np.array([[3, 20, 7], [0, 0, 9], [5, 0, 5]])
    together = llr_of_pairs(counts, TEST)
    assert together.tolist() == [sprt_of_pairs(Pairs(*row), TEST).llr for row in counts.tolist()]


def test_a_few_pairs_all_split_decide_nothing() -> None:
    assert sprt_of_pairs(Pairs(0, 10, 0), TEST).decision == "go on"
    assert sprt_of_pairs(Pairs(0, 0, 0), TEST).llr == pytest.approx(0.0, abs=1e-4)


@pytest.mark.parametrize(("elo", "wrong"), [(0.0, "accept"), (20.0, "reject")])
def test_two_thousand_tests_of_games_keep_the_error_rate_and_walds_length(
    elo: float, wrong: str
) -> None:
    """Wald's mean length: (0.9 log 19) over the mean logarithm of a game, negative at elo0."""
    score = score_from_elo(elo)
    accepted, ends = _simulate(np.array([1.0 - score, score]), seed=1, pairs=False)
    assert 0.03 < np.mean(accepted == (wrong == "accept")) < MOST
    high, low = log(score_from_elo(20.0) / 0.5), log((1.0 - score_from_elo(20.0)) / 0.5)
    drift = abs(score * high + (1.0 - score) * low)
    assert ends.sum(axis=1).mean() == pytest.approx(0.9 * BOUND / drift, rel=0.2)
    for run in range(0, RUNS, 20):
        losses, wins = ends[run].tolist()
        said = sprt_of_games(wins, losses, TEST).decision
        assert said == ("accept" if accepted[run] else "reject")


@pytest.mark.parametrize("split", [0.3, 0.8])
@pytest.mark.parametrize(("elo", "wrong"), [(0.0, "accept"), (20.0, "reject")])
def test_two_thousand_tests_of_pairs_keep_the_error_rate(
    split: float, elo: float, wrong: str
) -> None:
    """Games of a pair that go alike, and unlike; the mean score is that of elo."""
    won = 0.5 * (1.0 - split) + score_from_elo(elo) - 0.5
    shares = np.array([1.0 - split - won, split, won])
    accepted, _ = _simulate(shares, seed=2, pairs=True)
    assert 0.03 < np.mean(accepted == (wrong == "accept")) < MOST


def test_pairs_that_openings_decide_take_fewer_games_than_independent_ones() -> None:
    alone, unlike = (
        2 * _simulate(np.array([0.5 - split / 2, split, 0.5 - split / 2]), 3, pairs=True)[1].sum()
        for split in (0.5, 0.8)
    )
    assert unlike < 0.6 * alone


@pytest.mark.parametrize(
    ("hypotheses", "message"),
    [
        (Hypotheses(20.0, 20.0, 0.05, 0.05), "elo0 is 20.0 and elo1 20.0"),
        (Hypotheses(0.0, 20.0, 0.0, 0.05), "alpha is 0.0"),
        (Hypotheses(0.0, 20.0, 0.5, 0.5), "their sum below 1"),
    ],
)
def test_hypotheses_that_make_no_test_are_refused(hypotheses: Hypotheses, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        sprt_of_games(1, 1, hypotheses)


def test_negative_counts_are_refused() -> None:
    with pytest.raises(RatingsError, match="wins is -1"):
        sprt_of_games(-1, 1, TEST)
    with pytest.raises(RatingsError, match="won is -1"):
        sprt_of_pairs(Pairs(1, 1, -1), TEST)


def _most_likely(counts: NDArray[np.int64], score: float) -> float:
    """Return the largest log-likelihood of shares whose mean is ``score``, by trial.

    With w the share of won pairs, the split ones have 2 (score - w).
    """

    def cost(point: NDArray[np.float64]) -> float:
        won = float(point[0])
        shares = np.array([1.0 - 2.0 * score + won, 2.0 * (score - won), won])
        return -float((counts * np.log(shares)).sum())

    low, high = max(0.0, 2.0 * score - 1.0) + 1e-9, score - 1e-9
    found = minimize(
        cost, [(low + high) / 2], bounds=[(low, high)], method="Nelder-Mead", tol=1e-12
    )
    return -float(found.fun)


def _simulate(
    shares: NDArray[np.float64], seed: int, pairs: bool
) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """Run tests to their ends: accepted[RUNS], counts[RUNS, outcomes] at the end."""
    rng = np.random.default_rng(seed)
    accepted = np.zeros(RUNS, dtype=bool)
    counts = np.zeros((RUNS, len(shares)), dtype=np.int64)
    running = np.arange(RUNS)
    while len(running):
        drawn = np.searchsorted(shares.cumsum()[:-1], rng.random((len(running), 100)), "right")
        steps = np.eye(len(shares), dtype=np.int64)[drawn].cumsum(axis=1)
        path = counts[running, None] + steps
        llr = llr_of_pairs(path, TEST) if pairs else llr_of_games(path[..., 1], path[..., 0], TEST)
        is_out = np.abs(llr) >= BOUND
        first = np.where(is_out.any(axis=1), is_out.argmax(axis=1), is_out.shape[1] - 1)
        here = np.arange(len(running))
        counts[running] = path[here, first]
        accepted[running] = llr[here, first] > 0
        running = running[~is_out.any(axis=1)]
    return accepted, counts
