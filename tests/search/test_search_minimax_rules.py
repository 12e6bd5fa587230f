"""What minimax asks for, what it refuses, and that it treats sides, turns and games alike."""

import random
from collections.abc import Sequence

import numpy as np
import oracle
import pytest
from drawn import boards_from, drawn, together
from evaluators import half_turn_symmetric, hashed, row_by_row

from hexray.config import SearchSettings
from hexray.evaluation import Evaluate, Evaluation, Leaves, drive, know_nothing
from hexray.game.board import BLUE, EMPTY, RED, Boards, new_boards, play_sequence
from hexray.game.symmetry import half_turn, reflect
from hexray.search.minimax import minimax
from hexray.search.root import SearchResult


def _search(boards: Boards, widths: tuple[int, ...], evaluate: Evaluate) -> SearchResult:
    settings = SearchSettings(kind="minimax", widths=widths)
    return drive(minimax(boards, settings, None, np.zeros(len(boards.cells), np.bool_)), evaluate)


def _random_boards(size: int, count: int, seed: int) -> list[Boards]:
    rng = random.Random(seed)
    stones = [rng.randrange(size * size - 1) for _ in range(count)]
    return [play_sequence(size, oracle.random_position(size, few, rng)) for few in stones]


def _assert_equal(one: SearchResult, other: SearchResult) -> None:
    for name, left, right in zip(one._fields, one, other, strict=True):
        np.testing.assert_array_equal(left, right, err_msg=name)


def test_an_empty_7x7_board_asks_for_1_and_13_and_104_rows_a_game() -> None:
    asked: list[int] = []
    _search(new_boards(3, 7), SearchSettings().widths, row_by_row(hashed, asked))
    assert asked == [3, 3 * 13, 3 * 13 * 8]


@pytest.mark.parametrize("widths", [(16,), (16, 16), (2, 3, 2), (1, 1, 1, 1, 1, 1)])
def test_each_ply_asks_for_exactly_its_unfinished_positions(widths: tuple[int, ...]) -> None:
    boards = _random_boards(4, 60, seed=1)
    asked: list[int] = []
    _search(together(boards), widths, row_by_row(hashed, asked))
    nodes = [(board.cells[0].tolist(), int(board.to_move[0])) for board in boards]
    expected = [len(nodes)]
    for width in widths:
        nodes = [child for node in nodes for child in _unfinished_children(*node, width)]
        expected.append(len(nodes))
    assert asked == [count for count in expected if count > 0]


def _unfinished_children(cells: list[int], to_move: int, width: int) -> list[tuple]:
    logits, _ = hashed(oracle.mover_view(cells, to_move, 4))
    legal = [cell for cell in range(16) if cells[cell] == EMPTY]
    legal.sort(key=lambda cell: -logits[oracle.mover_cell(cell, to_move, 4)])
    children = [
        [to_move if other == cell else stone for other, stone in enumerate(cells)]
        for cell in legal[:width]
    ]
    return [(child, -to_move) for child in children if oracle.winner_of(child, 4) == EMPTY]


def test_the_last_empty_cell_asks_for_the_root_alone() -> None:
    asked: list[int] = []
    found = _search(drawn("R B R  B . R  R B B"), (9, 9, 9), row_by_row(hashed, asked))
    assert asked == [1]
    assert (found.moves[0], found.value[0], found.proven[0]) == (4, 1, 1)


def test_a_win_is_found_though_the_network_dislikes_it() -> None:
    def evaluator(seen: Sequence[int]) -> tuple[list[float], float]:
        return [-9.0 if cell == 7 else 0.0 for cell in range(9)], 1.0

    found = _search(drawn("B R .  . R .  B . ."), (9,), row_by_row(evaluator))
    assert (found.moves[0], found.value[0], found.proven[0]) == (7, 1, 1)
    assert found.policy[0].tolist() == [0, 0, 0, 0, 0, 0, 0, 1, 0]


def test_the_reply_that_wins_is_seen_though_the_network_likes_the_position() -> None:
    blue_threatens_c2 = drawn("R . R  B B .  . . .")
    flatter = row_by_row(lambda seen: ([0.0] * 9, 0.9))
    found = _search(blue_threatens_c2, (9, 9), flatter)
    assert (found.moves[0], found.proven[0]) == (5, 0)
    assert found.policy[0].tolist() == [0, 0, 0, 0, 0, 1, 0, 0, 0]


TWO_WAYS = drawn("R . .  . . .  B B .")  # Red cannot stop Blue at both c2 and c3


def test_a_loss_is_proven_only_when_all_legal_moves_are_kept() -> None:
    prefer_a2 = row_by_row(lambda seen: ([float(cell == 3) for cell in range(9)], 0.0))
    whole, part = (_search(TWO_WAYS, widths, prefer_a2) for widths in ((9, 9), (1, 9)))
    assert (whole.proven[0], whole.value[0]) == (-1, -1)
    assert (part.proven[0], part.value[0]) == (0, -1)


def test_a_move_not_looked_at_is_better_than_one_that_surely_loses() -> None:
    logits = [0.0, 1.0, 2.0, 9.0, 5.0, 3.0, 0.0, 0.0, 0.0]
    found = _search(TWO_WAYS, (1, 9), row_by_row(lambda seen: (logits, 0.0)))
    assert found.moves[0] == 4
    assert found.policy[0][3] == 0
    assert found.policy[0].argmax() == 4


