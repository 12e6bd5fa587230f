"""What virtual connections decide is true, by exhaustive search and by the solved positions."""

import random
from collections import Counter
from math import isqrt

import numpy as np
import oracle
import pytest
from drawn import drawn, together
from evaluators import hashed, row_by_row
from proofs import assert_true

from hexray.config import SearchSettings
from hexray.evaluation import drive
from hexray.game.board import BLUE, RED, play_sequence
from hexray.game.frame import mover_cells, swap_moves
from hexray.play.solved import read_solved, shipped_positions
from hexray.search.connections import judge, new_connections
from hexray.search.mcts import mcts


def judged(text: str, to_move: int = RED) -> tuple[int, set[int]]:
    """Judge a drawn board; after a win or an open verdict also return the moves it names."""
    board = drawn(text, to_move)
    size, room = board.size, new_connections(board.size)
    result = judge(mover_cells(board.cells, board.to_move)[0], size, room)
    moves = swap_moves(np.flatnonzero(room.moves), np.full(1, to_move), size)
    return result, set(moves.tolist()) if result >= 0 else set()


def _absolute(moves: np.ndarray, to_move: int) -> np.ndarray:
    size = isqrt(len(moves))
    square = moves.reshape(size, size)
    return square if to_move == RED else square.T


def framed(cells: list[int], size: int, frame: int, corner: int) -> np.ndarray:
    """Put a board into a larger one whose other cells make no difference."""
    larger = np.full((frame, frame), RED, np.int8)
    larger[corner : corner + size] = BLUE
    larger[corner : corner + size, corner : corner + size] = np.reshape(cells, (size, size))
    return larger.ravel()


@pytest.mark.parametrize(
    ("size", "frame", "count"), [(3, 3, 200), (4, 4, 250), (4, 9, 100), (4, 12, 100), (4, 19, 50)]
)
def test_verdicts_and_moves_are_true(size: int, frame: int, count: int) -> None:
    rng, known = random.Random(frame), {}
    room, seen = new_connections(frame), Counter()
    for _ in range(count):
        moves = oracle.random_position(size, rng.randint(size, size * size - 4), rng)
        cells, to_move, _ = oracle.replay(size, moves)
        corner = rng.randint(0, frame - size)
        larger = framed(cells, size, frame, corner)
        result = judge(mover_cells(larger[None], np.full(1, to_move))[0], frame, room)
        seen[result] += 1
        if result:
            assert result == oracle.solve(cells, to_move, size, known), moves
        if result < 0:
            continue
        part = slice(corner, corner + size)
        marked = _absolute(room.moves, to_move)[part, part].ravel()
        assert marked.sum() == room.moves.sum()
        for cell in range(size * size):
            if cells[cell]:
                assert not marked[cell]
            elif marked[cell] == result:  # said to win, or to lose
                after = list(cells)
                after[cell] = to_move
                wins = -oracle.solve(after, -to_move, size, known)
                assert wins == (1 if result else -1), (moves, cell)
        assert room.moves.any()
    assert min(seen[-1], seen[1]) > count / 10


@pytest.mark.parametrize(
    ("size", "least", "most_left"), [(5, 320, 0.6), (6, 190, 0.75), (7, 160, 0.8), (8, 40, 0.85)]
)
def test_verdicts_agree_with_the_solved_positions(size: int, least: int, most_left: float) -> None:
    path = shipped_positions(size)
    assert path is not None
    solved, room, left = read_solved(path), new_connections(size), []
    for game, wins in enumerate(solved.wins):
        stones, to_move = solved.boards.cells[game], solved.boards.to_move[game : game + 1]
        result = judge(mover_cells(stones[None], to_move)[0], size, room)
        assert result in (0, 1 if wins else -1)
        moves = _absolute(room.moves, int(to_move[0])).ravel()
        if result > 0:
            assert not (moves & ~solved.winning[game]).any()
        elif result == 0:
            assert not (solved.winning[game] & ~moves).any()
            left.append(room.moves.sum() / np.count_nonzero(stones == 0))
    assert len(solved.wins) - len(left) >= least
    assert np.mean(left) < most_left


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
    assert wins == {2, 3, 12, 13}  # a step to either edge


