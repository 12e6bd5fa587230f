"""How many players one controller can keep busy: the real one, with actors that do nothing.

Every call of a run is made at its usual time and answered by a few processes that stand for all
actors, so what is measured is the controller's own work and Ray's. ``idle`` is how much of the time
a player waits to be asked again, ``cpu`` the cores that the controller's process uses.
"""

import asyncio
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ray
import rich.console
import rich.table
import tyro

from hexray.cluster import here, ray_session
from hexray.config import RunConfig, with_overrides
from hexray.controller import Controller
from hexray.guard import Guard, Restraint
from hexray.starting import Actors
from hexray.usage import own_usage

HOSTS = 6
TRAIN_S = 0.2
PLAYED = dict.fromkeys(
    ("moves", "seconds", "light_searches", "decided_verified", "decided_false"), 1
)
STORED = {"games": 10**6, "rows": 10**8, "window_rows": 10**6}
SERVED = ("evaluations", "batches", "busy_s", "cache_asked", "cache_hits")


class _Host:
    """Stands for actors of all kinds; answers like them, and does nothing."""

    def __init__(self) -> None:
        self._since: dict[str, float] = {}
        self._idle_s, self._rounds, self._rows = 0.0, 0, 0
        self._ended = time.monotonic()

    async def play(self, seconds: float, _: int) -> dict[str, float]:
        """Take as long as a round does."""
        await asyncio.sleep(seconds)
        self._rounds += 1
        return {**PLAYED, "seconds": seconds, "wait_share": 0.0}

    async def rounds(self) -> int:
        """Return how many rounds were played."""
        return self._rounds

    async def beat(self) -> tuple[bool, str]:
        """Give a sign of life."""
        return True, ""

    async def usage(self) -> dict[str, float]:
        """Return what a process uses."""
        return own_usage()._asdict()

    async def stats(self) -> dict[Any, Any]:
        """Answer for a server and for replay."""
        total = dict.fromkeys(SERVED, time.monotonic())
        return {**total, "batch_rows": 1, "wait_ms_p50": 0.0, "wait_ms_p99": 0.0}

    async def load(self, published: tuple[int, bytes]) -> int:
        """Take weights."""
        return published[0]

    async def sample(self, rows: int, _: int) -> int:
        """Return a block to train on."""
        return rows

    async def train(self, rows: int, _: float) -> dict[str, float]:
        """Take as long as a block does."""
        await asyncio.sleep(TRAIN_S)
        self._rows += rows
        return {"rows_trained": self._rows, "rows": rows, "us_per_row": 1.0, "loss": 1.0}

    @ray.method(num_returns=2)
    async def publish(self) -> tuple[int, tuple[int, bytes]]:
        """Return weights of a megabyte."""
        return 1, (1, bytes(10**6))

    async def save(self, _: float) -> str:
        """Write a checkpoint."""
        return "1"

    async def deliver(self) -> None:
        """Deliver games."""

    async def stop_rating(self) -> None:
        """End the games between versions."""


class _Replay(_Host):
    async def stats(self) -> dict[Any, Any]:
        """Answer for replay alone."""
        return {5: STORED}


class _Crew:
    """As many actors as wished, in a few processes."""

    def __init__(self, players: int, servers: int) -> None:
        remote: Any = ray.remote
        host, replay = (remote(body).options(num_cpus=0) for body in (_Host, _Replay))
        self.hosts = [host.remote() for _ in range(HOSTS)]
        self.actors = Actors(
            {index: self.hosts[index % HOSTS] for index in range(servers)},
            {index: self.hosts[index % HOSTS] for index in range(players)},
            replay.remote(),
            host.remote(),
            host.remote(),
        )
        self.version, self.published = 1, None
        self.homes = dict.fromkeys(self.actors.named(), here())
        ray.get([actor.beat.remote() for actor in self.actors.named().values()])

    def rounds(self) -> int:
        """Count the rounds played."""
        return sum(ray.get([host.rounds.remote() for host in self.hosts]))

    def stages(self, name: str, life: int) -> Iterator[list[Any]]:
        """Nobody dies here."""
        raise AssertionError(f"{name} died {life}")


def main(
    *,
    players: tuple[int, ...] = (1, 8, 64, 256, 512, 1024),
    per_server: int = 8,
    seconds: float = 15.0,
    round_seconds: float = 1.0,
    json_output: bool = False,
) -> None:
    """Print a table of players, the calls made for them and what that costs.

    Args:
        players: Numbers of players, one after the other.
        per_server: Players for each inference server.
        seconds: Seconds of each measurement.
        round_seconds: Seconds between two deliveries of a player, selfplay.round_seconds.
        json_output: Print nothing but a line of JSON.
    """
    config = _config(seconds, round_seconds)
    with ray_session(config):
        lines = [_measure(config, count, -(-count // per_server)) for count in players]
    if not json_output:
        table = rich.table.Table(*lines[0])
        for line in lines:
            table.add_row(*(f"{value:g}" for value in line.values()))
        rich.console.Console().print(table)
    print(json.dumps(lines))


def _config(seconds: float, round_seconds: float) -> RunConfig:
    return with_overrides(
        RunConfig(),
        {
            "minutes": seconds / 60,
            "selfplay": {"round_seconds": round_seconds},
            "guard": {"mode": "off"},
            "judge": {"every_seconds": 1e6, "match_seconds": 0},
            "replay": {"reuse_most": 1e9, "reuse_least": 0},
            "cluster": {"dashboard": False},
        },
    )


def _measure(config: RunConfig, players: int, servers: int) -> dict[str, float]:
    crew = _Crew(players, servers)

    def ignore(*_: Any) -> None:
        """Metrics are not what is measured."""

    guard = Restraint(Guard(config.guard, Path()), 1e6, ignore, ignore, time.monotonic)
    status = {"trained_s": 0.0, "rows_trained": 10**6, "version": 1}
    controller = Controller(config, crew, status, ignore, ignore, guard)  # type: ignore[arg-type]
    before, cpu, start = crew.rounds(), time.process_time(), time.monotonic()
    controller.run()
    elapsed = time.monotonic() - start
    used, rounds = time.process_time() - cpu, crew.rounds() - before
    for actor in {*crew.hosts, crew.actors.replay, crew.actors.learner, crew.actors.judge}:
        ray.kill(actor)
    ideal = players * elapsed / config.selfplay.round_seconds
    return {
        "players": players,
        "servers": servers,
        "rounds_per_s": round(rounds / elapsed, 1),
        "idle": round(1 - rounds / ideal, 3),
        "cpu": round(used / elapsed, 2),
    }


if __name__ == "__main__":
    tyro.cli(main)
