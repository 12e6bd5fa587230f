"""F5, F16: the command is killed, or asked to end, once and twice."""

import json
import shlex
import signal
import sys
import time
from pathlib import Path

import pytest
from training_command import start, stored_ids, train, wait_until_training

from hexray.config import RunConfig, with_overrides
from hexray.metrics import METRICS_FILE, read_metrics
from hexray.net.checkpoint import load_net, newest_checkpoint
from hexray.options import parse_run, read_settings

pytestmark = [pytest.mark.process, pytest.mark.timeout(180)]


def _assert_goes_on_alike(output: str, folder: Path) -> None:
    """The command that the run prints last goes on with all its settings, for longer."""
    [hint] = [line for line in output.splitlines() if line.startswith("to train further:")]
    command = shlex.split(hint.partition(":")[2])
    assert command[:3] == [sys.executable, "-m", "hexray.loop"]
    again, longer = parse_run(command[3:])
    saved = with_overrides(RunConfig(), read_settings(folder / "settings.yaml"))
    assert again == folder
    assert longer == saved.model_copy(update={"minutes": 2 * saved.minutes})


def test_a_killed_run_goes_on_with_the_same_command(tmp_path: Path, home: dict[str, str]) -> None:
    folder = tmp_path / "run"
    killed = start(folder, home, "--minutes=9")
    wait_until_training(killed, folder)

    refused = start(folder, home, "--minutes=9")
    message, _ = refused.communicate(timeout=60)
    assert refused.returncode == 2
    assert f"process {killed.pid} on" in message

    killed.kill()
    killed.communicate()
    stored = stored_ids(folder)
    newest, _ = newest_checkpoint(folder / "checkpoints")
    assert newest is not None
    trained_s = newest.counters["trained_s"]
    seen = len(read_metrics(folder / METRICS_FILE))

    output = train(folder, home, f"--minutes={(trained_s + 9) / 60}")
    after = stored_ids(folder)
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
    process = start(folder, home, search, *settings)
    wait_until_training(process, folder, steps=0)
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
    process = start(tmp_path / "run", home, "--minutes=9")
    assert process.stdout is not None
    while "setting up" not in process.stdout.readline():
        assert process.poll() is None
    time.sleep(wait_s)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "stopped at once" in output
    assert "Traceback" not in output


@pytest.mark.long
def test_a_second_signal_ends_the_run_at_once(tmp_path: Path, home: dict[str, str]) -> None:
    folder = tmp_path / "run"
    process = start(folder, home, "--minutes=9", "--selfplay.round-seconds=30")
    wait_until_training(process, folder, steps=0)
    process.send_signal(signal.SIGINT)
    time.sleep(1)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "Traceback" not in output
    assert newest_checkpoint(folder / "checkpoints")[0] is not None
