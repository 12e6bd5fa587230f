"""Who leaves a run with its node, and who joins it on a new one: pure functions."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from hexray.placement import Node, Seat, Wanted


class Held(NamedTuple):
    """The nodes of the learner and of each server, the seat of each player, by their numbers."""

    learner: str
    servers: Mapping[int, str]
    players: Mapping[int, Seat]

    def without(self, servers: Iterable[int], players: Iterable[int]) -> "Held":
        """Return what is left when some have gone."""
        gone_servers, gone_players = set(servers), set(players)
        return Held(
            self.learner,
            {number: node for number, node in self.servers.items() if number not in gone_servers},
            {number: seat for number, seat in self.players.items() if number not in gone_players},
        )


class Leaving(NamedTuple):
    """Numbers of the servers and of the players that leave."""

    servers: frozenset[int]
    players: frozenset[int]


class Post(NamedTuple):
    """The node of a server, and how many cores it may use there."""

    node: str
    cores: int


class Joining(NamedTuple):
    """New servers, by their numbers, and seats of new players."""

    servers: Mapping[int, Post]
    players: tuple[Seat, ...]


def leaving(nodes: Sequence[Node], held: Held, wanted: Wanted, share: float) -> Leaving:
    """Say who is to leave because nodes are gone, so that all others can go on.

    Servers leave with their node, their players with them, and players with their own node. One
    server always stays, and a player of those that do, which come up elsewhere. Where the learner
    or the last server find no room for that, others make it, the youngest first. ``share`` is what
    a server and the learner take of the GPUs.
    """
    there = {node.id for node in nodes}
    servers = {number for number, node in held.servers.items() if node not in there}
    if len(servers) == len(held.servers):
        servers.discard(min(servers))
    orphans = {number for number, seat in held.players.items() if seat.server in servers}
    players = orphans | {number for number, seat in held.players.items() if seat.node not in there}
    if len(players) == len(held.players) and players > orphans:
        players.discard(min(players - orphans))
    gone = Leaving(frozenset(servers), frozenset(players))
    if held.learner not in there:
        gone, home = _make_room(nodes, held, gone, wanted, wanted.learner_cpus, share)
        held = held._replace(learner=home)
    if any(node not in there for node in held.without(*gone).servers.values()):
        gone, _ = _make_room(nodes, held, gone, wanted, wanted.server_cpus, share)
    return gone


def joining(
    nodes: Sequence[Node], held: Held, wanted: Wanted, share: float, number: int
) -> Joining:
    """Say who is to join, the first new server under ``number``, until there are all ``wanted``.

    Servers go where a GPU is free, where there are any, and a player at least has room beside them;
    each gets its part of the players, beside it if there is room, else anywhere.
    """
    room = _Room(nodes, held, wanted, share)
    homes, loads = dict(held.servers), Counter(seat.server for seat in held.players.values())
    for new in range(number, number + wanted.servers - len(held.servers)):
        able = [node.id for node in nodes if room.has_place_for_a_server(node)]
        if not able:
            break
        homes[new] = max(able, key=lambda node: room.cpus[node])
        room.take_server(homes[new])
    seats = []
    for near in (True, False):
        while len(held.players) + len(seats) < wanted.players:
            seat = _next_seat(room, homes, loads, wanted, near)
            if seat is None:
                break
            room.cpus[seat.node] -= 1
            loads[seat.server] += 1
            seats.append(seat)
    posts = {
        new: Post(node, wanted.server_cpus + room.share_of_free_cpus(node))
        for new, node in homes.items()
        if new not in held.servers
    }
    return Joining(posts, tuple(seats))


class _Room:
    """What is free on each node."""

    def __init__(self, nodes: Sequence[Node], held: Held, wanted: Wanted, share: float) -> None:
        self._wanted, self._share = wanted, share
        self.cpus = {node.id: node.cpus for node in nodes}
        self.gpus = {node.id: float(node.gpus) for node in nodes}
        self._servers: Counter[str] = Counter()
        self.take(held.learner, wanted.learner_cpus, share)
        for node in held.servers.values():
            self.take_server(node)
        for seat in held.players.values():
            self.take(seat.node, 1, 0.0)

    def take(self, node: str, cpus: int, gpus: float) -> None:
        """Use some of a node, if that is there."""
        if node in self.cpus:
            self.cpus[node] -= cpus
            self.gpus[node] -= gpus

    def take_server(self, node: str) -> None:
        """Use what a server takes."""
        self.take(node, self._wanted.server_cpus, self._share)
        self._servers[node] += 1

    def holds(self, node: str, cpus: int) -> bool:
        """Say whether the learner or a server fits."""
        return self.cpus[node] >= cpus and self.gpus[node] >= self._share

    def share_of_free_cpus(self, node: str) -> int:
        """Return what each server of a node may use beside its own."""
        return self.cpus[node] // self._servers[node]

    def has_place_for_a_server(self, node: Node) -> bool:
        """Say whether one fits with a player, and with a GPU that no other server uses."""
        is_free = not self._share or self._servers[node.id] < node.gpus
        return is_free and self.holds(node.id, self._wanted.server_cpus + 1)


def _make_room(
    nodes: Sequence[Node], held: Held, gone: Leaving, wanted: Wanted, cpus: int, share: float
) -> tuple[Leaving, str]:
    """Let more leave, if that helps, until a node can hold a process with ``cpus`` and a GPU.

    Returns that node too, or an empty text where none can.
    """
    room = _Room(nodes, held.without(*gone), wanted, share)
    able = [node.id for node in nodes if room.holds(node.id, cpus)]
    if able:
        return gone, max(able, key=lambda node: room.cpus[node])
    for node in sorted(nodes, key=lambda node: (node.gpus, node.cpus), reverse=True):
        more: Leaving | None = gone
        while more is not None:
            if _Room(nodes, held.without(*more), wanted, share).holds(node.id, cpus):
                return more, node.id
            more = _one_more(node.id, held, more, share)
    return gone, ""


def _one_more(node: str, held: Held, gone: Leaving, share: float) -> Leaving | None:
    """Let the youngest player on a node leave, or where none can, its youngest server."""
    left = held.without(*gone)
    players = [number for number, seat in left.players.items() if seat.node == node]
    servers = [number for number, home in left.servers.items() if home == node]
    if players and len(left.players) > 1:
        return gone._replace(players=gone.players | {max(players)})
    if servers and len(left.servers) > 1 and share:
        server = max(servers)
        asking = {number for number, seat in left.players.items() if seat.server == server}
        if len(asking) < len(left.players):
            return Leaving(gone.servers | {server}, gone.players | asking)
    return None


def _next_seat(
    room: _Room, homes: Mapping[int, str], loads: Mapping[int, int], wanted: Wanted, near: bool
) -> Seat | None:
    """Choose a seat for one more player of the server that is asked least."""
    free = [node for node, cpus in room.cpus.items() if cpus > 0]
    most = -(-wanted.players // wanted.servers)
    open_ones = [
        server
        for server, home in homes.items()
        if loads.get(server, 0) < most and (home in free if near else free)
    ]
    if not open_ones:
        return None
    server = min(open_ones, key=lambda server: (loads.get(server, 0), server))
    return Seat(homes[server] if near else max(free, key=lambda node: room.cpus[node]), server)
