"""Moves of the entropy probe: whose they are, what they lead to and what they are worth."""

import random

import numpy as np
import oracle
import pytest
import torch
from entropy_material import SIZE, learned, some_rows
from random_games import random_stones_on

from hexray.config import InferenceSettings
from hexray.evaluation import Leaves
from hexray.game.fill_in import filled
from hexray.net.evaluator import Evaluator
from hexray.net.model import fold
from hexray.probes.entropy.moves import children, decided, has_joined, played_out, rewards_of
from hexray.probes.entropy.one import subject_of
from hexray.probes.entropy.policy import log_policies
from hexray.probes.entropy.settings import EntropySettings

EXACT = EntropySettings(precision="float64")


@pytest.mark.parametrize("size", [2, 3, 5, 6])
def test_who_has_joined_is_who_the_slow_rules_say(size: int) -> None:
    rng = random.Random(size)
    boards = [random_stones_on(size, rng, size) for _ in range(300)]
    cells = np.array(boards, np.int8)
    # On a board with stones of both in any number both may not join, and the oracle knows one.
    expected = [oracle.winner_of(board, size) for board in boards]
    assert decided(cells, size).tolist() == expected
    assert has_joined(cells, size).tolist() == [winner == 1 for winner in expected]
    assert len(set(expected)) == 3


def test_a_move_is_the_movers_and_the_board_goes_to_the_other() -> None:
    rng = random.Random(1)
    for _ in range(40):
        game = oracle.random_game(SIZE, rng)
        cut = rng.randrange(len(game) - 1)
        board, to_move, _ = oracle.replay(SIZE, game[:cut])
        seen = np.array([oracle.mover_view(board, to_move, SIZE)], np.int8)
        move = oracle.mover_cell(game[cut], to_move, SIZE)
        after, next_to_move, _ = oracle.replay(SIZE, game[: cut + 1])
        expected = np.array([oracle.mover_view(after, next_to_move, SIZE)], np.int8)
        found = children(seen, np.array([move]), SIZE)
        np.testing.assert_array_equal(found, filled(expected, SIZE))


def test_a_move_that_wins_is_worth_one_and_one_that_loses_is_not() -> None:
    # The mover has a column but for one cell; the opponent would cut there.
    cells = np.zeros((1, SIZE * SIZE), np.int8)
    cells[0, [2, 7, 12, 17]] = 1
    cells[0, [16, 18, 21, 23, 20]] = -1
    net = subject_of(learned(), EXACT).net
    moves = torch.tensor([[22, 0]])
    for reward in ("search", "outcome"):
        found = rewards_of(net, cells, moves, SIZE, reward, np.random.default_rng(0))
        assert found[0, 0] == 1.0
    assert abs(rewards_of(net, cells, moves, SIZE, "search", np.random.default_rng(0))[0, 1]) < 1


def test_the_reward_of_search_is_what_a_served_network_says_after_the_move() -> None:
    found = learned()
    # The weights that are trained, served in the way of the averaged ones.
    served = {name: part.numpy() for name, part in fold(found.state["net"]).items()}
    settings = InferenceSettings(precision="float32", backend="eager", threads=1)
    evaluator = Evaluator(found.config.net, settings, SIZE)
    evaluator.load(1, served)
    cells = some_rows(40, 3).cells
    cells = cells[(cells == 0).any(1)]
    net = subject_of(found, EXACT).net
    policy, _, _ = log_policies(net, cells, SIZE)
    moves = policy.argmax(1)
    got = rewards_of(net, cells, moves[:, None], SIZE, "search", np.random.default_rng(0))[:, 0]
    for board, move, reward in zip(cells.tolist(), moves.tolist(), got.tolist(), strict=True):
        board[move] = 1
        # The other player's view: colours exchanged, rows for columns.
        other = [-board[column * SIZE + row] for row in range(SIZE) for column in range(SIZE)]
        if winner := oracle.winner_of(filled(np.array([other], np.int8), SIZE)[0].tolist(), SIZE):
            assert reward == -winner
            continue
        value = evaluator(Leaves(np.array([other], np.int8), SIZE)).value[0]
        assert reward == pytest.approx(-float(value), abs=1e-4)


def test_games_played_out_are_won_by_one_and_by_the_better_placed() -> None:
    net = subject_of(learned(), EXACT).net
    cells = np.zeros((64, SIZE * SIZE), np.int8)
    ends = played_out(net, cells, SIZE, np.random.default_rng(0))
    assert set(ends.tolist()) == {-1.0, 1.0}
    # A column of the mover but for two cells with two ways each: nobody can cut it any more.
    won = cells.copy()
    won[:, [2, 12, 22]] = 1
    assert (played_out(net, won, SIZE, np.random.default_rng(0)) > 0).mean() > 0.5


def test_an_outcome_is_of_the_player_who_made_the_move() -> None:
    # All but one cell is the mover's chain, so that he wins wherever he moves and whatever comes.
    cells = np.full((1, SIZE * SIZE), 0, np.int8)
    cells[0, 2::SIZE] = 1
    net = subject_of(learned(), EXACT).net
    moves = torch.tensor([[0, 4, 9]])
    ours = rewards_of(net, cells, moves, SIZE, "outcome", np.random.default_rng(0))
    assert ours.tolist() == [[1.0, 1.0, 1.0]]
    theirs = np.full((1, SIZE * SIZE), 0, np.int8)
    theirs[0, 10:15] = -1
    lost = rewards_of(net, theirs, moves, SIZE, "outcome", np.random.default_rng(0))
    assert lost.tolist() == [[-1.0, -1.0, -1.0]]
