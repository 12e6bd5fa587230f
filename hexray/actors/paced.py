"""Work beside something that it must not slow down, at a share of the time that passes."""

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from hexray.game.board import Boards
from hexray.play.players import Player

Result = TypeVar("Result")


class Stopped(Exception):
    """The work was told to stop."""


class Budget:
    """Says how long to wait so that work takes at most a share of the time.

    Over any stretch of time the work begun costs at most that share of it, and one piece more: what
    was not used earlier is lost, so there is never a burst. ``spent_s`` is all that it has cost.
    """

    def __init__(self, share: float, clock: Callable[[], float]) -> None:
        """Allow ``share`` (above 0) of the seconds that ``clock`` counts."""
        self._share, self._clock = share, clock
        self._free_at = clock()
        self.spent_s = 0.0

    def spend(self, seconds: float) -> None:
        """Account for a piece of work that has just ended."""
        self.spent_s += seconds
        self._free_at = max(self._free_at, self._clock()) + seconds / self._share

    def wait_s(self) -> float:
        """Return how many seconds to wait before the next piece of work."""
        return max(0.0, self._free_at - self._clock())


class Pace:
    """The pace of work in a thread beside an event loop, paid from a budget.

    A piece of work costs the CPU time of this process and what ``cost_elsewhere`` has grown by.
    """

    def __init__(
        self,
        budget: Budget,
        stopping: threading.Event,
        cost_elsewhere: Callable[[], Awaitable[float]],
        sleep: Callable[[float], object] | None = None,
    ) -> None:
        """Work until ``stopping`` is set, on behalf of the running event loop.

        ``sleep`` lets time pass; without one it is ``stopping`` that is waited for.
        """
        self._budget, self._stopping = budget, stopping
        self._cost_elsewhere = cost_elsewhere
        self._sleep = stopping.wait if sleep is None else sleep
        self._loop = asyncio.get_running_loop()
        self._elsewhere_s: float | None = None

    def pause(self) -> None:
        """Wait until work may go on; raises Stopped when it is to end."""
        self._sleep(self._budget.wait_s())
        if self._stopping.is_set():
            raise Stopped

    def wait_for(self, awaited: Awaitable[Result]) -> Result:
        """Let the event loop await something, from the thread of the work."""
        return asyncio.run_coroutine_threadsafe(_await(awaited), self._loop).result()

    @contextmanager
    def paid(self) -> Iterator[None]:
        """Pay for what is done inside."""
        if self._elsewhere_s is None:
            self._elsewhere_s = self.wait_for(self._cost_elsewhere())
        before_s, cpu_s = self._elsewhere_s, time.process_time()
        try:
            yield
        finally:
            self._elsewhere_s = self.wait_for(self._cost_elsewhere())
            # Whoever counts elsewhere may have begun anew, at nothing.
            elsewhere_s = max(0.0, self._elsewhere_s - before_s)
            self._budget.spend(time.process_time() - cpu_s + elsewhere_s)


class PacedPlayer:
    """Plays as another player does, move by move at a pace."""

    def __init__(self, player: Player, pace: Pace) -> None:
        self.name, self.at_once = player.name, player.at_once
        self._player, self._pace = player, pace

    def choose(self, boards: Boards, histories: Sequence[Sequence[int]]) -> NDArray[np.int64]:
        """Return a move for each of G undecided positions; raises Stopped."""
        self._pace.pause()
        with self._pace.paid():
            return self._player.choose(boards, histories)


async def _await(awaited: Awaitable[Result]) -> Result:
    return await awaited
