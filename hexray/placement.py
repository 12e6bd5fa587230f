"""Which node each process of a run goes to, and which server each player asks: a pure function."""

from bisect import bisect_left
from collections.abc import Sequence
from contextlib import suppress
from typing import NamedTuple

from hexray.config import RunConfig
from hexray.errors import SettingsError

LEARNER_ALONE = 3
"""GPUs from which on the learner has one of its own, where settings leave the servers open."""


class Node(NamedTuple):
    """A machine of the cluster, with the CPUs and GPUs that Ray may give away there."""

    id: str
    cpus: int
    gpus: int


class Wanted(NamedTuple):
    """The processes that take CPUs: so many servers and players, and one learner.

    A server and the learner take a CPU for each of their threads, a player takes one.
    """

    servers: int
    server_cpus: int
    players: int
    learner_cpus: int

    @property
    def cpus(self) -> int:
        """The CPUs that all of them take."""
        return self.servers * self.server_cpus + self.players + self.learner_cpus


class Seat(NamedTuple):
    """Where a player goes, and the index of the server that it asks."""

    node: str
    server: int


class Placement(NamedTuple):
    """Ids of nodes; ``gpus`` is what each server and the learner get.

    ``cores`` are those that each server may use: its own and its share of what is free beside it.
    """

    servers: tuple[str, ...]
    learner: str
    players: tuple[Seat, ...]
    gpus: float
    cores: tuple[int, ...]

    def players_of(self, server: int) -> int:
        """Count the players that ask a server."""
        return sum(seat.server == server for seat in self.players)


def wanted_by(config: RunConfig, gpus: int = 0) -> Wanted:
    """Return what a run asks of a cluster with so many GPUs."""
    servers = config.inference.servers or max(1, gpus if gpus < LEARNER_ALONE else gpus - 1)
    return Wanted(
        servers,
        max(config.inference.threads, 1),
        servers * config.selfplay.players,
        config.learner.threads,
    )


