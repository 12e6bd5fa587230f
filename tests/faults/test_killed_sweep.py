"""F26: a sweep is killed; what was finished is not trained again, the rest goes on."""

import json
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from training_command import TINY

pytestmark = [pytest.mark.process, pytest.mark.long, pytest.mark.timeout(500)]

SPACE = "space: {learner.learning_rate: {low: 1.0e-3, high: 4.0e-3, log: true}}"


def _sweep(home: dict[str, str], *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tune.sweep", *arguments],
        env=home,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


def _finished(folder: Path) -> dict[str, str]:
    return {path.parent.name: path.read_text() for path in folder.glob("trials/*/trial.json")}


def test_a_killed_sweep_goes_on_with_what_is_left(tmp_path: Path, home: dict[str, str]) -> None:
    space, folder = tmp_path / "space.yaml", tmp_path / "sweep"
    space.write_text(SPACE)
    asked = ["--space", str(space), "--folder", str(folder), "--samples", "3", "--repeats", "0"]
    killed = _sweep(home, *asked, "--search", "random", *TINY, "--board=4", "--minutes=0.2")
    deadline = time.monotonic() + 240
    while not _finished(folder):
        assert killed.poll() is None, killed.communicate()[0]
        assert time.monotonic() < deadline
        time.sleep(0.1)
    family = psutil.Process(killed.pid).children(recursive=True)
    killed.kill()
    killed.communicate()
    psutil.wait_procs([process for process in family if process.is_running()], timeout=30)
    before = _finished(folder)
    assert 1 <= len(before) < 3

    again = _sweep(home, "--resume", str(folder))
    output, _ = again.communicate(timeout=400)
    assert again.returncode == 0, output
    after = _finished(folder)
    assert len(after) == 3
    assert {name: after[name] for name in before} == before
    told = json.loads((folder / "sweep.json").read_text())
    assert sorted(trial["id"] for trial in told["trials"]) == sorted(after)
    for trial in told["trials"]:
        assert trial["state"] == "whole"
        assert trial["score"] == json.loads(after[trial["id"]])["score"]
    for name in before:  # its run was started once
        assert json.loads((folder / "trials" / name / "run.json").read_text())["starts"] == 1
    assert (folder / "sweep.png").exists()
    assert (folder / "best.yaml").exists()
