"""Ray's side of a run: start it, place the actors, and connect them.

The bodies of the actors are plain classes in ``hexray.actors``; the subclasses here only give
them what reaches others through Ray.
"""

import asyncio
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import ray
from ray.exceptions import RayTaskError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from hexray.actors.inference import BEST, LIVE, InferenceServer
from hexray.actors.judge import Judges
from hexray.actors.learner import Learner
from hexray.actors.player import Player
from hexray.actors.rater import Published, Rater, Slots
from hexray.actors.replay import Replays
from hexray.config import RunConfig
from hexray.curriculum import boards_of
from hexray.data.rows import Further
from hexray.errors import HexrayError
from hexray.evaluation import EvaluateAsync, Evaluation, Leaves
from hexray.placement import Node, Placement, lay_out, wanted_by
from hexray.usage import own_usage

_INLINE_BYTES = 90_000
"""Messages above 100 KB go through the object store, which costs three times as much."""


class Actors(NamedTuple):
    """Handles of a run; whoever holds them keeps the actors alive."""

    servers: list[Any]
    players: list[Any]
    replay: Any
    learner: Any
    judge: Any

    def named(self) -> dict[str, Any]:
        """Return every actor by a name of its own."""
        return {
            **{f"server-{index}": server for index, server in enumerate(self.servers)},
            **{f"player-{index}": player for index, player in enumerate(self.players)},
            "replay": self.replay,
            "learner": self.learner,
            "judge": self.judge,
        }


@contextmanager
def ray_session(config: RunConfig) -> Iterator[None]:
    """Start Ray on this machine, or join the cluster at ``cluster.address``, for a while."""
    settings = config.cluster
    # Its advice to turn authentication off is not what a user should read first.
    logging.getLogger("ray._private.authentication").setLevel(logging.ERROR)
    if settings.address is None:
        ray.init(
            address="local",  # without it, Ray joins a cluster that runs here or in RAY_ADDRESS
            num_cpus=max(os.cpu_count() or 1, wanted_by(config).cpus),
            include_dashboard=settings.dashboard,
            dashboard_host="127.0.0.1",
            object_store_memory=settings.object_store_mb * 1024**2,
            log_to_driver=False,
            logging_level=logging.WARNING,
        )
    else:
        ray.init(address=settings.address, log_to_driver=False, logging_level=logging.WARNING)
    try:
        _protect_token(Path.home() / ".ray" / "auth_token")
        yield
    finally:
        ray.shutdown()


def _protect_token(token: Path) -> None:
    """Ray writes its token readable for all; let its owner alone read it."""
    if token.exists():
        token.chmod(0o600)


def plan(config: RunConfig) -> Placement:
    """Lay the processes of a run over the nodes that are alive, the driver's own first.

    Raises SettingsError for what Ray would wait for without a word.
    """
    nodes = [
        Node(node["NodeID"], *(int(node["Resources"].get(kind, 0)) for kind in ("CPU", "GPU")))
        for node in ray.nodes()
        if node["Alive"]
    ]
    here = _here()
    nodes.sort(key=lambda node: (node.id != here, node.id))
    return lay_out(nodes, wanted_by(config))


def _here() -> str:
    """Return the node of this process."""
    return ray.get_runtime_context().get_node_id()


class _PlayerActor(Player):
    """A player whose leaves and games travel through Ray."""

    def __init__(
        self, config: RunConfig, name: str, stream: tuple[int, ...], server: Any, replay: Any
    ) -> None:
        slot = BEST if config.promotion.players_use == "best" else LIVE
        evaluate = remote_evaluate(server, config.inference.batch_rows, slot)
        super().__init__(config, name, stream, evaluate, replay.append.remote)


class _JudgeActor(Judges):
    """A judge whose leaves travel through Ray, with a rater beside it."""

    def __init__(self, config: RunConfig, folder: Path, servers: list[Any]) -> None:
        rows, server = config.inference.batch_rows, servers[0]
        super().__init__(boards_of(config), remote_evaluate(server, rows))

        async def load(published: Published, slot: int) -> None:
            chosen = servers if slot == BEST else servers[:1]
            await asyncio.gather(*(each.load.remote(published, slot) for each in chosen))

        async def match_seconds() -> float:
            return await server.match_seconds.remote()

        slots = Slots(lambda slot: remote_evaluate(server, rows, slot), load, match_seconds)
        self.rater = Rater(config, folder, slots)

    async def begin_rating(self, published: Published) -> None:
        await self.rater.begin(published)

    async def rate(self, published: Published) -> dict[str, float]:
        return await self.rater.rate(published)

    async def stop_rating(self) -> None:
        await self.rater.stop()


