"""The command of training as users start it, on a board of 3x3."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from hexray.data.store import GameStore
from hexray.net.checkpoint import newest_checkpoint

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


def start(folder: Path, home: dict[str, str], *arguments: str) -> subprocess.Popen[str]:
    """Start a run."""
    return subprocess.Popen(
        [sys.executable, "-m", "hexray.loop", f"--run-dir={folder}", *TINY, *arguments],
        env=home,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


def train(folder: Path, home: dict[str, str], *arguments: str) -> str:
    """Train to the end; return what was written."""
    process = start(folder, home, *arguments)
    output, _ = process.communicate(timeout=120)
    assert process.returncode == 0, output
    return output


def wait_until_training(process: subprocess.Popen[str], folder: Path, steps: int = 3) -> None:
    """Wait until a run has trained and written a few checkpoints."""
    while process.poll() is None:
        newest, _ = newest_checkpoint(folder / "checkpoints")
        reached = newest.counters if newest is not None else {"trained_s": 0.0, "rows_trained": 0}
        if reached["trained_s"] > steps and reached["rows_trained"] > 0:
            return
        time.sleep(0.2)
    pytest.fail(f"the run ended: {process.communicate()[0]}")


def stored_ids(folder: Path, board: int = 3) -> list[str]:
    """Return the ids of all games on disk, of one board."""
    games = folder / "games" / f"{board}x{board}"
    blocks = GameStore(games, board, may_write=False).newest(10**9)
    return [game_id for block in blocks for game_id in block.game_id]
