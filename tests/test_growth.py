"""Who leaves with a node and who joins on one: tables, and what must hold on any cluster."""

from collections import Counter
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hexray.errors import SettingsError
from hexray.growth import Held, Joining, Leaving, joining, leaving
from hexray.placement import Node, Seat, Wanted, gpu_share, lay_out

HEAD, A, B = Node("head", 4, 0), Node("a", 8, 1), Node("b", 8, 1)
TWO = Wanted(servers=2, server_cpus=1, players=6, learner_cpus=2)


def _held(nodes: Sequence[Node], wanted: Wanted) -> tuple[Held, float]:
    placement = lay_out(nodes, wanted)
    servers, players = dict(enumerate(placement.servers)), dict(enumerate(placement.players))
    return Held(placement.learner, servers, players), placement.gpus


def _after(held: Held, new: Joining) -> Held:
    number = max(held.players, default=-1) + 1
    servers = {index: post.node for index, post in new.servers.items()}
    players = dict(enumerate(new.players, number))
    return Held(held.learner, {**held.servers, **servers}, {**held.players, **players})


def _taken(held: Held, wanted: Wanted) -> Counter[str]:
    taken = Counter(seat.node for seat in held.players.values())
    taken[held.learner] += wanted.learner_cpus
    for node in held.servers.values():
        taken[node] += wanted.server_cpus
    return taken


def test_nobody_moves_while_all_nodes_are_there() -> None:
    held, share = _held([HEAD, A, B], TWO)
    assert leaving([HEAD, A, B], held, TWO, share) == Leaving(frozenset(), frozenset())
    assert joining([HEAD, A, B], held, TWO, share, 2) == Joining({}, ())


def test_a_server_and_its_players_leave_with_their_node() -> None:
    held, share = _held([HEAD, A, B], TWO)
    assert held.learner == "a"
    gone = leaving([HEAD, A], held, TWO, share)
    assert {held.servers[index] for index in gone.servers} == {"b"}
    assert {held.players[index].node for index in gone.players} == {"b"}
    assert len(gone.players) == 3


def test_the_learner_finds_room_where_the_other_server_is() -> None:
    held, share = _held([HEAD, A, B], TWO)
    gone = leaving([HEAD, B], held, TWO, share)
    left = held.without(*gone)
    # b has a server and three players: four of eight CPUs and half a GPU are free.
    assert list(left.servers.values()) == ["b"]
    assert len(left.players) == 3


def test_players_make_room_for_a_learner_that_has_lost_its_node() -> None:
    wanted = TWO._replace(players=12)
    held, share = _held([A, B], wanted)
    assert share == 0.5
    gone = leaving([B], held, wanted, share)
    left = held.without(*gone)
    assert list(left.servers.values()) == ["b"]
    assert {seat.node for seat in left.players.values()} == {"b"}
    assert len(left.players) == 8 - wanted.server_cpus - wanted.learner_cpus


def test_a_server_makes_room_for_a_learner_where_gpus_are_taken() -> None:
    wanted = Wanted(servers=2, server_cpus=1, players=4, learner_cpus=1)
    held = Held("c", {0: "a", 1: "b"}, {0: Seat("a", 0), 1: Seat("b", 1)})
    gone = leaving([A, B], held, wanted, 1.0)
    assert len(gone.servers) == len(gone.players) == 1
    left = held.without(*gone)
    assert {seat.server for seat in left.players.values()} == set(left.servers)


def test_the_last_server_and_the_last_player_stay_though_their_node_is_gone() -> None:
    held, share = _held([HEAD, A], TWO._replace(servers=1, players=3))
    gone = leaving([HEAD], held, TWO, share)
    left = held.without(*gone)
    assert (len(left.servers), len(left.players)) == (1, 1)


def test_no_player_stays_without_its_server() -> None:
    wanted = Wanted(servers=2, server_cpus=1, players=2, learner_cpus=1)
    held = Held("b", {0: "a", 1: "b"}, {0: Seat("a", 0), 1: Seat("a", 0)})
    gone = leaving([B], held, wanted, 0.5)
    assert gone == Leaving(frozenset({0}), frozenset({0, 1}))
    assert joining([B], held.without(*gone), wanted, 0.5, 2).players == (Seat("b", 1),)


def test_a_node_that_joins_gets_a_server_with_players() -> None:
    one = TWO._replace(servers=1, players=3)
    held, share = _held([HEAD, A], one)
    new = joining([HEAD, A, B], held, TWO, share, 7)
    assert {index: post.node for index, post in new.servers.items()} == {7: "b"}
    assert new.players == (Seat("b", 7),) * 3
    assert new.servers[7].cores == 1 + 8 - 1 - 3


