"""``hexray data compare``: rows that are their game's, and rows that are not."""

from pathlib import Path

import numpy as np
import pytest
from random_games import random_block

from hexray.cli import main
from hexray.data.archive import Archive
from hexray.data.expand import PlacedRows, expand
from hexray.data.row_file import write_rows
from hexray.game.symmetry import half_turn


@pytest.fixture
def placed(tmp_path: Path) -> PlacedRows:
    """The rows of games that a store in ``s`` holds, searched ones and some that were not."""
    searched, others = random_block(4, 12, 1), random_block(4, 6, 2)
    others = others._replace(
        opening=others.length,
        policy=others.policy[:0],
        root_value=others.root_value[:0],
        version=others.version[:0],
        settings=("",) * 6,
    )
    store = Archive(tmp_path / "s").games(4)
    for block in (searched, others):
        store.append(block)
    write_rows(tmp_path / "more.parquet", expand(others), 4)
    return expand(searched)


def compared(tmp_path: Path, *arguments: str) -> int:
    return main(["data", "compare", *arguments, "--store", str(tmp_path / "s")])


def test_rows_of_the_games_are_equal(
    tmp_path: Path, placed: PlacedRows, capsys: pytest.CaptureFixture[str]
) -> None:
    write_rows(tmp_path / "rows.parquet", placed, 4)
    assert compared(tmp_path, str(tmp_path / "rows.parquet"), str(tmp_path / "more.parquet")) == 0
    assert "rows compared, 0 differ" in capsys.readouterr().out


def test_a_half_turn_is_undone(tmp_path: Path, placed: PlacedRows) -> None:
    rows = placed.rows._replace(
        cells=half_turn(placed.rows.cells), policy=half_turn(placed.rows.policy)
    )
    write_rows(tmp_path / "rows.parquet", placed._replace(rows=rows), 4)
    # Fill-in of a turned board may differ (decision 10), and these boards were filled before.
    assert compared(tmp_path, str(tmp_path / "rows.parquet")) == 0


@pytest.mark.parametrize("column", ["cells", "policy", "outcome", "root_value", "version"])
def test_a_row_that_was_changed_is_told(
    tmp_path: Path, placed: PlacedRows, capsys: pytest.CaptureFixture[str], column: str
) -> None:
    changed = getattr(placed.rows, column).copy()
    flat = changed.reshape(len(changed), -1)
    flat[7, 3 % flat.shape[1]] += 1
    rows = placed.rows._replace(**{column: changed})
    write_rows(tmp_path / "rows.parquet", placed._replace(rows=rows), 4)
    assert compared(tmp_path, str(tmp_path / "rows.parquet")) == 1
    shown = capsys.readouterr()
    assert f"{len(placed.ply)} rows compared, 1 differ" in shown.out
    assert "row 7 of" in shown.err
    assert f"other {column}" in shown.err


def test_rows_of_unknown_games_and_plies_are_told(
    tmp_path: Path, placed: PlacedRows, capsys: pytest.CaptureFixture[str]
) -> None:
    game, ply = placed.game.copy(), placed.ply.copy()
    game[0] += np.uint64(1)
    ply[1] = 99
    write_rows(tmp_path / "rows.parquet", placed._replace(game=game, ply=ply), 4)
    assert compared(tmp_path, str(tmp_path / "rows.parquet")) == 1
    told = capsys.readouterr().err
    assert "no such game in the store" in told
    assert "the game has" in told


def test_only_a_sample_is_compared(
    tmp_path: Path, placed: PlacedRows, capsys: pytest.CaptureFixture[str]
) -> None:
    write_rows(tmp_path / "rows.parquet", placed, 4)
    assert compared(tmp_path, str(tmp_path / "rows.parquet"), "--sample", "9") == 0
    assert capsys.readouterr().out == "9 rows compared, 0 differ\n"
