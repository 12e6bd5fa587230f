"""Self-play through Ray without a learner, against the bare network on the same cores."""

import time
from collections.abc import Sequence
from typing import Any, NamedTuple

import ray

from hexray.cluster import FETCH_SECONDS, fetch, ray_session
from hexray.config import RunConfig, with_overrides
from hexray.data.games import GameBlock
from hexray.net.trainer import fresh_weights
from hexray.nodes import plan
from hexray.throughput.network import NetSpeed, Note, measure_net, with_backend
from hexray.throughput.started import start_players, start_servers

NET_SECONDS = 10.0
WARM_SECONDS = 3.0


class SelfplaySpeed(NamedTuple):
    """What self-play reached. ``batch_mean`` is in rows, shares are of a server's time."""

    players: int
    evaluations_per_s: float
    moves_per_s: float
    games_per_s: float
    batch_mean: float
    batch_fill: float
    busy_share: float
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


def measure_selfplay(config: RunConfig, seconds: float) -> SelfplaySpeed:
    """Let players and servers run for ``seconds`` with fresh weights and no learner.

    Needs a Ray session.
    """
    placement = plan(config)
    servers = start_servers(config, placement)
    weights = ray.put((1, fresh_weights(config.net, config.seed)))
    fetch([server.load.remote(weights) for server in servers])
    body: Any = ray.remote(_Sink)
    sink = body.options(num_cpus=0).remote()
    players = start_players(config, placement, servers, sink)
    fetch([player.play.remote(WARM_SECONDS) for player in players])
    fetch([player.deliver.remote() for player in players])
    before, games = _totals(servers), fetch(sink.games.remote())
    start = time.monotonic()
    playing = [player.play.remote(seconds) for player in players]
    played = fetch(playing, seconds + FETCH_SECONDS)
    elapsed = time.monotonic() - start
    after = _totals(servers)
    fetch([player.deliver.remote() for player in players])
    made = {key: after[key] - before[key] for key in ("evaluations", "batches", "busy_s")}
    batch_mean = made["evaluations"] / max(made["batches"], 1)
    return SelfplaySpeed(
        players=len(players),
        evaluations_per_s=made["evaluations"] / elapsed,
        moves_per_s=sum(done["moves"] for done in played) / elapsed,
        games_per_s=(fetch(sink.games.remote()) - games) / elapsed,
        batch_mean=batch_mean,
        batch_fill=batch_mean / config.inference.batch_rows,
        busy_share=made["busy_s"] / elapsed / len(servers),
        wait_ms_p50=after["wait_ms_p50"] / len(servers),
        precision=fetch(servers[0].precision.remote()),
    )


def bench_selfplay(
    config: RunConfig,
    players: Sequence[int],
    batches: Sequence[int],
    seconds: float,
    note: Note,
) -> tuple[NetSpeed, list[SelfplaySpeed]]:
    """Measure the bare network, then self-play with its best backend and each number of players.

    Every measurement has a Ray of its own.
    """
    every = [with_overrides(config, {"selfplay": {"players": count}}) for count in players]
    with ray_session(config):
        net = measure_net(config, batches, min(seconds, NET_SECONDS), note)
    speeds = []
    for one in every:
        note(f"self-play for {seconds:g} s, players: {one.selfplay.players}")
        with ray_session(one):
            speeds.append(measure_selfplay(with_backend(one, net.best.backend), seconds))
    return net, speeds


def _totals(servers: list[Any]) -> dict[str, float]:
    every = fetch([server.stats.remote() for server in servers])
    return {key: sum(stats[key] for stats in every) for key in every[0]}
