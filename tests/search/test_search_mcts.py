"""Gumbel and PUCT searches against plain Python, and what they promise."""

import random
from collections.abc import Sequence

import numpy as np
import oracle
import pytest
import slow_mcts
from drawn import drawn, together
from evaluators import half_turn_symmetric, hashed, row_by_row
from proofs import assert_true

from hexray.config import SearchSettings
from hexray.evaluation import Evaluate, Evaluation, Leaves, drive, know_nothing
from hexray.game.board import BLUE, RED, Boards, new_boards, play_sequence
from hexray.search.mcts import mcts
from hexray.search.root import SearchResult, halving_schedule

ROOTS = ("gumbel", "puct")


def _search(
    boards: Boards, evaluate: Evaluate, rng: np.random.Generator | None = None, **settings: object
) -> SearchResult:
    """Search by the tree alone."""
    asked = SearchSettings.model_validate({"connections": False, **settings})
    warm = np.full(len(boards.cells), rng is not None)
    return drive(mcts(boards, asked, rng, warm), evaluate)


def _random_moves(size: int, count: int, stones: Sequence[int], seed: int) -> list[list[int]]:
    rng = random.Random(seed)
    return [oracle.random_position(size, rng.choice(stones), rng) for _ in range(count)]


@pytest.mark.parametrize(
    ("size", "stones", "simulations", "candidates"),
    [(4, (0, 3, 6, 9), 40, 16), (5, (0, 5, 9), 17, 8), (6, (2, 7), 32, 5), (3, (0, 1, 4), 64, 9)],
)
def test_gumbel_search_equals_the_slow_one(
    size: int, stones: Sequence[int], simulations: int, candidates: int
) -> None:
    games = _random_moves(size, 12, stones, seed=size)
    boards = together([play_sequence(size, moves) for moves in games])
    found = _search(
        boards, row_by_row(hashed), simulations=simulations, candidates=candidates, c_visit=10.0
    )
    for game, moves in enumerate(games):
        cells, to_move, _ = oracle.replay(size, moves)
        root = slow_mcts.Node(cells, to_move, size)
        best = slow_mcts.search(root, hashed, simulations, candidates, 10.0, 1.0)
        assert found.moves[game] == oracle.mover_cell(best, to_move, size)
        expected = np.zeros(size * size)
        improved = root.improved(10.0, 1.0)
        for cell, share in improved.items():
            expected[oracle.mover_cell(cell, to_move, size)] = share
        np.testing.assert_allclose(found.policy[game], expected, atol=1e-4)
        value = sum(share * root.completed(cell) for cell, share in improved.items())
        assert found.value[game] == pytest.approx(value, abs=1e-4)
        assert found.proven[game] == root.proven


@pytest.mark.parametrize("root", ROOTS)
def test_what_a_search_proves_is_true(root: str) -> None:
    games = _random_moves(4, 60, (4, 6, 8, 10), seed=1)
    boards = together([play_sequence(4, moves) for moves in games])
    found = _search(boards, row_by_row(hashed), root=root, simulations=200, candidates=16)
    assert_true(found, games, 4)
    assert np.count_nonzero(found.proven) > 10


@pytest.mark.parametrize("root", ROOTS)
@pytest.mark.parametrize("simulations", [1, 7, 16, 32, 100])
def test_a_search_asks_for_exactly_the_promised_rows(root: str, simulations: int) -> None:
    asked: list[int] = []
    evaluate = row_by_row(lambda seen: hashed(seen), asked)
    _search(new_boards(3, 9), evaluate, root=root, simulations=simulations, candidates=8)
    assert sum(asked) == 3 * (1 + simulations)


@pytest.mark.parametrize("root", ROOTS)
def test_noise_and_temperature_do_not_change_the_number_of_rows(root: str) -> None:
    asked: list[int] = []
    evaluate = row_by_row(hashed, asked)
    _search(new_boards(3, 7), evaluate, np.random.default_rng(0), root=root, temperature=0.0)
    assert sum(asked) == 3 * 17


def test_candidates_of_a_round_share_a_batch() -> None:
    asked: list[int] = []
    evaluate = row_by_row(hashed, asked)
    _search(new_boards(5, 7), evaluate, simulations=16, candidates=8)
    assert asked == [5 * rows for rows in (1, 8, 4, 2, 2)]


