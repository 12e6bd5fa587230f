"""``hexray match``: a score with its interval, and every game on record."""

import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from made_checkpoints import made
from oracle import winner_of

from hexray.cli import main
from hexray.cli.match import summary
from hexray.data.archive import Archive
from hexray.game.notation import parse_moves
from hexray.net.checkpoint import save_checkpoint
from hexray.play.arena import MatchGame, play_match


def game(opening: int, red: int, winner: int, ended: str = "joined") -> MatchGame:
    return MatchGame(opening, red, (0,), winner, ended, "")  # pyright: ignore[reportArgumentType]


def test_scores_count_pairs_and_colours() -> None:
    # The first player wins both games of two pairs, one of the third (as Red), none of the fourth.
    games = [
        *(game(opening, red, 0) for opening in (0, 1) for red in (0, 1)),
        game(2, 0, 0), game(2, 1, 1),
        game(3, 0, 1, "fault"), game(3, 1, 1, "resigned"),
    ]  # fmt: skip
    found = summary(games)
    assert (found["games"], found["wins"], found["score"]) == (8, 5, 0.625)
    assert (found["wins_as_red"], found["wins_as_blue"]) == (3, 2)
    assert found["pairs"] == [1, 1, 2]
    assert (found["faults"], found["resigned"]) == (1, 1)
    # Red won three of four games of the first player, and two of four of the second.
    assert found["first_mover_score"] == 5 / 8
    # Wilson, 5 of 8 at 95 %: (5 + 1.9208) / (8 + 3.8415) -+ 1.96 sqrt(...) by hand.
    assert found["wilson_interval"] == pytest.approx([0.3057, 0.8632], abs=1e-4)
    assert found["elo"] == pytest.approx(88.74, abs=0.01)


def test_a_whole_score_has_no_finite_elo() -> None:
    found = summary([game(0, red, 0) for red in (0, 1)])
    assert (found["score"], found["elo"], found["elo_interval"][1]) == (1.0, None, None)
    json.dumps(found, allow_nan=False)


def test_a_match_records_every_game(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "games.jsonl"
    arguments = ["match", "random", "two-distance:depth=1,width=9", "--board", "3", "--games", "18"]
    assert main([*arguments, "--record", str(file), "--json"]) == 0
    result = json.loads(capsys.readouterr().out.splitlines()[-1])
    games = [json.loads(line) for line in file.read_text().splitlines()]
    assert result["games"] == len(games) == 18
    assert len({line["opening"] for line in games}) == 9
    won = 0
    for line in games:
        moves = parse_moves(line["moves"], 3)
        cells = [0] * 9
        for ply, move in enumerate(moves):
            cells[move] = -1 if ply % 2 else 1
        assert winner_of(cells, 3) == (1 if line["winner"] == "red" else -1)
        won += line[line["winner"]] == "random"
    assert result["wins"] == won
    assert result["score"] < 0.5


def test_games_of_a_match_go_into_a_store_marked_as_such(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record, store = str(tmp_path / "games.jsonl"), str(tmp_path / "store")
    where = ["--board", "3", "--games", "4", "--record", record, "--store", store]
    assert main(["match", "random", "two-distance:depth=1,width=9", *where, "--json"]) == 0
    result = json.loads(capsys.readouterr().out.splitlines()[-1])
    [block] = Archive(tmp_path / "store").blocks()
    assert block.source == tuple(f"match:games.jsonl:{line}" for line in (1, 2, 3, 4))
    assert set(block.first) == {"random", "two-distance:depth=1,width=9"}
    assert main(["data", "list", "--store", store, "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert listed["matches"] == [
        {
            "source": record,
            "board": 3,
            "player": "random",
            "opponent": "two-distance:depth=1,width=9",
            "games": 4,
            "wins": result["wins"],
        }
    ]
    assert main(["data", "list", "--store", store]) == 0
    assert f"random against two-distance:depth=1,width=9 on 3x3, {result['wins']} of 4" in (
        capsys.readouterr().out
    )


def test_games_of_a_match_that_is_broken_off_are_stored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken_off(*match: Any) -> Iterator[MatchGame]:
        yield from islice(play_match(*match), 3)
        raise KeyboardInterrupt

    monkeypatch.setattr("hexray.cli.match.play_match", broken_off)
    record, store = tmp_path / "games.jsonl", tmp_path / "store"
    options = ["--board", "3", "--games", "8", "--record", str(record), "--store", str(store)]
    assert main(["match", "random", "random", *options]) == 130
    [block] = Archive(store).blocks()
    assert len(block.game_id) == len(record.read_text().splitlines()) == 3


def test_a_network_plays_by_simulations_seconds_and_minimax(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    net = save_checkpoint(tmp_path, made(1))
    ways = (f"{net}:simulations=4", f"{net}:seconds=0.01", f"minimax:{net}:widths=3x2")
    for number, how in enumerate(ways):
        file = tmp_path / f"{number}.jsonl"
        assert main(["match", how, "random", "--games", "2", "--record", str(file)]) == 0
        assert f"{how} against random on 3x3" in capsys.readouterr().out
        assert len(file.read_text().splitlines()) == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("random random", "board sides are none; give --board"),
        ("random random --board 3 --games 3", "--games 3: use an even number"),
        ("random random --board 3 --games 200", "100 openings: 3x3 has 81"),
        ("random random --board 1", "--board 1: use 2 to 19"),
        ("resistance:deep=2 random --board 3", "'deep=2' is no setting"),
        ("no/such/run random", "no/such/run"),
        ("minimax:x:simulations=3 random", "no setting of it"),
        ("x:simulations=many random", "'many' is no number"),
        ("x:seconds=0 random", "use more than 0 seconds"),
        ("x:simulations=0 random", "search.simulations = 0"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(
    arguments: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["match", *arguments.split()]) == 2
    assert message in capsys.readouterr().err


def test_a_record_is_never_overwritten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "games.jsonl"
    file.write_text("precious\n")
    arguments = ["match", "random", "random", "--board", "3", "--games", "2"]
    assert main([*arguments, "--record", str(file)]) == 2
    assert "is there already" in capsys.readouterr().err
    assert file.read_text() == "precious\n"
