"""Which games are kept: each once, and equal ones as wished."""

import numpy as np
import pytest
from random_games import random_block

from hexray.data.clean import GameKeys, kept_games, keys_of, skipped
from hexray.data.games import GameBlock, concat_games, take_games
from hexray.data.held_out import held_out, is_held_out


def turned(block: GameBlock, name: str) -> GameBlock:
    return block._replace(
        moves=(block.size**2 - 1 - block.moves).astype(np.int16),
        game_id=tuple(f"{name}-{number}" for number in range(len(block.game_id))),
    )


def renamed(block: GameBlock, name: str) -> GameBlock:
    return block._replace(game_id=tuple(f"{name}-{number}" for number in range(len(block.game_id))))


@pytest.fixture
def block() -> GameBlock:
    """Ten games, no two of them of the same moves."""
    return random_block(6, 10, 1)


def test_games_come_once_by_their_ids(block: GameBlock) -> None:
    kept = kept_games([keys_of(block), keys_of(block)], "keep")
    assert [keep.tolist() for keep in kept.keep] == [[True] * 10, [False] * 10]
    assert (kept.repeated, kept.duplicates, kept.turned) == (10, 0, 0)


def test_equal_moves_under_other_names_are_counted_and_dropped_on_request(block: GameBlock) -> None:
    files = [keys_of(block), keys_of(renamed(block, "b")), keys_of(turned(block, "c"))]
    found = {how: kept_games(files, how) for how in ("keep", "drop", "drop-turned")}
    for kept in found.values():
        assert (kept.repeated, kept.duplicates, kept.turned) == (0, 10, 20)
    counts = {how: [int(keep.sum()) for keep in kept.keep] for how, kept in found.items()}
    assert counts == {"keep": [10, 10, 10], "drop": [10, 0, 10], "drop-turned": [10, 0, 0]}


def test_a_swap_makes_another_game(block: GameBlock) -> None:
    swapped = renamed(block, "b")._replace(swapped=~block.swapped)
    assert kept_games([keys_of(block), keys_of(swapped)], "drop-turned").turned == 0


def test_files_without_games_are_borne(block: GameBlock) -> None:
    none = keys_of(take_games(block, np.zeros(10, np.bool_)))
    kept = kept_games([none, keys_of(block), none], "drop")
    assert [len(keep) for keep in kept.keep] == [0, 10, 0]
    assert isinstance(none, GameKeys)


def test_a_share_is_held_out_and_every_game_of_a_match() -> None:
    block = concat_games([random_block(3, 300, 1)])
    found = held_out(block, 0.1)
    assert found.tolist() == [is_held_out(name, 0.1) for name in block.game_id]
    assert 10 < found.sum() < 60
    matches = block._replace(source=("match:a-b.jsonl:1",) * 300)
    assert held_out(matches, 0.1).all()


def test_ranges_are_numbered_through_a_source() -> None:
    assert skipped(5, 10, [(0, 11), (13, 14)]).tolist() == [True, False, False, True, False]
    assert not skipped(5, 10, []).any()