def test_a_stone_on_the_third_row_holds_the_edge() -> None:
    """The centre of 5x5 is two ziggurats back to back."""
    result, _ = judged(
        """
        . . . . .
         . . . . .
          . . R . .
           . . . . .
            . . . . .
    """,
        BLUE,
    )
    assert result == -1


def test_a_threat_leaves_the_moves_inside_its_carrier() -> None:
    """The stone holds the top by c1 and d1; every way down that Red can take goes through b4."""
    result, left = judged(
        """
        . . . .
         . . R B
          . . . .
           . . . .
    """,
        BLUE,
    )
    assert result == 0
    assert left == {2, 3, 13}


def test_a_win_in_one_move_comes_before_every_other() -> None:
    rng, room, seen = random.Random(2), new_connections(6), 0
    for _ in range(2000):
        moves = oracle.random_position(6, rng.randint(14, 28), rng)
        cells, to_move, _ = oracle.replay(6, moves)
        at_once = {
            cell
            for cell in range(36)
            if not cells[cell] and oracle.replay(6, [*moves, cell])[2] != 0
        }
        if not at_once:
            continue
        seen += 1
        mine = mover_cells(np.array([cells], np.int8), np.full(1, to_move))[0]
        assert judge(mine, 6, room) == 1
        assert set(np.flatnonzero(_absolute(room.moves, to_move).ravel()).tolist()) == at_once
    assert seen > 100


@pytest.mark.parametrize("root", ["gumbel", "puct"])
def test_a_search_with_connections_proves_more_and_nothing_wrong(root: str) -> None:
    rng = random.Random(5)
    games = [oracle.random_position(4, rng.choice((4, 5, 6, 7)), rng) for _ in range(40)]
    boards = together([play_sequence(4, moves) for moves in games])
    proven = {}
    for connections in (False, True):
        settings = SearchSettings.model_validate(
            {"root": root, "simulations": 12, "candidates": 6, "connections": connections}
        )
        warm = np.zeros(len(games), np.bool_)
        found = drive(mcts(boards, settings, None, warm), row_by_row(hashed))
        proven[connections] = np.count_nonzero(found.proven)
        assert np.allclose(found.policy.sum(1), 1, atol=1e-5)
        assert_true(found, games, 4)
    assert proven[True] > 2 * proven[False]


@pytest.mark.parametrize("root", ["gumbel", "puct"])
def test_no_search_considers_a_move_that_leaves_a_threat(root: str) -> None:
    rng, room = random.Random(6), new_connections(5)
    games = [oracle.random_position(5, rng.choice((6, 7, 8)), rng) for _ in range(60)]
    boards = together([play_sequence(5, moves) for moves in games])
    settings = SearchSettings.model_validate(
        {"root": root, "simulations": 6, "candidates": 4, "connections": True}
    )
    warm = np.zeros(len(games), np.bool_)
    generator = np.random.default_rng(1)
    found = drive(mcts(boards, settings, generator, warm), row_by_row(hashed))
    narrowed, seen = 0, mover_cells(boards.cells, boards.to_move)
    for game in range(len(games)):
        if found.proven[game] or judge(seen[game], 5, room):
            continue
        narrowed += room.moves.sum() < np.count_nonzero(seen[game] == 0)
        assert room.moves[found.moves[game]]
        assert not found.policy[game][~room.moves].any()
    assert narrowed > 5


def test_a_root_that_connections_decide_asks_for_one_row() -> None:
    boards = together([play_sequence(3, [4, 0])])  # the centre of 3x3 holds both edges
    asked = []

    def counting(leaves):
        asked.append(len(leaves.cells))
        return row_by_row(hashed)(leaves)

    settings = SearchSettings(simulations=16, candidates=4, connections=True)
    found = drive(mcts(boards, settings, None, np.zeros(1, np.bool_)), counting)
    assert asked == [1]
    assert found.proven[0] == found.value[0] == 1
