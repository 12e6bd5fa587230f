"""Calls of actors under way: who was asked for what, since when, and what to do with the answer."""

import time
from collections import Counter
from collections.abc import Callable
from typing import Any, NamedTuple

import ray

from hexray.cluster import LOST, fetch
from hexray.errors import DiskRefuses

Then = Callable[[Any], object]


class Call(NamedTuple):
    """``who`` was asked for ``what`` at second ``since``; ``then`` receives the answer.

    It may take ``patience`` times as long as most calls.
    """

    who: str
    what: str
    since: float
    then: Then
    patience: float = 1.0


Lost = tuple[Call, Exception]
"""A call without an answer, and why: its process died, or the disk refused; to be tried again."""


class Calls:
    """Bookkeeping of calls: every answer is looked at once, and every loss is told."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._under_way: dict[Any, Call] = {}
        self._counts: Counter[tuple[str, str]] = Counter()
        self._totals: Counter[str] = Counter()

    def expect(self, who: str, ref: Any, what: str, then: Then, patience: float = 1.0) -> None:
        """Wait for ``ref``, the answer of the actor ``who``."""
        self._under_way[ref] = Call(who, what, self._clock(), then, patience)
        self._count(who, what, 1)

    def wait(self, timeout_s: float) -> list[Lost]:
        """Wait until there is an answer, and hand all on that are there; return what was lost.

        Returns after ``timeout_s`` at the latest. Errors of an actor itself are raised.
        """
        if self._under_way:
            ray.wait(list(self._under_way), timeout=timeout_s)
        else:
            time.sleep(timeout_s)
        return self.take()

    def take(self) -> list[Lost]:
        """Hand on all answers that are there; return the calls that were lost."""
        if not self._under_way:
            return []
        refs = list(self._under_way)
        # Looking takes as long as there are calls, so it is done for all answers together.
        done, _ = ray.wait(refs, num_returns=len(refs), timeout=0)
        lost: list[Lost] = []
        for ref in done:
            call = self._under_way.pop(ref, None)
            if call is None:  # forgotten, because of an answer before
                continue
            self._count(call.who, call.what, -1)
            try:
                answer = fetch(ref)
            except (*LOST, DiskRefuses) as error:
                lost.append((call, error))
            else:
                call.then(answer)
        return lost

    def forget(self, who: str) -> None:
        """Forget what an actor was asked; its answers, if they come, are nobody's."""
        lost = [ref for ref, call in self._under_way.items() if call.who == who]
        for ref in lost:
            call = self._under_way.pop(ref)
            self._count(call.who, call.what, -1)

    def count(self, what: str) -> int:
        """Count the calls for ``what`` under way, to anybody."""
        return self._totals[what]

    def is_asked(self, who: str, what: str) -> bool:
        """Say whether such a call is under way."""
        return self._counts[who, what] > 0

    def oldest(self) -> list[Call]:
        """Return the call of each actor that is nearest to its limit, if any is under way."""
        oldest: dict[str, Call] = {}
        now = self._clock()
        for call in self._under_way.values():
            other = oldest.setdefault(call.who, call)
            if (now - call.since) / call.patience > (now - other.since) / other.patience:
                oldest[call.who] = call
        return list(oldest.values())

    def __len__(self) -> int:
        return len(self._under_way)

    def _count(self, who: str, what: str, change: int) -> None:
        self._counts[who, what] += change
        self._totals[what] += change
