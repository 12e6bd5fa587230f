"""F24, ``make soak``: a run that must not grow, for as long as one likes.

``python tests/faults/soak.py --minutes 60 --out soak.json`` trains on 4x4 with a small window and
reads every process of it: memory, threads, open files. At the end it prints a line for each, and
exits with 1 when the memory of one grew by more than 1 MB a minute, or its threads or files did
grow, after the first quarter.
"""

import json
import sys
import time
from pathlib import Path
from typing import Annotated, NamedTuple

import numpy as np
import psutil
import tyro

sys.path.insert(0, str(Path(__file__).parent.parent))
from training_command import stored_ids
from training_process import Training

MOST_MB_A_MINUTE = 1.0
EVERY_SECONDS = 15.0
SETTINGS = [
    "--board=4",
    "--replay.window-rows=20000",
    "--judge.match-pairs=8",
    "--judge.versions=5",
    "--checkpoint.every-seconds=10",
]


class Reading(NamedTuple):
    """What a process held at a second of the soak; memory that it shares is not counted."""

    second: float
    mb: float
    threads: int
    files: int


def main(
    minutes: Annotated[float, tyro.conf.arg(metavar="MINUTES")] = 60.0,
    folder: Path = Path("runs/soak"),
    out: Path | None = None,
) -> int:
    """Train for so long and say what grew.

    Args:
        minutes: How long.
        folder: Where the run and its home go; must be new.
        out: File that all readings are written to as JSON.
    """
    folder.mkdir(parents=True)
    run = Training(folder.absolute(), f"--minutes={minutes}", *SETTINGS)
    run.wait_until_training()
    readings: dict[str, list[Reading]] = {}
    begin = time.monotonic()
    while time.monotonic() - begin < minutes * 60 - EVERY_SECONDS:
        time.sleep(EVERY_SECONDS)
        for name, reading in _look(run, time.monotonic() - begin):
            readings.setdefault(name, []).append(reading)
    status = run.finish(300)
    if out is not None:
        out.write_text(json.dumps(readings))
    print(f"exit status {status}, {len(stored_ids(run.folder, 4)):,} games")
    return int(status != 0) | _judge(readings)


def _look(run: Training, second: float) -> list[tuple[str, Reading]]:
    found = []
    driver = psutil.Process(run.process.pid)
    for process in (driver, *driver.children(recursive=True)):
        try:
            title = process.cmdline()
            name = "driver" if process == driver else _name(title)
            memory = process.memory_info()
            own_mb = (memory.rss - memory.shared) / 2**20  # the object store is shared
            held = own_mb, process.num_threads(), process.num_fds()
        except psutil.Error:  # it ended since it was listed
            continue
        found.append((f"{name} {process.pid}", Reading(second, *held)))
    return found


def _name(title: list[str]) -> str:
    if title and title[0].startswith("ray::"):
        return title[0].removeprefix("ray::").split(".")[0]
    parts = [Path(part).name for part in title[:3]]
    return next((part for part in reversed(parts) if not part.startswith("-")), "?")


def _judge(readings: dict[str, list[Reading]]) -> int:
    """Print what each process did after the first quarter; return 1 when one grew."""
    has_grown = 0
    print(f"{'process':32} {'MB':>7} {'MB/min':>7} {'threads':>12} {'files':>12}")
    for name, all_of_it in sorted(readings.items()):
        settled = all_of_it[len(all_of_it) // 4 :]
        if len(settled) < 8:
            continue
        seconds, mb, threads, files = (np.array(column) for column in zip(*settled, strict=True))
        slope = float(np.polyfit(seconds / 60, mb, 1)[0])
        half = len(settled) // 2
        grew = [column[half:].max() > column[:half].max() + 2 for column in (threads, files)]
        is_bad = slope > MOST_MB_A_MINUTE or any(grew)
        has_grown |= int(is_bad)
        print(
            f"{name:32} {mb[-1]:7.0f} {slope:7.2f} {threads.min():5}..{threads.max():<5} "
            f"{files.min():5}..{files.max():<5} {'GREW' if is_bad else ''}"
        )
    return has_grown


if __name__ == "__main__":
    sys.exit(tyro.cli(main))
