"""Where the processes of a run go: tables, and properties against trying everything."""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import product

import pytest
from hypothesis import assume, given, reject
from hypothesis import strategies as st

from hexray.config import RunConfig, with_overrides
from hexray.errors import SettingsError
from hexray.nodes import bundles
from hexray.placement import (
    Node,
    Placement,
    Seat,
    Wanted,
    gpu_share,
    lay_out,
    lay_out_run,
    wanted_by,
)


def _wanted(servers: int, players: int, server_cpus: int = 1, learner_cpus: int = 1) -> Wanted:
    return Wanted(servers, server_cpus, players, learner_cpus)


def _loads(placement: Placement) -> list[int]:
    return [placement.players_of(server) for server in range(len(placement.servers))]


def _distant(placement: Placement) -> int:
    return sum(seat.node != placement.servers[seat.server] for seat in placement.players)


def _taken(placement: Placement, wanted: Wanted) -> Counter[str]:
    taken = Counter(seat.node for seat in placement.players)
    taken[placement.learner] += wanted.learner_cpus
    for node in placement.servers:
        taken[node] += wanted.server_cpus
    return taken


def test_a_machine_of_three_cpus_holds_one_of_each() -> None:
    placement = lay_out([Node("a", 3, 0)], _wanted(1, 1))
    assert placement == Placement(("a",), "a", (Seat("a", 0),), 0.0, (1,))


def test_a_server_and_the_learner_share_the_only_gpu() -> None:
    placement = lay_out([Node("a", 16, 1)], _wanted(1, 14))
    assert placement == Placement(("a",), "a", (Seat("a", 0),) * 14, 0.5, (1,))


def test_on_eight_gpus_seven_servers_and_the_learner_have_one_each() -> None:
    placement = lay_out([Node("a", 96, 8)], _wanted(7, 88))
    assert (placement.servers, placement.learner, placement.gpus) == (("a",) * 7, "a", 1.0)
    assert sorted(_loads(placement)) == [12, 12, 12, 13, 13, 13, 13]


def test_two_equal_nodes_get_a_server_each_and_every_player_its_own_nodes() -> None:
    placement = lay_out([Node("a", 4, 0), Node("b", 4, 0)], _wanted(2, 2))
    assert placement == Placement(("a", "b"), "a", (Seat("a", 0), Seat("b", 1)), 0.0, (2, 3))


def test_servers_follow_the_cpus_of_which_players_can_use_them() -> None:
    nodes = [Node("a", 64, 0), Node("b", 4, 0)]
    # Beside a server on b there is room for three players only; 20 are balanced on a alone.
    placement = lay_out(nodes, _wanted(2, 20))
    assert placement.servers == ("a", "a")
    assert _loads(placement) == [10, 10]


def test_servers_spread_when_one_node_cannot_seat_all_players() -> None:
    placement = lay_out([Node("a", 12, 0), Node("b", 12, 0)], _wanted(2, 21))
    assert sorted(placement.servers) == ["a", "b"]
    assert _distant(placement) == 0
    # The learner takes the place of a player on a: 10 players there, 11 on b.
    assert _loads(placement) == [10, 11]


def test_on_a_head_without_gpu_go_neither_servers_nor_learner_nor_near_players() -> None:
    nodes = [Node("head", 8, 0), Node("b", 8, 1), Node("c", 8, 1)]
    placement = lay_out(nodes, _wanted(2, 13))
    assert placement.gpus == 0.5
    assert placement.learner in ("b", "c")
    assert sorted(placement.servers) == ["b", "c"]
    assert Counter(seat.node for seat in placement.players).keys() == {"b", "c"}
    assert _distant(placement) == 0


def test_players_without_room_beside_a_server_ask_the_least_busy_one_from_elsewhere() -> None:
    nodes = [Node("head", 8, 0), Node("b", 4, 1), Node("c", 8, 1)]
    # The server has c's GPU and seven of its CPUs are left; the learner is on b, the smaller one.
    placement = lay_out(nodes, _wanted(1, 16))
    assert placement.gpus == 1.0
    seats = Counter(seat.node for seat in placement.players)
    assert (placement.servers, placement.learner) == (("c",), "b")
    assert (seats["c"], seats["b"] + seats["head"]) == (7, 9)
    assert _loads(placement) == [16]


def test_distant_players_even_the_loads_out() -> None:
    # Beside the servers there is room for nine players on b and three on c; three more are left.
    nodes = [Node("head", 4, 0), Node("b", 10, 2), Node("c", 4, 1)]
    placement = lay_out(nodes, _wanted(2, 14, 1, 2))
    assert placement.servers == ("b", "c")
    assert placement.learner == "b"
    assert _loads(placement) == [7, 7]


def test_a_learner_finds_its_gpu_beside_the_driver_when_there_are_enough() -> None:
    placement = lay_out([Node("head", 64, 1), Node("b", 16, 1)], _wanted(1, 8))
    assert placement == Placement(("b",), "head", (Seat("b", 0),) * 8, 1.0, (8,))


