"""Who plays next in a run, and what is reported of its versions."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hexray.ratings.ladder import Batch, Ladder
from hexray.ratings.results import Pairs
from hexray.ratings.standings import listed, may_enter, metrics_of, next_match, ratings_of

MANY = 10**6


def played(*batches: tuple[int, int, int, int, int]) -> tuple[Batch, ...]:
    return tuple(Batch(one, other, Pairs(*pairs)) for one, other, *pairs in batches)


def test_a_version_alone_plays_nobody() -> None:
    assert next_match(Ladder(best=3, newest=3), [3], MANY) is None
    assert next_match(Ladder(), [], MANY) is None


def test_the_newest_version_and_the_test_take_turns() -> None:
    ladder = Ladder(best=1, candidate=2, newest=2)
    assert may_enter(ladder)
    assert next_match(ladder, [1, 2], MANY) == (2, 1)
    ladder = ladder._replace(batches=played((2, 1, 4, 8, 4)), newest=9)
    assert not may_enter(ladder)
    assert next_match(ladder, [1, 2, 9], MANY) == (2, 1)
    ladder = ladder._replace(batches=played((2, 1, 4, 8, 4), (2, 1, 4, 8, 4)))
    assert may_enter(ladder)
    match = next_match(ladder, [1, 2, 9], MANY)
    assert match is not None
    assert match[0] == 9


def test_without_a_test_the_newest_always_plays() -> None:
    ladder = Ladder(best=1, newest=9, batches=played((9, 1, 0, 0, 16)))
    assert may_enter(ladder)
    assert next_match(ladder, [1, 9], MANY) == (9, 1)


def test_the_newest_meets_the_opponent_whose_game_is_most_open() -> None:
    """It beats the first without exception and is even with the second."""
    ladder = Ladder(best=1, newest=9, batches=played((9, 1, 0, 0, 32), (9, 5, 2, 4, 2)))
    assert next_match(ladder, [1, 5, 9], MANY) == (9, 5)


def test_versions_without_weights_do_not_play() -> None:
    ladder = Ladder(best=1, newest=9, batches=played((9, 1, 0, 0, 32), (9, 5, 2, 4, 2)))
    assert next_match(ladder, [1, 9], MANY) == (9, 1)
    assert next_match(ladder, [1, 5], MANY) is None


def test_versions_that_have_played_every_opening_meet_no_more() -> None:
    ladder = Ladder(best=1, newest=9, batches=played((9, 1, 0, 0, 12), (5, 9, 4, 3, 4)))
    assert next_match(ladder, [1, 5, 9], 12) == (9, 5)
    assert next_match(ladder, [1, 5, 9], 11) is None


def test_an_empty_table_has_no_ratings() -> None:
    assert ratings_of(Ladder(best=3, newest=3)) == []
    assert listed(Ladder()) == []
    assert metrics_of(Ladder()) == {"best/promotions": 0}
    assert metrics_of(Ladder(best=3, newest=3)) == {"best/promotions": 0, "best/version": 3}


def test_the_first_version_has_0_elo_and_a_score_of_ten_elevenths_400() -> None:
    """Odds of ten to one are 400 points; the prior draws them a little together."""
    ladder = Ladder(best=1, newest=7, batches=played((7, 1, 0, 20, 90)), promotions=2)
    metrics = metrics_of(ladder)
    assert metrics["rating/elo"] == pytest.approx(400, abs=5)
    assert metrics["rating/low"] < 400 < metrics["rating/high"]
    assert (metrics["rating/version"], metrics["rating/games"]) == (7, 220)
    assert (metrics["best/version"], metrics["best/promotions"]) == (1, 2)
    first, second = listed(ladder)
    assert (first["version"], first["elo"], first["is_best"]) == (1, 0.0, True)
    assert second["elo"] == metrics["rating/elo"]


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(1, 9), st.integers(1, 9), *[st.integers(0, 16)] * 3).filter(
            lambda batch: batch[0] != batch[1] and sum(batch[2:]) > 0
        ),
        min_size=1,
        max_size=12,
    )
)
def test_whatever_was_played_metrics_are_finite(batches: list[tuple[int, ...]]) -> None:
    ladder = Ladder(best=1, newest=9, batches=played(*batches))  # pyright: ignore[reportArgumentType]
    assert all(math.isfinite(value) for value in metrics_of(ladder).values())
    games = {player: count for player, _, count in ratings_of(ladder)}
    assert sum(games.values()) == 4 * sum(sum(batch[2:]) for batch in batches)
