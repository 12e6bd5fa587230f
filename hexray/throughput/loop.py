"""What a training run reached and what it cost, read from its metrics."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from hexray.errors import TrainingError
from hexray.usage import shares

_MEMORY = "memory_mb/"


class LoopSpeed(NamedTuple):
    """Means over the part of a run in which the learner trained; shares are of all CPU time.

    ``inference`` is the network's, ``learner`` the training, ``ray`` what no part claims: Ray's
    processes, messages, the driver. ``overhead`` is all but inference and learner.
    """

    evaluations_per_s: float
    positions_per_s: float
    rows_trained_per_s: float
    us_per_row_trained: float
    cores: float
    search: float
    inference: float
    learner: float
    replay: float
    ray: float
    overhead: float


class ProcessMemory(NamedTuple):
    """Resident memory of one process, from the moment the replay window had its final size.

    While the window still grew at the end, from the beginning of training.
    """

    process: str
    first_mb: float
    last_mb: float
    mb_per_minute: float


def loop_speed(lines: Sequence[Mapping[str, Any]]) -> tuple[LoopSpeed, list[ProcessMemory]]:
    """Take the figures from the lines of ``metrics.jsonl`` of one start.

    Raises TrainingError when the run ended before there were two readings while training, with
    rows trained between them.
    """
    readings = _readings(lines)
    training = [line for line in readings if line.get("learner/rows_trained", 0) > 0]
    if len(training) < 2:
        raise TrainingError(
            f"{len(training)} readings of CPU time while training, two are needed; run longer"
        )
    first, last = training[0], training[-1]
    seconds = last["trained_s"] - first["trained_s"]
    cpu_s = {key: last[key] - first[key] for key in ("cpu_s/all", "cpu_s/training")}
    rows = last["learner/rows_trained"] - first["learner/rows_trained"]
    if not rows:
        raise TrainingError("no row was trained between the first reading and the last; run longer")
    part = shares(first, last)
    speed = LoopSpeed(
        evaluations_per_s=(last["evaluations"] - first["evaluations"]) / seconds,
        positions_per_s=(last["positions"] - first["positions"]) / seconds,
        rows_trained_per_s=rows / seconds,
        us_per_row_trained=cpu_s["cpu_s/training"] / rows * 1e6,
        cores=cpu_s["cpu_s/all"] / seconds,
        search=part["search"],
        inference=part["network"],
        learner=part["training"],
        replay=part["replay"],
        ray=part["ray"],
        overhead=1 - part["network"] - part["training"],
    )
    return speed, _memory(training)


def _memory(readings: Sequence[Mapping[str, Any]]) -> list[ProcessMemory]:
    last = readings[-1]
    full = [line for line in readings if line.get("window_rows") == last["window_rows"]]
    first = full[0] if len(full) > 1 else readings[0]
    minutes = max(last["minutes"] - first["minutes"], 1e-9)
    return [
        ProcessMemory(
            key.removeprefix(_MEMORY), first[key], last[key], (last[key] - first[key]) / minutes
        )
        for key in sorted(last)
        if key.startswith(_MEMORY)
    ]


def _readings(lines: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the lines that read CPU time, with the last known value of every other metric."""
    known: dict[str, Any] = {}
    readings = []
    for line in lines:
        known |= line
        if "cpu_s/all" in line:
            readings.append(dict(known))
    return readings