@pytest.mark.parametrize(
    ("simulations", "candidates", "rounds"),
    [
        (16, 8, [8, 4, 2, 2]),
        (8, 4, [4, 2, 2]),
        (200, 1, [1] * 200),
        (5, 8, [5]),
        (64, 16, [16] + [8] * 2 + [4] * 4 + [2] * 8),
        (7, 2, [2, 2, 2, 1]),
    ],
)
def test_halving_schedule_by_hand(simulations: int, candidates: int, rounds: list[int]) -> None:
    row = halving_schedule(simulations, candidates)[candidates]
    assert row[: len(rounds)].tolist() == rounds
    assert not row[len(rounds) :].any()


@pytest.mark.parametrize("root", ROOTS)
def test_a_batch_of_games_equals_the_games_one_by_one(root: str) -> None:
    games = _random_moves(6, 9, (0, 4, 9, 14), seed=3)
    singles = [play_sequence(6, moves) for moves in games]
    together_found = _search(together(singles), row_by_row(hashed), root=root, simulations=24)
    for game, board in enumerate(singles):
        alone = _search(board, row_by_row(hashed), root=root, simulations=24)
        assert alone.moves[0] == together_found.moves[game]
        np.testing.assert_array_equal(alone.policy[0], together_found.policy[game])
        assert alone.value[0] == together_found.value[game]


@pytest.mark.parametrize("root", ROOTS)
def test_a_half_turned_position_gives_the_half_turned_answer(root: str) -> None:
    games = _random_moves(6, 8, (3, 5, 10), seed=4)  # none is its own half turn
    turned = [[35 - move for move in moves] for moves in games]
    settings = {"root": root, "simulations": 24, "candidates": 6}
    one, other = (
        _search(
            together([play_sequence(6, moves) for moves in side]),
            row_by_row(half_turn_symmetric),
            **settings,
        )
        for side in (games, turned)
    )
    np.testing.assert_allclose(one.policy, other.policy[:, ::-1], atol=1e-5)
    np.testing.assert_allclose(one.value, other.value, atol=1e-5)


@pytest.mark.parametrize("root", ROOTS)
def test_blue_sees_what_red_sees_in_the_mirror(root: str) -> None:
    red = drawn(
        """ . . . . .
             . R . B .
              . . R . .
               . B . . .
                . . . . . """,
        RED,
    )
    blue = drawn(
        """ . . . . .
             . B . R .
              . . B . .
               . R . . .
                . . . . . """,
        BLUE,
    )
    settings = {"root": root, "simulations": 24, "candidates": 6}
    one, other = (_search(board, row_by_row(hashed), **settings) for board in (red, blue))
    np.testing.assert_array_equal(one.policy, other.policy)
    assert one.value[0] == other.value[0]


@pytest.mark.parametrize("root", ROOTS)
@pytest.mark.parametrize("ply", [1, 2, 3])
def test_a_planted_stone_is_worth_having_at_every_depth(root: str, ply: int) -> None:
    """Whoever owns cell c3 (absolute) wins; the search must see it with few candidates."""
    prize = 2 * 7 + 2
    moves = [0, 48, 1, 47][: ply - 1]

    def worth(seen: Sequence[int]) -> tuple[list[float], float]:
        # c3 is on the long diagonal: both players see it in the same place.
        logits = [0.0] * 49
        logits[prize] = 0.5
        return logits, 0.9 * seen[prize]

    board = play_sequence(7, moves)
    found = _search(board, row_by_row(worth), root=root, simulations=16, candidates=4)
    assert found.moves[0] == prize
    assert found.value[0] > (0.5 if root == "gumbel" else 0.0)
    assert np.argmax(found.policy[0]) == prize


@pytest.mark.parametrize("root", ROOTS)
def test_a_win_in_one_is_proven_and_played_against_the_prior(root: str) -> None:
    board = drawn(
        """ R . . .
             R . B .
              R B . .
               . . B . """,
        RED,
    )

    def misled(seen: Sequence[int]) -> tuple[list[float], float]:
        return [-1.0 if cell == 12 else 0.0 for cell in range(16)], 0.9

    found = _search(board, row_by_row(misled), root=root, simulations=150, candidates=16)
    assert found.proven[0] == 1
    assert found.value[0] == 1
    assert found.moves[0] == 12
    assert found.policy[0, 12] == 1


