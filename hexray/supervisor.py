"""Keeps the actors of a run alive: builds anew who died, and names who hangs."""

import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

import psutil
import ray

from hexray.calls import Call, Calls
from hexray.cluster import memory_limit
from hexray.config import SupervisionSettings
from hexray.crew import Crew
from hexray.errors import CrashBudgetSpent
from hexray.health import (
    Health,
    State,
    begun,
    built,
    died,
    is_silent,
    is_spent,
    wait_s,
)
from hexray.stages import Stages

BEAT_SECONDS = 1.0
BEATS_PER_SECOND = 100
"""How many signs of life are asked for at most: beyond so many actors, each is asked less often."""
LOOK_SECONDS = 0.2
MEMORY_SECONDS = 90.0
"""How long before the news of a death the machine may have been full: a process that Ray cannot
begin anew because memory is full is missed only when it has been silent for a while."""
Report = Callable[[Mapping[str, float]], object]
Tell = Callable[[str, str], object]
"""Receives a kind of trouble (death, silence, slowness) and what to say of it."""


class Supervisor:
    """Watches over the actors of a crew, which are up when it begins.

    That a process died is told by its signs of life alone: a call may also fail because of another
    process than the one that was called.
    """

    def __init__(
        self,
        crew: Crew,
        settings: SupervisionSettings,
        calls: Calls,
        report: Report,
        tell: Tell,
        clock: Callable[[], float] = time.monotonic,
        memory_percent: Callable[[], float] = lambda: psutil.virtual_memory().percent,
    ) -> None:
        """Watch ``calls`` too: how long they take, and that none outlives the process it went to.

        ``report`` receives metrics as they come.
        """
        self._crew, self._settings, self._calls = crew, settings, calls
        self._report, self._tell, self._clock = report, tell, clock
        self._actors: dict[str, Any] = dict(crew.actors.named())
        self._health = dict.fromkeys(self._actors, Health(State.UP, clock(), clock()))
        self._beats, self._builds = Calls(clock), Calls(clock)
        self._stages: dict[str, Stages] = {}
        self._beat_due = dict.fromkeys(self._actors, 0.0)
        self._look_due = 0.0
        self._slow: set[tuple[str, float]] = set()
        self._deaths = 0
        self._came_back: list[str] = []
        self._memory_percent = memory_percent
        self._memory = deque[float](maxlen=round(MEMORY_SECONDS / LOOK_SECONDS))

    def is_up(self, name: str) -> bool:
        """Say whether an actor can be asked for work."""
        return self._health[name].state is State.UP

    @property
    def all_up(self) -> bool:
        """Whether everybody can be asked."""
        return all(health.state is State.UP for health in self._health.values())

    def join(self, name: str, actor: Any) -> None:
        """Watch over one more actor, which is still to be built."""
        now = self._clock()
        self._actors[name], self._beat_due[name] = actor, 0.0
        self._health[name] = Health(State.BUILDING, now, now)
        self._stages[name] = self._crew.stages(name, 0)

    def leave(self, name: str) -> None:
        """End an actor for good, and forget what it was asked."""
        for calls in (self._calls, self._beats, self._builds):
            calls.forget(name)
        ray.kill(self._actors.pop(name))
        del self._health[name]
        self._count_down()

    def suspect(self, name: str) -> None:
        """Look after an actor at once, because a call has failed."""
        self._beat_due[name] = self._look_due = 0.0

    def look(self) -> list[str]:
        """Look after everybody; return who has come back.

        Does nothing if it has just looked. Raises CrashBudgetSpent when an actor died too often,
        and what an actor raises itself when it is built.
        """
        now = self._clock()
        if now < self._look_due:
            return []
        self._look_due = now + LOOK_SECONDS
        self._memory.append(self._memory_percent())
        for call, _ in self._beats.take():
            self._lost(call)
        for call, _ in self._builds.take():
            self._lost(call)
            ray.kill(self._actors[call.who], no_restart=False)  # what is half built is of no use
        for name in self._actors:
            self._look_after(name, now)
        self._watch(now)
        back, self._came_back = self._came_back, []
        return back

    def _look_after(self, name: str, now: float) -> None:
        health, settings = self._health[name], self._settings
        if health.state is State.UP:
            self._ask_for_sign(name, now)
            if is_silent(health, now, settings):
                self._replace(name, f"it has given no sign of life for {now - health.heard:.0f} s")
        elif health.state is State.BUILDING:
            self._build(name, now)
        elif now - health.since >= wait_s(health, settings):
            self._health[name] = begun(health, now)
            self._stages[name] = self._crew.stages(name, self._health[name].life)
            self._build(name, now)

    def _ask_for_sign(self, name: str, now: float) -> None:
        if now >= self._beat_due[name] and not self._beats.is_asked(name, "beat"):
            self._beat_due[name] = now + max(BEAT_SECONDS, len(self._actors) / BEATS_PER_SECOND)
            beat = self._actors[name].beat.remote()
            self._beats.expect(name, beat, "beat", lambda sign: self._heard(name, *sign))

    def _heard(self, name: str, is_open: bool, node: str) -> None:
        if self._health[name].state is State.UP:
            self._crew.homes[name] = node
            self._health[name] = self._health[name]._replace(heard=self._clock())
            if not is_open:
                self._count_death(name, "its process ended, and a new one has begun")

    def _lost(self, call: Call) -> None:
        health = self._health[call.who]
        # What was asked before a death is already accounted for.
        if health.state is not State.DOWN and call.since >= health.since:
            self._count_death(call.who, "its process ended")

    def _build(self, name: str, now: float) -> None:
        """Go on to the next stage of building when the one before is done."""
        health = self._health[name]
        if self._builds.is_asked(name, "build"):
            if now - health.since > self._settings.hang_seconds:
                self._replace(name, f"it could not be built in {now - health.since:.0f} s")
            return
        refs = next(self._stages[name], None)
        for ref in refs or ():
            self._builds.expect(name, ref, "build", lambda _: None)
        if refs is None:
            self._health[name] = built(health, now)
            self._came_back.append(name)
            self._tell("back", f"{name} works again")
            self._count_down()

    def _replace(self, name: str, reason: str) -> None:
        """End a process that is of no use; Ray begins another."""
        ray.kill(self._actors[name], no_restart=False)
        self._tell("silence", f"{name} is replaced: {reason}")
        self._count_death(name, reason)

    def _count_death(self, name: str, reason: str) -> None:
        self._health[name] = health = died(self._health[name], self._clock(), self._settings)
        self._deaths += 1
        self._calls.forget(name)  # Ray may ask them again of the next process
        self._count_down()
        if max(self._memory, default=0.0) >= memory_limit():
            reason += (
                f" (the memory of the machine was at {max(self._memory):.0f} %, and from "
                f"{memory_limit():.0f} % on Ray ends processes: lower replay.window_rows, "
                "selfplay.players or selfplay.games)"
            )
        if is_spent(health, self._settings):
            raise CrashBudgetSpent(
                f"{name} died {len(health.deaths)} times within "
                f"{self._settings.window_minutes:g} minutes, the last time because {reason}; "
                "mend that, or raise supervision.deaths, and give the same command again"
            )
        wait = wait_s(health, self._settings)
        when = f" in {wait:.0f} s, attempt {health.failures}" if wait else ""
        self._tell("death", f"{name} died: {reason}; it is built anew{when}")

    def _count_down(self) -> None:
        down = sum(health.state is not State.UP for health in self._health.values())
        self._report({"actors/deaths": self._deaths, "actors/down": down})

    def _watch(self, now: float) -> None:
        """Tell who is slow, once a call, and replace who hangs."""
        slow = set()
        for call in self._calls.oldest():
            age_s = now - call.since
            if not self.is_up(call.who) or age_s < self._settings.slow_seconds * call.patience:
                continue
            slow.add((call.who, call.since))
            text = f"{call.who} has been busy with {call.what} for {age_s:.0f} s"
            if age_s > self._settings.hang_seconds * call.patience:
                self._replace(call.who, text)
            elif (call.who, call.since) not in self._slow:
                self._tell("slowness", f"{text}, alive but slow")
        if bool(slow) != bool(self._slow):
            self._report({"alarm/slow": float(bool(slow))})
        self._slow = slow
