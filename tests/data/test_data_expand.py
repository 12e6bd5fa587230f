"""Positions of whole games: every one of them, with the targets that belong to it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle import mover_cell, mover_view, replay
from random_games import assert_same, over_empty, random_block

from hexray.data.expand import PlacedRows, Positions, concat_rows, expand, take_rows
from hexray.data.games import GameBlock, take_games
from hexray.data.rows import Further, rows_of
from hexray.game.fill_in import filled

blocks = st.builds(random_block, st.integers(2, 5), st.integers(1, 6), st.integers(0, 2**32))
quick = settings(max_examples=40, deadline=None)


def played_by_others(block: GameBlock) -> GameBlock:
    """The same games as a file of another program has them: nothing was searched."""
    return block._replace(
        opening=block.length,
        policy=block.policy[:0],
        root_value=block.root_value[:0],
        version=block.version[:0],
        settings=("",) * len(block.game_id),
    )


def games_of(block: GameBlock) -> list[list[int]]:
    parts = np.split(block.moves, np.cumsum(block.length)[:-1])
    return [part.tolist() for part in parts[: len(block.length)]]


@quick
@given(blocks)
def test_searched_positions_are_those_of_a_run(block: GameBlock) -> None:
    for further in (Further(), Further(reply=True, owner=True)):
        searched = expand(block, "searched", further=further)
        # Whether a game has a next searched ply is known to both in the same way.
        assert_same(searched.rows, rows_of(take_games(block, block.winner != 0), further))


@quick
@given(blocks)
def test_a_game_has_a_position_more_than_moves(block: GameBlock) -> None:
    placed = expand(block)
    won = block.winner != 0
    assert len(placed.ply) == (block.length[won].astype(int) + 1).sum()
    assert placed.ply.tolist() == [p for n in block.length[won] for p in range(n + 1)]
    assert len(set(placed.game.tolist())) == won.sum()


@quick
@given(blocks, st.booleans())
def test_every_position_is_what_replaying_shows(block: GameBlock, is_searched: bool) -> None:
    block = take_games(block if is_searched else played_by_others(block), block.winner != 0)
    placed, row, searched = expand(block), 0, 0
    size, area = block.size, block.size**2
    for game, moves in enumerate(games_of(block)):
        for ply in range(len(moves) + 1):
            board, to_move, _ = replay(size, moves[:ply])
            cells = filled(np.array([mover_view(board, to_move, size)], np.int8), size)
            outcome = 1 if block.winner[game] == to_move else -1
            policy, value, version = np.zeros(area, np.float16), outcome, 0
            if block.opening[game] <= ply < len(moves):
                policy, value = block.policy[searched], block.root_value[searched]
                version, searched = block.version[searched], searched + 1
            elif not is_searched and ply < len(moves):
                policy[mover_cell(moves[ply], to_move, size)] = 1
            found = take_rows(placed, np.array([row])).rows
            assert (found.cells == cells).all()
            assert (found.policy == over_empty(policy[None], cells)).all()
            assert (found.outcome[0], found.version[0]) == (outcome, version)
            assert found.root_value[0] == np.float32(value)
            row += 1
    assert row == len(placed.ply)


def test_random_stones_of_self_play_are_no_targets() -> None:
    block = random_block(4, 20, 3)
    placed = expand(block)
    numbers = {game: number for number, game in enumerate(dict.fromkeys(placed.game.tolist()))}
    won = take_games(block, block.winner != 0)
    opening = won.opening[[numbers[game] for game in placed.game.tolist()]]
    assert (placed.ply < opening).any()
    assert not placed.rows.policy[placed.ply < opening].any()


@pytest.mark.parametrize(
    ("positions", "every", "wanted"),
    [
        ("all", 1, lambda ply, length: True),
        ("final", 1, lambda ply, length: ply == length),
        ("penultimate", 1, lambda ply, length: ply == length - 1),
        ("every", 1, lambda ply, length: True),
        ("every", 3, lambda ply, length: ply % 3 == 0),
    ],
)
def test_some_positions_can_be_chosen(positions: Positions, every: int, wanted) -> None:
    block = take_games(random_block(5, 30, 1), np.ones(30, np.bool_))
    whole, some = expand(block), expand(block, positions, every)
    won = block.length[block.winner != 0]
    plies = [(ply, n) for n in won.tolist() for ply in range(n + 1)]
    keep = np.array([wanted(*one) for one in plies])
    assert 0 < len(some.ply) == keep.sum()
    kept = take_rows(whole, np.flatnonzero(keep))
    assert_same(some.rows, kept.rows)
    assert some.game.tolist() == kept.game.tolist()


def test_games_that_nobody_won_have_no_positions() -> None:
    block = random_block(4, 40, 2)
    lost = block.winner == 0
    assert lost.any()
    assert len(expand(take_games(block, lost)).ply) == 0


def test_rows_are_joined_and_taken_apart() -> None:
    placed = expand(random_block(4, 8, 2))
    parts = [take_rows(placed, np.arange(start, len(placed.ply), 3)) for start in range(3)]
    again = concat_rows(parts)
    order = np.lexsort((again.ply, [placed.game.tolist().index(g) for g in again.game.tolist()]))
    assert_same(take_rows(again, order).rows, placed.rows)
    assert isinstance(again, PlacedRows)
