"""How fast self-play is, against the bare network on the same cores in the same run."""

import os
import shutil
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import ray

from hexray.cluster import fetch, ray_session, start_players, start_servers
from hexray.config import InferenceSettings, RunConfig
from hexray.data.samples import GameBlock
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

    Every combination is tried for a second on one process; the best then runs on one and on as
    many processes as there are cores, and the larger total counts.
    """
    trials = [_inference(config, rows, False) for rows in BATCHES]
    if shutil.which(os.environ.get("CXX", "g++")):
        trials += [_inference(config, rows, True) for rows in BATCHES]
    speeds = [_run_net(config, trial, 1, PROBE_SECONDS)[0] for trial in trials]
    best = max(speeds, key=lambda speed: speed.evaluations_per_s)
    note(
        f"bare network: best with batches of {best.batch_rows}, {best.precision}"
        f"{', compiled' if best.is_compiled else ''}"
    )
    trial = _inference(config, best.batch_rows, best.is_compiled)
    totals = {}
    for processes in sorted({1, os.cpu_count() or 1}):
        made = _run_net(config, trial, processes, seconds)
        totals[processes] = sum(speed.evaluations_per_s for speed in made)
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
    """Measure the bare network, then self-play, on a Ray of its own."""
    with ray_session(config):
        net = measure_net(config, min(seconds, 10.0), note)
        chosen = config.model_copy(
            update={
                "inference": config.inference.model_copy(update={"compile": net.best.is_compiled})
            }
        )
        note(f"self-play for {seconds:g} s")
        return net, measure_selfplay(chosen, seconds)


def _inference(config: RunConfig, rows: int, is_compiled: bool) -> InferenceSettings:
    return config.inference.model_copy(update={"batch_rows": rows, "compile": is_compiled})


def _run_net(
    config: RunConfig, inference: InferenceSettings, processes: int, seconds: float
) -> list[Speed]:
    task = _remote(measure_speed)
    return fetch(
        [task.remote(config.net, inference, config.board, seconds) for _ in range(processes)]
    )


def _totals(servers: list[Any]) -> dict[str, float]:
    every = fetch([server.stats.remote() for server in servers])
    return {key: sum(stats[key] for stats in every) for key in every[0]}


def _remote(body: Any) -> Any:
    return ray.remote(body)
