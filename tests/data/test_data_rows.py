"""Blocks of games: rows equal the slow engine's, bad blocks are refused with game and reason."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_games import assert_same, random_block, slow_rows

from hexray.data.checks import check_block
from hexray.data.games import Ended, GameBlock, concat_games, take_games
from hexray.data.rows import Further, rows_of
from hexray.errors import StoreError
from hexray.game.replay import _write_positions, positions_along, replay_games

blocks = st.builds(
    random_block, st.integers(2, 5), st.integers(0, 6), st.integers(0, 2**32), st.just("hash")
)
quick = settings(max_examples=30, deadline=None)


def one_game(moves: list[int], winner: int, opening: int = 0, **changes: object) -> GameBlock:
    """A game on 3x3 in which every searched ply has no policy."""
    plies = len(moves) - opening
    block = GameBlock(
        size=3,
        game_id=("g1",),
        length=np.array([len(moves)], np.int16),
        opening=np.array([opening], np.int16),
        winner=np.array([winner], np.int8),
        ended=np.array([Ended.JOINED], np.int8),
        swapped=np.array([False]),
        seed=np.array([7], np.int64),
        moves=np.array(moves, np.int16),
        root_value=np.zeros(plies, np.float32),
        policy=np.zeros((plies, 9), np.float16),
        version=np.zeros(plies, np.int32),
        first=("",),
        second=("",),
        source=("",),
        settings=("hash",),
    )
    return block._replace(**changes)


# Red joins a1, a2, a3; Blue holds b1 and c1.
RED_WINS = [0, 1, 3, 2, 6]


@quick
@given(blocks, st.booleans(), st.booleans())
def test_rows_equal_those_built_position_by_position(
    block: GameBlock, reply: bool, owner: bool
) -> None:
    further = Further(reply, owner)
    assert_same(rows_of(block, further), slow_rows(block, further))


def test_rows_of_a_game_worked_by_hand() -> None:
    block = one_game(RED_WINS, winner=1, opening=2)
    rows = rows_of(block)
    assert rows.cells.tolist() == [
        [1, -1, 0, 0, 0, 0, 0, 0, 0],  # Red sees a1 own, b1 Blue's
        [-1, -1, 0, 1, 0, 0, 0, 0, 0],  # Blue sees the transpose: a1, a2 Red's, b1 own at a2
        [1, -1, -1, 1, -1, -1, 0, -1, -1],  # all but a3 is captured by Blue's edge and stones
    ]
    assert rows.outcome.tolist() == [1, -1, 1]


def test_the_reply_of_a_game_worked_by_hand() -> None:
    policy = np.zeros((5, 9), np.float16)
    policy[1, 3] = 0.75  # Blue sees b1 at a2
    policy[1, 4] = 0.25
    policy[2, 3] = 1.0  # Red's a2 is Blue's b1
    block = one_game(RED_WINS, winner=1, policy=policy)
    reply = rows_of(block, Further(reply=True)).reply
    assert reply[0].tolist() == [0, 0.75, 0, 0, 0.25, 0, 0, 0, 0]
    assert reply[1].tolist() == [0, 1, 0, 0, 0, 0, 0, 0, 0]
    assert not reply[2:].any()


def test_the_last_ply_of_a_game_has_no_reply_from_the_next_game() -> None:
    policy = np.full((5, 9), 1 / 9, np.float16)
    one = one_game(RED_WINS, winner=1, policy=policy)
    reply = rows_of(concat_games([one, one]), Further(reply=True)).reply
    assert reply.any(axis=1).tolist() == 2 * [True, True, True, True, False]


def test_the_owner_of_a_game_worked_by_hand() -> None:
    owner = rows_of(one_game(RED_WINS, winner=1, opening=2), Further(owner=True)).owner
    red = [1, -1, -1, 1, 0, 0, 1, 0, 0]
    blue = [-1, -1, -1, 1, 0, 0, 1, 0, 0]
    assert owner.tolist() == [red, blue, red]


def test_an_adjudicated_game_has_no_owner() -> None:
    block = one_game(RED_WINS[:-1], winner=1, ended=np.array([Ended.ADJUDICATED], np.int8))
    assert not rows_of(block, Further(owner=True)).owner.any()


def test_what_is_not_asked_for_takes_no_memory() -> None:
    rows = rows_of(random_block(4, 5, seed=1))
    assert rows.reply.nbytes == rows.owner.nbytes == 0
    assert len(rows.reply) == len(rows.owner) == len(rows.cells)


def test_the_position_after_the_last_move_is_no_row() -> None:
    rows = rows_of(one_game(RED_WINS, winner=1, opening=len(RED_WINS)))
    assert len(rows.outcome) == 0


def test_the_kernel_equals_its_python_function() -> None:
    block = random_block(4, 8, seed=3)
    plies = len(block.version)
    cells, to_move = np.zeros((plies, 16), np.int8), np.zeros(plies, np.int8)
    board = np.zeros(16, np.int8)
    _write_positions.py_func(block.moves, block.length, block.opening, 4, board, cells, to_move)
    compiled = positions_along(block.moves, block.length, block.opening, 4)
    assert np.array_equal(compiled[0], cells)
    assert np.array_equal(compiled[1], to_move)


def test_a_batch_of_games_equals_the_games_one_by_one() -> None:
    block = random_block(5, 7, seed=4)
    both = Further(reply=True, owner=True)
    singly = [rows_of(take_games(block, np.arange(7) == game), both) for game in range(7)]
    for name, column in rows_of(block, both)._asdict().items():
        assert np.array_equal(column, np.concatenate([getattr(rows, name) for rows in singly]))


@quick
@given(blocks)
def test_random_games_pass_the_check(block: GameBlock) -> None:
    check_block(block)


@quick
@given(blocks, st.data())
def test_games_taken_apart_and_joined_again_are_the_same(block: GameBlock, data) -> None:
    games = len(block.game_id)
    keep = np.array(data.draw(st.lists(st.booleans(), min_size=games, max_size=games)), np.bool_)
    order = np.argsort(~keep, kind="stable")
    joined = concat_games([take_games(block, keep), take_games(block, ~keep)])
    assert joined.game_id == tuple(block.game_id[game] for game in order)
    if keep.all():
        assert_same(joined, block)
    check_block(joined)
    assert len(joined.moves) == len(block.moves)


def test_taken_games_are_a_copy() -> None:
    block = random_block(3, 4, seed=1)
    taken = take_games(block, np.ones(4, np.bool_))
    taken.policy[:] = 0.5
    taken.moves[:] = 0
    assert_same(block, random_block(3, 4, seed=1))


def test_blocks_of_different_boards_are_not_joined() -> None:
    with pytest.raises(StoreError, match="one size"):
        concat_games([random_block(3, 1, 1), random_block(4, 1, 2)])


def test_joining_no_blocks_is_an_error() -> None:
    with pytest.raises(StoreError):
        concat_games([])


@pytest.mark.parametrize(
    ("moves", "winner", "reason"),
    [
        ([0, 1, 9], 1, "g1: move 3 is illegal: cell 9 is off the 3x3 board"),
        ([0, -1, 3], 1, "g1: move 2 is illegal: cell -1 is off"),
        ([0, 1, 0], 1, "g1: move 3 is illegal: a1 is occupied"),
        ([*RED_WINS, 5], 1, "g1: move 6 is illegal: c2 comes after the game was won"),
        (RED_WINS, -1, "g1: winner is Blue .joined., but .* Red"),
        (RED_WINS, 0, "g1: winner is nobody"),
        (RED_WINS, 2, "g1: winner is 2"),
        (RED_WINS[:-1], 1, "g1: winner is Red .joined., but .* nobody"),
        ([], 1, "g1: winner is Red"),
    ],
)
def test_moves_that_break_the_rules_are_refused(moves: list[int], winner: int, reason: str) -> None:
    with pytest.raises(StoreError, match=reason):
        check_block(one_game(moves, winner))


def test_an_illegal_move_is_blamed_on_its_own_game() -> None:
    block = random_block(4, 6, seed=9)
    third = int(block.length[:2].sum())
    block.moves[third] = 99
    with pytest.raises(StoreError, match=f"game {block.game_id[2]}: move 1 is illegal: cell 99"):
        check_block(block)


def test_an_adjudicated_game_may_end_before_a_side_is_joined() -> None:
    check_block(one_game(RED_WINS[:-1], winner=1, ended=np.array([Ended.ADJUDICATED], np.int8)))


@pytest.mark.parametrize(
    ("moves", "changes", "reason"),
    [
        (RED_WINS, {"ended": Ended.RESIGNED}, r"winner is Red \(resigned\), but .* Red join"),
        (RED_WINS, {"ended": Ended.UNFINISHED, "opening": 5}, r"\(unfinished\), but .* Red join"),
        (RED_WINS[:-1], {"ended": Ended.UNFINISHED, "opening": 4}, r"winner is Red \(unfinished\)"),
        (RED_WINS[:-1], {"ended": Ended.FORFEITED, "winner": 0}, r"winner is nobody \(forfeited\)"),
        (RED_WINS[:-1], {"ended": Ended.UNFINISHED, "winner": 0, "opening": 3}, "unfinished, so"),
        (RED_WINS, {"ended": 5}, "its end is 5, none of 0 to 4"),
        ([], {"ended": Ended.RESIGNED, "swapped": True}, "swapped before its first move"),
    ],
)
def test_ends_that_do_not_fit_the_moves_are_refused(
    moves: list[int], changes: dict[str, int], reason: str
) -> None:
    game = one_game(moves, 1, changes.get("opening", 0))
    arrays = {name: np.array([value], getattr(game, name).dtype) for name, value in changes.items()}
    with pytest.raises(StoreError, match=reason):
        check_block(game._replace(**arrays))


def test_an_unfinished_game_has_no_winner_and_no_searched_moves() -> None:
    open_game = one_game(RED_WINS[:-1], winner=0, opening=4)
    check_block(open_game._replace(ended=np.array([Ended.UNFINISHED], np.int8)))


def test_a_joined_side_is_no_adjudication() -> None:
    with pytest.raises(StoreError, match=r"\(adjudicated\), but .* Red join"):
        check_block(one_game(RED_WINS, winner=1, ended=np.array([Ended.ADJUDICATED], np.int8)))


def policy_at_second_ply(**mass: float) -> np.ndarray:
    """Policies of RED_WINS with ``mass`` at the second move, where Blue sees a1 occupied."""
    policy = np.zeros((5, 9), np.float16)
    for cell, share in mass.items():
        policy[1, int(cell[1:])] = share
    return policy


@pytest.mark.parametrize(
    ("policy", "reason"),
    [
        (policy_at_second_ply(c3=0.5, c4=0.49), "g1: at move 2 its policy does not sum to one"),
        (policy_at_second_ply(c3=0.5, c4=0.51), "g1: at move 2 its policy does not sum to one"),
        (policy_at_second_ply(c0=0.5, c4=0.5), "g1: at move 2 its policy has mass on an occ"),
        (policy_at_second_ply(c3=-0.5, c4=1.5), "g1: at move 2 its policy is negative"),
        (policy_at_second_ply(c3=np.nan), "g1: at move 2 its policy is not finite"),
        (policy_at_second_ply(c3=np.inf, c4=-np.inf), "g1: at move 2 its policy is not finite"),
    ],
)
def test_policies_that_are_none_are_refused(policy: np.ndarray, reason: str) -> None:
    with pytest.raises(StoreError, match=reason):
        check_block(one_game(RED_WINS, winner=1, policy=policy))


def test_occupied_cells_are_seen_in_the_movers_frame() -> None:
    policy = np.zeros((5, 9), np.float16)
    policy[3, 1] = 1  # Blue sees Red's a2 at b1, and its own b1 at a2
    with pytest.raises(StoreError, match="at move 4 its policy has mass on an occupied cell"):
        check_block(one_game(RED_WINS, winner=1, policy=policy))


def test_a_policy_rounded_to_float16_on_the_largest_board_sums_to_one() -> None:
    rng = np.random.default_rng(0)
    for alpha in (0.01, 0.1, 1.0, 100.0):
        block = random_block(19, 1, seed=5)
        block = block._replace(
            length=np.array([1], np.int16),
            opening=np.array([0], np.int16),
            winner=np.ones(1, np.int8),
            ended=np.array([Ended.ADJUDICATED], np.int8),
            moves=block.moves[:1],
            root_value=np.zeros(1, np.float32),
            version=np.zeros(1, np.int32),
            policy=rng.dirichlet(np.full(361, alpha), 1).astype(np.float16),
        )
        check_block(block)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (1.001, r"outside \[-1, 1\]"),
        (-2, r"outside \[-1, 1\]"),
        (np.nan, "not finite"),
        (np.inf, "not finite"),
    ],
)
def test_values_outside_their_range_are_refused(value: float, reason: str) -> None:
    values = np.array([0, 1, -1, value, 0], np.float32)
    with pytest.raises(StoreError, match=f"game g1: at move 4 its root value is {reason}"):
        check_block(one_game(RED_WINS, winner=1, root_value=values))


@pytest.mark.parametrize(
    ("name", "array"),
    [
        ("length", np.array([5, 5], np.int16)),
        ("length", np.array([5], np.int64)),
        ("winner", np.array([[1]], np.int8)),
        ("ended", np.array([False])),
        ("swapped", np.array([0], np.int8)),
        ("seed", np.zeros(0, np.int64)),
        ("moves", np.array([0, 1, 3, 2], np.int16)),
        ("root_value", np.zeros(5, np.float64)),
        ("policy", np.zeros((5, 16), np.float16)),
        ("policy", np.zeros((4, 9), np.float16)),
        ("version", np.zeros(6, np.int32)),
    ],
)
def test_arrays_of_the_wrong_shape_or_type_are_named(name: str, array: np.ndarray) -> None:
    with pytest.raises(StoreError, match=f"g1.*{name} is "):
        check_block(one_game(RED_WINS, winner=1)._replace(**{name: array}))


@pytest.mark.parametrize("opening", [-1, 6])
def test_an_opening_longer_than_the_game_is_refused(opening: int) -> None:
    bad = np.array([opening], np.int16)
    with pytest.raises(StoreError, match="g1: its opening"):
        check_block(one_game(RED_WINS, winner=1)._replace(opening=bad))


@pytest.mark.parametrize("names", [("one", "one"), ("", "two")])
def test_game_ids_must_be_unique_and_not_empty(names: tuple[str, str]) -> None:
    with pytest.raises(StoreError, match="unique"):
        check_block(random_block(3, 2, seed=1)._replace(game_id=names))


def test_replaying_stops_at_the_first_illegal_move() -> None:
    moves = np.array([*RED_WINS, 0, 1, 1], np.int16)
    played, joined = replay_games(moves, np.array([5, 3], np.int16), 3)
    assert played == 7
    assert joined.tolist() == [1, 0]
