"""``hexray analyze``: positions, games and queries, as people and programs ask."""

import io
import json
import re
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from hexray.cli import main

QUICK = ["--simulations", "40"]


def _said(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(["analyze", "random", *QUICK, *arguments]) == 0
    return capsys.readouterr().out


def test_a_position_is_shown_with_its_best_moves(capsys: pytest.CaptureFixture[str]) -> None:
    said = _said(capsys, "--moves", "g1 a7", "--board", "7", "--top", "1")
    assert re.match(r" +7 *\([B○]\)", said.splitlines()[8])  # a7, the last move
    assert "Red is to move and wins with" in said
    assert "(after 2 moves, 40 simulations)" in said
    table = [line for line in said.splitlines() if line.startswith("│")]
    assert len(table) == 1
    assert "\x1b" not in said


@pytest.mark.parametrize(
    "arguments",
    [
        ["--moves", "b1 swap-pieces c3", "--board", "5"],
        ["--trmph", "#5,a2a2c3"],
        ["--hexworld", "https://hexworld.org/board/#5,b1:sc3"],
    ],
)
def test_every_notation_is_the_same_game(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    said = json.loads(_said(capsys, *arguments, "--json"))
    assert (said["size"], said["toMove"]) == (5, "blue")
    assert (said["policy"][5], said["policy"][12]) == (0, 0)


def test_an_sgf_file_is_read_and_a_turn_of_it_looked_at(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "game.sgf"
    file.write_text("(;FF[4]GM[11]SZ[3];B[a1];W[b2];B[c3])")
    said = json.loads(_said(capsys, "--sgf", str(file), "--turn", "1", "--json"))
    assert (said["toMove"], said["proven"], said["winrate"]) == ("blue", 1, 1.0)


def test_any_notation_comes_from_standard_input(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"#3,a1b2\n")))
    assert json.loads(_said(capsys, "--sgf", "-", "--json"))["toMove"] == "red"


def test_a_certain_result_and_the_swap_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    said = _said(capsys, "--moves", "b2", "--board", "3")
    assert "Blue is to move and loses for certain" in said
    assert "he would swap" in said


def test_a_game_that_is_over_has_a_winner_and_no_moves(capsys: pytest.CaptureFixture[str]) -> None:
    moves = ["--moves", "a1 c1 a2 c2 a3", "--board", "3"]
    said = _said(capsys, *moves)
    assert "The game is over: Red has won." in said
    assert "Red has joined top and bottom: a1 a2 a3" in said
    assert json.loads(_said(capsys, *moves, "--json")) == {"size": 3, "winner": "red"}


def test_every_move_of_a_game_is_judged(capsys: pytest.CaptureFixture[str]) -> None:
    # Whoever has b2 wins 3x3; all moves before it throw that away.
    game = ["--moves", "a1 c1 c3 b2", "--board", "3", "--game"]
    said = _said(capsys, *game)
    assert "blunder" in next(line for line in said.splitlines() if "Red c3" in line)
    assert "Red: 2 x blunder\nBlue: 1 x blunder\n" in said
    judged = [json.loads(line) for line in _said(capsys, *game, "--json").splitlines()]
    assert [(one["ply"], one["name"], one["mark"]) for one in judged][2:] == [
        (2, "c3", "blunder"),
        (3, "b2", ""),
        (4, "", ""),
    ]
    assert judged[2]["best"] == "b2"
    assert [one["colour"] for one in judged] == ["red", "blue", "red", "blue", "red"]


def test_the_position_is_drawn_with_its_candidates(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "position.svg"
    _said(capsys, "--moves", "g1 a7", "--board", "7", "--top", "1", "--svg", str(file))
    words = [text.text for text in ET.parse(file).iter("{http://www.w3.org/2000/svg}text")]
    assert sum(bool(word and word.endswith("%")) for word in words) == 1


def test_a_stone_that_was_swapped_keeps_its_number(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "position.svg"
    _said(capsys, "--moves", "b1 swap-pieces d5", "--board", "5", "--svg", str(file))
    drawn = {
        stone.find("{http://www.w3.org/2000/svg}title").text  # pyright: ignore[reportOptionalMemberAccess]
        for stone in ET.parse(file).iter("{http://www.w3.org/2000/svg}circle")
        if stone.get("class") == "stone"
    }
    assert {told.split()[-1] for told in drawn if told} == {"a2", "d5"}
    assert any(told and told.startswith("1.") and "a2" in told for told in drawn)


def test_queries_are_answered_by_lines_of_json(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    query = b'{"id": "q", "boardXSize": 5, "moves": ["a1"], "analyzeTurns": [0, 1]}\n'
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(query)))
    assert main(["analyze", "random", "--batch", "--simulations", "4"]) == 0
    answers = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    assert [(answer["id"], answer["turnNumber"]) for answer in answers] == [("q", 0), ("q", 1)]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--simulations", "0"], "--simulations 0: use 1 to 100000"),
        (["--seconds", "0"], "--seconds 0.0: use more than 0"),
        (["--top", "0"], "--top 0: use 1 to 361"),
        (["--board", "20"], "--board 20: use 2 to 19"),
        (["--moves", "a1", "--trmph", "#3,a1"], "several games"),
        (["--trmph", "#3,a1", "--board", "5"], "the game is on 3x3, not 5x5"),
        (["--trmph", "#3,a1a9"], "line 1, column 6"),
        (["--moves", "a1 a1", "--board", "3"], "occupied"),
        (["--moves", "a1", "--turn", "2"], "--turn 2: the game has 1 moves"),
        (["--sgf", "/nowhere/game.sgf"], "/nowhere/game.sgf"),
        (["--batch", "--moves", "a1"], "--batch reads its games from standard input"),
        (["--batch", "--game"], "--game and --batch are two things"),
        (["--batch", "--seconds", "1"], "--batch is bounded by maxVisits alone"),
        (["--batch", "--svg", "a.svg"], "--svg draws one position"),
        (["--game", "--svg", "a.svg"], "--svg draws one position"),
        (["--svg", "/nowhere/a.svg"], "--svg /nowhere/a.svg: there is no folder /nowhere"),
        (["--svg", "/"], "--svg /: this is a folder"),
    ],
)
def test_what_makes_no_sense_is_refused(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["analyze", "random", *arguments]) == 2
    assert said in capsys.readouterr().err


def test_a_broken_file_is_named_with_the_place_in_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "game.sgf"
    file.write_text("(;GM[11]SZ[5];B[c3]\n;W[c3])")
    assert main(["analyze", "random", "--sgf", str(file)]) == 2
    assert f"{file}: line 2, column 3: c3 is occupied" in capsys.readouterr().err


def test_a_game_in_the_place_of_the_network_is_told_where_it_belongs(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["analyze", "game.sgf"]) == 2
    assert "give it as --sgf game.sgf" in capsys.readouterr().err
