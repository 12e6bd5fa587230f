"""Self-play: whole games, kept records, independent streams."""

import numpy as np
import oracle
import pytest
from evaluators import hashed, row_by_row

from hexray.config import SearchSettings, SelfplaySettings
from hexray.data.checks import check_block
from hexray.data.games import Ended, GameBlock, concat_games
from hexray.evaluation import Evaluation, Leaves, drive
from hexray.game.board import EMPTY
from hexray.play.selfplay import SelfPlay

SEARCHES = [
    SearchSettings(simulations=4, candidates=4),
    SearchSettings(root="puct", simulations=4),
    SearchSettings(simulations=9, candidates=3, reuse_tree=True),
    SearchSettings(root="puct", simulations=9, reuse_tree=True),
    SearchSettings(kind="minimax", widths=(4, 2)),
]


def _play(
    steps: int,
    search: SearchSettings = SEARCHES[0],
    stream: tuple[int, ...] = (0,),
    size: int = 4,
    **settings: object,
) -> GameBlock:
    asked = SelfplaySettings.model_validate({"games": 6, **settings})
    group = SelfPlay(size, asked, search, "test", 0, stream)
    blocks = [drive(group.step(), row_by_row(hashed)) for _ in range(steps)]
    return concat_games([block for block in blocks if block is not None])


def _games(block: GameBlock) -> list[list[int]]:
    ends = np.cumsum(block.length)
    starts = ends - block.length
    return [block.moves[a:b].tolist() for a, b in zip(starts, ends, strict=True)]


@pytest.mark.parametrize("search", SEARCHES, ids=lambda s: f"{s.kind}-{s.root}-{s.reuse_tree}")
def test_finished_games_are_legal_and_their_winner_is_true(search: SearchSettings) -> None:
    block = _play(20, search)
    assert len(block.game_id) >= 6
    check_block(block)
    for game, moves in enumerate(_games(block)):
        _, _, winner = oracle.replay(4, moves)
        assert winner == block.winner[game] or (
            winner == EMPTY and block.ended[game] == Ended.ADJUDICATED
        )


@pytest.mark.parametrize("search", SEARCHES, ids=lambda s: f"{s.kind}-{s.root}-{s.reuse_tree}")
def test_adjudicated_games_are_really_won(search: SearchSettings) -> None:
    thorough = search.model_copy(update={"simulations": 24, "candidates": 9})
    block = _play(40, thorough, adjudicate_share=1.0, size=3)
    known: dict[tuple[object, int], int] = {}
    judged = 0
    for game, moves in enumerate(_games(block)):
        cells, to_move, winner = oracle.replay(3, moves)
        if winner == EMPTY:
            judged += 1
            wins = oracle.solve(cells, to_move, 3, known)
            assert wins * to_move == block.winner[game]
    assert judged > 5


def test_without_adjudication_every_game_is_played_out() -> None:
    block = _play(40, adjudicate_share=0.0, size=3)
    assert (block.ended == Ended.JOINED).all()
    assert all(oracle.replay(3, moves)[2] != EMPTY for moves in _games(block))


def test_a_finished_game_is_replaced_at_once() -> None:
    """Every step asks for all games: no batch thins out."""
    asked: list[int] = []
    group = SelfPlay(4, SelfplaySettings(games=6), SearchSettings(), "test", 0, (0,))
    for _ in range(30):
        asked.clear()
        drive(group.step(), row_by_row(hashed, asked))
        assert asked[0] == 6


@pytest.mark.parametrize("root", ["gumbel", "puct"])
def test_kept_trees_save_evaluations(root: str) -> None:
    rows: dict[bool, int] = {}
    for reuses in (False, True):
        search = SearchSettings.model_validate({"root": root, "reuse_tree": reuses})
        group = SelfPlay(5, SelfplaySettings(games=6), search, "test", 0, (0,))
        asked: list[int] = []
        for _ in range(40):
            drive(group.step(), row_by_row(hashed, asked))
        rows[reuses] = sum(asked)
    assert rows[True] < 0.9 * rows[False]


