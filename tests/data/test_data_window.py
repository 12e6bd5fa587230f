"""The window keeps the newest rows in order and draws them uniformly, turned half of the time."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_games import assert_same, counted_rows, random_block

from hexray.data.rows import Further, Rows, rows_of
from hexray.data.window import Window
from hexray.errors import SettingsError, StoreError


def filled(capacity: int, *counts: int, size: int = 3) -> Window:
    """A window that was given ``counts`` rows, one call after another, numbered in a row."""
    window, first = Window(capacity, size), 0
    for count in counts:
        window.add(counted_rows(count, size, first))
        first += count
    return window


@settings(max_examples=200, deadline=None)
@given(st.integers(1, 12), st.lists(st.integers(0, 30), max_size=8))
def test_the_newest_rows_are_held_in_order(capacity: int, counts: list[int]) -> None:
    window = filled(capacity, *counts)
    total = sum(counts)
    held = min(total, capacity)
    assert len(window) == held
    expected = Window(300, 3)
    expected.add(counted_rows(held, 3, total - held))
    assert window.digest() == expected.digest()


@pytest.mark.parametrize("capacity", [1, 2, 3, 4])
@pytest.mark.parametrize("counts", [(1,), (1, 1, 1), (3, 2), (9,), (2, 9, 1)])
def test_small_windows_draw_just_what_they_hold(capacity: int, counts: tuple[int, ...]) -> None:
    window = filled(capacity, *counts)
    total = sum(counts)
    drawn = window.sample(400, np.random.default_rng(0))
    expected = set(range(max(0, total - capacity), total))
    assert set(drawn.version.tolist()) == expected


def test_every_column_of_a_drawn_row_belongs_together() -> None:
    drawn = filled(50, 70).sample(500, np.random.default_rng(1))
    for row in range(500):
        true = counted_rows(1, 3, int(drawn.version[row]))
        turned = drawn.cells[row, 0] != true.cells[0, 0]
        step = -1 if turned else 1
        assert np.array_equal(drawn.cells[row], true.cells[0, ::step])
        assert np.array_equal(drawn.policy[row], true.policy[0, ::step])
        assert drawn.outcome[row] == true.outcome[0]
        assert drawn.root_value[row] == true.root_value[0]


def test_further_targets_belong_to_their_row_and_are_turned_with_it() -> None:
    both = Further(reply=True, owner=True)
    window = Window(50, 3)
    window.add(counted_rows(70, 3, further=both))
    drawn = window.sample(500, np.random.default_rng(1))
    turns = set()
    for row in range(500):
        true = counted_rows(1, 3, int(drawn.version[row]), both)
        step = -1 if drawn.cells[row, 0] != true.cells[0, 0] else 1
        turns.add(step)
        assert np.array_equal(drawn.reply[row], true.reply[0, ::step])
        assert np.array_equal(drawn.owner[row], true.owner[0, ::step])
    assert turns == {-1, 1}


def test_drawn_rows_have_the_types_of_rows() -> None:
    rows = rows_of(random_block(4, 5, seed=1))
    window = Window(100, 4)
    window.add(rows)
    drawn = window.sample(7, np.random.default_rng(0))
    assert isinstance(drawn, Rows)
    for found, given_column in zip(drawn, rows, strict=True):
        assert found.dtype == given_column.dtype
        assert found.shape == (7, *given_column.shape[1:])


def test_rows_are_drawn_uniformly_and_turned_half_of_the_time() -> None:
    count = 20_000
    drawn = filled(10, 17).sample(count, np.random.default_rng(2))
    # 5.6 standard deviations: once in 50 million draws of a true coin.
    seen = np.bincount(drawn.version, minlength=17)[7:]
    assert np.all(np.abs(seen - count / 10) < 5.6 * np.sqrt(count * 0.1 * 0.9))
    turned = int(np.sum(drawn.cells[:, 0] != drawn.version.astype(np.int8)))
    assert abs(turned - count / 2) < 5.6 * np.sqrt(count / 4)


def test_the_half_turn_does_not_follow_the_row() -> None:
    drawn = filled(1, 1).sample(200, np.random.default_rng(3))
    assert set(drawn.cells[:, 0].tolist()) == {0, 8}


def test_draws_follow_the_generator_and_the_age_of_the_rows_only() -> None:
    one, other = filled(4, 6), filled(4, 3, 3)
    other_history = Window(4, 3)
    other_history.add(counted_rows(4, 3, first=2))
    drawn = [w.sample(50, np.random.default_rng(5)) for w in (one, other, other_history)]
    assert_same(drawn[0], drawn[1])
    assert_same(drawn[0], drawn[2])


def test_drawn_rows_are_copies() -> None:
    window = filled(5, 5)
    before = window.digest()
    for column in window.sample(20, np.random.default_rng(0)):
        column[:] = 0
    assert window.digest() == before


def test_the_window_copies_what_it_is_given() -> None:
    window, rows = Window(5, 3), counted_rows(4, 3)
    window.add(rows)
    before = window.digest()
    rows.cells[:] = 0
    assert window.digest() == before


def test_read_only_rows_can_be_added() -> None:
    rows = counted_rows(4, 3)
    for column in rows:
        column.flags.writeable = False
    window = Window(3, 3)
    window.add(rows)
    assert len(window) == 3


def test_the_digest_tells_order_and_content_apart() -> None:
    rows = counted_rows(2, 3)
    swapped = Rows(*(column[::-1] for column in rows))
    digests = {filled(5).digest(), filled(5, 1).digest()}
    for candidate in (rows, swapped, rows._replace(version=rows.version + 1)):
        window = Window(5, 3)
        window.add(candidate)
        digests.add(window.digest())
    assert len(digests) == 5


def test_memory_is_taken_once_with_the_first_row() -> None:
    window = Window(1000, 5)
    assert window.size_bytes == 0
    window.add(counted_rows(1, 5))
    assert window.size_bytes == 1000 * (25 + 50 + 1 + 4 + 4)
    window.add(counted_rows(3000, 5))
    assert window.size_bytes == 1000 * (25 + 50 + 1 + 4 + 4)


def test_further_targets_take_a_byte_and_two_a_cell() -> None:
    window = Window(1000, 5)
    window.add(counted_rows(1, 5, further=Further(reply=True, owner=True)))
    assert window.size_bytes == 1000 * (25 + 50 + 1 + 4 + 4 + 50 + 25)


def test_drawing_from_an_empty_window_is_an_error() -> None:
    window = Window(3, 3)
    window.add(counted_rows(0, 3))
    with pytest.raises(StoreError, match="no rows"):
        window.sample(1, np.random.default_rng(0))


def test_rows_of_another_board_are_refused() -> None:
    with pytest.raises(StoreError, match="16 cells do not fit a window of 9"):
        Window(3, 3).add(counted_rows(1, 4))


@pytest.mark.parametrize("capacity", [0, -1])
def test_a_window_without_room_is_refused(capacity: int) -> None:
    with pytest.raises(SettingsError, match="use 1 or more"):
        Window(capacity, 3)