def test_where_all_moves_lose_the_policy_is_the_prior_and_the_likeliest_is_played() -> None:
    logits = [0.0, 1.0, 2.0, 2.5, 0.5, 3.0, 0.0, 0.0, 0.0]
    found = _search(TWO_WAYS, (9, 9), row_by_row(lambda seen: (logits, 0.0)))
    weights = np.exp(logits) * (TWO_WAYS.cells[0] == EMPTY)
    np.testing.assert_allclose(found.policy[0], weights / weights.sum(), rtol=1e-5)
    assert found.moves[0] == 5


def test_of_equal_moves_the_one_with_the_highest_prior_is_played() -> None:
    logits = [0.0, 1.0, 2.0, 2.5, 0.5, 3.0, 3.5, 0.0, 0.0]
    found = _search(new_boards(1, 3), (9,), row_by_row(lambda seen: (logits, 0.2)))
    assert found.moves[0] == 6


@pytest.mark.parametrize("widths", [(5,), (3, 2), (16, 16)])
def test_a_batch_of_games_equals_the_games_one_by_one(widths: tuple[int, ...]) -> None:
    boards = _random_boards(4, 25, seed=2)
    evaluate = row_by_row(hashed)
    batch = _search(together(boards), widths, evaluate)
    for game, board in enumerate(boards):
        alone = _search(board, widths, evaluate)
        _assert_equal(alone, SearchResult(*(part[[game]] for part in batch)))


@pytest.mark.parametrize("widths", [(5,), (4, 3), (3, 3, 2)])
def test_a_half_turned_position_gets_the_half_turned_answer(widths: tuple[int, ...]) -> None:
    boards = [
        board
        for board in _random_boards(4, 30, seed=3)
        if (half_turn(board.cells) != board.cells).any()
    ]
    turned = [
        boards_from(half_turn(board.cells)[0].tolist(), int(board.to_move[0])) for board in boards
    ]
    evaluate = row_by_row(half_turn_symmetric)
    found, mirrored = (_search(together(each), widths, evaluate) for each in (boards, turned))
    np.testing.assert_array_equal(mirrored.moves, 15 - found.moves)
    np.testing.assert_array_equal(mirrored.value, found.value)
    np.testing.assert_array_equal(mirrored.proven, found.proven)
    np.testing.assert_allclose(half_turn(mirrored.policy), found.policy, atol=1e-6)


@pytest.mark.parametrize("widths", [(5,), (4, 3), (3, 3, 2)])
def test_blue_to_move_gets_the_answer_of_the_mirrored_red_position(
    widths: tuple[int, ...],
) -> None:
    boards = _random_boards(4, 25, seed=4)
    mirrored = [
        boards_from(reflect(board.cells)[0].tolist(), -int(board.to_move[0])) for board in boards
    ]
    assert {int(board.to_move[0]) for board in boards} == {RED, BLUE}
    evaluate = row_by_row(hashed)
    found, seen = (_search(together(each), widths, evaluate) for each in (boards, mirrored))
    _assert_equal(found, seen)


def test_the_policy_sums_to_one_and_is_zero_on_stones() -> None:
    boards = together(_random_boards(5, 40, seed=5))
    policy = _search(boards, (4, 3), row_by_row(hashed)).policy
    assert policy.dtype == np.float32
    np.testing.assert_allclose(policy.sum(axis=1), 1, atol=1e-5)
    seen = [
        oracle.mover_view(cells, int(colour), 5)
        for cells, colour in zip(boards.cells.tolist(), boards.to_move, strict=True)
    ]
    assert not policy[np.array(seen) != EMPTY].any()


def test_the_shapes_and_dtypes_are_those_of_a_search_result() -> None:
    found = _search(new_boards(2, 3), (2, 2), know_nothing)
    assert [(part.shape, part.dtype) for part in found[:4]] == [
        ((2,), np.dtype(np.int64)),
        ((2, 9), np.dtype(np.float32)),
        ((2,), np.dtype(np.float32)),
        ((2,), np.dtype(np.int8)),
    ]


def test_the_oldest_version_is_reported() -> None:
    versions = iter([7, 5, 6])
    found = _search(
        new_boards(1, 4),
        (3, 3),
        lambda leaves: know_nothing(leaves)._replace(version=next(versions)),
    )
    assert found.version.tolist() == [5]


@pytest.mark.parametrize("garbage", [np.nan, np.inf, -np.inf, 6e4])
@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_logits_on_stones_do_not_matter(garbage: float, dtype: type) -> None:
    def evaluate(leaves: Leaves) -> Evaluation:
        said = know_nothing(leaves)
        logits = np.where(leaves.cells == EMPTY, said.logits, garbage).astype(dtype)
        return said._replace(logits=logits)

    boards = together(_random_boards(4, 20, seed=6))
    _assert_equal(_search(boards, (3, 3), evaluate), _search(boards, (3, 3), know_nothing))


def test_the_boards_are_not_changed() -> None:
    boards = together(_random_boards(4, 20, seed=7))
    before = boards.take(np.arange(20))
    _search(boards, (4, 4), row_by_row(hashed))
    for one, other in zip(before, boards, strict=True):
        np.testing.assert_array_equal(one, other)
