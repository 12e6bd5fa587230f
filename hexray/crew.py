"""The actors of a run: where each is placed, how it is built, and how it is built anew.

The bodies of the actors are plain classes in ``hexray.actors``; the subclasses here only give
them what reaches others through Ray.
"""

import asyncio
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from hexray.actors.inference import BEST, LIVE, InferenceServer
from hexray.actors.judge import Judges
from hexray.actors.learner import Learner
from hexray.actors.player import Player
from hexray.actors.rater import Published, Rater, Slots
from hexray.actors.replay import Replays
from hexray.cluster import LOST, fetch, here, place_actor, plan, remote_evaluate
from hexray.config import RunConfig
from hexray.curriculum import boards_of
from hexray.data.rows import Further
from hexray.errors import ActorDied
from hexray.placement import Placement

Stages = Iterator[list[Any]]
"""Calls that build an actor; those of a stage are asked for when the one before is done."""


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


class Crew:
    """The actors of a run, all of them at work, and what it takes to build one of them anew.

    published  a reference to the number and the weights published last
    version    that number
    """

    def __init__(
        self, config: RunConfig, folder: Path, name: str, start: int, label: str = ""
    ) -> None:
        """Start every actor and give the servers the learner's weights.

        ``name`` is the run's, ``start`` counts its starts: both keep games apart from all others.
        ``label`` begins the names of the actors where several runs share a session of Ray.
        Raises ActorDied when a process dies meanwhile.
        """
        self._config, self._folder, self._name, self._start = config, folder, name, start
        self._label = label
        try:
            self._begin()
        except LOST as error:
            raise ActorDied(
                f"a process died while the run was set up ({type(error).__name__}); give the same "
                "command again"
            ) from error

    def _begin(self) -> None:
        config, name, start, label = self._config, self._name, self._start, self._label
        self._placement = placement = plan(config)
        # Placed first, so that their processes come up while the servers are built. Replay writes
        # into the run folder, which is the driver's.
        replay = place_actor(Replays, f"{label}replay", here())
        threads, gpus = config.learner.threads, placement.gpus
        learner = place_actor(
            Learner, f"{label}learner", placement.learner, num_cpus=threads, num_gpus=gpus
        )
        judge = place_actor(_JudgeActor, f"{label}judge", here())
        servers = start_servers(config, placement, label)
        self.actors = Actors(servers, [], replay, learner, judge)
        self.version = 0
        run_stages([self._replay_stages(0)])
        self.actors.players.extend(
            start_players(config, placement, servers, replay, f"{name}-{start}", start, label)
        )
        run_stages([self._learner_stages(0)])
        self.version, self.published = fetch_published(learner)
        fetch([server.load.remote(self.published) for server in servers])
        run_stages([self._judge_stages(0)])

    def stages(self, name: str, life: int) -> Stages:
        """Build the actor ``name`` anew, its ``life``-th time after the first."""
        role, _, index = name.partition("-")
        if role == "server":
            return self._server_stages(int(index), life)
        if role == "player":
            return self._player_stages(int(index), life)
        others = {
            "replay": self._replay_stages,
            "learner": self._learner_stages,
            "judge": self._judge_stages,
        }
        return others[role](life)

    def _server_stages(self, index: int, life: int) -> Stages:
        server, judge = self.actors.servers[index], self.actors.judge
        yield from _built_server(server, self._config, self._placement, index, life)
        yield [server.load.remote(self.published)]
        if self._config.promotion.players_use == "best":
            yield [judge.begin_rating.remote(self.published)]
        yield [server.open.remote()]

    def _player_stages(self, index: int, life: int) -> Stages:
        """Under a name and with a stream of its own: games begun are lost, none comes twice."""
        seat, actors = self._placement.players[index], self.actors
        name = f"{self._name}-{self._start}-{index}-{life}"
        stream = (self._start, index, life)
        player, server = actors.players[index], actors.servers[seat.server]
        yield [player.build.remote(life, self._config, name, stream, server, actors.replay)]
        yield [player.open.remote()]

    def _replay_stages(self, life: int) -> Stages:
        config, replay = self._config, self.actors.replay
        further = Further(config.learner.opponent_weight > 0, config.learner.owner_weight > 0)
        folder, boards = self._folder / "games", boards_of(config)
        yield [replay.build.remote(life, folder, boards, config.replay, config.seed, further)]
        yield [replay.open.remote()]

    def _learner_stages(self, life: int) -> Stages:
        learner, folder = self.actors.learner, self._folder / "checkpoints"
        stored = self.actors.replay.newest_version.remote()
        yield [learner.build.remote(life, self._config, folder, stored, self.version)]
        yield [learner.open.remote()]

    def _judge_stages(self, life: int) -> Stages:
        judge = self.actors.judge
        yield [judge.build.remote(life, self._config, self._folder, self.actors.servers)]
        yield [judge.begin_rating.remote(self.published)]
        yield [judge.open.remote()]


def start_servers(config: RunConfig, placement: Placement, label: str = "") -> list[Any]:
    """Start the inference servers; each takes a GPU, or half of one, where there are any."""
    servers = [
        place_actor(
            InferenceServer,
            f"{label}server-{index}",
            node,
            num_cpus=max(config.inference.threads, 1),
            num_gpus=placement.gpus,
        )
        for index, node in enumerate(placement.servers)
    ]
    run_stages(
        _built_server(server, config, placement, index, 0) for index, server in enumerate(servers)
    )
    fetch([server.open.remote() for server in servers])
    return servers


def start_players(
    config: RunConfig,
    placement: Placement,
    servers: list[Any],
    replay: Any,
    name: str,
    start: int,
    label: str = "",
) -> list[Any]:
    """Start the players, each beside its server; ``replay`` acknowledges their games."""
    seats = placement.players
    players = [
        place_actor(_PlayerActor, f"{label}player-{index}", seat.node, num_cpus=1)
        for index, seat in enumerate(seats)
    ]
    fetch(
        [
            player.build.remote(
                0, config, f"{name}-{index}", (start, index), servers[seat.server], replay
            )
            for index, (player, seat) in enumerate(zip(players, seats, strict=True))
        ]
    )
    fetch([player.open.remote() for player in players])
    return players


def fetch_published(learner: Any) -> tuple[int, Any]:
    """Let the learner publish; return the number, and a reference to number and weights."""
    version, published = learner.publish.remote()
    return fetch(version), published


def run_stages(every: Iterable[Stages]) -> None:
    """Build several actors side by side, stage by stage, and wait until all are."""
    stages = list(every)
    while stages:
        calls = [(stage, next(stage, None)) for stage in stages]
        stages = [stage for stage, refs in calls if refs is not None]
        fetch([ref for _, refs in calls for ref in refs or ()])


def _built_server(
    server: Any, config: RunConfig, placement: Placement, index: int, life: int
) -> Stages:
    cores, clients = placement.cores[index], placement.players_of(index) * config.selfplay.halves
    yield [server.build.remote(life, config.net, config.inference, config.board, cores)]
    yield [
        *(server.prepare.remote(board) for board in config.curriculum.boards),
        server.register.remote(clients),
    ]


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
