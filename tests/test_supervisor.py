"""Who dies, hangs, or cannot be helped, with real processes that do nothing else."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import psutil
import pytest
import ray

from hexray.calls import Calls
from hexray.cluster import LOST, NotBuilt, fetch, here, place_actor
from hexray.config import SupervisionSettings
from hexray.errors import CheckpointError, CrashBudgetSpent
from hexray.supervisor import Supervisor

pytestmark = [pytest.mark.ray, pytest.mark.timeout(200)]


class Body:
    """An actor that ends its process in its ``ends_in`` lives, and answers otherwise."""

    def __init__(self, life: int, ends_in: tuple[int, ...] = (), is_damaged: bool = False) -> None:
        if life in ends_in:
            os._exit(1)
        if is_damaged and life:
            raise CheckpointError("all checkpoints are damaged")
        self._life = life

    def pid(self) -> tuple[int, int]:
        """Return process and life."""
        return os.getpid(), self._life

    def nap(self, seconds: float) -> int:
        """Take some time."""
        time.sleep(seconds)
        return self._life


class Watched:
    """A supervisor of one actor, and what it has said."""

    def __init__(self, name: str, settings: SupervisionSettings, *arguments: Any) -> None:
        self.name, self.actor = name, place_actor(Body, name, here())
        self.actors, self._arguments = {name: self.actor}, arguments
        for stage in self._stages(name, 0):
            fetch(stage)
        self.told: list[tuple[str, str]] = []
        self.metrics: dict[str, float] = {}
        self.calls = Calls()
        actors = SimpleNamespace(named=lambda: self.actors)
        self.homes: dict[str, str] = {}
        crew: Any = SimpleNamespace(actors=actors, stages=self._stages, homes=self.homes)
        self.supervisor = Supervisor(
            crew, settings, self.calls, self.metrics.update, lambda *told: self.told.append(told)
        )

    def _stages(self, name: str, life: int) -> Iterator[list[Any]]:
        yield [self.actors[name].build.remote(life, life, *self._arguments)]
        yield [self.actors[name].open.remote()]

    def until(self, is_true: Callable[[], object], seconds: float = 100) -> None:
        """Look after the actor until something is true."""
        begun = time.monotonic()
        while not is_true():
            assert time.monotonic() - begun < seconds, self.told
            self.calls.wait(0.05)
            self.supervisor.look()

    def has_told(self, kind: str) -> list[str]:
        """Return what was told of one kind."""
        return [text for each, text in self.told if each == kind]


@pytest.fixture
def watch(ray_here: None) -> Iterator[Callable[..., Watched]]:
    """Watch an actor of a name of its own, quickly."""
    watched: list[Watched] = []

    def begin(*arguments: Any, **settings: float) -> Watched:
        name = f"watched-{os.getpid()}-{time.monotonic_ns()}"
        watched.append(Watched(name, SupervisionSettings(**settings), *arguments))
        return watched[-1]

    yield begin
    for each in watched:
        ray.kill(each.actor)


def test_a_killed_process_comes_back_with_another_life(watch: Callable[..., Watched]) -> None:
    one = watch()
    pid, life = fetch(one.actor.pid.remote())
    os.kill(pid, signal.SIGKILL)
    one.until(lambda: not one.supervisor.is_up(one.name))
    assert one.metrics == {"actors/deaths": 1, "actors/down": 1}
    one.until(lambda: one.supervisor.is_up(one.name))
    again, next_life = fetch(one.actor.pid.remote())
    assert again != pid
    assert (life, next_life) == (0, 1)
    assert one.metrics == {"actors/deaths": 1, "actors/down": 0}
    assert [kind for kind, _ in one.told] == ["death", "back"]


def test_a_call_is_lost_with_its_process_and_says_so(watch: Callable[..., Watched]) -> None:
    one = watch()
    pid, _ = fetch(one.actor.pid.remote())
    nap = one.actor.nap.remote(60)
    time.sleep(0.5)
    os.kill(pid, signal.SIGKILL)
    with pytest.raises(LOST):
        fetch(nap, 30)
    with pytest.raises(NotBuilt, match="began anew"):
        fetch(one.actor.pid.remote(), 30)


def test_what_cannot_be_helped_ends_the_run_by_name(watch: Callable[..., Watched]) -> None:
    one = watch((1, 2, 3, 4, 5), deaths=2, wait_seconds=0.1)
    os.kill(fetch(one.actor.pid.remote())[0], signal.SIGKILL)
    with pytest.raises(CrashBudgetSpent, match=rf"{one.name} died 3 times within 60 minutes"):
        one.until(lambda: False)
    assert len(one.has_told("death")) == 2
    assert "attempt 2" in one.has_told("death")[1]


def test_one_that_can_be_built_the_third_time_works_on(watch: Callable[..., Watched]) -> None:
    one = watch((1, 2), wait_seconds=0.1)
    os.kill(fetch(one.actor.pid.remote())[0], signal.SIGKILL)
    one.until(lambda: one.has_told("back"))
    assert fetch(one.actor.pid.remote())[1] == 3


def test_an_error_of_its_own_is_raised_as_it_is(watch: Callable[..., Watched]) -> None:
    one = watch((), True)
    os.kill(fetch(one.actor.pid.remote())[0], signal.SIGKILL)
    with pytest.raises(CheckpointError, match="all checkpoints are damaged"):
        one.until(lambda: False)


def test_a_frozen_process_is_replaced(watch: Callable[..., Watched]) -> None:
    one = watch(silent_seconds=3)
    pid, _ = fetch(one.actor.pid.remote())
    os.kill(pid, signal.SIGSTOP)
    one.until(lambda: one.has_told("back"))
    [text] = one.has_told("silence")
    assert f"{one.name} is replaced: it has given no sign of life for" in text
    assert fetch(one.actor.pid.remote())[0] != pid


def test_one_that_works_hard_is_slow_and_not_dead(watch: Callable[..., Watched]) -> None:
    one = watch(slow_seconds=1, silent_seconds=3)
    naps: list[int] = []
    one.calls.expect(one.name, one.actor.nap.remote(6), "nap", naps.append)
    one.until(lambda: one.metrics.get("alarm/slow"))
    one.until(lambda: naps)
    one.until(lambda: not one.metrics["alarm/slow"])
    assert naps == [0]
    assert one.has_told("slowness") == [
        f"{one.name} has been busy with nap for 1 s, alive but slow"
    ]
    assert not one.has_told("death")


def test_one_that_hangs_is_replaced(watch: Callable[..., Watched]) -> None:
    one = watch(slow_seconds=10, hang_seconds=20)
    one.calls.expect(one.name, one.actor.nap.remote(60), "nap", print, patience=0.1)
    one.until(lambda: one.has_told("back"))
    assert "has been busy with nap for" in one.has_told("silence")[0]


def test_full_memory_is_named_with_the_settings_that_take_it(
    watch: Callable[..., Watched],
) -> None:
    one = watch()
    one.supervisor._memory_percent = lambda: 97.0
    os.kill(fetch(one.actor.pid.remote())[0], signal.SIGKILL)
    one.until(lambda: one.has_told("death"))
    assert "the memory of the machine was at 97 %" in one.has_told("death")[0]
    assert "lower replay.window_rows" in one.has_told("death")[0]


def test_one_that_joins_is_built_and_then_kept_alive(watch: Callable[..., Watched]) -> None:
    one = watch()
    other = one.actors["other"] = place_actor(Body, f"{one.name}-other", here())
    one.supervisor.join("other", other)
    assert not one.supervisor.all_up
    one.until(lambda: one.supervisor.all_up)
    pid, life = fetch(other.pid.remote())
    assert (life, one.has_told("death")) == (0, [])
    os.kill(pid, signal.SIGKILL)
    one.until(lambda: len(one.has_told("back")) == 2)
    assert fetch(other.pid.remote())[1] == 1
    one.supervisor.leave("other")


def test_one_that_leaves_is_ended_for_good_and_owes_nothing(watch: Callable[..., Watched]) -> None:
    one = watch()
    other = one.actors["other"] = place_actor(Body, f"{one.name}-other", here())
    one.supervisor.join("other", other)
    one.until(lambda: one.supervisor.all_up)
    pid = fetch(other.pid.remote())[0]
    naps: list[int] = []
    one.calls.expect("other", other.nap.remote(60), "nap", naps.append)
    one.supervisor.leave("other")
    one.until(lambda: not psutil.pid_exists(pid))
    begun = time.monotonic()
    one.until(lambda: time.monotonic() > begun + 3)
    assert one.metrics == {"actors/deaths": 0, "actors/down": 0}
    assert not one.has_told("death")
    assert not len(one.calls)
    assert not naps


def test_the_node_of_each_actor_is_known(watch: Callable[..., Watched]) -> None:
    one = watch()
    one.until(lambda: one.homes)
    assert one.homes == {one.name: here()}