def lay_out(nodes: Sequence[Node], wanted: Wanted) -> Placement:
    """Lay the processes of a run over ``nodes``, the driver's own node first.

    The learner goes to the driver's node if that can hold it, else where most GPUs are free, and
    among equals where fewest CPUs are, which leaves the large nodes to players. Where there are
    GPUs, servers go only to nodes that have some left. Servers are laid so that as many players
    as possible sit on the node of a server of theirs, and then that no server has more players
    than it must. Players that find no room there go to other nodes and ask the server with fewest
    players.

    Raises SettingsError when the processes do not fit.
    """
    there = sum(node.cpus for node in nodes)
    if wanted.cpus > there:
        raise SettingsError(f"{_named(wanted)} need {wanted.cpus} CPUs, the cluster has {there}")
    share = gpu_share(sum(node.gpus for node in nodes), wanted.servers)
    cpus = [node.cpus for node in nodes]
    slots = [int(node.gpus / share) if share else wanted.servers + 1 for node in nodes]
    learner = _place_learner(cpus, slots, wanted)
    cpus[learner] -= wanted.learner_cpus
    slots[learner] -= 1
    counts = _count_servers(cpus, slots, wanted)
    homes = [place for place, count in enumerate(counts) for _ in range(count)]
    for home in homes:
        cpus[home] -= wanted.server_cpus
    players = _seats(cpus, homes, wanted.players)
    return Placement(
        servers=tuple(nodes[home].id for home in homes),
        learner=nodes[learner].id,
        players=tuple(Seat(nodes[place].id, server) for place, server in players),
        gpus=share,
        cores=tuple(wanted.server_cpus + cpus[home] // counts[home] for home in homes),
    )


def lay_out_run(nodes: Sequence[Node], config: RunConfig) -> Placement:
    """Lay out a run; where it leaves the servers open, with fewer of them if all do not fit.

    Raises SettingsError when not even one fits, or not those that it asks for.
    """
    wanted = wanted_by(config, sum(node.gpus for node in nodes))
    if not config.inference.servers:
        for servers in range(wanted.servers, 1, -1):
            with suppress(SettingsError):
                players = servers * config.selfplay.players
                return lay_out(nodes, wanted._replace(servers=servers, players=players))
        wanted = wanted._replace(servers=1, players=config.selfplay.players)
    return lay_out(nodes, wanted)


def gpu_share(gpus: int, servers: int) -> float:
    """Return the GPUs that each server and the learner get: a whole one each, else half a one.

    Raises SettingsError when the GPUs do not reach even so; without any, all run on CPUs.
    """
    users = servers + 1
    if gpus == 0:
        return 0.0
    if gpus >= users:
        return 1.0
    if gpus * 2 >= users:
        return 0.5
    raise SettingsError(
        f"inference.servers = {servers}: {servers} servers and a learner need {users / 2} GPUs, "
        f"there are {gpus}; use at most {gpus * 2 - 1} servers"
    )


def _named(wanted: Wanted) -> str:
    return (
        f"inference.servers {wanted.servers} x (inference.threads {wanted.server_cpus} + "
        f"selfplay.players {wanted.players / wanted.servers:g}) + "
        f"learner.threads {wanted.learner_cpus}"
    )


def _place_learner(cpus: Sequence[int], slots: Sequence[int], wanted: Wanted) -> int:
    """Choose a node, ``slots`` being the processes for which each has GPUs."""
    able = [
        place
        for place in range(len(cpus))
        if cpus[place] >= wanted.learner_cpus and slots[place] > 0
    ]
    if not able:
        raise SettingsError(
            f"learner.threads = {wanted.learner_cpus}: no node that can hold the learner has so "
            f"many CPUs; use fewer"
        )
    return 0 if 0 in able else max(able, key=lambda place: (slots[place], -cpus[place]))


def _count_servers(cpus: Sequence[int], slots: Sequence[int], wanted: Wanted) -> list[int]:
    """Choose how many servers each node gets.

    The least number of players a server is sought with which all sit beside theirs.
    """
    most = [min(free // wanted.server_cpus, slot) for free, slot in zip(cpus, slots, strict=True)]
    if sum(most) < wanted.servers:
        raise SettingsError(
            f"inference.servers = {wanted.servers}: the nodes that can hold servers of "
            f"inference.threads = {wanted.server_cpus} have room for {sum(most)}; use at most so "
            f"many, or fewer threads"
        )

    def seated(load: int) -> int:
        counts = _spread_servers(cpus, most, wanted, load)
        return sum(_seated(*pair, wanted, load) for pair in zip(cpus, counts, strict=True))

    least = -(-wanted.players // wanted.servers)
    load = least + bisect_left(range(least, wanted.players), wanted.players, key=seated)
    return _spread_servers(cpus, most, wanted, load)


def _spread_servers(
    cpus: Sequence[int], most: Sequence[int], wanted: Wanted, load: int
) -> list[int]:
    """Seat as many players as possible on nodes with servers, at most ``load`` a server.

    The players that a node seats are concave in its servers, so the best next one is always right.
    """
    counts = [0] * len(cpus)

    def worth(place: int) -> tuple[int, int, int]:
        free, count = cpus[place], counts[place]
        gain = _seated(free, count + 1, wanted, load) - _seated(free, count, wanted, load)
        return gain, -count, free

    for _ in range(wanted.servers):
        open_places = [place for place in range(len(cpus)) if counts[place] < most[place]]
        counts[max(open_places, key=worth)] += 1
    return counts


def _seated(free: int, servers: int, wanted: Wanted, load: int) -> int:
    """Count the players that fit beside ``servers`` servers on a node of ``free`` CPUs."""
    return min(free - servers * wanted.server_cpus, servers * load)


def _seats(cpus: list[int], homes: Sequence[int], players: int) -> list[tuple[int, int]]:
    """Choose place and server of each player, least asked servers first; uses up ``cpus``."""
    loads, seats = [0] * len(homes), []
    for _ in range(players):
        near = [server for server, home in enumerate(homes) if cpus[home] > 0]
        server = min(near or range(len(homes)), key=lambda server: loads[server])
        place = homes[server] if near else max(range(len(cpus)), key=lambda place: cpus[place])
        cpus[place] -= 1
        loads[server] += 1
        seats.append((place, server))
    return seats
