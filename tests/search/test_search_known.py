"""What fill-in and connections say together is true, in a tree and at its root."""

import random
from collections import Counter

import numpy as np
import oracle
import pytest

from hexray.game.frame import mover_cells
from hexray.play.solved import read_solved, shipped_positions
from hexray.search.connections import judge
from hexray.search.known import new_known, settle, settle_root

TRUTH: dict[tuple[object, int], int] = {}


@pytest.mark.parametrize("at_root", [False, True])
def test_verdicts_and_the_moves_they_name_are_true(at_root: bool) -> None:
    rng, seen = random.Random(1), Counter()
    known = new_known(4)
    for _ in range(150):
        moves = oracle.random_position(4, rng.randint(5, 9), rng)
        stones, to_move, _ = oracle.replay(4, moves)
        cells = oracle.mover_view(stones, to_move, 4)
        board = np.array(cells, np.int8)
        result = settle_root(board, 4, known) if at_root else settle(board, 4, known)
        assert not at_root or board.tolist() == cells
        value = oracle.solve(cells, 1, 4, TRUTH)
        assert result in (0, value)
        seen[result] += 1
        if result < 0:
            continue
        wins = {
            cell
            for cell in range(16)
            if not cells[cell]
            and oracle.solve([*cells[:cell], 1, *cells[cell + 1 :]], -1, 4, TRUTH) < 0
        }
        named = set(np.flatnonzero(known.moves).tolist())
        assert all(cells[cell] == 0 for cell in named)
        if result > 0 and at_root:
            assert named
            assert named <= wins
        elif result == 0:
            assert named
            assert value < 0 or named & wins
    assert min(seen.values()) >= 5


@pytest.mark.parametrize(("size", "more"), [(5, 30), (6, 20), (7, 25), (8, 5)])
def test_more_is_known_of_the_solved_positions_than_by_connections_alone(
    size: int, more: int
) -> None:
    path = shipped_positions(size)
    assert path is not None
    solved, known, extra = read_solved(path), new_known(size), 0
    seen = mover_cells(solved.boards.cells, solved.boards.to_move)
    for cells, wins in zip(seen, solved.wins, strict=True):
        alone = judge(cells, size, known.connections)
        result = settle(cells, size, known)
        assert result in (0, 1 if wins else -1)
        assert alone in (0, result) or result == 0
        extra += (result != 0) - (alone != 0)
    assert extra > more
