"""What bridges decide is true, by exhaustive search and by the solved positions."""

import random
from collections import Counter

import numpy as np
import oracle
import pytest
from drawn import drawn, together
from evaluators import hashed, row_by_row
from proofs import assert_true

from hexray.config import SearchSettings
from hexray.evaluation import drive
from hexray.game.board import BLUE, RED, play_sequence
from hexray.play.solved import read_solved, shipped_positions
from hexray.search.bridges import decided, new_bridges
from hexray.search.mcts import mcts


def judged(text: str, to_move: int = RED) -> tuple[int, set[int]]:
    """Judge a drawn board; also for the same board as Blue would see it, which must agree."""
    board = drawn(text, to_move)
    size, room = board.size, new_bridges(board.size)
    result = decided(board.cells[0], size, to_move, room)
    wins = set(np.flatnonzero(room.wins).tolist()) if result > 0 else set()
    mirrored = -board.cells[0].reshape(size, size).T.ravel()
    assert decided(np.ascontiguousarray(mirrored), size, -to_move, room) == result
    if result > 0:
        seen = {divmod(int(cell), size)[::-1] for cell in np.flatnonzero(room.wins)}
        assert {row * size + column for row, column in seen} == wins
    return result, wins


@pytest.mark.parametrize("size", [3, 4])
def test_verdicts_and_winning_moves_are_true(size: int) -> None:
    rng, known = random.Random(size), {}
    room, seen = new_bridges(size), Counter()
    for _ in range(1500):
        moves = oracle.random_position(size, rng.randint(size, size * size - 4), rng)
        cells, to_move, _ = oracle.replay(size, moves)
        result = decided(np.array(cells, np.int8), size, to_move, room)
        seen[result] += 1
        if result:
            assert result == oracle.solve(cells, to_move, size, known), moves
        if result > 0:
            for cell in np.flatnonzero(room.wins):
                after = list(cells)
                assert after[cell] == 0
                after[cell] = to_move
                assert oracle.solve(after, -to_move, size, known) == -1, (moves, cell)
            assert room.wins.any()
    assert min(seen[-1], seen[1]) > 100


@pytest.mark.parametrize(("size", "least"), [(5, 200), (6, 90), (7, 70), (8, 20)])
def test_verdicts_agree_with_the_solved_positions(size: int, least: int) -> None:
    path = shipped_positions(size)
    assert path is not None
    solved, room, found = read_solved(path), new_bridges(size), 0
    for game, wins in enumerate(solved.wins):
        to_move = int(solved.boards.to_move[game])
        result = decided(solved.boards.cells[game], size, to_move, room)
        found += result != 0
        assert result in (0, 1 if wins else -1)
        if result > 0:
            assert not (room.wins & ~solved.winning[game]).any()
    assert found >= least


def test_a_bridge_to_each_edge_wins_whoever_moves() -> None:
    chain = """
        . . . .
         . . R .
          . R . .
           . . . .
    """
    assert judged(chain, BLUE)[0] == -1
    result, wins = judged(chain, RED)
    assert result == 1
    assert len(wins) == 14  # every empty cell


def test_one_move_that_completes_the_chain_is_found() -> None:
    result, wins = judged(
        """
        . . . .
         . . R .
          . . . .
           . . . .
    """,
        RED,
    )
    assert result == 1
    assert wins >= {9}


@pytest.mark.parametrize("root", ["gumbel", "puct"])
def test_a_search_with_bridges_proves_more_and_nothing_wrong(root: str) -> None:
    rng = random.Random(5)
    games = [oracle.random_position(4, rng.choice((4, 5, 6, 7)), rng) for _ in range(80)]
    boards = together([play_sequence(4, moves) for moves in games])
    proven = {}
    for bridges in (False, True):
        settings = SearchSettings.model_validate(
            {"root": root, "simulations": 12, "candidates": 6, "bridges": bridges}
        )
        warm = np.zeros(len(games), np.bool_)
        found = drive(mcts(boards, settings, None, warm), row_by_row(hashed))
        proven[bridges] = np.count_nonzero(found.proven)
        assert np.allclose(found.policy.sum(1), 1, atol=1e-5)
        assert_true(found, games, 4)
    assert proven[True] > 2 * proven[False]


def test_a_root_that_bridges_decide_asks_for_one_row() -> None:
    boards = together([play_sequence(3, [4, 0])])  # the centre of 3x3 holds both edges
    asked = []

    def counting(leaves):
        asked.append(len(leaves.cells))
        return row_by_row(hashed)(leaves)

    settings = SearchSettings(simulations=16, candidates=4, bridges=True)
    found = drive(mcts(boards, settings, None, np.zeros(1, np.bool_)), counting)
    assert asked == [1]
    assert found.proven[0] == found.value[0] == 1
