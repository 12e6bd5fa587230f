"""``hexray data`` as a user and as a program call it."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from random_games import random_block

from hexray.cli import main
from hexray.data.archive import Archive

FORMATS = Path(__file__).parent.parent / "data" / "formats"
TRMPH = "# made by hand\n#3,b1a1b2c1b3 b\n#3,b1a1b2c1b3 r\n#3,a1b2 r\n#3,b1a1b2c1b3 b\n"
COUNTS = {"games": 2, "positions": 9, "rejected": 1, "duplicates": 1}


@pytest.fixture
def store(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """A store of two games and one text in quarantine."""
    (tmp_path / "some.trmph").write_text(TRMPH)
    assert (
        main(["data", "import", str(tmp_path / "some.trmph"), "--store", str(tmp_path / "s")]) == 0
    )
    capsys.readouterr()
    return tmp_path / "s"


@pytest.mark.parametrize("name", ["some.trmph", "some.trmph.gz", "some.txt"])
def test_the_last_line_of_an_import_is_json(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    packed = gzip.compress(TRMPH.encode()) if name.endswith(".gz") else TRMPH.encode()
    (tmp_path / name).write_bytes(packed)
    store = tmp_path / "made" / "store"
    assert main(["data", "import", str(tmp_path / name), "--store", str(store), "--json"]) == 0
    *told, last = capsys.readouterr().out.splitlines()
    found = json.loads(last)
    assert found.pop("lines_per_s") > 0
    assert found == COUNTS
    assert any(f"quarantine --store {store}" in line for line in told)


def test_several_files_and_a_run_come_into_one_store(
    tmp_path: Path, store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = Archive(tmp_path / "run")
    run.games(4).append(random_block(4, 5, 1))
    files = [str(FORMATS / "two_games.sgf"), str(FORMATS / "links.hexworld"), str(tmp_path / "run")]
    assert main(["data", "import", *files, "--store", str(store), "--json"]) == 0
    found = json.loads(capsys.readouterr().out.splitlines()[-1])
    # The same game six times, once with the names of its players, and five of the run.
    assert (found["games"], found["duplicates"], found["rejected"]) == (6, 5, 0)
    assert Archive(store).sizes() == [3, 4]


@pytest.mark.parametrize("to", ["trmph", "sgf", "hexworld"])
def test_what_is_exported_can_be_imported(
    tmp_path: Path, store: Path, capsys: pytest.CaptureFixture[str], to: str
) -> None:
    out = tmp_path / f"out.{to}"
    assert main(["data", "export", "--store", str(store), "--format", to, "--out", str(out)]) == 0
    assert capsys.readouterr().out == f"2 games written to {out}\n"
    main(["data", "import", str(out), "--store", str(tmp_path / "again"), "--json"])
    found = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (found["games"], found["rejected"]) == (2, 0)


def test_only_one_board_can_be_exported(
    tmp_path: Path, store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Archive(store).games(4).append(random_block(4, 5, 1))
    out = tmp_path / "out.trmph"
    arguments = ["data", "export", "--store", str(store), "--format", "trmph", "--out", str(out)]
    assert main([*arguments, "--board", "4"]) == 0
    assert [line[:3] for line in out.read_text().splitlines()] == ["#4,"] * 5
    assert main([*arguments, "--board", "5"]) == 2
    assert "no games of 5x5; there are games of 3x3, 4x4" in capsys.readouterr().err


def test_files_are_converted_and_what_is_none_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "some.trmph").write_text(TRMPH)
    assert main(["data", "convert", str(tmp_path / "some.trmph"), "--to", "hexworld"]) == 1
    shown = capsys.readouterr()
    assert shown.out.splitlines() == [
        "https://hexworld.org/board/#3,b1a1b2c1b3",
        "https://hexworld.org/board/#3,a1b2:rb",
        "https://hexworld.org/board/#3,b1a1b2c1b3",
    ]
    assert shown.err.startswith(f"{tmp_path}/some.trmph:3:15: the second colour is named as winner")
    files = [str(FORMATS / "little_golem.hsgf"), str(FORMATS / "hexgui_0_9.sgf")]
    out = tmp_path / "out.trmph"
    assert main(["data", "convert", *files, "--to", "trmph", "--out", str(out)]) == 0
    assert out.read_text() == "#4,a2a2d4b2d3c2c4d2 r\n" * 2


def test_what_is_in_quarantine_is_listed_and_released(
    store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["data", "quarantine", "--store", str(store), "--list"]) == 0
    first, last = capsys.readouterr().out.splitlines()
    assert first.startswith("1  ")
    assert "some.trmph:3:15: the second colour is named as winner" in first
    assert last == "1 in quarantine"
    release = ["data", "quarantine", "--store", str(store), "--release", "1"]
    assert main([*release, "--winner", "checked"]) == 1
    shown = capsys.readouterr()
    assert "0 released, 1 still no games" in shown.out
    assert "some.trmph:3:15:" in shown.err
    assert main(release) == 0
    assert "1 released, 0 still" in capsys.readouterr().out
    assert main(release) == 2
    assert "--release 1: no such number in quarantine" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["import", "--store", "s"], "no files; name at least one"),
        (["import", "missing.trmph", "--store", "s"], "missing.trmph:1:1: no such file"),
        (["convert", "what.txt", "--to", "sgf"], "what.txt:1:1: 'hello' begins none of"),
        (["export", "--store", "none", "--format", "sgf", "--out", "o"], "none holds no games"),
        (["quarantine", "--store", "none"], "none holds no games"),
    ],
)
def test_what_cannot_be_done_is_told_and_makes_nothing(
    refused: Callable[..., str], arguments: list[str], message: str
) -> None:
    Path("what.txt").write_text("hello")
    assert message in refused("data", *arguments)
    assert not Path("none").exists()
    assert not Path("o").exists()
