"""``hexray bench`` prints a table for people and one last line for programs."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from hexray.cli import bench, main

QUICK = {"CXX": "no-compiler-so-that-it-is-quick"}


def record_of(arguments: str, home: Path) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "hexray.cli", "bench", *arguments.split(), "--json"],
        env={**os.environ, **QUICK, "HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=170,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("what", ["rules", "search"])
def test_every_board_is_a_row(what: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", what, "--boards", "3", "5", "--seconds", "0.02", "--json"]) == 0
    *table, last = capsys.readouterr().out.splitlines()
    assert [row["board"] for row in json.loads(last)["rows"]] == [3, 5]
    assert [line.split()[0] for line in table[:3]] == ["board", "3", "5"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("rules --seconds 0", "--seconds 0: use positive numbers"),
        ("rules --seconds nan", "--seconds nan: use positive numbers"),
        ("search --seconds inf", "--seconds inf: use positive numbers"),
        ("rules --boards", "--boards 0: use positive numbers"),
        ("rules --boards 1", "board size 1 is out of range"),
        ("search --candidates 0", r"search.candidates = 0"),
        ("net --batches 64 0", "--batches 0: use positive numbers"),
        ("server --clients 0", "--clients 0: use positive numbers"),
        ("selfplay --servers 0", "--servers 0: use positive numbers"),
        ("selfplay --players 0", "selfplay.players = 0"),
        ("loop --minutes 0", "minutes = 0"),
    ],
)
def test_numbers_that_make_no_sense_are_refused_by_name(
    arguments: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["bench", *arguments.split()]) == 2
    assert message in capsys.readouterr().err


def test_an_interrupt_ends_the_command_without_a_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(bench, "measure_rules", interrupted)
    assert main(["bench", "rules"]) == 130
    assert capsys.readouterr().err == "\nhexray: interrupted\n"


@pytest.mark.process
@pytest.mark.timeout(180)
def test_self_play_is_a_fraction_of_the_bare_network(tmp_path: Path) -> None:
    record = record_of(
        "selfplay --board 3 --blocks 1 --channels 8 --simulations 4 --seconds 1 "
        "--servers 1 --players 1 2",
        tmp_path,
    )
    assert {"moves_per_s", "games_per_s", "batch_mean", "net_batch"} <= record.keys()
    assert record["precision"] in ("float32", "bfloat16")
    rows = record["rows"]
    assert [row["players"] for row in rows] == [1, 2]
    made, possible = record["evaluations_per_s"], record["net_evaluations_per_s"]
    assert made == max(row["evaluations_per_s"] for row in rows)
    assert record["fraction_of_net"] == pytest.approx(made / possible)


@pytest.mark.process
@pytest.mark.timeout(180)
def test_a_run_is_measured_from_its_own_metrics(tmp_path: Path) -> None:
    record = record_of("loop --board 3 --minutes 0.25", tmp_path)
    parts = [record[part] for part in ("search", "inference", "learner", "replay", "ray")]
    assert sum(parts) == pytest.approx(1)
    assert min(parts) > 0
    assert record["evaluations_per_s"] > record["positions_per_s"] > 0
    assert record["rows_trained_per_s"] > 0
    names = {row["process"] for row in record["rows"]}
    assert names == {"driver", "judge", "learner", "player-0", "replay", "server-0"}