@pytest.mark.parametrize("root", ROOTS)
def test_the_version_is_the_oldest_that_took_part(root: str) -> None:
    versions = iter([9, 7, 8, *[9] * 100])

    def evaluate(leaves: Leaves) -> Evaluation:
        return know_nothing(leaves)._replace(version=next(versions))

    assert _search(new_boards(2, 5), evaluate, root=root).version.tolist() == [7, 7]


@pytest.mark.parametrize("root", ROOTS)
def test_the_same_seed_gives_the_same_search(root: str) -> None:
    one, other = (
        _search(new_boards(4, 6), row_by_row(hashed), np.random.default_rng(5), root=root)
        for _ in range(2)
    )
    for column, again in zip(one, other, strict=True):
        np.testing.assert_array_equal(column, again)


@pytest.mark.parametrize("root", ROOTS)
def test_the_boards_are_only_read(root: str) -> None:
    boards = together([play_sequence(5, moves) for moves in _random_moves(5, 4, (4,), seed=2)])
    before = [column.copy() for column in boards]
    _search(boards, row_by_row(hashed), np.random.default_rng(1), root=root)
    for column, old in zip(boards, before, strict=True):
        np.testing.assert_array_equal(column, old)


def test_gumbel_noise_draws_moves_from_the_prior() -> None:
    """With values that say nothing, the move is a draw from the policy (the Gumbel-max trick)."""
    games, logits = 4000, np.log(np.array([0.4, 0.3, 0.2, 0.1]))

    def evaluate(leaves: Leaves) -> Evaluation:
        said = know_nothing(leaves)
        return said._replace(logits=np.tile(logits, (len(leaves.cells), 1)))

    found = _search(
        new_boards(games, 2), evaluate, np.random.default_rng(0), simulations=1, candidates=1
    )
    share = np.bincount(found.moves, minlength=4) / games
    # Five standard errors of the largest: a chance below one in a million.
    np.testing.assert_allclose(share, [0.4, 0.3, 0.2, 0.1], atol=5 * (0.25 / games) ** 0.5)


@pytest.mark.parametrize("temperature", [1.0, 0.5])
def test_puct_draws_moves_by_visits_to_the_power_of_one_over_temperature(
    temperature: float,
) -> None:
    games = 4000
    settings = {"root": "puct", "simulations": 40, "dirichlet_share": 0.0}
    found = _search(
        new_boards(games, 5),
        row_by_row(hashed),
        np.random.default_rng(0),
        temperature=temperature,
        **settings,
    )
    visits = np.round(found.policy[0].astype(float) * 40)
    expected = visits ** (1 / temperature) / (visits ** (1 / temperature)).sum()
    share = np.bincount(found.moves, minlength=25) / games
    np.testing.assert_allclose(share, expected, atol=5.5 * (0.25 / games) ** 0.5)
    assert len(np.unique(visits)) > 2


def test_puct_without_warmth_plays_the_most_visited_move() -> None:
    asked = SearchSettings(root="puct", simulations=40, connections=False)
    boards = new_boards(50, 5)
    cold = np.zeros(50, np.bool_)
    found = drive(mcts(boards, asked, np.random.default_rng(0), cold), row_by_row(hashed))
    np.testing.assert_array_equal(found.moves, found.policy.argmax(1))


def test_dirichlet_noise_spreads_visits_only_in_self_play() -> None:
    settings = {"root": "puct", "simulations": 30, "dirichlet_share": 1.0}
    noisy = _search(new_boards(8, 5), row_by_row(hashed), np.random.default_rng(0), **settings)
    plain = _search(new_boards(8, 5), row_by_row(hashed), **settings)
    assert len(np.unique(noisy.policy, axis=0)) > 1
    assert len(np.unique(plain.policy, axis=0)) == 1


@pytest.mark.parametrize("root", ROOTS)
def test_policies_sum_to_one_over_empty_cells(root: str) -> None:
    games = _random_moves(5, 40, (0, 6, 12), seed=9)
    boards = together([play_sequence(5, moves) for moves in games])
    found = _search(boards, row_by_row(hashed), np.random.default_rng(3), root=root)
    np.testing.assert_allclose(found.policy.sum(1), 1, atol=1e-5)
    for game, moves in enumerate(games):
        cells, to_move, _ = oracle.replay(5, moves)
        occupied = np.array(oracle.mover_view(cells, to_move, 5)) != 0
        assert not found.policy[game][occupied].any()
        assert not occupied[found.moves[game]]
