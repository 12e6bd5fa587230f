"""Rows put aside, with the games they are of."""

import json
from pathlib import Path

import numpy as np
import pytest
from random_games import random_block

from hexray.data.games import concat_games, take_games
from hexray.data.rows import Rows, rows_of
from hexray.data.suspects import games_of, put_aside, row_faults
from hexray.game.symmetry import half_turn

SIZE = 4
ALL = random_block(SIZE, 40, seed=3)
HAS_ROWS = ALL.length > ALL.opening
BLOCK = take_games(ALL, HAS_ROWS & (np.cumsum(HAS_ROWS) <= 12))
ROWS = rows_of(BLOCK)
GAME = np.repeat(np.arange(12), BLOCK.length - BLOCK.opening)


def _taken(*places: int) -> Rows:
    return Rows._make(column[list(places)] for column in ROWS)


def _late(game: int) -> int:
    """Return the last row of a game: a position that no other game shares."""
    return int(np.flatnonzero(game == GAME)[-1])


def test_rows_are_traced_to_their_games() -> None:
    blocks = [take_games(BLOCK, np.arange(12) < 6), take_games(BLOCK, np.arange(12) >= 6)]
    for game in range(12):
        assert games_of(_taken(_late(game)), blocks) == [BLOCK.game_id[game]]


def test_a_turned_row_is_traced_too() -> None:
    rows = _taken(_late(7))
    turned = rows._replace(cells=half_turn(rows.cells), policy=half_turn(rows.policy))
    assert games_of(turned, [BLOCK]) == [BLOCK.game_id[7]]


@pytest.mark.parametrize("spoilt", ["policy", "root_value"])
def test_a_row_is_traced_by_what_is_still_right_of_it(spoilt: str) -> None:
    rows = _taken(_late(2))
    array = np.full_like(getattr(rows, spoilt), np.nan)
    assert games_of(rows._replace(**{spoilt: array}), [BLOCK]) == [BLOCK.game_id[2]]


def test_rows_of_no_game_are_of_none() -> None:
    rows = _taken(_late(2))
    assert games_of(rows._replace(version=rows.version + 1), [BLOCK]) == []


def test_the_report_names_the_games_of_rows_at_fault_alone(tmp_path: Path) -> None:
    rows = _taken(_late(1), _late(4), _late(9))
    value = rows.root_value.copy()
    value[1] = 1.5
    bad = rows._replace(root_value=value)
    path = put_aside(tmp_path / "suspects", bad, "row 1: no value", [BLOCK])
    report = json.loads((path / "report.json").read_text())
    assert report == {
        "reason": "row 1: no value",
        "rows": 3,
        "rows_at_fault": [1],
        "games": [BLOCK.game_id[4]],
    }
    with np.load(path / "rows.npz", allow_pickle=False) as kept:
        for name, column in bad._asdict().items():
            np.testing.assert_array_equal(kept[name], column)


def test_where_no_row_is_at_fault_all_games_are_named(tmp_path: Path) -> None:
    path = put_aside(tmp_path, _taken(_late(1), _late(4)), "loss nan", [BLOCK])
    games = json.loads((path / "report.json").read_text())["games"]
    assert games == [BLOCK.game_id[1], BLOCK.game_id[4]]


def test_every_block_has_a_folder_of_its_own(tmp_path: Path) -> None:
    paths = [put_aside(tmp_path, _taken(0), "again", [BLOCK]) for _ in range(3)]
    assert [path.name for path in paths] == ["0001", "0002", "0003"]


def test_sound_rows_have_no_fault() -> None:
    assert not any(found.any() for found in row_faults(rows_of(concat_games([BLOCK]))).values())
