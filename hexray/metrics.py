"""What a run measured over time: one JSON object a line in metrics.jsonl, and TensorBoard."""

import json
import math
import os
from collections.abc import Mapping
from errno import ENOSPC
from io import SEEK_END, FileIO
from pathlib import Path
from typing import Any

from tensorboardX import SummaryWriter

from hexray.errors import FileFormatError, TrainingError
from hexray.files import strict_json

METRICS_FILE = "metrics.jsonl"
_TAIL = 1_000_000
"""Bytes at the end of the file in which everything was measured at least once."""


class MetricsWriter:
    """Append measurements to ``metrics.jsonl`` and ``tensorboard/`` of a run folder.

    Goes on where an earlier run stopped; a line that a crash cut short is removed first.
    """

    def __init__(self, run_folder: Path) -> None:
        path = run_folder / METRICS_FILE
        _remove_cut_line(path)
        self._lines = path.open("ab", buffering=0)
        self._board = SummaryWriter(logdir=str(run_folder / "tensorboard"))

    def write(self, step: float, values: Mapping[str, float]) -> None:
        """Write ``values`` measured after ``step`` seconds of training, at once.

        The line also holds ``trained_s`` (``step``) and ``minutes``, in place of values of that
        name. Raises TrainingError naming the first value that is not finite, and OSError when the
        disk refuses; then nothing is written.
        """
        for key, value in values.items():
            if not math.isfinite(value):
                raise TrainingError(
                    f"metric {key} is {value} after {step:.1f} s of training; if it is a loss, "
                    f"training has diverged: lower learner.learning_rate"
                )
        times = {"trained_s": round(step, 3), "minutes": round(step / 60, 5)}
        line = {**times, **{key: _plain(value) for key, value in values.items()}, **times}
        _append(self._lines, (json.dumps(line, allow_nan=False) + "\n").encode())
        for key, value in values.items():
            self._board.add_scalar(key, float(value), round(step))

    def close(self) -> None:
        """Write out what TensorBoard still holds and close both files."""
        self._lines.close()
        self._board.close()


def read_metrics(path: Path) -> list[dict[str, Any]]:
    """Read the lines of a ``metrics.jsonl``, oldest first.

    A last line without its line end was cut by a crash and is left out; any other bad line, or
    no file at all, raises FileFormatError.
    """
    if not path.exists():
        raise FileFormatError(f"{path}:1:1: there is no such file; name a run folder's metrics")
    *lines, _cut = path.read_bytes().split(b"\n")
    return [_parse(line, f"{path}:{number}") for number, line in enumerate(lines, start=1)]


def latest_metrics(path: Path) -> dict[str, Any]:
    """Return the newest value of everything that was measured lately, by name.

    Quick also when the file is long. Empty when there is none, or no whole line yet; a damaged
    line raises FileFormatError, which counts lines from where reading begins.
    """
    if not path.exists():
        return {}
    with path.open("rb") as file:
        begin = max(0, path.stat().st_size - _TAIL)
        file.seek(begin)
        *lines, _cut = file.read().split(b"\n")
    newest: dict[str, Any] = {}
    for number, line in enumerate(lines[1:] if begin else lines, start=1):
        newest |= _parse(line, f"{path}:{number}")
    return newest


def _append(file: FileIO, line: bytes) -> None:
    """Append a line, or nothing of it."""
    end = file.seek(0, SEEK_END)
    try:
        written = file.write(line)
        if written < len(line):
            raise OSError(ENOSPC, os.strerror(ENOSPC), file.name)
    except OSError:
        file.truncate(end)
        raise


def _remove_cut_line(path: Path) -> None:
    if path.exists():
        whole = path.read_bytes().rfind(b"\n") + 1
        with path.open("r+b") as file:
            file.truncate(whole)


def _plain(value: float) -> float | int:
    return int(value) if float(value).is_integer() else float(value)


def _parse(line: bytes, place: str) -> dict[str, Any]:
    try:
        values = strict_json(line)
    except json.JSONDecodeError as error:
        raise FileFormatError(f"{place}:{error.colno}: {error.msg}; remove the line") from error
    except ValueError as error:
        raise FileFormatError(f"{place}:1: {error}; remove the line") from error
    if not isinstance(values, dict):
        raise FileFormatError(f"{place}:1: not a JSON object; remove the line")
    return values
