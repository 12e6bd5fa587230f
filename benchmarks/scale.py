"""What a run of many GPUs asks of its single parts, from what one unit costs on this machine.

Measures games through replay (a real one, fsync included), rows drawn from it, weights and the
object store, and multiplies. Only ``--evaluations``, what one GPU evaluates in a second, is not
measured here; everything but the weights is proportional to it. The cost of calls is measured by
``benchmarks/controller.py``.
"""

import asyncio
import json
import pickle
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import ray
import rich.console
import rich.table
import tyro

from hexray.actors.replay import Replay
from hexray.cluster import ray_session
from hexray.config import RunConfig, with_overrides
from hexray.data.games import GameBlock
from hexray.evaluation import drive, know_nothing
from hexray.net.trainer import fresh_weights
from hexray.play.selfplay import SelfPlay
from hexray.presets import gpu

BLOCK_ROWS = 1024 * 8
MB = 1e6


class Units(NamedTuple):
    """Costs on this machine: bytes and rates of rows, bytes of weights, bytes/s of objects."""

    message_bytes_a_row: float
    disk_bytes_a_row: float
    memory_bytes_a_row: float
    appended_rows_per_s: float
    drawn_rows_per_s: float
    weights_bytes: float
    object_bytes_per_s: float


def main(
    *,
    board: int = 11,
    evaluations: float = 50_000,
    gpus: tuple[int, ...] = (1, 8, 64, 512),
    seconds: float = 20.0,
    json_output: bool = False,
) -> None:
    """Print the unit costs, and what they come to.

    Args:
        board: Board side.
        evaluations: Positions that one GPU evaluates in a second.
        gpus: Numbers of GPUs.
        seconds: Seconds of self-play, with a network that knows nothing, to have games to store.
        json_output: Print nothing but a line of JSON.
    """
    config = gpu_settings(board)
    units = measure(config, seconds)
    lines = [needs(config, units, count, evaluations) for count in gpus]
    if not json_output:
        out = rich.console.Console()
        for name, value in units._asdict().items():
            out.print(f"{name:>22} {value:,.0f}")
        table = rich.table.Table(*lines[0])
        for line in lines:
            table.add_row(
                *(f"{value:,.0f}" if value >= 100 else f"{value:.3g}" for value in line.values())
            )
        out.print(table)
    print(json.dumps({"units": units._asdict(), "lines": lines}))


def gpu_settings(board: int) -> RunConfig:
    """Return the preset for GPUs, without its curriculum."""
    return with_overrides(gpu(board), {"curriculum": {"boards": (), "until": ()}})


def measure(config: RunConfig, seconds: float) -> Units:
    """Measure what a row, weights and an object cost."""
    blocks = _games(config, seconds)
    rows = sum(len(block.root_value) for block in blocks)
    message = sum(len(pickle.dumps(block, protocol=5)) for block in blocks) / rows
    appended, drawn, disk, memory = asyncio.run(_through_replay(config, blocks))
    weights = fresh_weights(config.net, 0)
    with ray_session(with_overrides(config, {"cluster": {"dashboard": False}})):
        carried = _carried(np.zeros(30_000_000, np.uint8))
    size = sum(array.nbytes for array in weights.values())
    return Units(message, disk, memory, appended, drawn, float(size), carried)


def needs(config: RunConfig, units: Units, gpus: int, evaluations: float) -> dict[str, float]:
    """Return what so many GPUs ask of replay, learner, network, disk and controller."""
    servers = max(1, gpus - 1)
    made = servers * evaluations / config.search.simulations
    trained = made * config.replay.reuse_most
    weights_mb = units.weights_bytes / MB
    calls = servers * config.selfplay.players / config.selfplay.round_seconds
    return {
        "GPUs": gpus,
        "rows made/s": made,
        "to replay, MB/s": made * units.message_bytes_a_row / MB,
        "replay busy": made / units.appended_rows_per_s + trained / units.drawn_rows_per_s,
        "disk, GB/day": made * units.disk_bytes_a_row * 86400 / 1e9,
        "to the learner, MB/s": trained * units.memory_bytes_a_row / MB,
        "weights, MB/s": servers * weights_mb / config.learner.publish_seconds,
        "rounds/s": calls,
    }


def _games(config: RunConfig, seconds: float) -> list[GameBlock]:
    """Make games with the settings of the run, but few simulations: what is stored is the same."""
    search = config.search.model_copy(update={"simulations": 2, "candidates": 2})
    selfplay = config.selfplay.model_copy(update={"games": 512, "opening_choices": 1})
    play = SelfPlay(config.board, selfplay, search, "scale", 0, (0,))
    found: list[GameBlock] = []
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        block = drive(play.step(), know_nothing)
        if block is not None:
            found.append(block)
    return found


async def _through_replay(
    config: RunConfig, blocks: list[GameBlock]
) -> tuple[float, float, float, float]:
    rows = sum(len(block.root_value) for block in blocks)
    with tempfile.TemporaryDirectory() as folder:
        settings = config.replay.model_copy(update={"commit_seconds": 0.0})
        replay = Replay(Path(folder), config.board, settings, 0)
        start = time.monotonic()
        await asyncio.gather(*(replay.append(block) for block in blocks))
        appended = rows / (time.monotonic() - start)
        stats = await replay.stats()
        start, drawn = time.monotonic(), 0
        block = await replay.sample(BLOCK_ROWS)
        while time.monotonic() - start < 2:
            await replay.sample(BLOCK_ROWS)
            drawn += BLOCK_ROWS
        per_row = sum(part.nbytes for part in block if part is not None) / BLOCK_ROWS
        return appended, drawn / (time.monotonic() - start), stats["disk_bytes"] / rows, per_row


def _carried(block: Any) -> float:
    """Return bytes a second through the object store, from one process into another and back."""

    class Echo:
        def take(self, given: Any) -> Any:
            return given.copy()

    remote: Any = ray.remote(Echo)
    actor = remote.options(num_cpus=0).remote()
    ray.get(actor.take.remote(block))
    start = time.monotonic()
    for _ in range(5):
        ray.get(actor.take.remote(block))
    return 10 * block.nbytes / (time.monotonic() - start)


if __name__ == "__main__":
    tyro.cli(main)
