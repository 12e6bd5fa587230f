"""Extreme positions, settings and evaluators: the search stays in bounds and its answers valid."""

import zlib
from collections.abc import Callable

import numpy as np
import oracle
import pytest
import slow_mcts
from drawn import drawn, together
from evaluators import hashed, row_by_row
from hypothesis import given, settings
from hypothesis import strategies as st

from hexray.config import SearchSettings
from hexray.errors import EvaluationError
from hexray.evaluation import Evaluate, Evaluation, Leaves, drive, know_nothing
from hexray.game.board import EMPTY, RED, Boards, new_boards, play_sequence
from hexray.game.frame import mover_cells
from hexray.search.mcts import mcts
from hexray.search.reuse import Memory
from hexray.search.root import SearchResult, halving_schedule
from hexray.search.tree import Trees, expand, new_trees

ROOTS = ("gumbel", "puct")
Draw = Callable[[np.random.Generator, tuple[int, int]], np.ndarray]


def _equal(rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    return np.zeros(shape, np.float32)


def _far_apart(rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    return rng.choice(np.array([-1e4, 1e4], np.float32), shape)


def _one_stands_out(rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    return np.where(np.arange(shape[1]) == rng.integers(shape[1]), 1e4, -1e4).astype(np.float32)


def _half(rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    return (rng.normal(size=shape) * 30).astype(np.float16)


def _huge(rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    return rng.uniform(-6e4, 6e4, shape).astype(np.float16)


LOGITS: tuple[Draw, ...] = (_equal, _far_apart, _one_stands_out, _half, _huge)
ON_STONES = (0.0, np.inf, -np.inf, np.nan)


def _made_up(draw: Draw, on_stones: float, extreme: float) -> Evaluate:
    """Answer from a draw that depends on the batch alone; ``extreme`` values are -1, 0 or 1."""

    def evaluate(leaves: Leaves) -> Evaluation:
        rng = np.random.default_rng(zlib.crc32(leaves.cells.tobytes()))
        logits = draw(rng, leaves.cells.shape)
        sharp = rng.random(len(leaves.cells)) < extreme
        value = np.where(
            sharp, rng.integers(-1, 2, len(sharp)), rng.uniform(-1, 1, len(sharp))
        ).astype(np.float32)
        filled = np.where(leaves.cells == EMPTY, logits, np.array(on_stones, logits.dtype))
        return Evaluation(filled, value, 1)

    return evaluate


def _search(
    boards: Boards, evaluate: Evaluate, rng: np.random.Generator | None = None, **asked: object
) -> SearchResult:
    """Search by the tree alone: connections would answer before the evaluator is asked."""
    chosen = SearchSettings.model_validate({"connections": False, **asked})
    warm = np.full(len(boards.cells), rng is not None)
    return drive(mcts(boards, chosen, rng, warm), evaluate)


def _assert_valid(found: SearchResult, boards: Boards) -> None:
    seen = mover_cells(boards.cells, boards.to_move)
    games = np.arange(len(seen))
    assert (seen[games, found.moves] == EMPTY).all()
    assert np.isfinite(found.policy).all()
    assert (found.policy >= 0).all()
    assert not found.policy[seen != EMPTY].any()
    np.testing.assert_allclose(found.policy.sum(1), 1, atol=1e-4)
    assert np.isfinite(found.value).all()
    assert (np.abs(found.value) <= 1).all()
    certain = found.proven != 0
    np.testing.assert_array_equal(found.value[certain], found.proven[certain])


def _positions(size: int, count: int, seed: int) -> Boards:
    """Undecided positions with every number of stones, from an empty to an almost full board."""
    rng = np.random.default_rng(seed)
    games = []
    for _ in range(count):
        moves = oracle.random_game(size, _plain(rng))
        games.append(play_sequence(size, moves[: rng.integers(len(moves))]))
    return together(games)


def _plain(rng: np.random.Generator) -> "oracle.random.Random":
    return oracle.random.Random(int(rng.integers(2**32)))


@settings(max_examples=200, deadline=None)
@given(
    size=st.integers(2, 6),
    games=st.integers(1, 9),
    seed=st.integers(0, 2**32 - 1),
    draw=st.sampled_from(LOGITS),
    on_stones=st.sampled_from(ON_STONES),
    extreme=st.sampled_from([0.0, 0.5, 1.0]),
    explores=st.booleans(),
    asked=st.fixed_dictionaries(
        {
            "root": st.sampled_from(ROOTS),
            "simulations": st.integers(1, 80),
            "candidates": st.integers(1, 40),
            "c_visit": st.sampled_from([0.0, 50.0, 5000.0]),
            "c_scale": st.sampled_from([0.0, 0.1, 1.0, 100.0]),
            "dirichlet_total": st.sampled_from([1e-6, 10.0, 1e6]),
            "dirichlet_share": st.sampled_from([0.0, 0.25, 1.0]),
            "temperature": st.sampled_from([0.0, 1e-3, 1.0, 50.0]),
        }
    ),
)
def test_no_settings_and_no_evaluator_break_a_search(
    size: int,
    games: int,
    seed: int,
    draw: Draw,
    on_stones: float,
    extreme: float,
    explores: bool,
    asked: dict[str, object],
) -> None:
    boards = _positions(size, games, seed)
    rng = np.random.default_rng(seed) if explores else None
    _assert_valid(_search(boards, _made_up(draw, on_stones, extreme), rng, **asked), boards)


@pytest.mark.parametrize("root", ROOTS)
@pytest.mark.parametrize("simulations", [1, 2, 200])
@pytest.mark.parametrize("candidates", [1, 3, 361])
def test_the_smallest_board_bears_any_number_of_simulations(
    root: str, simulations: int, candidates: int
) -> None:
    boards = _positions(2, 16, seed=1)
    evaluate = _made_up(_half, 0.0, 0.0)
    asked = {"root": root, "simulations": simulations, "candidates": candidates}
    _assert_valid(_search(boards, evaluate, **asked), boards)


@pytest.mark.parametrize("root", ROOTS)
@pytest.mark.parametrize("draw", LOGITS)
def test_a_2x2_board_is_solved_whatever_the_logits(root: str, draw: Draw) -> None:
    """Red wins with b1 or a2, and with all four cells as candidates every move is tried."""
    found = _search(
        new_boards(1, 2), _made_up(draw, 0.0, 1.0), root=root, simulations=200, candidates=4
    )
    assert (found.proven[0], found.value[0]) == (1, 1)
    assert found.moves[0] in (1, 2)
    assert found.policy[0, 0] == found.policy[0, 3] == 0


@pytest.mark.parametrize("root", ROOTS)
@pytest.mark.parametrize("simulations", [1, 50])
def test_the_last_empty_cell_wins_and_is_played(root: str, simulations: int) -> None:
    last = drawn("R R B B . B R R B", RED)
    found = _search(last, know_nothing, root=root, simulations=simulations, candidates=1)
    assert (found.moves[0], found.proven[0], found.policy[0, 4]) == (4, 1, 1)


@pytest.mark.parametrize("root", ROOTS)
def test_one_simulation_of_one_candidate_follows_the_best_logit(root: str) -> None:
    def evaluate(leaves: Leaves) -> Evaluation:
        logits = np.tile(np.arange(leaves.cells.shape[1], dtype=np.float32), (len(leaves.cells), 1))
        return know_nothing(leaves)._replace(logits=logits)

    found = _search(new_boards(3, 7), evaluate, root=root, simulations=1, candidates=1)
    assert found.moves.tolist() == [48, 48, 48]


@pytest.mark.parametrize("root", ROOTS)
def test_the_largest_board_is_searched(root: str) -> None:
    boards = _positions(19, 3, seed=3)
    evaluate = _made_up(_half, np.nan, 0.0)
    asked = {"root": root, "simulations": 64, "candidates": 361}
    _assert_valid(_search(boards, evaluate, np.random.default_rng(0), **asked), boards)


@pytest.mark.parametrize("c_visit", [1400.0, 3000.0, 1e5])
def test_a_scale_whose_exponential_overflows_changes_no_rule(c_visit: float) -> None:
    """Some 1400 visits at one node weigh as much as this c_visit; the slow search is exact."""
    rng = oracle.random.Random(5)
    games = [oracle.random_position(4, rng.choice((0, 3, 6, 9)), rng) for _ in range(12)]
    boards = together([play_sequence(4, moves) for moves in games])
    asked = {"simulations": 60, "candidates": 4, "c_visit": c_visit}
    found = _search(boards, row_by_row(hashed), **asked)
    for game, moves in enumerate(games):
        cells, to_move, _ = oracle.replay(4, moves)
        root = slow_mcts.Node(cells, to_move, 4)
        slow_mcts.search(root, hashed, 60, 4, c_visit, 1.0)
        value = sum(
            share * root.completed(cell) for cell, share in root.improved(c_visit, 1.0).items()
        )
        assert found.value[game] == pytest.approx(value, abs=1e-3)


@pytest.mark.parametrize("root", ROOTS)
def test_when_all_prior_lies_on_a_refuted_move_the_others_are_tried(root: str) -> None:
    """Blue's reply c2 takes all the prior and loses at once, so that nothing but zeros is left."""
    board = drawn(
        """ . R . .
             . R . .
              . R . .
               . . . . """,
        RED,
    )

    def evaluate(leaves: Leaves) -> Evaluation:
        logits = np.full(leaves.cells.shape, -1e4, np.float32)
        logits[:, 15] = 1e4
        return know_nothing(leaves)._replace(logits=logits)

    found = _search(board, evaluate, root=root, simulations=300, candidates=16)
    _assert_valid(found, board)


@pytest.mark.parametrize("root", ROOTS)
def test_no_tree_takes_more_nodes_than_simulations_and_a_root(
    root: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Trees] = []

    def spied(games: int, nodes: int, area: int) -> Trees:
        made.append(new_trees(games, nodes, area))
        return made[-1]

    monkeypatch.setitem(Memory.__init__.__globals__, "new_trees", spied)
    for size, simulations, candidates in [(2, 200, 361), (3, 1, 1), (5, 64, 7), (4, 33, 16)]:
        boards = _positions(size, 12, seed=size)
        evaluate = _made_up(_half, 0.0, 0.5)
        _search(boards, evaluate, root=root, simulations=simulations, candidates=candidates)
        assert made[-1].used.max() <= simulations + 1 == made[-1].parent.shape[1]


@given(simulations=st.integers(1, 400), candidates=st.integers(1, 361))
def test_every_schedule_spends_all_simulations_on_fewer_and_fewer_moves(
    simulations: int, candidates: int
) -> None:
    table = halving_schedule(simulations, candidates)
    for count in {1, 2, 3, candidates // 2, candidates} - {0}:
        if count > candidates:
            continue
        row = table[count]
        assert row.sum() == simulations
        assert row.max() <= count
        assert (np.diff(row) <= 0).all()


@pytest.mark.parametrize("root", ROOTS)
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("where", ["logits", "value"])
@pytest.mark.parametrize("batch", [0, 1])
def test_an_answer_that_is_no_number_is_refused(
    root: str, bad: float, where: str, batch: int
) -> None:
    asked = 0

    def evaluate(leaves: Leaves) -> Evaluation:
        nonlocal asked
        said = know_nothing(leaves)
        if asked == batch:
            getattr(said, where)[-1] = bad
        asked += 1
        return said

    with pytest.raises(EvaluationError, match="not finite"):
        _search(new_boards(2, 4), evaluate, root=root)


def test_answers_in_shared_memory_compile_no_kernel_again() -> None:
    """What Ray hands over is read-only: to numba another type, to be compiled for seconds."""

    def evaluate(leaves: Leaves) -> Evaluation:
        said = know_nothing(leaves)
        for column in (said.logits, said.value):
            column.flags.writeable = False
        return said

    _search(new_boards(2, 4), know_nothing)
    before = len(expand.signatures)
    _search(new_boards(2, 4), evaluate)
    assert len(expand.signatures) == before
