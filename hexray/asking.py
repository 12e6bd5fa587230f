"""Asks the actors of a run, over deaths of their processes and over a disk that refuses."""

import math
import time
from collections.abc import Callable
from typing import Any

from hexray.calls import Calls, Then
from hexray.config import SupervisionSettings
from hexray.crew import Crew
from hexray.errors import DiskRefuses
from hexray.figures import Report
from hexray.guard import Restraint
from hexray.supervisor import Supervisor, Tell

TICK_S = 0.5
DISK_SECONDS = 5.0
MATCH_PATIENCE = 20.0
"""Rating games may take so many times as long as other calls: they have a share of the time."""


class Asking:
    """What actors were asked, and what became of it.

    A call that was lost with a process, or that the disk refused, is forgotten: whoever wants the
    answer asks again, when the actor is up and ``has_to_wait`` is over.
    """

    def __init__(
        self,
        crew: Crew,
        settings: SupervisionSettings,
        report: Report,
        tell: Tell,
        restraint: Restraint,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """``restraint`` holds playing and training back while the disk refuses."""
        self._tell, self._restraint, self._clock = tell, restraint, clock
        self._calls = Calls(clock)
        self._supervisor = Supervisor(crew, settings, self._calls, report, tell, clock)
        self._refused_at = -math.inf

    @property
    def has_to_wait(self) -> bool:
        """Whether the disk has refused something a moment ago."""
        return self._clock() - self._refused_at < DISK_SECONDS

    def is_up(self, who: str) -> bool:
        """Say whether an actor can be asked."""
        return self._supervisor.is_up(who)

    def is_free(self, who: str, what: str) -> bool:
        """Say whether an actor is up and not being asked for ``what``."""
        return self.is_up(who) and not self._calls.is_asked(who, what)

    def count(self, what: str) -> int:
        """Count the calls for ``what`` under way."""
        return self._calls.count(what)

    @property
    def supervisor(self) -> Supervisor:
        """Who looks after the actors."""
        return self._supervisor

    def __len__(self) -> int:
        """Count all calls under way."""
        return len(self._calls)

    def expect(
        self, who: str, method: Any, what: str, *arguments: Any, then: Then = lambda _: None
    ) -> None:
        """Ask an actor for ``what``, unless its process is gone; ``then`` receives the answer."""
        if self.is_up(who):
            self.wait_for(who, method.remote(*arguments), what, then)

    def wait_for(self, who: str, ref: Any, what: str, then: Then) -> None:
        """Wait for the answer to a call that was made already."""
        self._calls.expect(who, ref, what, then, MATCH_PATIENCE if what == "match" else 1.0)

    def answer(self, who: str, method: Any, *arguments: Any) -> Any:
        """Ask an actor until it answers; return the answer."""
        answers: list[Any] = []
        while not answers:
            if self.is_free(who, "answer") and not self.has_to_wait:
                self.expect(who, method, "answer", *arguments, then=answers.append)
            self.collect()
        return answers[0]

    def answers_of_all(self, methods: dict[str, Any]) -> None:
        """Ask actors by their names, and again until the disk has refused none of them."""
        refused_at = None
        while refused_at != self._refused_at:
            while self.has_to_wait:
                self.collect()
            refused_at = self._refused_at
            for who, method in methods.items():
                self.expect(who, method, "answer")
            self.drain()

    def drain(self) -> None:
        """Wait until nothing is under way."""
        while len(self._calls):
            self.collect()

    def collect(self) -> list[str]:
        """Wait for the next answer and look after the actors; return who has come back."""
        for call, error in self._calls.wait(TICK_S):
            if isinstance(error, DiskRefuses):
                self._pause(error)
            else:
                self._supervisor.suspect(call.who)
        return self._supervisor.look()

    def _pause(self, error: DiskRefuses) -> None:
        self._restraint.hold(DISK_SECONDS)
        if self._clock() - self._refused_at > 2 * DISK_SECONDS:
            text = f"{error}; playing and training wait, and try again every {DISK_SECONDS:.0f} s"
            self._tell("disk", text)
        self._refused_at = self._clock()
