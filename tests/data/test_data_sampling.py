"""Drawing from the window: from the rows and in the shares that the settings say."""

from typing import Any

import numpy as np
import pytest
from random_games import counted_rows

from hexray.config import ReplaySettings
from hexray.data.sampling import picker
from hexray.data.window import Window


def replay(**changes: Any) -> ReplaySettings:
    return ReplaySettings.model_validate(changes)


def drawn(held: int, count: int, seed: int = 0, **changes: Any) -> np.ndarray:
    return picker(replay(**changes))(held, count, np.random.default_rng(seed))


def assert_even(places: np.ndarray, first: int, end: int) -> None:
    """Assert that ``places`` could be uniform draws from ``first`` to ``end``, exclusive.

    6 standard deviations for each place: 2e-9 each by chance, and the seeds are fixed.
    """
    kinds = end - first
    assert places.min() >= first
    assert places.max() < end
    seen = np.bincount(places - first, minlength=kinds)
    spread = np.sqrt(len(places) * (1 / kinds) * (1 - 1 / kinds))
    assert np.all(np.abs(seen - len(places) / kinds) <= 6 * spread)


def test_random_draws_every_row_alike() -> None:
    assert_even(drawn(40, 40_000, sampling="random"), 0, 40)


def test_recent_draws_the_newest_part_alike_and_nothing_else() -> None:
    assert_even(drawn(40, 40_000, sampling="recent"), 30, 40)
    assert_even(drawn(40, 40_000, sampling="recent", newest_share=0.5), 20, 40)


@pytest.mark.parametrize(("newest_share", "first"), [(0.25, 30), (0.1, 36), (1.0, 0), (0.001, 39)])
def test_the_newest_part_is_the_share_that_was_set(newest_share: float, first: int) -> None:
    places = drawn(40, 40_000, sampling="recent", newest_share=newest_share)
    assert (places.min(), places.max()) == (first, 39)


@pytest.mark.parametrize("top_share", [0.0, 0.3, 0.7, 1.0])
def test_top_random_draws_the_share_that_was_set_from_the_newest_part(top_share: float) -> None:
    places = drawn(40, 40_000, sampling="top_random", top_share=top_share)
    is_newest = places >= 30
    assert abs(is_newest.sum() - top_share * 40_000) < 1
    if top_share > 0:
        assert_even(places[is_newest], 30, 40)
    if top_share < 1:
        assert_even(places[~is_newest], 0, 30)


@pytest.mark.parametrize("batch", [1, 3, 128, 256])
def test_every_batch_has_the_share_of_new_rows(batch: int) -> None:
    places = drawn(1000, 256 * 12, sampling="top_random", top_share=0.7)
    for at in range(0, len(places) - batch + 1, batch):
        newest = int((places[at : at + batch] >= 750).sum())
        assert abs(newest - 0.7 * batch) < 1


@pytest.mark.parametrize("held", [1, 2, 3, 7])
@pytest.mark.parametrize("sampling", ["random", "recent", "top_random"])
def test_a_window_of_few_rows_is_drawn_from_all_the_same(held: int, sampling: str) -> None:
    places = drawn(held, 500, sampling=sampling, newest_share=0.01)
    assert len(places) == 500
    assert set(places) <= set(range(held))
    assert held - 1 in places


def test_where_no_row_is_older_all_are_drawn_alike() -> None:
    assert_even(drawn(40, 40_000, sampling="top_random", newest_share=1.0), 0, 40)


@pytest.mark.parametrize("counts", [(100,), (60, 60, 60), (7,) * 31])
def test_the_newest_rows_are_those_that_came_last_wherever_the_ring_begins(
    counts: tuple[int, ...],
) -> None:
    window, first = Window(100, 3), 0
    for count in counts:
        window.add(counted_rows(count, 3, first))
        first += count
    newest = set(range(first - 25, first))
    recent = picker(replay(sampling="recent"))
    assert set(window.sample(2000, np.random.default_rng(0), recent).version) == newest
    top_random = picker(replay(sampling="top_random"))
    versions = window.sample(2000, np.random.default_rng(0), top_random).version
    assert np.isin(versions, list(newest)).sum() == 1400
    assert set(versions) == set(range(first - 100, first))
