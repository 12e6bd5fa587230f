"""``hexray gauntlet``: screening first, a long match only for who passes it."""

import json
from pathlib import Path
from typing import Any

import pytest
from made_checkpoints import made
from oracle import winner_of

from hexray.cli import main
from hexray.cli.gauntlet import Stage, passes, strongest
from hexray.data.archive import Archive
from hexray.game.notation import parse_moves
from hexray.net.checkpoint import save_checkpoint
from hexray.ratings.results import Record

STRONG = "two-distance:depth=3,width=9"


def stage(opponent: str, games: int, wins: int, low: float) -> Stage:
    record = Record("screen", "me", opponent, games, wins, games - wins)
    return Stage(record, {"score": wins / games, "wilson_interval": [low, 1.0]})


def played(tmp_path: Path, *arguments: str) -> list[dict[str, Any]]:
    file = tmp_path / "games.jsonl"
    assert main(["gauntlet", *arguments, "--board", "3", "--record", str(file), "--json"]) == 0
    return [json.loads(line) for line in file.read_text().splitlines()]


def test_only_an_interval_above_one_half_against_everyone_passes() -> None:
    assert passes([stage("a", 40, 30, 0.6), stage("b", 40, 27, 0.52)])
    assert not passes([stage("a", 40, 40, 0.9), stage("b", 40, 25, 0.4701)])
    assert not passes([stage("a", 40, 40, 0.5)])


def test_the_strongest_is_who_lost_least_and_the_first_of_equals() -> None:
    stages = [stage("a", 40, 30, 0.6), stage("b", 40, 26, 0.5), stage("c", 40, 26, 0.5)]
    assert strongest(stages) == "b"


def test_who_passes_plays_a_long_match_and_totals_are_sums(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    games = played(tmp_path, STRONG, "--against", "random", "--screen-games", "36", "--games", "40")
    out = capsys.readouterr().out
    result = json.loads(out.splitlines()[-1])
    assert result["passed"]
    screen, final = result["stages"]
    assert (screen["stage"], screen["opponent"], screen["games"]) == ("screen", "random", 36)
    assert (final["stage"], final["opponent"], final["games"]) == ("final", "random", 40)
    [total] = result["totals"]
    won = sum(line[line["winner"]] == STRONG for line in games)
    assert (
        (total["games"], total["wins"]) == (len(games), won) == (76, screen["wins"] + final["wins"])
    )
    assert "passed the screening" in out
    assert "  total " in out


def test_no_opening_comes_twice_against_an_opponent(tmp_path: Path) -> None:
    games = played(tmp_path, STRONG, "--against", "random", "--screen-games", "36", "--games", "40")
    openings: dict[int, list[dict[str, Any]]] = {}
    for line in games:
        openings.setdefault(line["opening"], []).append(line)
    assert sorted(openings) == list(range(38))
    for pair in openings.values():
        assert sorted(line["red"] for line in pair) == sorted([STRONG, "random"])
    stones = [
        parse_moves(pair[0]["moves"], 3)[: 1 + (number >= 9)] for number, pair in openings.items()
    ]
    assert len({tuple(moves) for moves in stones}) == 38
    for line in games:
        cells = [0] * 9
        for ply, move in enumerate(parse_moves(line["moves"], 3)):
            cells[move] = -1 if ply % 2 else 1
        assert winner_of(cells, 3) == (1 if line["winner"] == "red" else -1)


def test_who_fails_is_stopped_after_the_screening(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ("random", "--against", "random:again", STRONG)
    assert main(["gauntlet", *arguments, "--board", "3"]) == 2  # there is no random:again
    assert "random:again" in capsys.readouterr().err
    games = played(tmp_path, "random", "--against", STRONG, "--screen-games", "18", "--games", "2")
    out = capsys.readouterr().out
    result = json.loads(out.splitlines()[-1])
    assert not result["passed"]
    assert [stage["stage"] for stage in result["stages"]] == ["screen"]
    assert len(games) == 18
    assert "stopped after the screening" in out


def test_a_network_meets_several_opponents(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    net = str(save_checkpoint(tmp_path, made(1)))
    games = played(
        tmp_path, net, "--against", "random", STRONG, "--screen-games", "2", "--games", "2"
    )
    result = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert [total["opponent"] for total in result["totals"]] == ["random", STRONG]
    assert not result["passed"]  # two games are never enough: 2 of 2 is 0.34 to 1
    assert len(games) == 4


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("random --against random --board 3", "--against random: it is there twice"),
        ("heuristic --against random random --board 3", "--against random: it is there twice"),
        ("heuristic --against random --screen-games 3 --board 3", "--screen-games 3: use an even"),
        ("heuristic --against random --games 0 --board 3", "--games 0: use an even"),
        ("heuristic --against random", "board sides are none; give --board"),
        ("heuristic --against random --board 3 --games 400", "220 openings: 3x3 has 81"),
        ("heuristic --against no/such/run --board 3", "no/such/run"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(
    arguments: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["gauntlet", *arguments.split()]) == 2
    assert message in capsys.readouterr().err


def test_a_record_is_never_overwritten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "games.jsonl"
    file.write_text("precious\n")
    arguments = ["gauntlet", "heuristic", "--against", "random", "--board", "3", "--games", "2"]
    assert main([*arguments, "--record", str(file)]) == 2
    assert "is there already" in capsys.readouterr().err
    assert file.read_text() == "precious\n"


def test_games_of_a_gauntlet_go_into_a_store(tmp_path: Path) -> None:
    store = tmp_path / "store"
    games = played(
        tmp_path,
        "random",
        "--against",
        STRONG,
        "--screen-games",
        "4",
        "--games",
        "4",
        "--store",
        str(store),
    )
    [block] = Archive(store).blocks()
    assert [name.startswith("match:") for name in block.source] == [True] * len(games)
