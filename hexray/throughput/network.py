"""The bare network, in as many processes as the machine has cores: what self-play is held to."""

import os
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import ray

from hexray.cluster import fetch
from hexray.config import RunConfig, with_overrides
from hexray.net.backend import may_compile
from hexray.net.speed import Speed, measure_speed

BATCHES = (64, 128, 256, 512)
PROBE_SECONDS = 1.0

Note = Callable[[str], None]


class NetSpeed(NamedTuple):
    """The bare network at its best, all processes together; ``tried`` by one process."""

    evaluations_per_s: float
    processes: int
    best: Speed
    tried: list[Speed]


def measure_net(config: RunConfig, batches: Sequence[int], seconds: float, note: Note) -> NetSpeed:
    """Find the network's best batch, backend and number of processes; measure it for ``seconds``.

    Every batch and backend is tried for a second in one process; the best then runs in one and in
    as many processes as there are GPUs, or cores where there is none, and the larger total counts.
    Needs a Ray session.
    """
    tried = []
    for backend in _backends():
        note(f"bare network, {backend}: batches of {_list(batches)} rows")
        tried += _run(config, backend, batches, 1, PROBE_SECONDS)[0]
    best = max(tried, key=lambda speed: speed.evaluations_per_s)
    totals = {}
    for processes in sorted({1, _gpus() or os.cpu_count() or 1}):
        made = _run(config, best.backend, [best.batch_rows], processes, seconds)
        totals[processes] = sum(speed.evaluations_per_s for [speed] in made)
        note(f"bare network, {processes} processes: {totals[processes]:,.0f} evaluations/s")
    processes = max(totals, key=lambda count: totals[count])
    return NetSpeed(totals[processes], processes, best, tried)


def with_backend(config: RunConfig, backend: str) -> RunConfig:
    """Return the settings with ``inference.backend`` fixed."""
    return with_overrides(config, {"inference": {"backend": backend}})


def _backends() -> list[str]:
    if not may_compile("auto", "inference.backend"):
        return ["eager"]
    return ["eager", "compiled", "graphs"] if _gpus() else ["eager", "compiled"]


def _run(
    config: RunConfig,
    backend: str,
    batches: Sequence[int],
    processes: int,
    seconds: float,
) -> list[list[Speed]]:
    chosen = with_backend(config, backend)
    task: Any = ray.remote(measure_speed).options(num_gpus=min(_gpus(), 1))
    return fetch(
        [
            task.remote(chosen.net, chosen.inference, chosen.board, batches, seconds)
            for _ in range(processes)
        ]
    )


def _gpus() -> int:
    return int(ray.cluster_resources().get("GPU", 0))


def _list(numbers: Sequence[int]) -> str:
    return ", ".join(str(number) for number in numbers)
