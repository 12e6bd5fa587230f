"""Values, proofs and policies of minimax against plain Python."""

import itertools
import math
import random
from collections.abc import Callable, Sequence

import numpy as np
import oracle
import pytest
from drawn import together
from evaluators import hashed, row_by_row

from hexray.config import SearchSettings
from hexray.evaluation import Evaluate, Evaluation, Leaves, drive, know_nothing
from hexray.game.board import BLUE, EMPTY, Boards, new_boards, play_sequence
from hexray.search.minimax import minimax
from hexray.search.root import SearchResult


def _search(
    boards: Boards, widths: tuple[int, ...], evaluate: Evaluate, **settings: float
) -> SearchResult:
    asked = SearchSettings(kind="minimax", widths=widths, **settings)
    return drive(minimax(boards, asked, None, np.zeros(len(boards.cells), np.bool_)), evaluate)


def _even(leaves: Leaves) -> Evaluation:
    """Praise every position to the player to move, which is wrong for one of two."""
    said = know_nothing(leaves)
    return said._replace(value=said.value + 0.5)


def _random_boards(size: int, count: int, stones: Sequence[int], seed: int) -> Boards:
    rng = random.Random(seed)
    moves = [oracle.random_position(size, rng.choice(stones), rng) for _ in range(count)]
    return together([play_sequence(size, sequence) for sequence in moves])


def _assert_solved(boards: Boards, found: SearchResult) -> None:
    size = boards.size
    known: dict[tuple[object, int], int] = {}
    for game, cells in enumerate(boards.cells.tolist()):
        to_move = int(boards.to_move[game])
        truth = oracle.solve(cells, to_move, size, known)
        legal = [cell for cell in range(size * size) if cells[cell] == EMPTY]
        after = oracle.successors(cells, to_move)
        answers = dict(
            zip(legal, (oracle.solve(one, -to_move, size, known) for one in after), strict=True)
        )
        good = [oracle.mover_cell(cell, to_move, size) for cell in legal if answers[cell] == -truth]
        assert found.proven[game] == found.value[game] == truth
        assert found.moves[game] in good
        expected = [1 / len(good) if cell in good else 0 for cell in range(size * size)]
        np.testing.assert_allclose(found.policy[game], expected, atol=1e-6)


@pytest.mark.parametrize("stones", [0, 1, 2])
def test_a_search_to_the_end_solves_3x3_from_every_opening(stones: int) -> None:
    openings = [play_sequence(3, moves) for moves in itertools.permutations(range(9), stones)]
    boards = together(openings)
    _assert_solved(boards, _search(boards, (9,) * 9, _even))


def test_a_search_to_the_end_solves_4x4_positions_with_few_empty_cells() -> None:
    boards = _random_boards(4, 60, [10, 11, 12, 13, 14, 15], seed=1)
    _assert_solved(boards, _search(boards, (6,) * 6, _even))


@pytest.mark.parametrize(
    ("widths", "stones", "count"),
    [
        ((16,), range(15), 40),
        ((16, 16), range(15), 25),
        ((16, 16, 16), range(2, 14), 8),
        ((3,), range(15), 40),
        ((2, 3), range(15), 60),
        ((3, 2, 2), range(15), 60),
        ((1, 1, 1, 1, 1), range(15), 60),
        ((4, 3, 2, 2), range(6, 14), 40),
    ],
)
def test_value_proof_move_and_policy_equal_plain_python(
    widths: tuple[int, ...], stones: Sequence[int], count: int
) -> None:
    boards = _random_boards(4, count, stones, seed=len(widths))
    found = _search(boards, widths, row_by_row(hashed), c_visit=2.0, c_scale=1.5)
    for game, cells in enumerate(boards.cells.tolist()):
        to_move = int(boards.to_move[game])
        value, proven = oracle.depth_limited(cells, to_move, 4, widths, hashed)
        move, policy = _by_definition(cells, to_move, widths, scale=(2 + 1) * 1.5)
        assert found.value[game] == pytest.approx(value, abs=1e-6)
        assert found.proven[game] == proven
        assert found.moves[game] == move
        np.testing.assert_allclose(found.policy[game], policy, atol=1e-5)


