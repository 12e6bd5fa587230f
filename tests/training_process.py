"""A training that is let suffer: started as users start it, its processes killed by their names."""

import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO

import psutil
from training_command import TINY, stored_ids

from hexray.metrics import METRICS_FILE, read_metrics

# Judged and rated seldom, so that kills hit what matters.
CALM = [
    *TINY,
    "--selfplay.players=2",
    "--inference.threads=1",
    "--judge.every-seconds=2",
    "--judge.match-seconds=1",
]
ROLES = ("player", "inferenceserver", "replays", "learner", "judge")


class Training:
    """A run as a process. ``output`` is what it has written so far, line by line."""

    def __init__(
        self,
        folder: Path,
        *arguments: str,
        program: str = "acknowledged_run.py",
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.folder, self._acknowledged = folder / "run", folder / "acknowledged"
        self._acknowledged.mkdir(exist_ok=True)
        self.home = folder / "home"
        self.home.mkdir(exist_ok=True)
        path = Path(__file__).with_name("faults") / program
        self.full, self.later = folder / "full", folder / "later"
        own = {
            "HOME": str(self.home),
            "HEXRAY_TEST_ACKNOWLEDGED": str(self._acknowledged),
            "HEXRAY_TEST_FULL": str(self.full),
            "HEXRAY_TEST_LATER": str(self.later),
        }
        self.process = subprocess.Popen(
            [sys.executable, str(path), f"--run-dir={self.folder}", *CALM, *arguments],
            env={**os.environ, **own, **(environment or {})},
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        self.output: list[str] = []
        assert self.process.stdout is not None
        self._reading = threading.Thread(target=self._read, args=(self.process.stdout,))
        self._reading.start()

    def _read(self, out: IO[str]) -> None:
        # extend() takes line by line, so that others see each as it comes.
        with out:
            self.output.extend(iter(out.readline, ""))

    def text(self) -> str:
        """Return all that was written so far."""
        return "".join(self.output)

    def wait_for(self, what: Callable[[], object], seconds: float = 60) -> float:
        """Wait until ``what`` is true; return after how many seconds."""
        start = time.monotonic()
        while not what():
            assert self.process.poll() is None, self.text()
            assert time.monotonic() - start < seconds, self.text()
            time.sleep(0.05)
        return time.monotonic() - start

    def wait_until_training(self) -> None:
        """Wait until weights were published and games stored."""
        self.wait_for(lambda: self.metric("learner/rows_trained"), 100)

    def processes(self, role: str) -> list[psutil.Process]:
        """Return the processes of actors of a class of ``ROLES``."""
        found = []
        for process in psutil.Process(self.process.pid).children(recursive=True):
            try:
                title = process.cmdline()
            except psutil.Error:  # it ended since it was listed
                continue
            if title and title[0].lower().startswith((f"ray::{role}.", f"ray::{role}")):
                found.append(process)
        return found

    def kill(self, role: str, rng: random.Random) -> int:
        """SIGKILL a process of a role once there is one; return its pid."""
        self.wait_for(lambda: self.processes(role))
        process = rng.choice(self.processes(role))
        process.kill()
        return process.pid

    def pause(self, role: str) -> psutil.Process:
        """SIGSTOP the one process of a role; return it, to be resumed."""
        self.wait_for(lambda: self.processes(role))
        [process] = self.processes(role)
        process.suspend()
        return process

    def memory_mb(self) -> float:
        """Return what all processes of the run have in memory, shared pages counted once each."""
        family = psutil.Process(self.process.pid).children(recursive=True)
        return sum(process.memory_info().rss for process in family) / 2**20

    def metric(self, name: str) -> float | None:
        """Return the last value of a metric."""
        values = self.metrics(name)
        return values[-1][1] if values else None

    def metrics(self, name: str) -> list[tuple[float, float]]:
        """Return all values of a metric, each with the second of training."""
        if not (self.folder / METRICS_FILE).exists():
            return []
        lines = read_metrics(self.folder / METRICS_FILE)
        return [(line["trained_s"], line[name]) for line in lines if name in line]

    def finish(self, seconds: float = 90) -> int:
        """Wait for the end; return the exit status."""
        status = self.process.wait(seconds)
        self._reading.join()
        return status

    def stored(self) -> list[str]:
        """Return the ids of all games on disk."""
        return stored_ids(self.folder)

    def acknowledged(self) -> list[str]:
        """Return the ids of the games that players know to be safe, as often as they were told."""
        files = self._acknowledged.iterdir()
        return [line for file in files for line in file.read_text().split("\n")[:-1]]

    def assert_nothing_lost(self) -> None:
        """Every acknowledged game is stored, none twice, and no two have one id."""
        stored = self.stored()
        assert len(set(stored)) == len(stored)
        acknowledged = self.acknowledged()
        assert len(acknowledged) > 100
        assert len(set(acknowledged)) == len(acknowledged)
        assert set(acknowledged) <= set(stored)
