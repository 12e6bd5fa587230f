"""The command itself: trains, survives its death, refuses what it must."""

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from hexray.config import RunConfig, with_overrides
from hexray.data.store import GameStore
from hexray.loop import main
from hexray.metrics import METRICS_FILE, read_metrics
from hexray.net.checkpoint import load_net, newest_checkpoint
from hexray.options import parse_run, read_settings
from hexray.ratings.ladder_file import read_ladder
from hexray.run_folder import open_run_folder

pytestmark = [pytest.mark.process, pytest.mark.timeout(180)]

TINY = [
    "--preset=quick",
    "--board=3",
    "--cluster.no-dashboard",
    "--guard.mode=off",
    "--net.blocks=1",
    "--net.channels=8",
    "--selfplay.games=16",
    "--learner.batch-rows=32",
    "--learner.batches=4",
    "--learner.precision=float32",
    "--inference.precision=float32",
    "--replay.min-rows=200",
    "--replay.commit-seconds=0.1",
    "--checkpoint.every-seconds=1",
    "--judge.every-seconds=1",
    "--judge.held-out-rows=5",
    "--judge.match-seconds=0.5",
    "--judge.match-pairs=4",
    "--judge.share=0.05",
]


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    """Give the environment of a user with a home of their own."""
    (tmp_path / "home").mkdir()
    return {**os.environ, "HOME": str(tmp_path / "home")}


def _start(folder: Path, home: dict[str, str], *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "hexray.loop", f"--run-dir={folder}", *TINY, *arguments],
        env=home,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


def _train(folder: Path, home: dict[str, str], *arguments: str) -> str:
    process = _start(folder, home, *arguments)
    output, _ = process.communicate(timeout=120)
    assert process.returncode == 0, output
    return output


def _wait_until_training(process: subprocess.Popen[str], folder: Path, steps: int = 3) -> None:
    """Wait until a run has trained and written a few checkpoints."""
    while process.poll() is None:
        newest, _ = newest_checkpoint(folder / "checkpoints")
        reached = newest.counters if newest is not None else {"trained_s": 0.0, "rows_trained": 0}
        if reached["trained_s"] > steps and reached["rows_trained"] > 0:
            return
        time.sleep(0.2)
    pytest.fail(f"the run ended: {process.communicate()[0]}")


def _assert_goes_on_alike(output: str, folder: Path) -> None:
    """The command that the run prints last goes on with all its settings, for longer."""
    [hint] = [line for line in output.splitlines() if line.startswith("to train further:")]
    command = shlex.split(hint.partition(":")[2])
    assert command[:3] == [sys.executable, "-m", "hexray.loop"]
    again, longer = parse_run(command[3:])
    saved = with_overrides(RunConfig(), read_settings(folder / "settings.yaml"))
    assert again == folder
    assert longer == saved.model_copy(update={"minutes": 2 * saved.minutes})


def test_players_can_be_held_to_the_best_version(tmp_path: Path, home: dict[str, str]) -> None:
    """Weights are published every tenth of a second; games see those of the ladder alone."""
    folder = tmp_path / "run"
    held = ("--promotion.players-use=best", "--learner.publish-seconds=0.1")
    _train(folder, home, "--minutes=0.15", *held)
    published = [
        line["version"] for line in read_metrics(folder / METRICS_FILE) if "version" in line
    ]
    blocks = GameStore(folder / "games" / "3x3", 3).newest(10**9)
    played = {int(version) for block in blocks for version in block.version.ravel()}
    ladder = read_ladder(folder)
    rated = {version for batch in ladder.batches for version in batch[:2]}
    assert len(played) >= 2
    assert played <= rated | {1, ladder.best}
    assert len(set(published)) > 2 * len(played)


def _stored_ids(folder: Path) -> list[str]:
    blocks = GameStore(folder / "games" / "3x3", 3).newest(10**9)
    return [game_id for block in blocks for game_id in block.game_id]


def test_a_killed_run_goes_on_with_the_same_command(tmp_path: Path, home: dict[str, str]) -> None:
    folder = tmp_path / "run"
    killed = _start(folder, home, "--minutes=9")
    _wait_until_training(killed, folder)

    refused = _start(folder, home, "--minutes=9")
    message, _ = refused.communicate(timeout=60)
    assert refused.returncode == 2
    assert f"process {killed.pid} on" in message

    killed.kill()
    killed.communicate()
    stored = _stored_ids(folder)
    newest, _ = newest_checkpoint(folder / "checkpoints")
    assert newest is not None
    trained_s = newest.counters["trained_s"]
    seen = len(read_metrics(folder / METRICS_FILE))

    output = _train(folder, home, f"--minutes={(trained_s + 9) / 60}")
    after = _stored_ids(folder)
    assert after[: len(stored)] == stored
    assert len(set(after)) == len(after) > len(stored)
    later = read_metrics(folder / METRICS_FILE)
    assert trained_s <= later[seen]["trained_s"] < trained_s + 5
    games = [line["games"] for line in later if "games" in line]
    assert games[-1] == len(after)
    versions = [line["version"] for line in later if "version" in line]
    assert versions == sorted(versions)
    final, _ = newest_checkpoint(folder / "checkpoints")
    assert final is not None
    assert final.counters["rows_trained"] > newest.counters["rows_trained"]
    assert final.counters["trained_s"] < trained_s + 20
    ratings = json.loads((folder / "strength.json").read_text())["ratings"]
    assert len(ratings) >= 2
    assert [line["rating/elo"] for line in later if "rating/elo" in line]
    best = [rating["version"] for rating in ratings if rating["is_best"]]
    assert [load_net(Path(f"{folder}@best")).version] == best
    assert "ratings in Elo" in output


