"""Presets: sound for every board, and settings like any others."""

from itertools import pairwise

import pytest

from hexray.config import RunConfig, with_overrides
from hexray.errors import SettingsError
from hexray.presets import PRESETS, default, quick

BOARDS = range(2, 20)


@pytest.mark.parametrize("board", BOARDS)
@pytest.mark.parametrize("preset", PRESETS)
def test_every_board_has_settings_that_pass_their_own_checks(preset: str, board: int) -> None:
    config = PRESETS[preset](board)
    assert config.board == board
    assert with_overrides(RunConfig(), config.model_dump()) == config


@pytest.mark.parametrize("board", [-1, 0, 1, 20])
@pytest.mark.parametrize("preset", PRESETS)
def test_a_board_out_of_range_is_refused(preset: str, board: int) -> None:
    with pytest.raises(SettingsError, match=f"board = {board}: Input should be"):
        PRESETS[preset](board)


@pytest.mark.parametrize("preset", PRESETS)
def test_a_larger_board_never_gets_less(preset: str) -> None:
    needs = [
        (c.minutes, c.net.blocks, c.net.channels, c.search.simulations, c.search.candidates)
        for c in map(PRESETS[preset], BOARDS)
    ]
    for less, more in pairwise(needs):
        assert all(a <= b for a, b in zip(less, more, strict=True))


@pytest.mark.parametrize("board", BOARDS)
def test_quick_is_over_in_a_minute_and_costs_less_than_the_default(board: int) -> None:
    fast, full = quick(board), default(board)
    assert fast.minutes == 1 <= full.minutes
    assert fast.net.blocks * fast.net.channels**2 < full.net.blocks * full.net.channels**2
    assert fast.replay.min_rows < full.replay.min_rows
    # At least three checkpoints and measurements fall into the minute.
    assert 3 * fast.checkpoint.every_seconds < 60
    assert 3 * fast.judge.every_seconds < 60


@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_says_what_it_is_for(preset: str) -> None:
    assert PRESETS[preset].__doc__
    assert PRESETS[preset].__name__ == preset


@pytest.mark.parametrize("preset", PRESETS)
def test_no_more_candidates_than_simulations(preset: str) -> None:
    for board in BOARDS:
        search = PRESETS[preset](board).search
        assert search.candidates <= search.simulations