def test_two_machines_of_one_gpu_get_a_server_each() -> None:
    placement = lay_out([Node("a", 8, 1), Node("b", 8, 1)], _wanted(2, 8))
    assert placement.gpus == 0.5
    assert placement.servers == ("a", "b")
    assert placement.learner == "a"
    assert _loads(placement) == [4, 4]


def test_a_driver_on_a_node_without_cpus_has_its_learner_elsewhere() -> None:
    assert lay_out([Node("head", 0, 0), Node("b", 4, 0)], _wanted(1, 2)).learner == "b"


def test_threads_are_cpus() -> None:
    config = with_overrides(
        RunConfig(),
        {
            "inference": {"servers": 2, "threads": 3},
            "learner": {"threads": 4},
            "selfplay": {"players": 5},
        },
    )
    assert wanted_by(config) == Wanted(2, 3, 10, 4)
    assert wanted_by(config).cpus == 20


@pytest.mark.parametrize(("gpus", "servers"), [(0, 1), (1, 1), (2, 2), (3, 2), (8, 7)])
def test_left_open_there_is_a_server_for_each_gpu(gpus: int, servers: int) -> None:
    wanted = wanted_by(with_overrides(RunConfig(), {"selfplay": {"players": 4}}), gpus)
    assert (wanted.servers, wanted.players) == (servers, 4 * servers)
    assert servers * gpu_share(gpus, servers) <= gpus


def test_left_open_there_are_as_many_servers_as_fit() -> None:
    config = with_overrides(RunConfig(), {"selfplay": {"players": 4}})
    # Two servers, eight players and the learner take eleven CPUs, one with its four takes six.
    nodes = [Node("a", 5, 1), Node("b", 5, 1)]
    assert lay_out_run(nodes, config).servers == ("b",)
    assert len(lay_out_run([*nodes, Node("c", 1, 0)], config).servers) == 2
    with pytest.raises(SettingsError, match="need 11 CPUs, the cluster has 10"):
        lay_out_run(nodes, with_overrides(config, {"inference": {"servers": 2}}))
    with pytest.raises(SettingsError, match="need 6 CPUs, the cluster has 5"):
        lay_out_run(nodes[:1], config)


