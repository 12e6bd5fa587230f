"""Promotion by table, and the totals of a gauntlet."""

import pytest

from hexray.errors import RatingsError
from hexray.ratings.elo import Estimate
from hexray.ratings.intervals import score_of_games
from hexray.ratings.promotion import verdict_of_score, verdict_of_sprt
from hexray.ratings.results import Record, totals
from hexray.ratings.sprt import Hypotheses, sprt_of_games

TEST = Hypotheses(elo0=0.0, elo1=20.0, alpha=0.05, beta=0.05)
SCREENING = Record("screening", "net", "random", games=20, wins=19, losses=1)
MATCH = Record("match", "net", "random", games=200, wins=180, losses=20)
OTHER = Record("screening", "net", "minimax", games=20, wins=5, losses=15)


@pytest.mark.parametrize(
    ("wins", "losses", "verdict"), [(53, 0, "promote"), (0, 50, "keep"), (30, 20, "go on")]
)
def test_a_sequential_test_decides_promotion(wins: int, losses: int, verdict: str) -> None:
    assert verdict_of_sprt(7, 6, sprt_of_games(wins, losses, TEST)) == verdict


@pytest.mark.parametrize(
    ("wins", "losses", "verdict"),
    [(60, 40, "promote"), (59, 41, "keep"), (50, 50, "keep"), (40, 60, "keep"), (3, 0, "keep")],
)
def test_an_interval_above_one_half_promotes(wins: int, losses: int, verdict: str) -> None:
    """Wilson's lower end is 0.502 for 60 of 100, 0.492 for 59, and 0.438 for 3 of 3."""
    assert verdict_of_score(7, 6, score_of_games(wins, losses)) == verdict


def test_an_interval_that_touches_one_half_does_not_promote() -> None:
    assert verdict_of_score(7, 6, Estimate(0.6, 0.5, 0.7)) == "keep"


def test_a_point_estimate_is_refused() -> None:
    with pytest.raises(RatingsError, match="needs an interval, not a point"):
        verdict_of_score(7, 6, Estimate(0.6, 0.6, 0.6))


def test_a_version_is_never_promoted_over_itself() -> None:
    with pytest.raises(RatingsError, match="version 7 is candidate and incumbent"):
        verdict_of_score(7, 7, score_of_games(100, 0))
    with pytest.raises(RatingsError, match="version 7 is candidate and incumbent"):
        verdict_of_sprt(7, 7, sprt_of_games(100, 0, TEST))


def test_totals_are_the_sums_of_games_by_opponent() -> None:
    assert totals([SCREENING, OTHER, MATCH]) == {
        "random": Record("screening+match", "net", "random", games=220, wins=199, losses=21),
        "minimax": OTHER,
    }


@pytest.mark.parametrize(
    ("record", "message"),
    [
        (MATCH._replace(games=201), "180 wins and 20 losses are not 201 games"),
        (MATCH._replace(wins=-1), "match, net against random: wins is -1"),
        (MATCH._replace(opponent="net"), "a player does not play itself"),
        (MATCH._replace(stage="screening"), "stage screening against random comes twice"),
        (MATCH._replace(player="old"), "records of net, old"),
    ],
)
def test_records_that_contradict_are_refused(record: Record, message: str) -> None:
    with pytest.raises(RatingsError, match=message):
        totals([SCREENING, OTHER, record])