def test_records_tell_the_version_of_each_game() -> None:
    """Games that were begun by one version and games begun by the next share every batch."""
    search = SearchSettings(simulations=9, candidates=3, reuse_tree=True)
    group = SelfPlay(4, SelfplaySettings(games=6), search, "test", 0, (0,))
    blocks = []
    for version in range(160):

        def evaluate(leaves: Leaves, version: int = version) -> Evaluation:
            return row_by_row(hashed)(leaves)._replace(version=version)

        blocks.append((version, drive(group.step(), evaluate)))
    ages = [
        version - int(last)
        for version, block in blocks
        if block is not None
        for last in block.version[np.cumsum(block.length - block.opening) - 1]
    ]
    assert min(ages) == 0
    assert max(ages) >= 1
    assert max(ages) < 8


def test_game_ids_never_repeat() -> None:
    block = _play(60, size=3)
    assert len(set(block.game_id)) == len(block.game_id) > 30


def test_streams_play_different_games_and_the_same_stream_the_same() -> None:
    one, again, other = _play(30, size=6), _play(30, size=6), _play(30, size=6, stream=(1,))
    assert _games(one) == _games(again)
    np.testing.assert_array_equal(one.policy, again.policy)
    shared = {tuple(game) for game in _games(one)} & {tuple(game) for game in _games(other)}
    assert len(shared) <= 1


def test_records_hold_one_policy_value_and_version_for_each_searched_move() -> None:
    block = _play(20)
    searched = int((block.length - block.opening).sum())
    assert block.root_value.shape == block.version.shape == (searched,)
    assert block.policy.shape == (searched, 16)
    np.testing.assert_allclose(block.policy.sum(1, dtype=np.float32), 1, atol=5e-3)


@pytest.mark.parametrize("size", [2, 3])
def test_openings_leave_every_game_undecided_even_on_tiny_boards(size: int) -> None:
    block = _play(30, size=size, random_share=1.0, random_stones=1.0)
    assert (block.length > block.opening).all()
    for game, moves in enumerate(_games(block)):
        assert oracle.replay(size, moves[: block.opening[game]])[2] == EMPTY


def _opening_values(choices: int, evenness: float = 4.0) -> list[float]:
    """Play games whose first searched position has the value that its stones say."""

    def telling(leaves: Leaves) -> Evaluation:
        # Nearly lost with few stones, even with many: so the number of stones is the value.
        stones = np.count_nonzero(leaves.cells, axis=1)
        value = np.minimum(stones / 8, 1) - 0.99
        return Evaluation(np.zeros(leaves.cells.shape, np.float16), value.astype(np.float32), 1)

    asked = SelfplaySettings.model_validate(
        {
            "games": 16,
            "random_share": 1.0,
            "opening_choices": choices,
            "opening_evenness": evenness,
        }
    )
    group = SelfPlay(4, asked, SEARCHES[0], "test", 0, (0,))
    blocks = [drive(group.step(), telling) for _ in range(120)]
    block = concat_games([block for block in blocks if block is not None])
    return block.opening.tolist()


def test_of_several_openings_the_even_ones_are_chosen_rather() -> None:
    one, many, indifferent = (np.mean(_opening_values(*asked)) for asked in ((1,), (8,), (8, 0.0)))
    assert many > one + 1.5
    assert abs(indifferent - one) < 0.6


def test_a_choice_of_openings_asks_for_one_row_each() -> None:
    asked = []

    def counting(leaves: Leaves) -> Evaluation:
        asked.append(len(leaves.cells))
        return row_by_row(hashed)(leaves)

    settings = SelfplaySettings(games=3, opening_choices=5)
    group = SelfPlay(3, settings, SEARCHES[0], "test", 0, (0,))
    ended = 0
    for _ in range(12):
        del asked[:]
        block = drive(group.step(), counting)
        over = 0 if block is None else len(block.game_id)
        ended += over
        assert (asked[-1] == 5 * over) if over else (asked[-1] <= 3 * 4)
    assert ended > 3
