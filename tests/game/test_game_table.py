"""The table finds what came in, forgets the oldest first, and never takes one for another."""

import itertools
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from oracle import mover_view, random_game, replay

from hexray.game import table as module
from hexray.game.board import play_sequence
from hexray.game.frame import mover_cells
from hexray.game.table import UNKNOWN, WAYS, Table, clear, distinct, find, insert, new_table

AREA = 9
BATCHES = st.lists(
    st.one_of(st.just([]), st.lists(st.integers(0, 40), min_size=1, max_size=30)), max_size=12
)
"""Each batch is of numbers of positions; an empty one clears."""


def positions(numbers: list[int], area: int = AREA) -> NDArray[np.int8]:
    """Write each number in base three: different numbers are different positions."""
    digits = [[number // 3**cell % 3 - 1 for cell in range(area)] for number in numbers]
    return np.array(digits, np.int8).reshape(-1, area)


def crowd(count: int, area: int, seed: int = 0) -> NDArray[np.int8]:
    """Draw different positions with some stones."""
    rng = np.random.default_rng(seed)
    drawn = rng.choice(np.array([-1, 0, 0, 1], np.int8), (count, area))
    return np.unique(drawn, axis=0)


def assert_equal_tables(one: Table, other: Table) -> None:
    valid = one.epoch == one.now[0]
    np.testing.assert_array_equal(valid, other.epoch == other.now[0])
    np.testing.assert_array_equal(one.cells[valid], other.cells[valid])
    np.testing.assert_array_equal(one.hash[valid], other.hash[valid])
    np.testing.assert_array_equal(one.next, other.next)


@settings(max_examples=200, deadline=None)
@given(capacity=st.integers(4, 64), batches=BATCHES)
def test_what_is_found_came_in_since_the_last_clearing_and_is_itself(
    capacity: int, batches: list[list[int]]
) -> None:
    table, known = new_table(capacity, AREA), set[int]()
    for batch in batches:
        if not batch:
            clear(table)
            known.clear()
        else:
            insert(table, positions(batch))
            known.update(batch)
        everything = positions(list(range(41)))
        slots = find(table, everything)
        found = np.flatnonzero(slots != UNKNOWN)
        assert known >= set(found.tolist())
        np.testing.assert_array_equal(table.cells[slots[found]], everything[found])
        assert len(set(slots[found].tolist())) == len(found) <= len(table.cells)


@settings(max_examples=200, deadline=None)
@given(capacity=st.integers(4, 64), batches=BATCHES)
def test_the_newest_of_a_set_are_always_found(capacity: int, batches: list[list[int]]) -> None:
    table, newest = new_table(capacity, AREA), list[int]()
    for batch in batches:
        if not batch:
            clear(table)
            newest = []
        for number in batch:
            is_known = find(table, positions([number]))[0] != UNKNOWN
            insert(table, positions([number]))
            newest = newest if is_known else [*newest, number][-WAYS:]
            assert (find(table, positions(newest)) != UNKNOWN).all()


def test_in_a_full_set_the_oldest_gives_way_and_asking_again_does_not_renew() -> None:
    table = new_table(WAYS, AREA)
    insert(table, positions([0, 1, 2, 3]))
    insert(table, positions([0, 4]))
    assert (find(table, positions([0, 1, 2, 3, 4])) == [UNKNOWN, 1, 2, 3, 0]).all()


def test_of_equal_slots_the_last_row_is_true() -> None:
    table = new_table(WAYS, AREA)
    assert insert(table, positions([0, 1, 2, 3, 4, 0])).tolist() == [0, 1, 2, 3, 0, 1]
    assert find(table, positions([0, 1, 2, 3, 4])).tolist() == [1, UNKNOWN, 2, 3, 0]


@pytest.mark.parametrize("size", [2, 5, 11])
def test_the_same_stones_are_one_position_whatever_their_order(size: int) -> None:
    rng, table = random.Random(size), new_table(64, size * size)
    for _ in range(20):
        moves = random_game(size, rng)[:-2]
        moves = moves[: len(moves) // 2 * 2]
        red, blue = moves[::2], moves[1::2]
        boards = play_sequence(size, moves)
        first = insert(table, mover_cells(boards.cells, boards.to_move))
        rng.shuffle(red)
        rng.shuffle(blue)
        other = [move for pair in zip(red, blue, strict=True) for move in pair]
        if replay(size, other)[2] == 0:
            boards = play_sequence(size, other)
            assert find(table, mover_cells(boards.cells, boards.to_move)) == first


def test_the_same_stones_with_the_other_player_to_move_are_another_position() -> None:
    cells = replay(3, [0, 5])[0]
    table = new_table(64, AREA)
    insert(table, np.array([mover_view(cells, 1, 3)], np.int8))
    assert find(table, np.array([mover_view(cells, -1, 3)], np.int8)) == UNKNOWN


@pytest.mark.parametrize("size", [2, 5, 7, 11, 19])
def test_positions_that_differ_in_one_cell_never_share_a_slot(size: int) -> None:
    area = size * size
    base = crowd(1, area, seed=size)
    near = [base[0]]
    for cell, stone in itertools.product(range(area), (-1, 0, 1)):
        if base[0, cell] != stone:
            near.append(base[0].copy())
            near[-1][cell] = stone
    cells, table = np.array(near), new_table(2**14, area)
    slots = insert(table, cells)
    assert len(set(slots.tolist())) == len(cells) == 2 * area + 1
    np.testing.assert_array_equal(table.cells[slots], cells)
    np.testing.assert_array_equal(find(table, cells), slots)


def test_positions_of_one_hash_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_hash", lambda cells: np.uint64(7))
    table, cells = new_table(WAYS, AREA), positions([5, 6, 5, 7])
    slots, found = np.empty((2, 4), np.int64)
    module._insert.py_func(table, cells, slots)
    module._find.py_func(table, cells, found)
    assert slots.tolist() == found.tolist() == [0, 1, 0, 2]
    first, place = np.empty((2, 4), np.int64)
    buckets, hashes = np.full(9, UNKNOWN), np.empty(4, np.uint64)
    assert module._distinct.py_func(cells, hashes, buckets, first, place) == 3
    assert (first[:3].tolist(), place.tolist()) == ([0, 1, 3], [0, 1, 0, 2])


@pytest.mark.parametrize(("asked", "slots"), [(1, 4), (4, 4), (5, 8), (64, 64), (1001, 1004)])
def test_the_table_holds_as_many_as_asked_rounded_up_to_whole_sets(asked: int, slots: int) -> None:
    table, cells = new_table(asked, 25), crowd(3000, 25)
    assert len(table.cells) == slots
    insert(table, cells)
    kept = np.count_nonzero(find(table, cells) != UNKNOWN)
    assert 0.95 * slots <= kept <= slots


def test_positions_of_a_few_stones_spread_evenly_over_the_sets() -> None:
    area = 121
    pairs = list(itertools.combinations(range(area), 2))
    cells = np.zeros((len(pairs), area), np.int8)
    rows, (one, other) = np.arange(len(pairs)), np.array(pairs).T
    cells[rows, one], cells[rows, other] = 1, -1
    table = new_table(2 * len(cells), area)
    insert(table, cells)
    # Of Poisson(2) positions a set, 2.8 % are beyond the fourth.
    lost = np.mean(find(table, cells) == UNKNOWN)
    assert lost == pytest.approx(0.028, abs=0.01)


def test_a_cleared_table_finds_nothing_and_fills_again() -> None:
    table, cells = new_table(64, 25), crowd(40, 25)
    for _ in range(3):
        assert (find(table, cells) == UNKNOWN).all()
        insert(table, cells)
        assert (find(table, cells[-WAYS:]) != UNKNOWN).all()
        clear(table)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.integers(0, 15), min_size=1, max_size=60))
def test_repeated_rows_are_found_in_the_order_of_their_first(numbers: list[int]) -> None:
    first, place = distinct(positions(numbers))
    order = list(dict.fromkeys(numbers))
    assert [numbers[row] for row in first] == order
    assert first.tolist() == [numbers.index(number) for number in order]
    assert place.tolist() == [order.index(number) for number in numbers]


def test_no_rows_repeat_nothing() -> None:
    first, place = distinct(positions([]))
    assert (len(first), len(place)) == (0, 0)


@settings(max_examples=50, deadline=None)
@given(st.integers(4, 64), st.lists(st.integers(0, 40), min_size=1, max_size=60))
def test_a_batch_equals_its_rows_one_by_one(capacity: int, numbers: list[int]) -> None:
    whole, single = new_table(capacity, AREA), new_table(capacity, AREA)
    cells = positions(numbers)
    slots = insert(whole, cells)
    assert slots.tolist() == [insert(single, cells[row : row + 1])[0] for row in range(len(cells))]
    assert_equal_tables(whole, single)
    rows = [find(single, cells[row : row + 1])[0] for row in range(len(cells))]
    assert find(whole, cells).tolist() == rows


@settings(max_examples=30, deadline=None)
@given(st.integers(4, 64), st.lists(st.integers(0, 40), min_size=1, max_size=60))
def test_kernels_equal_what_python_makes_of_them(capacity: int, numbers: list[int]) -> None:
    fast, slow = new_table(capacity, AREA), new_table(capacity, AREA)
    cells, slots = positions(numbers), np.empty(len(numbers), np.int64)
    first, place = np.empty((2, len(numbers)), np.int64)
    buckets, hashes = np.full(2 * len(numbers) + 1, UNKNOWN), np.empty(len(numbers), np.uint64)
    codes = [module._hash(row) for row in cells]
    with pytest.MonkeyPatch.context() as patch, np.errstate(over="ignore"):
        patch.setattr(module, "_hash", module._hash.py_func)
        assert [module._hash(row) for row in cells] == codes
        module._insert.py_func(slow, cells, slots)
        np.testing.assert_array_equal(insert(fast, cells), slots)
        module._find.py_func(slow, cells, slots)
        count = module._distinct.py_func(cells, hashes, buckets, first, place)
    np.testing.assert_array_equal(find(fast, cells), slots)
    assert_equal_tables(fast, slow)
    for found, expected in zip(distinct(cells), (first[:count], place), strict=True):
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("shape", [(0, 9), (2, 8), (9,), (2, 3, 3)])
def test_rows_of_another_length_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="no rows of 9 cells"):
        find(new_table(4, AREA), np.zeros(shape, np.int8))


def test_rows_may_be_read_only_or_a_part_of_others() -> None:
    table, cells = new_table(64, AREA), positions([1, 2, 3, 4, 5, 6])
    cells.setflags(write=False)
    slots = insert(table, cells[::2])
    np.testing.assert_array_equal(find(table, cells[::2].copy()), slots)
    np.testing.assert_array_equal(find(table, cells[::2]), slots)
    assert distinct(cells[::2])[0].tolist() == [0, 1, 2]
