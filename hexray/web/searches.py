"""One search at a time on a thread of its own, others in a short line, their news for asyncio."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from hexray.web.refused import Refused, refusal

MOST_WAITING = 32
_GONE = "the search was stopped"

Emit = Callable[[Any], None]
IsStopped = Callable[[], bool]
Work = Callable[[Emit, IsStopped], Any]
"""What a search does on its thread: it emits news, looks now and then whether it is stopped, and
returns its result."""


class Search:
    """A search that waits, goes on or has ended; all but its run belongs to the event loop.

    Of the news that nobody has read yet only the last ``keeps`` are kept.
    """

    def __init__(self, work: Work, keeps: int) -> None:
        self._work, self._loop = work, asyncio.get_running_loop()
        self._news: deque[Any] = deque(maxlen=keeps)
        self._changed = asyncio.Event()
        self._result: asyncio.Future[Any] = self._loop.create_future()
        self._stops = False

    def run(self) -> Any:
        """Do the work, on its thread."""

        def emit(item: Any) -> None:
            self._loop.call_soon_threadsafe(self._take, item)

        return self._work(emit, self.is_stopped)

    def is_stopped(self) -> bool:
        """Say whether nobody waits for the result any more; from any thread."""
        return self._stops

    def stop(self, reason: Refused | None = None) -> None:
        """End the wait for the result at once, and the work with its round."""
        self._stops = True
        if not self._result.done():
            self._result.set_exception(reason or refusal(_GONE, status=503))
            self._result.exception()  # nobody has to ask for it
        self._changed.set()

    def finish(self, done: "asyncio.Future[Any]") -> None:
        """Take over the result of the work, or the error that it has raised."""
        error = done.exception()
        if not self._result.done():
            if error is None:
                self._result.set_result(done.result())
            else:
                self._result.set_exception(error)
        self._changed.set()

    async def news(self) -> AsyncIterator[Any]:
        """Yield what the work emits, until there is a result or an error."""
        while True:
            while self._news:
                yield self._news.popleft()
            if self._result.done():
                return
            self._changed.clear()
            await self._changed.wait()

    async def result(self) -> Any:
        """Return the result; raises what the work raised, or Refused when it was stopped."""
        return await asyncio.shield(self._result)

    def _take(self, item: Any) -> None:
        self._news.append(item)
        self._changed.set()


class Searches:
    """The line of searches; belongs to the event loop."""

    def __init__(self, most_waiting: int = MOST_WAITING) -> None:
        """Begin with none; at most ``most_waiting`` wait besides the one that goes on."""
        self._most = most_waiting
        self._line: deque[Search] = deque()
        self._running: Search | None = None
        self._worker = ThreadPoolExecutor(1, "search")
        self._is_open = True

    @property
    def waiting(self) -> int:
        """How many searches wait for their turn."""
        return sum(not search.is_stopped() for search in self._line)

    @property
    def is_busy(self) -> bool:
        """Whether a search goes on."""
        return self._running is not None

    def begin(self, work: Work, keeps: int = 1) -> Search:
        """Put a search into the line, of whose news the last ``keeps`` wait to be read.

        Refused with status 503 when the line is full.
        """
        if not self._is_open:
            raise refusal("the server is about to end", status=503)
        self._line = deque(search for search in self._line if not search.is_stopped())
        if len(self._line) >= self._most:
            raise refusal(f"{self._most} searches wait already; try again soon", status=503)
        search = Search(work, keeps)
        self._line.append(search)
        self._next()
        return search

    def stop_all(self) -> None:
        """Stop every search, and begin no other."""
        self._is_open = False
        for search in (*self._line, *filter(None, [self._running])):
            search.stop(refusal("the server has ended", status=503))

    def close(self) -> None:
        """Stop every search and wait for the end of the round that goes on."""
        self.stop_all()
        self._worker.shutdown(wait=True, cancel_futures=True)

    def _next(self) -> None:
        while self._line and self._running is None:
            search = self._line.popleft()
            if search.is_stopped():
                continue
            self._running = search
            loop = asyncio.get_running_loop()
            future = loop.run_in_executor(self._worker, search.run)
            future.add_done_callback(partial(self._ended, search))

    def _ended(self, search: Search, done: "asyncio.Future[Any]") -> None:
        self._running = None
        if not done.cancelled():
            search.finish(done)
        if self._is_open:
            self._next()
