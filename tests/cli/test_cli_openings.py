"""``hexray openings`` as a user and as a program call it."""

import json
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
from made_checkpoints import made

from hexray.cli import main
from hexray.net.checkpoint import save_checkpoint


@pytest.fixture
def net(tmp_path: Path) -> Path:
    save_checkpoint(tmp_path / "run" / "checkpoints", made(7))
    return tmp_path / "run"


def test_the_table_ends_with_the_number_of_wrong_values(
    net: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["openings", str(net), "--simulations", "4"]) == 0
    about, _, *board, _, verdict = capsys.readouterr().out.splitlines()
    assert about == f"{net}: version 7, 3x3, 4 simulations"
    assert [len(line.split()) for line in board] == [3, 4, 4, 4, 3]
    wrong = sum(line.count("!") for line in board)
    assert verdict == f"first moves on the empty board judged wrongly: {wrong} of 9"


def test_enough_search_judges_every_first_move_of_3x3_rightly(
    net: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["openings", str(net), "--simulations", "20000", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["wrong"] == []
    assert {name for name, wins in shown["truth"].items() if wins} == {"c1", "a2", "b2", "c2", "a3"}


def test_json_is_one_line_by_the_names_of_the_moves(
    net: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["openings", str(net), "--simulations", "0", "--json"]) == 0
    [line] = capsys.readouterr().out.splitlines()
    shown = json.loads(line)
    assert (shown["version"], shown["board"], shown["simulations"]) == (7, 3, 0)
    assert list(shown["values"]) == ["a1", "b1", "c1", "a2", "b2", "c2", "a3", "b3", "c3"]
    wrong = [n for n, v in shown["values"].items() if (v <= 0 if shown["truth"][n] else v >= 0)]
    assert shown["wrong"] == wrong


@pytest.mark.parametrize(("board", "is_known"), [(2, False), (4, True), (9, False)])
def test_another_board_than_the_networks_can_be_asked_for(
    net: Path, tmp_path: Path, board: int, is_known: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    svg = tmp_path / "openings.svg"
    arguments = ["--board", str(board), "--simulations", "0", "--svg", str(svg), "--json"]
    assert main(["openings", str(net), *arguments]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert len(shown["values"]) == board * board
    assert (shown["truth"] is not None) == is_known
    cells = [e for e in ElementTree.parse(svg).iter() if e.get("class") == "cell"]
    assert len(cells) == board * board * (1 + is_known)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere"], "nowhere: no such file or folder"),
        (["RUN", "--simulations", "-1"], "--simulations -1: use 0 to 100000"),
        (["RUN", "--board", "1"], "--board 1: use 2 to 19"),
        (["RUN", "--board", "20"], "--board 20: use 2 to 19"),
        (["RUN", "--simulations", "0", "--svg", "/nowhere/at/all.svg"], "/nowhere/at"),
    ],
)
def test_bad_input_is_one_message_and_status_2(
    net: Path, arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    given = [str(net) if text == "RUN" else text for text in arguments]
    assert main(["openings", *given]) == 2
    shown = capsys.readouterr()
    assert message in shown.err
    assert shown.err.startswith("hexray: ")
    assert shown.out == ""
