"""``hexray status`` and ``hexray stop``: what is said of runs that live, ended or died."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from hexray.cli import main
from hexray.config import RunConfig
from hexray.run_folder import open_run_folder
from hexray.run_owner import OWNER_FILE, Owner, read_owner, this_process, write_owner

SLEEPER = "import signal, time; signal.signal(signal.SIGTERM, {handler}); print(1, flush=True)\n"
PATIENT = SLEEPER.format(handler="lambda *_: exit(143)") + "time.sleep(60)"
STUBBORN = SLEEPER.format(handler="signal.SIG_IGN") + "time.sleep(60)"


def run_folder(tmp_path: Path) -> Path:
    with open_run_folder(tmp_path / "run", RunConfig()) as run:
        return run.path


def sleeping(code: str) -> subprocess.Popen[str]:
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "1\n"
    return process


def owner_of(pid: int) -> Owner:
    return this_process()._replace(pid=pid, began=psutil.Process(pid).create_time())


def facts(run: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, object]:
    assert main(["status", str(run), "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_a_run_is_told_apart_by_its_process(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = run_folder(tmp_path)
    assert facts(run, capsys)["state"] == "ended"
    here = this_process()
    for owner, state in (
        (here, "running"),
        (here._replace(began=here.began - 100), "died"),  # the number of another process
        (here._replace(booted=here.booted - 100), "died"),  # the machine was started since
        (here._replace(pid=2**22 + 1), "died"),
        (here._replace(host="far-away"), "elsewhere"),
    ):
        write_owner(run, owner)
        assert facts(run, capsys)["state"] == state
    write_owner(run, here)
    assert main(["status", str(run)]) == 0
    assert f"running as process {os.getpid()} on {here.host}" in capsys.readouterr().out


def test_figures_are_the_newest_of_each_kind(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = run_folder(tmp_path)
    lines = [
        {"trained_s": 30.0, "games": 5, "solved/winner_accuracy": 0.75},
        {"trained_s": 90.0, "games": 12},
    ]
    (run / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines) + '{"ga')
    checkpoint = run / "checkpoints" / "00000017"
    checkpoint.mkdir(parents=True)
    (checkpoint / "manifest.json").write_text("{}")
    (run / "checkpoints" / "00000018").mkdir()  # not whole
    found = facts(run, capsys)
    assert found["trained_minutes"] == 1.5
    assert found["metrics"] == {"trained_s": 90.0, "games": 12, "solved/winner_accuracy": 0.75}
    assert found["checkpoint"] == "00000017"
    assert main(["status", str(run)]) == 0
    shown = capsys.readouterr().out
    assert "1.5 of 3 minutes" in shown
    assert "75.0%" in shown


def test_long_metrics_are_read_from_their_end(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = run_folder(tmp_path)
    line = json.dumps({"trained_s": 1.0, "filler": "x" * 1000})
    last = json.dumps({"trained_s": 600.0})
    (run / "metrics.jsonl").write_text("no line at all\n" + f"{line}\n" * 3000 + f"{last}\n")
    assert facts(run, capsys)["trained_minutes"] == 10


@pytest.mark.process
def test_a_run_is_stopped_by_the_signal_that_ends_it_cleanly(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = run_folder(tmp_path)
    with sleeping(PATIENT) as process:
        write_owner(run, owner_of(process.pid))
        assert main(["stop", str(run)]) == 0
        assert process.wait(10) == 143
    assert "has ended" in capsys.readouterr().out
    assert main(["stop", str(run)]) == 0
    assert "is not running" in capsys.readouterr().out


@pytest.mark.process
def test_a_run_that_does_not_end_is_told_of(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = run_folder(tmp_path)
    with sleeping(STUBBORN) as process:
        write_owner(run, owner_of(process.pid))
        began = time.monotonic()
        assert main(["stop", str(run), "--wait", "0.5"]) == 1
        assert time.monotonic() - began < 10
        assert "--at-once insists" in capsys.readouterr().out
        process.send_signal(signal.SIGKILL)


def test_what_is_no_run_or_elsewhere_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for verb in ("status", "stop"):
        assert main([verb, str(tmp_path)]) == 2
        assert "is no run folder" in capsys.readouterr().err
    run = run_folder(tmp_path)
    write_owner(run, this_process()._replace(host="far-away"))
    assert main(["stop", str(run)]) == 2
    assert "on far-away; call hexray stop there" in capsys.readouterr().err


def test_a_damaged_owner_file_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = run_folder(tmp_path)
    (run / OWNER_FILE).write_text('{"pid": 3}')
    for verb in ("status", "stop"):
        assert main([verb, str(run)]) == 2
        assert f"{OWNER_FILE} does not say who holds the run" in capsys.readouterr().err


def test_an_owner_that_is_not_told_is_nobody(tmp_path: Path) -> None:
    for text in ("", "[]", "{}", '{"pid": "x"}', '{"pid": 1, "host": "a"}'):
        (tmp_path / OWNER_FILE).write_text(text)
        assert read_owner(tmp_path) is None
