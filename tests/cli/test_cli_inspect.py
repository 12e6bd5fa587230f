"""``hexray data inspect``: the rows that are looked for, drawn, with what is wrong with them."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from random_games import random_block

from hexray.cli import main
from hexray.data.archive import Archive
from hexray.data.expand import PlacedRows, expand
from hexray.data.row_file import write_rows

SPOILT = {
    "cells are stones or empty": ("cells", 2),
    "policy is finite and not negative": ("policy", np.nan),
    "value is in [-1, 1]": ("root_value", 1.5),
    "outcome is +1 or -1": ("outcome", 0),
}


@pytest.fixture
def rows(tmp_path: Path) -> PlacedRows:
    """The rows of ten games on 4x4, which are also in the file ``rows.parquet``."""
    placed = expand(random_block(4, 10, 3))
    write_rows(tmp_path / "rows.parquet", placed, 4)
    return placed


def inspected(capsys: pytest.CaptureFixture[str], *arguments: str, status: int = 0) -> str:
    assert main(["data", "inspect", *arguments]) == status
    return capsys.readouterr().out


def test_a_row_is_drawn_with_its_target_marked(
    tmp_path: Path, rows: PlacedRows, capsys: pytest.CaptureFixture[str]
) -> None:
    index = int(np.flatnonzero((rows.rows.policy.max(1) > 0.5) & (rows.ply > 2))[0])
    told = inspected(capsys, str(tmp_path / "rows.parquet"), "--index", str(index))
    head, letters, *board, target, checks, _, last = told.splitlines()
    assert head.startswith(f"row {index} of {tmp_path}/rows.parquet: game ")
    assert head.endswith(f", ply {rows.ply[index]}")
    assert letters.split() == ["a", "b", "c", "d"]
    shown = [line.split()[1:] for line in board]
    best = int(rows.rows.policy[index].argmax())
    marks = {1: "R", -1: "B", 0: "."}
    expected = [marks[int(cell)] for cell in rows.rows.cells[index]]
    expected[best] = "*"
    assert [cell for line in shown for cell in line] == expected
    share = rows.rows.policy[index, best].astype(np.float32)
    assert target.startswith(f"target {'abcd'[best % 4]}{best // 4 + 1} {share:.3f}")
    assert f"value {rows.rows.root_value[index]:+.3f}" in target
    assert checks == "checks: all hold"
    assert last == f"1 of {len(rows.ply)} rows found, 1 shown"


@pytest.mark.parametrize("name", SPOILT)
def test_only_what_fails_a_check_is_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], rows: PlacedRows, name: str
) -> None:
    column, value = SPOILT[name]
    spoilt = getattr(rows.rows, column).copy()
    spoilt.reshape(len(spoilt), -1)[5, 0] = value
    bad = rows._replace(rows=rows.rows._replace(**{column: spoilt}))
    write_rows(tmp_path / "bad.parquet", bad, 4)
    told = inspected(capsys, str(tmp_path / "bad.parquet"), "--issues")
    assert "row 5 of" in told
    assert f"NOT: {name}" in told
    assert "1 of" in told.splitlines()[-1]
    inspected(capsys, str(tmp_path / "rows.parquet"), "--issues", status=1)


def test_a_policy_on_a_stone_is_an_issue(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], rows: PlacedRows
) -> None:
    index = int(np.flatnonzero(rows.ply > 3)[0])
    policy = np.zeros_like(rows.rows.policy)
    policy[index, np.flatnonzero(rows.rows.cells[index])[0]] = 1
    bad = rows._replace(rows=rows.rows._replace(policy=policy))
    write_rows(tmp_path / "bad.parquet", bad, 4)
    told = inspected(capsys, str(tmp_path / "bad.parquet"), "--issues")
    assert f"row {index} of" in told
    assert "NOT: target is on empty cells" in told


def test_rows_are_found_by_game_value_and_cell(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], rows: PlacedRows
) -> None:
    path, value = str(tmp_path / "rows.parquet"), rows.rows.root_value
    block = random_block(4, 10, 3)
    game = int(np.flatnonzero(block.winner)[0])
    told = inspected(capsys, path, "--game", block.game_id[game])
    assert f"{block.length[game] + 1} of {len(value)} rows found" in told
    between = ((value >= -0.2) & (value <= 0.3)).sum()
    assert f"{between} of" in inspected(capsys, path, "--value", "-0.2", "0.3")
    best = (rows.rows.policy.argmax(1) == 5) & (rows.rows.policy[:, 5] > 0)
    assert f"{best.sum()} of" in inspected(capsys, path, "--policy-cell", "b2")


def test_rows_are_drawn_by_lot_with_a_seed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], rows: PlacedRows
) -> None:
    path = str(tmp_path / "rows.parquet")
    one, again, other = (inspected(capsys, path, "--random", "4", "--seed", seed) for seed in "112")
    assert one == again != other
    assert f"{len(rows.ply)} of {len(rows.ply)} rows found, 4 shown" in one


def test_games_of_a_store_are_expanded(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Archive(tmp_path / "s").games(4).append(random_block(4, 10, 3))
    told = inspected(capsys, str(tmp_path / "s"), "--issues", status=1)
    assert f"0 of {len(expand(random_block(4, 10, 3)).ply)} rows" in told


@pytest.mark.parametrize(
    ("arguments", "message"),
    [([], "no files; name"), (["empty"], "empty holds no rows"), (["x.parquet"], "is no file of")],
)
def test_nothing_to_inspect_is_told(
    refused: Callable[..., str], arguments: list[str], message: str
) -> None:
    Path("empty").mkdir()
    Path("x.parquet").write_bytes(b"nothing")
    assert message in refused("data", "inspect", *arguments)
