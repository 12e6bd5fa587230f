"""A run on a cluster whose nodes come and go: who is told, asked for, counted."""

from types import SimpleNamespace
from typing import Any

import pytest

from hexray import elastic
from hexray.config import RunConfig, with_overrides
from hexray.elastic import LOOK_SECONDS, Elastic
from hexray.placement import Node, Seat

HEAD, A, B = Node("head", 0, 0), Node("a", 4, 1), Node("b", 4, 1)


class _Run:
    """Two servers with a player each, on a and b, the learner on a; notes what is done to it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, **cluster: Any) -> None:
        self.nodes, self.now = [HEAD, A, B], 0.0
        self.told: list[tuple[str, str]] = []
        self.requested: list[bool] = []
        self.ended: list[str] = []
        self.begun: list[str] = []
        self.asked: list[tuple[str, str]] = []
        monkeypatch.setattr(elastic, "nodes_alive", lambda: self.nodes)
        monkeypatch.setattr(
            elastic, "request_nodes", lambda config: self.requested.append(config is not None)
        )
        self.homes = {"learner": "a", "server-0": "a", "server-1": "b"}
        self.homes |= {"player-0": "a", "player-1": "b"}
        self.asks, self.players = {0: 0, 1: 1}, 1
        config = with_overrides(RunConfig(), {"cluster": {"address": "auto", **cluster}})
        self.elastic = Elastic(
            self._crew(),
            config,
            self._asking(),
            SimpleNamespace(left=lambda index: self.ended.append(f"figures {index}")),  # type: ignore[arg-type]
            lambda kind, text: self.told.append((kind, text)),
            lambda: self.now,
        )

    def _crew(self) -> Any:
        servers = {index: SimpleNamespace(register=f"register {index}") for index in (0, 1)}
        judge = SimpleNamespace(reach="reach")
        actors = SimpleNamespace(servers=servers, judge=judge)
        actors.named = lambda: dict.fromkeys((*self.homes, "player-2", "player-3"))

        def add_server(index: int, node: str, cores: int) -> None:
            servers[index], self.homes[f"server-{index}"] = SimpleNamespace(register=""), node

        def add_player(seat: Seat) -> int:
            index = self.players = self.players + 1
            self.asks[index], self.homes[f"player-{index}"] = seat.server, seat.node
            return index

        def remove_server(index: int) -> None:
            del servers[index], self.homes[f"server-{index}"]

        def remove_player(index: int) -> None:
            del self.asks[index], self.homes[f"player-{index}"]

        return SimpleNamespace(
            actors=actors,
            homes=self.homes,
            asks=self.asks,
            gpus=0.5,
            serving=[],
            add_server=add_server,
            add_player=add_player,
            remove_server=remove_server,
            remove_player=remove_player,
            players_of=lambda server: sum(asked == server for asked in self.asks.values()),
        )

    def _asking(self) -> Any:
        supervisor = SimpleNamespace(
            all_up=True,
            leave=self.ended.append,
            join=lambda name, actor: self.begun.append(name),
        )
        self.supervisor = supervisor

        def expect(who: str, method: Any, what: str, *arguments: Any) -> None:
            self.asked.append((who, what))

        return SimpleNamespace(supervisor=supervisor, expect=expect)

    def look(self) -> None:
        self.now += LOOK_SECONDS
        self.elastic.look()


def test_while_all_are_there_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    run = _Run(monkeypatch)
    run.look()
    assert (run.told, run.ended, run.begun, run.requested) == ([], [], [], [])


def test_who_has_lost_the_node_leaves_and_the_judge_learns_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run = _Run(monkeypatch)
    run.nodes = [HEAD, A]
    run.look()
    assert run.ended == ["player-1", "server-1", "figures 1"]
    assert run.asked == [("judge", "reach")]
    assert run.told == [("left", "server-1 and 1 player left: a node is gone")]
    run.look()
    assert len(run.told) == 1


def test_a_new_node_is_used_once_everybody_is_up(monkeypatch: pytest.MonkeyPatch) -> None:
    run = _Run(monkeypatch)
    run.nodes = [HEAD, A]
    run.look()
    run.nodes, run.supervisor.all_up = [HEAD, A, Node("c", 4, 1)], False
    run.look()
    assert not run.begun
    run.supervisor.all_up = True
    run.look()
    assert run.begun == ["server-2", "player-2"]
    assert run.homes["server-2"] == "c"
    assert run.told[-1] == ("joined", "server-2 and 1 player join: there is room for them")


def test_lost_gpus_that_were_asked_for_are_asked_for_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run = _Run(monkeypatch, gpus=2)
    run.nodes = [HEAD, A]
    run.look()
    run.look()
    assert run.requested == [True]
    assert ("left", "cluster.gpus = 2, the cluster has 1: nodes are asked for") in run.told
    run.nodes = [HEAD, A, Node("c", 4, 1)]
    run.look()
    run.elastic.end()
    assert run.requested == [True, False]


def test_a_run_that_ends_takes_back_what_it_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    run = _Run(monkeypatch, gpus=2)
    run.nodes = [HEAD, A]
    run.look()
    run.elastic.end()
    assert run.requested == [True, False]


def test_without_a_cluster_nobody_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    run = _Run(monkeypatch, address=None)
    monkeypatch.setattr(elastic, "nodes_alive", lambda: pytest.fail("it looks"))
    run.look()