@pytest.mark.parametrize(
    ("search", "number", "status"),
    [("--search.kind=minimax", signal.SIGINT, 130), ("--search.root=puct", signal.SIGTERM, 143)],
)
def test_every_search_trains_until_a_signal_ends_the_run_with_its_results(
    tmp_path: Path, home: dict[str, str], search: str, number: signal.Signals, status: int
) -> None:
    folder = tmp_path / "run"
    settings = ("--minutes=9", "--checkpoint.every-seconds=4", "--replay.held-out=0.5")
    process = _start(folder, home, search, *settings)
    _wait_until_training(process, folder, steps=0)
    process.send_signal(number)
    sent = time.monotonic()
    output, _ = process.communicate(timeout=60)
    assert process.returncode == status, output
    assert time.monotonic() - sent < 30
    newest, _ = newest_checkpoint(folder / "checkpoints")
    assert newest is not None
    assert newest.counters["rows_trained"] > 0
    lines = read_metrics(folder / METRICS_FILE)
    assert newest.counters["trained_s"] >= lines[-1]["trained_s"] - 1.5
    losses = [line for line in lines if "learner/loss" in line]
    assert losses[-1]["learner/rows_trained"] == newest.counters["rows_trained"]
    strength = json.loads((folder / "strength.json").read_text())
    assert strength["openings"] == len(strength["first_moves"]["values"]) == 9
    assert (folder / "openings.svg").read_text().startswith("<svg")
    assert 0 <= strength["held_out/brier"] <= 1
    assert "value on held-out games: right" in output
    assert "first moves on the empty board judged wrongly" in output
    assert (folder / "curve.png").read_bytes().startswith(b"\x89PNG")
    assert (folder / "game.svg").read_text().startswith("<svg")
    _assert_goes_on_alike(output, folder)


@pytest.mark.parametrize("wait_s", [0.1, 4])
def test_a_signal_during_set_up_ends_the_run_at_once(
    tmp_path: Path, home: dict[str, str], wait_s: float
) -> None:
    process = _start(tmp_path / "run", home, "--minutes=9")
    assert process.stdout is not None
    while "setting up" not in process.stdout.readline():
        assert process.poll() is None
    time.sleep(wait_s)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "stopped at once" in output
    assert "Traceback" not in output


def test_a_second_signal_ends_the_run_at_once(tmp_path: Path, home: dict[str, str]) -> None:
    folder = tmp_path / "run"
    process = _start(folder, home, "--minutes=9", "--selfplay.round-seconds=30")
    _wait_until_training(process, folder, steps=0)
    process.send_signal(signal.SIGINT)
    time.sleep(1)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "Traceback" not in output
    assert newest_checkpoint(folder / "checkpoints")[0] is not None


def test_a_bad_line_of_metrics_is_found_before_training(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with open_run_folder(tmp_path, RunConfig(board=3)):
        (tmp_path / METRICS_FILE).write_text('{"minutes": 1}\nnonsense\n{"minutes": 2}\n')
    assert main(["--run-dir", str(tmp_path), "--board", "3"]) == 2
    assert "metrics.jsonl:2:" in capsys.readouterr().err


def test_a_damaged_store_ends_the_run_with_its_name(tmp_path: Path, home: dict[str, str]) -> None:
    folder = tmp_path / "run"
    with open_run_folder(folder, RunConfig(board=3)):
        (folder / "games" / "3x3").mkdir(parents=True)
        (folder / "games" / "3x3" / "games-00000000.parquet").write_bytes(
            b"PAR1 no games here PAR1"
        )
    process = _start(folder, home, "--net.blocks=3", "--net.channels=32")
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 2, output
    assert "games-00000000.parquet" in output
    assert "Traceback" not in output


def test_a_run_folder_of_another_board_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with open_run_folder(tmp_path, RunConfig(board=5)):
        pass
    assert main(["--run-dir", str(tmp_path), "--board", "3"]) == 2
    message = capsys.readouterr().err
    assert "holds a run on board 5, not 3" in message


def test_a_curriculum_trains_small_boards_first_and_goes_on(
    tmp_path: Path, home: dict[str, str]
) -> None:
    folder = tmp_path / "run"
    stages = ("--board=4", "--curriculum.boards=3", "--curriculum.until=0.4")
    output = _train(folder, home, "--minutes=0.2", *stages, "--curriculum.rehearsal=0.3")
    lines = read_metrics(folder / METRICS_FILE)
    boards = [line["board"] for line in lines if "board" in line]
    assert boards == sorted(boards)
    assert set(boards) == {3, 4}
    for board in (3, 4):
        [block, *_] = GameStore(folder / "games" / f"{board}x{board}", board).newest(10**9)
        assert block.size == board
    final, _ = newest_checkpoint(folder / "checkpoints")
    assert final is not None
    assert "trained 0.2 of 0.2 minutes" in output
    games = [line["games"] for line in lines if "games" in line][-1]
    _train(folder, home, "--minutes=0.3", *stages, "--curriculum.rehearsal=0.3")
    assert [line["games"] for line in read_metrics(folder / METRICS_FILE) if "games" in line][
        -1
    ] > games


def test_on_a_full_machine_nothing_is_played_and_the_run_says_why(
    tmp_path: Path, home: dict[str, str]
) -> None:
    full = ("--guard.mode=dedicated", "--guard.disk-warn=0.001", "--guard.disk-critical=0.002")
    output = _train(tmp_path / "run", home, "--minutes=0.05", *full)
    assert "neither playing nor training until it is better: disk is at" in output
    assert "critical 0.002 by guard.disk_critical" in output
    lines = read_metrics(tmp_path / "run" / METRICS_FILE)
    assert {line["guard/level"] for line in lines if "guard/level" in line} == {3}
    assert not _stored_ids(tmp_path / "run")