def remote_evaluate(server: Any, batch_rows: int, slot: int = LIVE) -> EvaluateAsync:
    """Evaluate leaves on a server, in messages that travel inline and fit into its batches.

    A few rows cost a message as many do, so the messages are of equal size.
    """

    async def evaluate(leaves: Leaves) -> Evaluation:
        most = min(_INLINE_BYTES // (2 * leaves.cells.shape[1] + 4), batch_rows)
        messages = np.array_split(leaves.cells, -(-len(leaves.cells) // most))
        parts = await asyncio.gather(
            *(server.evaluate.remote(cells, leaves.size, slot) for cells in messages)
        )
        return parts[0] if len(parts) == 1 else _join(parts)

    return evaluate


def _join(parts: list[Evaluation]) -> Evaluation:
    return Evaluation(
        logits=np.concatenate([part.logits for part in parts]),
        value=np.concatenate([part.value for part in parts]),
        version=min(part.version for part in parts),
    )


def start_actors(config: RunConfig, folder: Path, name: str, start: int) -> Actors:
    """Start every actor of a run and give the servers the learner's weights.

    ``name`` is the run's, ``start`` counts its starts: both keep games apart from all others.
    """
    placement = plan(config)
    # Placed first, so that their processes come up while the servers are built. Replay writes into
    # the run folder, which is the driver's.
    replay = _place(Replays, "replay", _here())
    learner = _place(
        Learner,
        "learner",
        placement.learner,
        num_cpus=config.learner.threads,
        num_gpus=placement.gpus,
    )
    judge = _place(_JudgeActor, "judge", _here())
    servers = start_servers(config, placement)
    further = Further(config.learner.opponent_weight > 0, config.learner.owner_weight > 0)
    fetch(
        replay.build.remote(
            folder / "games", boards_of(config), config.replay, config.seed, further
        )
    )
    newest = replay.newest_version.remote()
    players = start_players(config, placement, servers, replay, name, start)
    fetch(learner.build.remote(config, folder / "checkpoints", newest))
    fetch(judge.build.remote(config, folder, servers))
    published = learner.publish.remote()
    fetch([server.load.remote(published) for server in servers])
    fetch(judge.begin_rating.remote(published))
    return Actors(servers, players, replay, learner, judge)


def start_servers(config: RunConfig, placement: Placement) -> list[Any]:
    """Start the inference servers; each takes a GPU, or half of one, where there are any."""
    settings = config.inference
    servers = [
        _place(
            InferenceServer,
            f"server-{index}",
            node,
            num_cpus=max(settings.threads, 1),
            num_gpus=placement.gpus,
        )
        for index, node in enumerate(placement.servers)
    ]
    fetch(
        [
            server.build.remote(config.net, settings, config.board, cores)
            for server, cores in zip(servers, placement.cores, strict=True)
        ]
    )
    fetch(
        [server.prepare.remote(board) for server in servers for board in config.curriculum.boards]
    )
    halves = config.selfplay.halves
    fetch(
        [
            server.register.remote(placement.players_of(index) * halves)
            for index, server in enumerate(servers)
        ]
    )
    return servers


def start_players(
    config: RunConfig, placement: Placement, servers: list[Any], replay: Any, name: str, start: int
) -> list[Any]:
    """Start the players, each beside its server; ``replay`` acknowledges their games."""
    seats = placement.players
    players = [
        _place(_PlayerActor, f"player-{index}", seat.node, num_cpus=1)
        for index, seat in enumerate(seats)
    ]
    fetch(
        [
            player.build.remote(
                config, f"{name}-{start}-{index}", (start, index), servers[seat.server], replay
            )
            for index, (player, seat) in enumerate(zip(players, seats, strict=True))
        ]
    )
    return players


def fetch(ref: Any) -> Any:
    """Wait for what an actor call returns (or a list of them).

    An error of hexray's own, or of the system's, is raised as it was raised there, any other
    with Ray's traceback.
    """
    try:
        return ray.get(ref)
    except RayTaskError as error:
        if isinstance(error.cause, (HexrayError, OSError)):
            raise error.cause from error
        raise


def _place(body: type, name: str, node: str, *, num_cpus: int = 0, num_gpus: float = 0) -> Any:
    """Start a process for an actor; nothing but ``build`` may be called before it is built."""
    actor = ray.remote(_built_by_call(body))
    there = NodeAffinitySchedulingStrategy(node, soft=False)
    return actor.options(
        name=name, num_cpus=num_cpus, num_gpus=num_gpus, scheduling_strategy=there
    ).remote()


def _built_by_call(body: type) -> type:
    """Move the constructor into a method: Ray keeps the class of errors of calls only."""

    class Built(body):
        def __init__(self) -> None:
            """Wait for ``build``."""

        def build(self, *arguments: Any) -> None:
            super().__init__(*arguments)

        def usage(self) -> dict[str, float]:
            """Return the usage of this process, and the CPU time ``spent`` by purpose."""
            return {**own_usage()._asdict(), **getattr(self, "spent", {})}

    Built.__name__ = Built.__qualname__ = body.__name__.lstrip("_").removesuffix("Actor")
    return Built
