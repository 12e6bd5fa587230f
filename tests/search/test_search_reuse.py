"""What one search leaves for the next, against plain Python that keeps its subtree as objects."""

import zlib
from collections.abc import Iterator

import numpy as np
import oracle
import pytest
import slow_mcts
from drawn import together
from evaluators import hashed, row_by_row
from hypothesis import given, settings
from hypothesis import strategies as st

from hexray.config import SearchSettings
from hexray.evaluation import Evaluate, Evaluation, Leaves, drive, know_nothing
from hexray.game.board import EMPTY, Boards, new_boards, play, play_sequence
from hexray.game.frame import swap_moves
from hexray.search import Memory, SearchResult, search
from hexray.search.tree import NONE, ROOT, Trees

ROOTS = ("gumbel", "puct")
each_root = pytest.mark.parametrize("root", ROOTS)


def _asked(**asked: object) -> SearchSettings:
    return SearchSettings.model_validate({"reuse_tree": True, "connections": False, **asked})


def _opening(size: int, seed: int) -> list[int]:
    rng = oracle.random.Random(seed)
    return oracle.random_position(size, rng.randrange(size * size // 3), rng)


def _search(
    boards: Boards,
    asked: SearchSettings,
    memory: Memory | None,
    evaluate: Evaluate,
    rng: np.random.Generator | None = None,
    simulations: np.ndarray | None = None,
) -> SearchResult:
    warm = np.full(len(boards.cells), rng is not None)
    return drive(search(boards, asked, rng, warm, simulations, memory), evaluate)


def _play_on(
    boards: Boards, memory: Memory, found: SearchResult, openings: Iterator[list[int]]
) -> np.ndarray:
    """Play what was found, put a new game in the place of every ended one; return which ended."""
    moves = swap_moves(found.moves, boards.to_move, boards.size)
    play(boards, np.arange(len(moves)), moves)
    over = boards.winner != EMPTY
    memory.follow(found.moves, ~over)
    for game in np.flatnonzero(over):
        for column, new in zip(boards, play_sequence(boards.size, next(openings)), strict=True):
            column[game] = new[0]
    return over


def _openings(size: int, seed: int) -> Iterator[list[int]]:
    return (_opening(size, number) for number in range(seed, seed + 10_000))


@pytest.mark.parametrize(
    ("root", "size", "simulations", "candidates"),
    [
        ("gumbel", 5, 16, 8),
        ("gumbel", 4, 40, 16),
        ("gumbel", 4, 21, 2),
        ("gumbel", 5, 7, 1),
        ("gumbel", 3, 30, 5),
        ("puct", 5, 24, 1),
        ("puct", 4, 50, 8),
    ],
)
def test_games_with_kept_trees_equal_the_slow_ones(
    root: str, size: int, simulations: int, candidates: int
) -> None:
    asked = _asked(root=root, simulations=simulations, candidates=candidates, c_visit=10.0)
    openings, games = _openings(size, 1), 8
    boards = together([play_sequence(size, next(openings)) for _ in range(games)])
    memory = Memory(games, size * size, asked)
    slow: list[slow_mcts.Node | None] = [None] * games
    rows: list[int] = []
    slow_rows: list[object] = []

    def counted(seen: list[int]) -> tuple[list[float], float]:
        slow_rows.append(seen)
        return hashed(seen)

    kept = 0
    for _ in range(size * size):
        before = [(cells.tolist(), int(colour)) for cells, colour in _turns(boards)]
        rows.clear()
        slow_rows.clear()
        found = _search(boards, asked, memory, row_by_row(hashed, rows))
        over = _play_on(boards, memory, found, openings)
        for game, (cells, to_move) in enumerate(before):
            kept += slow[game] is not None
            node = slow[game] or slow_mcts.Node(cells, to_move, size)
            assert node.cells == cells
            move, policy, value = _slow_search(node, counted, asked)
            assert found.moves[game] == oracle.mover_cell(move, to_move, size)
            seen = [oracle.mover_cell(cell, to_move, size) for cell in range(size * size)]
            np.testing.assert_allclose(found.policy[game][seen], policy, atol=2e-4)
            assert found.value[game] == pytest.approx(value, abs=2e-4)
            assert found.proven[game] == node.proven
            below = node.children.get(move)
            slow[game] = None if below is None or below.proven or over[game] else below
        assert sum(rows) == len(slow_rows)
    assert kept > games


def _turns(boards: Boards) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    return zip(boards.cells.copy(), boards.to_move.copy(), strict=True)


def _slow_search(
    node: slow_mcts.Node, evaluator: oracle.Evaluator, asked: SearchSettings
) -> tuple[int, list[float], float]:
    """Return the move, the policy and the value, absolute frame."""
    cells = range(len(node.cells))
    if asked.root == "gumbel":
        move = slow_mcts.search(node, evaluator, asked.simulations, asked.candidates, 10.0, 1.0)
        improved = node.improved(10.0, 1.0)
        value = sum(share * node.completed(cell) for cell, share in improved.items())
        return move, [improved.get(cell, 0.0) for cell in cells], value
    move = slow_mcts.search_puct(node, evaluator, asked.simulations, 1.25, 19652.0, 0.2)
    visits = {cell: len(node.values[cell]) for cell in node.improved(0.0, 0.0)}
    policy = [visits.get(cell, 0) / sum(visits.values()) for cell in cells]
    all_values = [value for values in node.values.values() for value in values]
    return move, policy, node.proven or sum(all_values) / len(all_values)


def _subtree(trees: Trees, game: int, node: int) -> list[tuple]:
    """List what is known of every node below, in the order of their moves, without indices."""
    if trees.proven[game, node] != 0 and trees.version[game, node] == 2**31 - 1:
        return [("over", int(trees.proven[game, node]))]
    numbers = [
        float(column[game, node])
        for column in (trees.proven, trees.value, trees.open, trees.sum, trees.version)
    ]
    per_move = [
        column[game, node].tolist()
        for column in (trees.logits, trees.prior, trees.visits, trees.total, trees.result)
    ]
    known = [(numbers, per_move)]
    for move in np.flatnonzero(trees.child[game, node] != NONE):
        child = trees.child[game, node, move]
        assert (trees.parent[game, child], trees.move[game, child]) == (node, move)
        known += [(int(move), _subtree(trees, game, int(child)))]
    return known


def _nodes(known: list[tuple]) -> int:
    return 1 + sum(_nodes(below) for _, below in known[1:])


@each_root
def test_a_kept_tree_is_the_subtree_it_was(root: str) -> None:
    asked = _asked(root=root, simulations=60, candidates=8, c_scale=0.2)
    openings = _openings(4, 50)
    boards = together([play_sequence(4, next(openings)) for _ in range(12)])
    memory, rng = Memory(12, 16, asked), np.random.default_rng(0)
    kept = 0
    for _ in range(8):
        found = _search(boards, asked, memory, row_by_row(hashed), rng)
        trees = memory.trees
        top = trees.child[np.arange(12), ROOT, found.moves]
        may_go_on = (top != NONE) & (trees.proven[np.arange(12), top] == 0)
        before = [_subtree(trees, g, int(top[g])) if may_go_on[g] else None for g in range(12)]
        over = _play_on(boards, memory, found, openings)
        np.testing.assert_array_equal(memory.is_kept, may_go_on & ~over)
        for game in np.flatnonzero(memory.is_kept):
            known = _subtree(trees, int(game), ROOT)
            assert known == before[game]
            assert trees.used[game] == _nodes(known)
            kept += 1
    assert kept > 30


@each_root
def test_a_batch_of_games_equals_the_games_one_by_one(root: str) -> None:
    asked = _asked(root=root, simulations=24, candidates=8)

    def whole(starts: list[list[int]]) -> list[SearchResult]:
        boards = together([play_sequence(5, moves) for moves in starts])
        memory, openings = Memory(len(starts), 25, asked), _openings(5, 900)
        found = []
        for _ in range(7):
            found.append(_search(boards, asked, memory, row_by_row(hashed)))
            _play_on(boards, memory, found[-1], openings)
        return found

    starts = [_opening(5, seed)[:4] for seed in range(6)]
    batch = whole(starts)
    for game, moves in enumerate(starts):
        for one, many in zip(whole([moves]), batch, strict=True):
            for column, all_games in zip(one, many, strict=True):
                np.testing.assert_array_equal(column[0], all_games[game])


@each_root
def test_nothing_of_a_finished_game_reaches_its_successor(root: str) -> None:
    asked = _asked(root=root, simulations=30, candidates=8)
    openings = _openings(3, 20)
    boards = together([play_sequence(3, next(openings)) for _ in range(10)])
    memory, ended = Memory(10, 9, asked), 0
    over = np.ones(10, np.bool_)
    for _ in range(12):
        anew = _search(boards, asked, None, row_by_row(hashed))
        found = _search(boards, asked, memory, row_by_row(hashed))
        for column, expected in zip(found, anew, strict=True):
            np.testing.assert_array_equal(column[over], expected[over])
        over = _play_on(boards, memory, found, openings)
        ended += np.count_nonzero(over)
    assert ended > 10


def test_a_gumbel_search_asks_only_for_what_its_schedule_lacks() -> None:
    """One candidate gets 8 simulations, so 7 lie below it, all on moves of the next root."""
    asked = _asked(simulations=8, candidates=1)
    boards, memory, rows = new_boards(3, 7), Memory(3, 49, asked), []
    found = _search(boards, asked, memory, row_by_row(hashed, rows))
    assert sum(rows) == 3 * 9
    _play_on(boards, memory, found, iter(()))
    visits = memory.trees.visits[:, ROOT].copy()
    candidate = memory.trees.logits[:, ROOT].argmax(1)
    assert (visits.sum(1) == 7).all()
    rows.clear()
    _search(boards, asked, memory, row_by_row(hashed, rows))
    assert sum(rows) == sum(8 - visits[game, candidate[game]] for game in range(3)) < 3 * 8


def test_a_puct_search_fills_up_to_its_simulations() -> None:
    asked = _asked(root="puct", simulations=20)
    boards, memory, rows = new_boards(3, 7), Memory(3, 49, asked), []
    found = _search(boards, asked, memory, row_by_row(hashed, rows))
    visits = np.rint(found.policy.max(1) * 20)
    _play_on(boards, memory, found, iter(()))
    rows.clear()
    _search(boards, asked, memory, row_by_row(hashed, rows))
    assert sum(rows) == sum(20 - (visits - 1)) < 3 * 20
    assert (memory.trees.visits[:, ROOT].sum(1) == 20).all()


def test_a_move_refuted_before_is_no_candidate_again() -> None:
    """A kept root has refuted moves; they keep their visits, however good their prior is."""
    asked = _asked(simulations=60, candidates=9, c_scale=0.1)
    openings, refuted = _openings(3, 300), 0
    boards = together([play_sequence(3, next(openings)[:2]) for _ in range(40)])
    memory = Memory(40, 9, asked)
    for _ in range(3):
        found = _search(boards, asked, memory, row_by_row(hashed))
        _play_on(boards, memory, found, openings)
        result, visits = memory.trees.result[:, ROOT].copy(), memory.trees.visits[:, ROOT].copy()
        lost = (result < 0) & memory.is_kept[:, None]
        again = _search(boards, asked, memory, row_by_row(hashed))
        np.testing.assert_array_equal(memory.trees.result[:, ROOT][lost], -1)
        np.testing.assert_array_equal(memory.trees.visits[:, ROOT][lost], visits[lost])
        hopeful = again.proven >= 0
        assert not again.policy[hopeful][lost[hopeful]].any()
        _play_on(boards, memory, again, openings)
        refuted += np.count_nonzero(lost)
    assert refuted > 5


DRAWN = [0.7, 0.1, 0.1, 0.1]


def _only_prior(leaves: Leaves) -> Evaluation:
    """Evaluate nothing but the prior: c3 if it is free, else a draw from four cells."""
    logits = np.full(leaves.cells.shape, -1e4, np.float32)
    logits[:, :4] = np.log(DRAWN)
    logits[:, 12] = 1e4
    return know_nothing(leaves)._replace(logits=logits)


def test_kept_visits_do_not_sway_the_draw_of_a_gumbel_root() -> None:
    """With values that say nothing a move is a draw from the prior, however visits are spread."""
    games, asked = 4000, _asked(simulations=12, candidates=1)
    boards, memory = new_boards(games, 5), Memory(games, 25, asked)
    rng = np.random.default_rng(0)
    found = _search(boards, asked, memory, _only_prior, rng)
    assert (found.moves == 12).all()
    _play_on(boards, memory, found, iter(()))
    assert memory.trees.visits[0, ROOT, 0] > 6  # more than halving gives to any of four
    four = asked.model_copy(update={"candidates": 4})
    found = _search(boards, four, memory, _only_prior, rng)
    share = np.bincount(found.moves, minlength=25)[:4] / games
    # Five standard errors of the largest: a chance below one in a million.
    np.testing.assert_allclose(share, DRAWN, atol=5 * (0.25 / games) ** 0.5)


def test_noise_reaches_no_prior_that_is_kept() -> None:
    asked = _asked(root="puct", simulations=30, dirichlet_share=1.0, temperature=0.0)
    boards, memory, rng = new_boards(6, 5), Memory(6, 25, asked), np.random.default_rng(2)
    for _ in range(4):
        found = _search(boards, asked, memory, row_by_row(hashed), rng)
        _play_on(boards, memory, found, _openings(5, 70))
        trees, kept = memory.trees, 0
        for game in np.flatnonzero(memory.is_kept):
            for node in range(trees.used[game]):
                if trees.version[game, node] == 0:
                    weights = np.exp(trees.logits[game, node].astype(float))
                    prior = trees.prior[game, node]
                    np.testing.assert_allclose(prior, weights / weights.sum(), atol=1e-6)
                    kept += 1
        assert kept > 6


@each_root
def test_the_version_of_a_game_is_the_oldest_that_its_tree_remembers(root: str) -> None:
    """Every value tells the version that gave it; the board is too large for a game to end."""
    asked = _asked(root=root, simulations=16, candidates=4, c_scale=0.1)
    boards, memory, ages = new_boards(5, 7), Memory(5, 49, asked), []
    for version in range(1, 11):

        def evaluate(leaves: Leaves, version: int = version) -> Evaluation:
            logits = row_by_row(hashed)(leaves).logits
            value = np.full(len(leaves.cells), version / 64, np.float32)
            return Evaluation(logits, value, version)

        found, trees = _search(boards, asked, memory, evaluate), memory.trees
        told = [trees.value[game, : trees.used[game]].min() * 64 for game in range(5)]
        assert found.version.tolist() == told
        ages += (version - found.version).tolist()
        assert not _play_on(boards, memory, found, iter(())).any()
    assert 1 <= max(ages) < 9


@each_root
def test_a_search_that_breaks_off_leaves_nothing_behind(root: str) -> None:
    asked = _asked(root=root, simulations=16, candidates=4)
    boards, memory = new_boards(4, 5), Memory(4, 25, asked)
    found = _search(boards, asked, memory, row_by_row(hashed))
    _play_on(boards, memory, found, iter(()))
    assert memory.is_kept.all()
    answers = iter(range(2))

    def fails(leaves: Leaves) -> Evaluation:
        if next(answers, None) is None:
            raise ConnectionError
        return row_by_row(hashed)(leaves)

    with pytest.raises(ConnectionError):
        _search(boards, asked, memory, fails)
    found = _search(boards, asked, memory, row_by_row(hashed))
    anew = _search(boards, asked, None, row_by_row(hashed))
    for column, expected in zip(found, anew, strict=True):
        np.testing.assert_array_equal(column, expected)


@pytest.mark.parametrize("reuse_tree", [False, True])
def test_a_gumbel_root_is_not_searched_twice_beyond_its_room(reuse_tree: bool) -> None:
    asked = _asked(simulations=6, candidates=3, reuse_tree=reuse_tree)
    boards, memory, warm = new_boards(2, 4), Memory(2, 16, asked), np.zeros(2, np.bool_)
    drive(search(boards, asked, None, warm, memory=memory), know_nothing)
    with pytest.raises(ValueError, match="6 simulations at its root and no room for 6 more"):
        drive(search(boards, asked, None, warm, memory=memory), know_nothing)


def test_a_memory_of_another_size_is_refused() -> None:
    memory = Memory(2, 25, _asked(simulations=8))
    with pytest.raises(ValueError, match=r"room for .* \(2, 16, 25\), this search needs .*32"):
        _search(new_boards(2, 5), _asked(simulations=16), memory, know_nothing)


@each_root
def test_a_game_given_up_leaves_nothing(root: str) -> None:
    asked = _asked(root=root, simulations=16)
    boards, memory = new_boards(4, 5), Memory(4, 25, asked)
    found = _search(boards, asked, memory, row_by_row(hashed))
    memory.follow(found.moves, np.array([True, False, True, False]))
    assert memory.is_kept.tolist() == [True, False, True, False]


def test_without_the_setting_nothing_is_kept() -> None:
    asked = _asked(simulations=8, reuse_tree=False)
    boards, memory = new_boards(2, 5), Memory(2, 25, asked)
    for _ in range(3):
        rows: list[int] = []
        _play_on(boards, memory, _search(boards, asked, memory, row_by_row(hashed, rows)), iter(()))
        assert sum(rows) == 2 * 9
        assert not memory.is_kept.any()


def _made_up(leaves: Leaves) -> Evaluation:
    rng = np.random.default_rng(zlib.crc32(leaves.cells.tobytes()))
    logits = rng.normal(size=leaves.cells.shape) * rng.choice([0.0, 1.0, 100.0])
    return Evaluation(
        logits.astype(np.float32), rng.uniform(-1, 1, len(logits)).astype(np.float32), 0
    )


@settings(max_examples=60, deadline=None)
@given(
    size=st.integers(2, 5),
    seed=st.integers(0, 2**32 - 1),
    explores=st.booleans(),
    varies=st.booleans(),
    asked=st.fixed_dictionaries(
        {
            "root": st.sampled_from(ROOTS),
            "simulations": st.integers(1, 40),
            "candidates": st.integers(1, 30),
            "c_visit": st.sampled_from([0.0, 50.0]),
            "c_scale": st.sampled_from([0.0, 1.0, 100.0]),
            "puct_init": st.sampled_from([0.0, 1.25, 100.0]),
            "temperature": st.sampled_from([0.0, 1.0]),
        }
    ),
)
def test_whole_games_stay_within_the_room_and_give_valid_answers(
    size: int, seed: int, explores: bool, varies: bool, asked: dict[str, object]
) -> None:
    wanted, games = _asked(**asked), 5
    most = wanted.simulations
    openings, rng = _openings(size, seed), np.random.default_rng(seed)
    boards = together([play_sequence(size, next(openings)) for _ in range(games)])
    memory = Memory(games, size * size, wanted)
    for _ in range(2 * size * size):
        budget = rng.integers(1, most, games, np.int32, endpoint=True) if varies else None
        kept = memory.trees.sum[:, ROOT] * memory.is_kept
        assert (kept < most).all()
        rows, fresh = [0], np.count_nonzero(~memory.is_kept)

        def evaluate(leaves: Leaves, rows: list[int] = rows) -> Evaluation:
            assert len(leaves.cells) > 0
            rows[0] += len(leaves.cells)
            return _made_up(leaves)

        found = _search(boards, wanted, memory, evaluate, rng if explores else None, budget)
        assert memory.trees.used.max() <= memory.trees.prior.shape[1] <= 2 * most + 1
        assert rows[0] <= fresh + (most * games if budget is None else budget.sum())
        np.testing.assert_allclose(found.policy.sum(1), 1, atol=1e-4)
        assert (np.abs(found.value) <= 1).all()
        _play_on(boards, memory, found, openings)  # refuses illegal moves


@each_root
def test_every_game_gets_the_simulations_asked_for_it(root: str) -> None:
    asked = _asked(root=root, simulations=16, candidates=8, reuse_tree=False)
    boards = together([play_sequence(6, _opening(6, seed)[:3]) for seed in range(4)])
    budget = np.array([16, 3, 1, 8], np.int32)
    rows: list[int] = []
    found = _search(boards, asked, None, row_by_row(hashed, rows), simulations=budget)
    assert sum(rows) == 4 + budget.sum()
    for game, count in enumerate(budget):
        alone = asked.model_copy(update={"simulations": int(count)})
        expected = _search(boards.take(np.array([game])), alone, None, row_by_row(hashed))
        for column, one in zip(found, expected, strict=True):
            np.testing.assert_array_equal(column[game], one[0])


@pytest.mark.parametrize("count", [0, 17])
def test_simulations_beyond_the_settings_are_refused(count: int) -> None:
    asked = SearchSettings(simulations=16)
    with pytest.raises(ValueError, match=f"{count}.* between 1 and 16"):
        _search(new_boards(1, 3), asked, None, know_nothing, None, np.array([count], np.int32))