def _by_definition(
    cells: list[int], to_move: int, widths: Sequence[int], scale: float
) -> tuple[int, list[float]]:
    """Return best move and improved policy as the paper defines them, for one visit a move."""
    logits, own_value = hashed(oracle.mover_view(cells, to_move, 4))
    q: dict[int, float] = {}
    proven: dict[int, int] = {}
    empty = [cell for cell in range(16) if cells[cell] == EMPTY]
    absolute = {oracle.mover_cell(cell, to_move, 4): cell for cell in empty}
    legal = sorted(absolute, key=lambda move: -logits[move])
    for move in legal[: widths[0]]:
        after = list(cells)
        after[absolute[move]] = to_move
        value, proof = oracle.depth_limited(after, -to_move, 4, widths[1:], hashed)
        q[move], proven[move] = -value, -proof
    prior = {move: math.exp(logits[move]) for move in legal}
    visits = len(q)
    weighted = sum(prior[move] * q[move] for move in q) / sum(prior[move] for move in q)
    v_mix = (own_value + visits * weighted) / (1 + visits)
    wins = [move for move in q if proven[move] == 1]
    alive = [move for move in legal if proven.get(move) != -1] or legal
    weight = {move: prior[move] * math.exp(scale * (q.get(move, v_mix) + 1) / 2) for move in alive}
    if wins:
        weight = dict.fromkeys(wins, 1.0)
    policy = [weight.get(move, 0) / sum(weight.values()) for move in range(16)]
    looked_at = [move for move in alive if move in q] or alive
    return max(wins or looked_at, key=lambda move: (q.get(move, 0), logits[move])), policy


ROOTS = [
    pytest.param(new_boards(1, 4), id="Red to move"),
    pytest.param(play_sequence(4, [5]), id="Blue to move"),
]


def _planted(root: Boards, values: Callable[[set[int], set[int]], float]) -> Evaluate:
    """Value positions by the stones added since the root, both seen from the root's player.

    ``values(own, other)`` is given the two sets of added cells and answers for the root's player.
    """
    start = oracle.mover_view(root.cells[0].tolist(), int(root.to_move[0]), 4)

    def evaluator(seen: Sequence[int]) -> tuple[list[float], float]:
        plies = sum(map(abs, seen)) - sum(map(abs, start))
        is_root_to_move = plies % 2 == 0
        cells = list(seen) if is_root_to_move else oracle.mover_view(seen, BLUE, 4)
        added = [cells[cell] if not start[cell] else 0 for cell in range(16)]
        own = {cell for cell in range(16) if added[cell] == 1}
        other = {cell for cell in range(16) if added[cell] == -1}
        value = values(own, other)
        return [0.0] * 16, value if is_root_to_move else -value

    return row_by_row(evaluator)


@pytest.mark.parametrize("root", ROOTS)
def test_of_one_ply_the_move_worst_for_the_opponent_is_played(root: Boards) -> None:
    world = _planted(root, lambda own, other: 0.7 if own == {9} else -0.6)
    found = _search(root, (16,), world)
    assert (found.moves[0], found.value[0]) == (9, np.float32(0.7))


@pytest.mark.parametrize("root", ROOTS)
def test_of_two_plies_the_move_with_the_mildest_worst_reply_is_played(root: Boards) -> None:
    def values(own: set[int], other: set[int]) -> float:
        if not other:
            return 0.95 if own == {3} else 0.0  # what a search that drops the second ply sees
        if own == {9}:
            return 0.3
        return -0.5 if other & {0, 1} else 0.9  # 0.9 is what maximising twice sees

    found = _search(root, (16, 16), _planted(root, values))
    assert (found.moves[0], found.value[0]) == (9, np.float32(0.3))


@pytest.mark.parametrize("root", ROOTS)
def test_of_three_plies_the_double_threat_is_played(root: Boards) -> None:
    def values(own: set[int], other: set[int]) -> float:
        if len(own) < 2:
            return 0.95 if own == {3} else 0.0
        if own in ({9, 1}, {9, 2}):
            return 0.4
        return 0.9 if own == {3, 4} else -0.2  # {3, 4} needs the opponent's help

    found = _search(root, (16, 16, 16), _planted(root, values))
    assert (found.moves[0], found.value[0]) == (9, np.float32(0.4))
