"""Which version is the best, and by what evidence alone."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hexray.config import PromotionSettings
from hexray.errors import RatingsError
from hexray.ratings.elo import score_from_elo
from hexray.ratings.ladder import Batch, Ladder, after, enter, pairs_of, surplus
from hexray.ratings.results import Pairs

TEST = PromotionSettings(elo0=0.0, elo1=50.0, alpha=0.05, beta=0.05, most_games=4000)
MANY = 10**6
TESTED = Ladder(best=1, candidate=5, newest=5)


def batch(player: int, opponent: int, lost: int, split: int, won: int) -> Batch:
    return Batch(player, opponent, Pairs(lost, split, won))


def test_the_first_version_is_the_best_and_the_second_its_candidate() -> None:
    first = enter(Ladder(), 3)
    assert (first.best, first.candidate, first.newest) == (3, None, 3)
    second = enter(first, 8)
    assert (second.best, second.candidate, second.newest) == (3, 8, 8)


def test_a_version_that_comes_during_a_test_does_not_disturb_it() -> None:
    later = enter(TESTED, 9)
    assert (later.best, later.candidate, later.newest) == (1, 5, 9)


@pytest.mark.parametrize("version", [5, 4, 1])
def test_a_version_that_is_not_newer_does_not_enter(version: int) -> None:
    assert enter(TESTED._replace(candidate=None), version).candidate is None


def test_one_batch_that_is_all_won_is_not_yet_evidence() -> None:
    """Sixteen pairs: the ratio is 16 log of about 1.14, below log 19."""
    assert after(TESTED, batch(5, 1, 0, 0, 16), TEST, MANY).best == 1


def test_the_candidate_becomes_the_best_when_the_test_accepts() -> None:
    ladder = TESTED
    for _ in range(2):
        ladder = after(ladder, batch(5, 1, 0, 4, 12), TEST, MANY)
    assert (ladder.best, ladder.candidate, ladder.promotions) == (5, None, 1)


def test_the_best_stays_when_the_test_rejects() -> None:
    ladder = TESTED
    for _ in range(2):
        ladder = after(ladder, batch(5, 1, 2, 14, 0), TEST, MANY)
    assert (ladder.best, ladder.candidate, ladder.promotions) == (1, None, 0)
    assert enter(ladder, 5).candidate is None
    assert enter(ladder, 6).candidate == 6


def test_games_against_others_are_no_evidence() -> None:
    ladder = enter(TESTED, 9)
    for _ in range(50):
        ladder = after(ladder, batch(5, 9, 0, 0, 16), TEST, MANY)
    assert (ladder.best, ladder.candidate) == (1, 5)


def test_games_count_whoever_asked_for_them() -> None:
    ladder = TESTED
    for _ in range(2):
        ladder = after(ladder, batch(1, 5, 12, 4, 0), TEST, MANY)
    assert ladder.best == 5
    assert pairs_of(ladder, 5, 1) == Pairs(0, 8, 24)
    assert pairs_of(ladder, 1, 5) == Pairs(24, 8, 0)


def test_a_test_without_result_ends_at_its_most_games() -> None:
    even = batch(5, 1, 3, 11, 2)
    short = TEST.model_copy(update={"most_games": 64, "elo0": -400.0, "elo1": 400.0})
    once = after(TESTED, batch(5, 1, 1, 0, 1), short, MANY)
    assert once.candidate == 5
    hard = TEST.model_copy(update={"most_games": 64, "elo0": -1.0, "elo1": 1.0})
    ladder = after(TESTED, even, hard, MANY)
    assert ladder.candidate == 5
    ladder = after(ladder, even, hard, MANY)
    assert (ladder.best, ladder.candidate, ladder.promotions) == (1, None, 0)


def test_a_test_ends_when_all_openings_are_played() -> None:
    hard = TEST.model_copy(update={"elo0": -1.0, "elo1": 1.0})
    ladder = after(TESTED, batch(5, 1, 3, 7, 2), hard, 12)
    assert (ladder.best, ladder.candidate) == (1, None)


def test_a_version_against_itself_is_refused() -> None:
    with pytest.raises(RatingsError, match="version 5 played itself"):
        after(TESTED, batch(5, 5, 0, 0, 16), TEST, MANY)


@pytest.mark.parametrize(("elo", "wanted"), [(0.0, False), (50.0, True)])
def test_promotions_err_as_rarely_as_the_settings_say(elo: float, wanted: bool) -> None:
    """Pairs of two independent games, looked at after every batch of 16 as in a run.

    Of 2000 tests a rate of 5 % gives more than 149 errors about once in a million.
    """
    rng = np.random.default_rng(7)
    chance = score_from_elo(elo)
    wrong = 0
    for _ in range(2000):
        ladder = TESTED
        while ladder.candidate is not None:
            points = (rng.random((16, 2)) < chance).sum(1)
            counts = np.bincount(points, minlength=3).tolist()
            ladder = after(ladder, Batch(5, 1, Pairs(*counts)), TEST, MANY)
        wrong += (ladder.best == 5) != wanted
    assert wrong <= 149


@settings(deadline=None)
@given(
    versions=st.sets(st.integers(0, 500), min_size=1, max_size=40),
    most=st.integers(4, 12),
    data=st.data(),
)
def test_what_is_given_up_is_never_needed(
    versions: set[int], most: int, data: st.DataObject
) -> None:
    kept = sorted(versions)
    best, candidate = (data.draw(st.sampled_from(kept)) for _ in range(2))
    ladder = Ladder(best=best, candidate=candidate, newest=kept[-1])
    gone = surplus(ladder, kept, most)
    assert len(set(gone)) == len(gone)
    left = versions - set(gone)
    assert len(left) == min(len(versions), most)
    assert {kept[0], kept[-1], best, candidate} <= left


def test_the_versions_left_are_spread_over_the_run() -> None:
    ladder = Ladder(best=1, newest=100)
    # 50 lies 3 after 49 and 1 before 51; the others are 24 or more apart.
    assert surplus(ladder, [1, 25, 49, 50, 51, 75, 100], 6) == [50]
