"""The actors of a run: where each is placed, how it is built, and how it is built anew."""

from pathlib import Path
from typing import Any

from hexray.actors.learner import Learner
from hexray.actors.replay import Replays
from hexray.cluster import LOST, end_actors, fetch, here, place_actor
from hexray.config import RunConfig
from hexray.curriculum import boards_of
from hexray.data.rows import Further
from hexray.errors import ActorDied
from hexray.nodes import plan
from hexray.placement import Placement, Seat, wanted_by
from hexray.remote_judge import JudgeActor
from hexray.spares import Shape, Spares
from hexray.stages import Stages, run_stages
from hexray.starting import (
    Actors,
    build_players,
    build_servers,
    place_player,
    place_players,
    place_server,
    place_servers,
    server_stages,
)


class Crew:
    """The actors of a run, all of them at work, and what it takes to build one of them anew.

    published  a reference to the number and the weights published last
    version    that number
    homes      the node of each actor, by its name, as it was last heard of
    asks       the server that each player asks, by their numbers
    gpus       what each server and the learner take of the GPUs
    """

    def __init__(
        self,
        config: RunConfig,
        folder: Path,
        name: str,
        start: int,
        label: str = "",
        spares: Spares | None = None,
    ) -> None:
        """Start every actor and give the servers the learner's weights.

        ``name`` is the run's, ``start`` counts its starts: both keep games apart from all others.
        ``label`` begins the names of the actors where several runs share a session of Ray, and
        ``spares`` may have their processes already.
        Raises ActorDied when a process dies meanwhile.
        """
        self._config, self._folder, self._name, self._start = config, folder, name, start
        self._label, self._spares = label, spares
        try:
            self._begin()
        except LOST as error:
            raise ActorDied(
                f"a process died while the run was set up ({type(error).__name__}); give the same "
                "command again"
            ) from error

    def _begin(self) -> None:
        config = self._config
        placement = plan(config)
        self.gpus, self._cores = placement.gpus, dict(enumerate(placement.cores))
        self.asks = {index: seat.server for index, seat in enumerate(placement.players)}
        self.homes = {
            "replay": here(),
            "learner": placement.learner,
            "judge": here(),
            **{f"server-{index}": node for index, node in enumerate(placement.servers)},
            **{f"player-{index}": seat.node for index, seat in enumerate(placement.players)},
        }
        self._shape, self._at_first = Shape(placement, wanted_by(config)), dict(self.homes)
        self._serving, self._numbers = set(self._cores), len(self.asks)
        kept = None if self._spares is None else self._spares.take(self._shape)
        self.actors = kept or self._placed(placement)
        self.version = 0
        build_servers(config, placement, self.actors.servers)
        run_stages([self._replay_stages(0)])
        if not self.actors.players:
            self.actors.players.update(place_players(placement, self._label))
        build_players(config, placement, self.actors, f"{self._name}-{self._start}", self._start)
        run_stages([self._learner_stages(0)])
        self.version, self.published = fetch_published(self.actors.learner)
        fetch([server.load.remote(self.published) for server in self.serving])
        run_stages([self._judge_stages(0)])

    def _placed(self, placement: Placement) -> Actors:
        """Start all processes but the players', to come up while the servers are built."""
        config, label = self._config, self._label
        # Replay writes into the run folder, which is the driver's.
        replay = place_actor(Replays, f"{label}replay", here())
        threads, gpus = config.learner.threads, placement.gpus
        learner = place_actor(
            Learner, f"{label}learner", placement.learner, num_cpus=threads, num_gpus=gpus
        )
        judge = place_actor(JudgeActor, f"{label}judge", here())
        return Actors(place_servers(config, placement, label), {}, replay, learner, judge)

    def end(self) -> None:
        """End all processes."""
        end_actors(self.actors.named().values())

    def leave(self) -> None:
        """Leave the processes, which nobody asks any more, to the next run, or end them."""
        if self._spares is not None and self.homes == self._at_first:
            self._spares.keep(self._shape, self.actors)
        else:
            self.end()

    @property
    def serving(self) -> list[Any]:
        """Handles of the servers that were built, the oldest first."""
        return [self.actors.servers[index] for index in sorted(self._serving)]

    def players_of(self, server: int) -> int:
        """Count the players that ask a server."""
        return sum(asked == server for asked in self.asks.values())

    def add_server(self, index: int, node: str, cores: int) -> None:
        """Place one more server, which may use so many cores; it is not built yet."""
        name = f"{self._label}server-{index}"
        self.actors.servers[index] = place_server(self._config, name, node, self.gpus)
        self._cores[index], self.homes[f"server-{index}"] = cores, node

    def add_player(self, seat: Seat) -> int:
        """Place one more player, under a number that none had before; return it."""
        index, self._numbers = self._numbers, self._numbers + 1
        name = f"player-{index}"
        self.actors.players[index] = place_player(f"{self._label}{name}", seat.node)
        self.asks[index], self.homes[name] = seat.server, seat.node
        return index

    def remove_server(self, index: int) -> None:
        """Forget a server, whose process is ended already."""
        self._serving.discard(index)
        del self.actors.servers[index], self.homes[f"server-{index}"]

    def remove_player(self, index: int) -> None:
        """Forget a player, whose process is ended already."""
        del self.actors.players[index], self.asks[index], self.homes[f"player-{index}"]

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
        cores, players = self._cores[index], self.players_of(index)
        yield from server_stages(server, self._config, cores, players, life)
        yield [server.load.remote(self.published)]
        if index not in self._serving:
            self._serving.add(index)
            yield [judge.reach.remote(self.serving)]
        if self._config.promotion.players_use == "best":
            yield [judge.begin_rating.remote(self.published)]
        yield [server.open.remote()]

    def _player_stages(self, index: int, life: int) -> Stages:
        """Under a name and with a stream of its own: games begun are lost, none comes twice."""
        actors = self.actors
        name = f"{self._name}-{self._start}-{index}-{life}"
        stream = (self._start, index, life)
        player, server = actors.players[index], actors.servers[self.asks[index]]
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
        yield [judge.build.remote(life, self._config, self._folder, self.serving)]
        yield [judge.begin_rating.remote(self.published)]
        yield [judge.open.remote()]


def fetch_published(learner: Any) -> tuple[int, Any]:
    """Let the learner publish; return the number, and a reference to number and weights."""
    version, published = learner.publish.remote()
    return fetch(version), published
