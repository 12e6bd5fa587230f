"""Lets a run use the nodes that join its cluster, and go on without those that leave."""

import time
from collections.abc import Callable, Collection, Iterable

from hexray.asking import Asking
from hexray.config import RunConfig
from hexray.crew import Crew
from hexray.figures import Figures
from hexray.growth import Held, Joining, Leaving, joining, leaving
from hexray.nodes import nodes_alive, request_nodes
from hexray.placement import Node, Seat, Wanted, wanted_by
from hexray.supervisor import Tell

LOOK_SECONDS = 2.0


class Elastic:
    """Keeps the servers and players of a run as many as it wants on the nodes that are there."""

    def __init__(
        self,
        crew: Crew,
        config: RunConfig,
        asking: Asking,
        figures: Figures,
        tell: Tell,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Watch the nodes of the cluster; ``tell`` is told who joins and who leaves."""
        self._crew, self._config, self._asking = crew, config, asking
        self._figures, self._tell, self._clock = figures, tell, clock
        self._next_server = len(crew.actors.servers)
        self._due, self._requests = 0.0, False

    def end(self) -> None:
        """Ask for no more nodes."""
        if self._requests:
            self._requests = False
            request_nodes(None)

    def look(self) -> None:
        """Look at the nodes, if it is time; let actors join or leave."""
        now = self._clock()
        if now < self._due or self._config.cluster.address is None:
            return
        self._due = now + LOOK_SECONDS
        nodes, held, share = nodes_alive(), self._held(), self._crew.gpus
        wanted = self._wanted(nodes)
        self._request(sum(node.gpus for node in nodes))
        gone = leaving(nodes, held, wanted, share)
        if any(gone):
            self._leave(gone)
        elif self._asking.supervisor.all_up:
            new = joining(nodes, held, wanted, share, self._next_server)
            if any(new):
                self._join(new)

    def _request(self, gpus: int) -> None:
        """Ask for other nodes while some that were asked for are missing."""
        if gpus >= self._config.cluster.gpus:
            self.end()
        elif not self._requests:
            self._requests = True
            text = f"cluster.gpus = {self._config.cluster.gpus}, the cluster has {gpus}"
            self._tell("left", f"{text}: nodes are asked for")
            request_nodes(self._config)

    def _wanted(self, nodes: Iterable[Node]) -> Wanted:
        """Return what the run wants now: a learner that has a GPU of its own keeps it."""
        gpus = sum(node.gpus for node in nodes)
        alone = self._crew.gpus == 1
        at_first = wanted_by(self._config)
        servers = self._config.inference.servers or max(1, gpus - alone if self._crew.gpus else 1)
        players = servers * self._config.selfplay.players
        return at_first._replace(servers=servers, players=players)

    def _held(self) -> Held:
        homes, asks = self._crew.homes, self._crew.asks
        return Held(
            homes["learner"],
            {index: homes[f"server-{index}"] for index in self._crew.actors.servers},
            {index: Seat(homes[f"player-{index}"], asks[index]) for index in asks},
        )

    def _leave(self, gone: Leaving) -> None:
        supervisor, crew = self._asking.supervisor, self._crew
        asked = {crew.asks[index] for index in gone.players} - gone.servers
        for index in sorted(gone.players):
            supervisor.leave(f"player-{index}")
            crew.remove_player(index)
        for index in sorted(gone.servers):
            supervisor.leave(f"server-{index}")
            crew.remove_server(index)
            self._figures.left(index)
        self._tell("left", f"{_named(gone.servers, gone.players)} left: a node is gone")
        if gone.servers:
            self._asking.expect("judge", crew.actors.judge.reach, "reach", crew.serving)
        self._count_players(asked)

    def _join(self, new: Joining) -> None:
        supervisor, crew = self._asking.supervisor, self._crew
        for index, post in new.servers.items():
            crew.add_server(index, *post)
            self._next_server = index + 1
        names = [f"player-{crew.add_player(seat)}" for seat in new.players]
        actors = crew.actors.named()
        for name in (*(f"server-{index}" for index in new.servers), *names):
            supervisor.join(name, actors[name])
        self._tell("joined", f"{_named(new.servers, new.players)} join: there is room for them")
        self._count_players({seat.server for seat in new.players} - set(new.servers))

    def _count_players(self, servers: Iterable[int]) -> None:
        """Tell servers how many ask them now."""
        for index in servers:
            register = self._crew.actors.servers[index].register
            clients = self._crew.players_of(index) * self._config.selfplay.halves
            self._asking.expect(f"server-{index}", register, "register", clients)


def _named(servers: Collection[int], players: Collection[object]) -> str:
    named = [f"server-{index}" for index in sorted(servers)]
    if players:
        named.append(f"{len(players)} player{'s' if len(players) > 1 else ''}")
    return " and ".join(named)
