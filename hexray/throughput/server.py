"""The inference server through Ray: what messages cost, without search."""

import asyncio
import time
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import ray

from hexray.cluster import FETCH_SECONDS, fetch, remote_evaluate
from hexray.config import RunConfig, with_overrides
from hexray.evaluation import Leaves
from hexray.net.trainer import fresh_weights
from hexray.nodes import plan
from hexray.throughput.started import start_servers


class ServerSpeed(NamedTuple):
    """One server asked by ``clients`` processes, each with two requests of ``rows`` under way."""

    clients: int
    rows: int
    evaluations_per_s: float
    batch_mean: float
    busy_share: float
    wait_ms_p50: float
    wait_ms_p99: float


class _Client:
    """Asks for random boards as fast as it is answered."""

    def __init__(self, server: Any, size: int, batch_rows: int) -> None:
        self._evaluate = remote_evaluate(server, batch_rows)
        self._size = size

    async def ask(self, rows: int, under_way: int, seconds: float) -> None:
        """Keep ``under_way`` requests of ``rows`` positions going for ``seconds``."""
        rng = np.random.default_rng(0)
        cells = rng.integers(-1, 2, (rows, self._size**2)).astype(np.int8)
        until = time.monotonic() + seconds

        async def one_after_the_other() -> None:
            while time.monotonic() < until:
                await self._evaluate(Leaves(cells, self._size))

        await asyncio.gather(*(one_after_the_other() for _ in range(under_way)))


def measure_server(
    config: RunConfig, clients: Sequence[int], rows: Sequence[int], seconds: float
) -> list[ServerSpeed]:
    """Ask one server for ``seconds`` in every combination. Needs a Ray session."""
    one = with_overrides(config, {"inference": {"servers": 1}})
    [server] = start_servers(one, plan(one))
    fetch(server.load.remote((1, fresh_weights(config.net, config.seed))))
    body: Any = ray.remote(_Client)
    every = [
        body.options(num_cpus=0).remote(server, config.board, config.inference.batch_rows)
        for _ in range(max(clients))
    ]
    halves = config.selfplay.halves
    fetch([client.ask.remote(max(rows), 1, 0.1) for client in every])  # until they have started
    speeds = []
    for count in clients:
        fetch(server.register.remote(count * halves))
        for size in rows:
            ask = [client.ask.remote(size, halves, seconds) for client in every[:count]]
            before, start = fetch(server.stats.remote()), time.monotonic()
            fetch(ask, seconds + FETCH_SECONDS)
            speeds.append(_speed(count, size, before, fetch(server.stats.remote()), start))
    ray.kill(server)  # at once, so that its name is free
    return speeds


def _speed(
    clients: int, rows: int, before: dict[str, float], after: dict[str, float], start: float
) -> ServerSpeed:
    elapsed = time.monotonic() - start
    made = {key: after[key] - before[key] for key in ("evaluations", "batches", "busy_s")}
    return ServerSpeed(
        clients=clients,
        rows=rows,
        evaluations_per_s=made["evaluations"] / elapsed,
        batch_mean=made["evaluations"] / max(made["batches"], 1),
        busy_share=made["busy_s"] / elapsed,
        wait_ms_p50=after["wait_ms_p50"],
        wait_ms_p99=after["wait_ms_p99"],
    )
