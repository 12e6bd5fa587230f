"""Held-out games are chosen by their id alone, and none of their rows is ever trained on."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_games import assert_same, random_block, slow_rows

from hexray.data.games import GameBlock, take_games
from hexray.data.held_out import SplitWindow, is_held_out, split_rows
from hexray.data.store import GameStore
from hexray.data.window import Window


def digests(window: SplitWindow) -> tuple[str, str]:
    return window.training.digest(), window.held_out.digest()


def one_by_one(block: GameBlock) -> list[GameBlock]:
    every = np.arange(len(block.game_id))
    return [take_games(block, every == game) for game in every]


@pytest.mark.parametrize(
    ("share", "held"), [(0, []), (0.19, []), (0.2, [5]), (0.21, [5, 18]), (0.25, [5, 12, 18])]
)
def test_the_games_held_out_are_those_of_a_hash_known_everywhere(
    share: float, held: list[int]
) -> None:
    """Computed by the program b2sum: ``printf run-1-0-0-5 | b2sum -l 64`` begins with 30f3."""
    found = [game for game in range(20) if is_held_out(f"run-1-0-0-{game}", share)]
    assert found == held


@pytest.mark.parametrize("share", [0.01, 0.1, 0.5])
def test_the_share_of_games_is_held_out(share: float) -> None:
    games = 40_000
    held = sum(is_held_out(f"default-5x5-1-0-1-{game}", share) for game in range(games))
    # 6 standard deviations; the games are always the same.
    assert abs(held - games * share) < 6 * (games * share * (1 - share)) ** 0.5


@given(st.text(), st.floats(0, 1, exclude_max=True), st.floats(0, 1, exclude_max=True))
def test_a_larger_share_holds_out_the_same_games_and_more(
    name: str, one: float, other: float
) -> None:
    assert is_held_out(name, min(one, other)) <= is_held_out(name, max(one, other))


@pytest.mark.parametrize("share", [0, 0.1, 0.5])
def test_every_game_is_on_one_side_whole_and_in_order(share: float) -> None:
    block = random_block(4, 30, 3)
    sides = split_rows(block, share)
    for side, found in ((False, sides.training), (True, sides.held_out)):
        mine = [is_held_out(name, share) == side for name in block.game_id]
        rows = slow_rows(take_games(block, np.array(mine)))
        assert_same(found, rows)
    assert len(sides.training.outcome) + len(sides.held_out.outcome) == len(block.version)


def test_an_empty_block_has_no_rows_on_either_side() -> None:
    nothing = take_games(random_block(4, 3, 1), np.zeros(3, np.bool_))
    sides = split_rows(nothing, 0.1)
    assert [len(rows.outcome) for rows in sides] == [0, 0]


def test_both_windows_reach_back_equally_far() -> None:
    window = SplitWindow(900, 0.1, 4)
    assert window.held_out_rows == 100
    for seed in range(300):
        window.add(split_rows(random_block(4, 2, seed), 0.1))
    assert (len(window.training), len(window.held_out)) == (900, 100)


@settings(max_examples=40, deadline=None)
@given(
    st.integers(1, 120), st.sampled_from([0, 0.1, 0.3, 0.5]), st.integers(0, 25), st.integers(0, 99)
)
def test_a_restart_finds_the_windows_of_a_run_that_never_stopped(
    tmp_path_factory: pytest.TempPathFactory, rows: int, share: float, files: int, seed: int
) -> None:
    store = GameStore(tmp_path_factory.mktemp("games"), 3)
    running = SplitWindow(rows, share, 3)
    for file in range(files):
        running.add(split_rows(store.append(random_block(3, 3, 1000 * seed + file)), share))
    restarted = SplitWindow(rows, share, 3)
    restarted.fill(store)
    assert digests(restarted) == digests(running)


def test_the_held_out_window_is_filled_however_rare_its_games(tmp_path: Path) -> None:
    """The newest files alone hold none of them."""
    store = GameStore(tmp_path, 3)
    games = [game for seed in range(40) for game in one_by_one(random_block(3, 4, seed))]
    with_rows = [game for game in games if len(game.version)]
    held = [game for game in with_rows if is_held_out(game.game_id[0], 0.2)]
    others = [game for game in with_rows if not is_held_out(game.game_id[0], 0.2)]
    for game in held + others:
        store.append(game)
    window, expected = SplitWindow(20, 0.2, 3), Window(5, 3)
    window.fill(store)
    for game in held:
        expected.add(slow_rows(game))
    assert window.held_out.digest() == expected.digest()
    assert len(window.training) == 20


def test_the_newest_version_may_be_of_a_held_out_row() -> None:
    rows = split_rows(random_block(4, 20, 5), 0.5)
    for side in rows:
        side.version[:] = 3
    rows.held_out.version[-1] = 9
    window = SplitWindow(1000, 0.5, 4)
    window.add(rows)
    assert (window.training.newest_version, window.newest_version) == (3, 9)


def test_room_is_taken_for_held_out_rows_only_when_there_are_any() -> None:
    window = SplitWindow(100, 0, 4)
    window.add(split_rows(random_block(4, 5, 1), 0))
    assert window.size_bytes == window.training.size_bytes > 0