@pytest.mark.parametrize(
    ("nodes", "wanted", "message"),
    [
        (
            [Node("a", 4, 0), Node("b", 1, 0)],
            _wanted(2, 3),
            r"inference\.servers 2 x \(inference\.threads 1 \+ selfplay\.players 1\.5\) \+ "
            r"learner\.threads 1 need 6 CPUs, the cluster has 5",
        ),
        ([Node("a", 3, 0), Node("b", 3, 0)], _wanted(1, 1, 1, 4), r"learner\.threads = 4: no node"),
        ([Node("a", 9, 0), Node("b", 1, 1)], _wanted(1, 1), r"inference\.servers = 1: .* for 0;"),
        (
            [Node("a", 6, 0), Node("b", 2, 0)],
            _wanted(2, 1, 3),
            r"inference\.servers = 2: .* for 1;",
        ),
    ],
)
def test_what_does_not_fit_is_refused(nodes: list[Node], wanted: Wanted, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        lay_out(nodes, wanted)


@pytest.mark.parametrize(
    ("gpus", "servers", "share"), [(0, 1, 0), (0, 8, 0), (1, 1, 0.5), (2, 1, 1), (2, 3, 0.5)]
)
def test_gpus_are_shared_by_servers_and_learner(gpus: int, servers: int, share: float) -> None:
    assert gpu_share(gpus, servers) == share


def test_more_servers_than_gpus_can_hold_are_refused() -> None:
    with pytest.raises(SettingsError, match=r"inference\.servers = 4.*at most 1 servers"):
        gpu_share(1, 4)


SMALL = st.lists(
    st.tuples(st.integers(3, 9), st.integers(0, 2)), min_size=1, max_size=3
) | st.lists(st.tuples(st.integers(3, 9), st.just(0)), min_size=1, max_size=3)
WANTED = st.builds(
    Wanted, st.integers(1, 3), st.integers(1, 2), st.integers(1, 8), st.integers(1, 2)
)


def _cluster(sizes: Sequence[tuple[int, int]]) -> list[Node]:
    return [Node(f"n{index}", *size) for index, size in enumerate(sizes)]


@given(st.lists(st.integers(0, 9), min_size=1, max_size=4), st.integers(1, 4), st.integers(1, 9))
def test_without_gpus_only_a_lack_of_cpus_is_refused(
    cpus: list[int], servers: int, players: int
) -> None:
    nodes, wanted = _cluster([(count, 0) for count in cpus]), _wanted(servers, players)
    if sum(cpus) >= servers + players + 1:
        assert _taken(lay_out(nodes, wanted), wanted).total() == servers + players + 1
    else:
        with pytest.raises(SettingsError, match="CPUs, the cluster has"):
            lay_out(nodes, wanted)


@given(SMALL.map(_cluster), WANTED)
def test_no_node_is_asked_for_more_than_it_has(nodes: list[Node], wanted: Wanted) -> None:
    placement = _fitting(nodes, wanted)
    taken = _taken(placement, wanted)
    on_gpus = Counter((*placement.servers, placement.learner))
    assert taken.total() == wanted.cpus
    for node in nodes:
        assert taken[node.id] <= node.cpus
        assert on_gpus[node.id] * placement.gpus <= node.gpus


@given(SMALL.map(_cluster), WANTED)
def test_servers_beside_each_other_have_equal_loads(nodes: list[Node], wanted: Wanted) -> None:
    placement = _fitting(nodes, wanted)
    for node in nodes:
        loads = [
            load
            for home, load in zip(placement.servers, _loads(placement), strict=True)
            if home == node.id
        ]
        assert not loads or max(loads) - min(loads) <= 1


@given(SMALL.map(_cluster), WANTED)
def test_no_other_choice_of_nodes_seats_more_players_beside_their_server(
    nodes: list[Node], wanted: Wanted
) -> None:
    placement = _fitting(nodes, wanted)
    near = wanted.players - _distant(placement)
    every = [min(wanted.players, sum(room)) for _, room in _choices(nodes, wanted, placement)]
    assert near == max(every)


@given(SMALL.map(_cluster), WANTED)
def test_where_all_sit_beside_theirs_no_choice_asks_less_of_the_busiest_server(
    nodes: list[Node], wanted: Wanted
) -> None:
    placement = _fitting(nodes, wanted)
    assume(_distant(placement) == 0)
    every = [
        _least_load(counts, room, wanted.players)
        for counts, room in _choices(nodes, wanted, placement)
        if sum(room) >= wanted.players
    ]
    assert max(_loads(placement)) == min(every)


def _fitting(nodes: Sequence[Node], wanted: Wanted) -> Placement:
    try:
        return lay_out(nodes, wanted)
    except SettingsError:
        reject()


def _choices(
    nodes: Sequence[Node], wanted: Wanted, placement: Placement
) -> Iterator[tuple[tuple[int, ...], list[int]]]:
    """Yield every number of servers for each node, and the players that it then has room for."""
    for counts in product(range(wanted.servers + 1), repeat=len(nodes)):
        here = [node.id == placement.learner for node in nodes]
        free = [
            node.cpus - wanted.learner_cpus * has_learner - wanted.server_cpus * count
            for node, has_learner, count in zip(nodes, here, counts, strict=True)
        ]
        has_gpus = all(
            (count + has_learner) * placement.gpus <= node.gpus
            for node, has_learner, count in zip(nodes, here, counts, strict=True)
        )
        if sum(counts) == wanted.servers and min(free) >= 0 and has_gpus:
            room = [cpus if count else 0 for cpus, count in zip(free, counts, strict=True)]
            yield counts, room


def _least_load(counts: Sequence[int], room: Sequence[int], players: int) -> int:
    """Fill player after player, always where the servers are asked least; return the most."""
    seated = [0] * len(counts)
    for _ in range(players):
        able = [
            place for place, count in enumerate(counts) if count and seated[place] < room[place]
        ]
        best = min(able, key=lambda place: -(-(seated[place] + 1) // counts[place]))
        seated[best] += 1
    return max(-(-number // count) for number, count in zip(seated, counts, strict=True) if count)


def test_servers_share_the_cores_that_nobody_takes() -> None:
    # Of 16, the learner takes 1, two servers 2 each, four players 4: 7 are free, 3 for each server.
    placement = lay_out([Node("a", 16, 0)], _wanted(2, 4, server_cpus=2))
    assert placement.cores == (5, 5)


def test_a_server_whose_threads_are_measured_reserves_one_cpu() -> None:
    config = with_overrides(RunConfig(), {"inference": {"threads": 0}})
    assert wanted_by(config).server_cpus == 1


def test_an_autoscaler_is_asked_for_what_each_process_takes() -> None:
    wanted = _wanted(2, 3, server_cpus=2, learner_cpus=4)
    assert bundles(wanted, 0) == [{"CPU": 2}, {"CPU": 2}, {"CPU": 4}, *[{"CPU": 1}] * 3]
    whole = [{"CPU": 2, "GPU": 1}, {"CPU": 2, "GPU": 1}, {"CPU": 4, "GPU": 1}]
    assert bundles(wanted, 3) == [*whole, *[{"CPU": 1}] * 3]
    halves = [{"CPU": 2, "GPU": 0.5}, {"CPU": 2, "GPU": 0.5}, {"CPU": 4, "GPU": 0.5}]
    assert bundles(wanted, 2) == [*halves, *[{"CPU": 1}] * 3]
    with pytest.raises(SettingsError, match="use at most 1 servers"):
        bundles(wanted, 1)