def test_no_second_server_goes_to_a_gpu() -> None:
    wanted = Wanted(servers=2, server_cpus=1, players=2, learner_cpus=1)
    held = Held("b", {0: "a"}, {0: Seat("a", 0)})
    assert joining([Node("a", 64, 1), B], held, wanted, 0.5, 1).servers[1].node == "b"
    assert joining([Node("a", 64, 1)], held._replace(learner="a"), wanted, 0.5, 1).servers == {}


def test_a_server_without_room_for_a_player_does_not_join() -> None:
    held, share = _held([HEAD, A], TWO._replace(servers=1, players=3))
    new = joining([HEAD, A, Node("tiny", 1, 1)], held, TWO, share, 1)
    assert new.servers == {}


SIZES = st.tuples(st.integers(0, 9), st.integers(0, 2))
CLUSTERS = st.lists(SIZES, min_size=1, max_size=4)
WANTED = st.builds(
    Wanted, st.integers(1, 3), st.integers(1, 2), st.integers(3, 9), st.integers(1, 2)
)


@given(CLUSTERS, CLUSTERS, WANTED, st.data())
def test_what_stays_and_joins_fits_on_the_nodes(
    before: list[tuple[int, int]],
    after: list[tuple[int, int]],
    wanted: Wanted,
    data: st.DataObject,
) -> None:
    old = [Node(f"old-{index}", *size) for index, size in enumerate(before)]
    try:
        held, share = _held(old, wanted)
    except SettingsError:
        return
    stay = data.draw(st.lists(st.sampled_from(old), unique=True))
    nodes = [*stay, *(Node(f"new-{index}", *size) for index, size in enumerate(after))]
    there = {node.id for node in nodes}
    left = held.without(*leaving(nodes, held, wanted, share))
    assert left.servers
    assert {seat.server for seat in left.players.values()} <= set(left.servers)
    assert left.players or not {seat.server for seat in held.players.values()} & set(left.servers)
    assert len(left.servers) == 1 or set(left.servers.values()) <= there
    assert leaving(nodes, left, wanted, share) == Leaving(frozenset(), frozenset())
    final = _after(left, joining(nodes, left, wanted, share, len(held.servers)))
    assert len(final.servers) <= max(wanted.servers, len(left.servers))
    assert len(final.players) <= max(wanted.players, len(left.players))
    assert {seat.server for seat in final.players.values()} <= set(final.servers)
    taken, on_gpus = _taken(final, wanted), Counter((final.learner, *final.servers.values()))
    for node in nodes:
        assert taken[node.id] <= node.cpus
        assert on_gpus[node.id] * share <= node.gpus
    if {final.learner, *final.servers.values()} <= there:
        assert joining(nodes, final, wanted, share, 99) == Joining({}, ())


@given(CLUSTERS, WANTED)
def test_a_learner_without_a_node_finds_room_if_there_can_be_any(
    sizes: list[tuple[int, int]], wanted: Wanted
) -> None:
    nodes = [Node(f"n{index}", *size) for index, size in enumerate(sizes)]
    try:
        held, share = _held([*nodes, Node("lost", 2, 1)], wanted)
    except SettingsError:
        return
    gone = leaving(nodes, held._replace(learner="lost"), wanted, share)
    left = held.without(*gone)
    taken = _taken(left, wanted)
    on_gpus = Counter(left.servers.values())
    free = [
        node.id
        for node in nodes
        if node.cpus - taken[node.id] + wanted.learner_cpus * (node.id == held.learner)
        >= wanted.learner_cpus
        and node.gpus - on_gpus[node.id] * share >= share
    ]
    if not free:
        # Then no node could hold it beside nothing but the one server and the one player that stay.
        holds = [node for node in nodes if node.cpus >= wanted.learner_cpus and node.gpus >= share]
        kept = {*left.servers.values(), *(seat.node for seat in left.players.values())}
        assert not [node for node in holds if node.id not in kept]


@pytest.mark.parametrize(("gpus", "share"), [(1, 0.5), (2, 0.5), (3, 1.0)])
def test_a_run_that_grows_by_a_gpu_uses_it(gpus: int, share: float) -> None:
    nodes = [HEAD, *(Node(f"n{index}", 8, 1) for index in range(gpus))]
    servers = gpus if share < 1 else gpus - 1
    wanted = Wanted(servers, 1, 3 * servers, 1)
    assert gpu_share(gpus, servers) == share
    held, _ = _held(nodes, wanted)
    more = wanted._replace(servers=servers + 1, players=3 * servers + 3)
    new = joining([*nodes, B], held, more, share, servers)
    assert [post.node for post in new.servers.values()] == ["b"]
    assert len(new.players) == 3
