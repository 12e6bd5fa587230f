"""Policy targets as labels: by hand on boards of four cells."""

import numpy as np
import pytest
from training_rows import random_rows

from hexray.data.rows import Rows
from hexray.probes.labels import (
    best_moves,
    chance_of_moves,
    chance_of_outcomes,
    most_right,
    moves_named,
    right,
    shuffled,
)


def rows_with(cells: list[list[int]], policy: list[list[float]]) -> Rows:
    count = len(cells)
    return Rows(
        cells=np.array(cells, np.int8),
        policy=np.array(policy, np.float16),
        outcome=np.ones(count, np.int8),
        root_value=np.zeros(count, np.float32),
        version=np.zeros(count, np.int32),
        reply=np.empty((count, 0), np.float16),
        owner=np.empty((count, 0), np.int8),
    )


def test_positions_with_one_target_each_can_all_be_right() -> None:
    rows = rows_with([[1, 0, 0, 0], [0, 1, 0, 0]], [[0, 1, 0, 0], [0, 0, 1, 0]])
    assert most_right(rows, is_tied=False) == 1.0


def test_of_three_targets_of_one_position_the_commonest_can_be_right() -> None:
    rows = rows_with([[1, 0, 0, 0]] * 3, [[0, 1, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0]])
    assert most_right(rows, is_tied=False) == pytest.approx(2 / 3)


def test_a_tied_network_sees_a_position_and_its_half_turn_as_one() -> None:
    rows = rows_with([[1, 0, 0, 0], [0, 0, 0, 1]], [[0, 1, 0, 0], [0, 1, 0, 0]])
    assert most_right(rows, is_tied=False) == 1.0
    assert most_right(rows, is_tied=True) == 0.5


def test_on_a_board_that_is_its_own_half_turn_a_move_and_the_opposite_one_are_both_best() -> None:
    rows = rows_with([[0, 0, 0, 0]], [[0, 1, 0, 0]])
    assert best_moves(rows, is_tied=True).tolist() == [[False, True, True, False]]
    assert best_moves(rows, is_tied=False).tolist() == [[False, True, False, False]]


def test_equal_shares_are_all_best_moves() -> None:
    rows = rows_with([[0, 0, 0, 1]], [[0.25, 0.375, 0.375, 0]])
    assert right(np.array([1]), rows, is_tied=False).all()
    assert right(np.array([2]), rows, is_tied=False).all()
    assert not right(np.array([0]), rows, is_tied=False).any()


def test_a_move_is_named_among_empty_cells_alone() -> None:
    cells = np.array([[1, 0, -1, 0]], np.int8)
    assert moves_named(np.array([[9.0, 1.0, 8.0, 2.0]]), cells).tolist() == [3]


def test_shuffled_targets_are_those_of_the_rows_and_lie_on_empty_cells() -> None:
    rows = random_rows(200, 3)
    found = shuffled(rows, np.random.default_rng(0))
    assert not (found.policy[found.cells != 0] > 0).any()
    assert np.allclose(found.policy.astype(float).sum(1), 1, atol=2e-3)
    assert set(found.root_value.tolist()) <= set(rows.root_value.tolist())
    # Each row keeps its cells: almost none has the value of the row it was.
    own = {cells.tobytes(): value for cells, value in zip(*rows[:1], rows.root_value, strict=True)}
    kept = [own[cells.tobytes()] for cells in found.cells]
    assert np.mean(found.root_value == kept) < 0.1


def test_chance_counts_every_pair_of_a_row_and_a_target_it_can_have() -> None:
    # Target 1 has nothing to say on the first board, where its cell is taken.
    rows = rows_with([[0, 1, 0, 0], [0, 0, 0, 1]], [[1, 0, 0, 0], [0, 1, 0, 0]])
    first, second = 1.0, 0.5  # cell 0 on the first board: target 0 only; cell 0 on the second
    named = np.array([0, 0])
    assert chance_of_moves(named, rows, is_tied=False) == pytest.approx((first + second) / 2)


def test_chance_of_winners_is_that_of_two_coins() -> None:
    wins = np.array([True, True, True, False])
    outcome = np.array([1, -1, -1, -1], np.int8)
    assert chance_of_outcomes(wins, outcome) == pytest.approx(0.75 * 0.25 + 0.25 * 0.75)
