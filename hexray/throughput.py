"""How fast self-play is, against the bare network on the same cores in the same run."""

import os
import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import ray

from hexray.cluster import fetch, ray_session, start_players, start_servers
from hexray.config import RunConfig, with_overrides
from hexray.data.samples import GameBlock
from hexray.net.backend import may_compile
from hexray.net.speed import Speed, measure_speed
from hexray.net.trainer import fresh_weights

BATCHES = (64, 128, 256, 512)
PROBE_SECONDS = 1.0
WARM_SECONDS = 3.0


class NetSpeed(NamedTuple):
    """The bare network at its best: all processes together."""

    evaluations_per_s: float
    processes: int
    best: Speed


class SelfplaySpeed(NamedTuple):
    """What self-play reached. ``batch_mean`` is in rows, the rest a second."""

    evaluations_per_s: float
    moves_per_s: float
    games_per_s: float
    batch_mean: float
    wait_ms_p50: float
    precision: str


class _Sink:
    """Takes finished games and counts them."""

    def __init__(self) -> None:
        self._games = 0

    def append(self, block: GameBlock) -> tuple[str, ...]:
        """Acknowledge at once."""
        self._games += len(block.game_id)
        return block.game_id

    def games(self) -> int:
        """Return how many games came."""
        return self._games


def measure_net(config: RunConfig, seconds: float, note: Callable[[str], None]) -> NetSpeed:
    """Find the network's best batch, backend and number of processes; measure it for ``seconds``.

    Every batch and backend is tried for a second on one process; the best then runs on one and on
    as many processes as there are cores, and the larger total counts.
    """
    backends = [False, True] if may_compile("auto", "inference.backend") else [False]
    speeds = [
        speed
        for is_compiled in backends
        for speed in _run_net(config, is_compiled, BATCHES, 1, PROBE_SECONDS)[0]
    ]
    best = max(speeds, key=lambda speed: speed.evaluations_per_s)
    backend = "compiled" if best.is_compiled else "eager"
    note(f"bare network: best with {best.batch_rows} rows a batch, {best.precision}, {backend}")
    totals = {}
    for processes in sorted({1, os.cpu_count() or 1}):
        made = _run_net(config, best.is_compiled, [best.batch_rows], processes, seconds)
        totals[processes] = sum(speed.evaluations_per_s for [speed] in made)
        note(f"bare network: {processes} processes, {totals[processes]:.0f} evaluations/s")
    processes = max(totals, key=lambda count: totals[count])
    return NetSpeed(totals[processes], processes, best)


def measure_selfplay(config: RunConfig, seconds: float) -> SelfplaySpeed:
    """Let players and servers run for ``seconds`` with fresh weights and no learner."""
    servers = start_servers(config)
    weights = ray.put((1, fresh_weights(config.net, config.seed)))
    fetch([server.load.remote(weights) for server in servers])
    sink = _remote(_Sink).options(num_cpus=0).remote()
    players = start_players(config, servers, sink, "bench", 0)
    fetch([player.play.remote(WARM_SECONDS) for player in players])
    fetch([player.deliver.remote() for player in players])
    before, games = _totals(servers), fetch(sink.games.remote())
    start = time.monotonic()
    played = fetch([player.play.remote(seconds) for player in players])
    elapsed = time.monotonic() - start
    after = _totals(servers)
    fetch([player.deliver.remote() for player in players])
    made = {key: after[key] - before[key] for key in ("evaluations", "batches")}
    return SelfplaySpeed(
        evaluations_per_s=made["evaluations"] / elapsed,
        moves_per_s=sum(done["moves"] for done in played) / elapsed,
        games_per_s=(fetch(sink.games.remote()) - games) / elapsed,
        batch_mean=made["evaluations"] / max(made["batches"], 1),
        wait_ms_p50=after["wait_ms_p50"] / len(servers),
        precision=fetch(servers[0].precision.remote()),
    )


def bench_selfplay(
    config: RunConfig, seconds: float, note: Callable[[str], None]
) -> tuple[NetSpeed, SelfplaySpeed]:
    """Measure the bare network, then self-play with its best backend, on a Ray of its own."""
    with ray_session(config):
        net = measure_net(config, min(seconds, 10.0), note)
        note(f"self-play for {seconds:g} s")
        return net, measure_selfplay(_with_backend(config, net.best.is_compiled), seconds)


def _run_net(
    config: RunConfig,
    is_compiled: bool,
    batches: Sequence[int],
    processes: int,
    seconds: float,
) -> list[list[Speed]]:
    chosen = _with_backend(config, is_compiled)
    task = _remote(measure_speed)
    return fetch(
        [
            task.remote(chosen.net, chosen.inference, chosen.board, batches, seconds)
            for _ in range(processes)
        ]
    )


def _with_backend(config: RunConfig, is_compiled: bool) -> RunConfig:
    return with_overrides(
        config, {"inference": {"backend": "compiled" if is_compiled else "eager"}}
    )


def _totals(servers: list[Any]) -> dict[str, float]:
    every = fetch([server.stats.remote() for server in servers])
    return {key: sum(stats[key] for stats in every) for key in every[0]}


def _remote(body: Any) -> Any:
    return ray.remote(body)
