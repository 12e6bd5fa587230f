"""The inference server: one network, many clients, batches as they come."""

import asyncio
import time
from collections import deque
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hexray.batching import Request, next_batch
from hexray.config import InferenceSettings, NetSettings
from hexray.errors import SlotEmpty
from hexray.evaluation import HOME, LIVE, RIVAL, Evaluation, Leaves
from hexray.net.cache import CachedEvaluator, Network
from hexray.net.evaluator import Evaluator
from hexray.usage import Spent

MATCH_SLOTS = (HOME, RIVAL)
"""Weights of the two sides of a match; one client asks for them, a batch at a time."""
_WAITS_KEPT = 4096
_COUNTS = ("evaluations", "batches", "busy_s", "cache_asked", "cache_hits")


class _Waiting(NamedTuple):
    request: Request
    leaves: Leaves
    answer: asyncio.Future


class InferenceServer:
    """Evaluates leaves for everybody, with the weights of the slot that is asked.

    LIVE holds those published last, BEST those of the best version where players use it, HOME and
    RIVAL those of the two sides of a match.
    ``spent`` is the CPU time of the network's thread, in seconds.

    The network runs in a thread of its own, so the event loop stays free for requests. New
    weights go through the same thread and so always fall between two batches.
    """

    def __init__(
        self, net: NetSettings, settings: InferenceSettings, size: int, cores: int = 1
    ) -> None:
        """Build the network; ``size`` is the board on which ways to run it are measured.

        ``cores`` are those that its threads may take.
        """
        self._net, self._settings, self._size, self._cores = net, settings, size, cores
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="network")
        self._evaluators = {LIVE: self._evaluator(LIVE)}
        self._queue: list[_Waiting] = []
        self._arrival = asyncio.Event()
        self._clients = 1
        self._worker: asyncio.Task | None = None
        self._waits: deque[float] = deque(maxlen=_WAITS_KEPT)
        self._counts: dict[str, float] = dict.fromkeys(_COUNTS, 0)
        self._match_s = 0.0
        self.spent: Spent = {"network": 0.0}

    async def prepare(self, size: int) -> None:
        """Compile the network for boards of another side now, so that no request waits for it."""
        network = self._evaluators[LIVE]
        await asyncio.get_running_loop().run_in_executor(self._thread, network.prepare, size)

    async def register(self, clients: int) -> None:
        """Tell how many clients ask regularly, so that a batch with all of them goes at once."""
        self._clients = clients
        self._arrival.set()

    async def load(self, published: tuple[int, Mapping[str, NDArray]], slot: int = LIVE) -> int:
        """Take a new version of the weights into a slot; return its number.

        Requests already waiting are answered with it too.
        """
        await asyncio.get_running_loop().run_in_executor(self._thread, self._load, *published, slot)
        return published[0]

    async def evaluate(self, cells: NDArray[np.int8], size: int, slot: int = LIVE) -> Evaluation:
        """Evaluate int8[B, A] cells (mover frame) in one batch, with those of other requests.

        Raises SlotEmpty when the slot has no weights, EvaluationError when the network fails, and
        ValueError for cells that are no rows of boards of side ``size``.
        """
        if len(cells) == 0 or cells.shape != (len(cells), size * size):
            raise ValueError(f"cells of shape {cells.shape} are no rows of {size}x{size} boards")
        if slot not in self._evaluators:
            raise SlotEmpty(f"no weights are loaded in slot {slot}; call load first")
        loop = asyncio.get_running_loop()
        if self._worker is None:
            self._worker = loop.create_task(self._serve())
        # The side of a match waits for nobody to share its batch, and holds nobody up.
        patience = self._settings.wait_ms / 1000 if slot in MATCH_SLOTS else 0.0
        request = Request((size, slot), len(cells), time.monotonic() - patience)
        waiting = _Waiting(request, Leaves(cells, size), loop.create_future())
        self._queue.append(waiting)
        self._arrival.set()
        return await waiting.answer

    async def stats(self) -> dict[str, float]:
        """Return totals since the start, and the waiting times of the requests since the last call.

        ``evaluations`` are rows that the network evaluated. With a cache, ``cache_asked`` are the
        rows answered and ``cache_hits`` those of them that it was not asked for; without, both
        are 0. Waits run from the arrival of a request to its answer, in milliseconds; the latest
        4096 count.
        """
        waits = np.array(self._waits or [0.0]) * 1000
        self._waits.clear()
        p50, p99 = np.percentile(waits, [50, 99])
        return {
            **self._counts,
            "batch_rows": self._settings.batch_rows,
            "wait_ms_p50": float(p50),
            "wait_ms_p99": float(p99),
            "queue": len(self._queue),
        }

    async def match_seconds(self) -> float:
        """Return for how many seconds the network has worked for matches since the start."""
        return self._match_s

    async def precision(self) -> str:
        """Return the number format the network runs in."""
        return self._evaluators[LIVE].precision

    async def choice(self) -> str:
        """Say in one line how the network is run, and how that was chosen."""
        return self._evaluators[LIVE].choice

    def close(self) -> None:
        """Serve no more. Nobody may be waiting for an answer."""
        if self._worker is not None:
            self._worker.cancel()
        self._thread.shutdown()

    async def _serve(self) -> None:
        settings = self._settings
        while True:
            while not self._queue:
                self._arrival.clear()
                await self._arrival.wait()
            requests = [waiting.request for waiting in self._queue]
            batch, wait_s = next_batch(
                requests,
                time.monotonic(),
                settings.batch_rows,
                settings.wait_ms / 1000,
                self._clients,
            )
            if not batch:
                await self._wait_for_more(wait_s)
                continue
            chosen = [self._queue[place] for place in batch]
            kept = set(range(len(self._queue))).difference(batch)
            self._queue = [self._queue[place] for place in sorted(kept)]
            await self._answer(chosen)

    async def _wait_for_more(self, wait_s: float) -> None:
        self._arrival.clear()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._arrival.wait(), wait_s)

    async def _answer(self, chosen: list[_Waiting]) -> None:
        loop = asyncio.get_running_loop()
        running = loop.run_in_executor(self._thread, self._run, chosen)
        done, _ = await asyncio.wait([running])
        error = done.pop().exception()
        stop, now = 0, time.monotonic()
        for waiting in chosen:
            start, stop = stop, stop + waiting.request.rows
            if waiting.answer.cancelled():
                continue
            if error is not None:
                waiting.answer.set_exception(error)
                continue
            evaluation = running.result()
            waiting.answer.set_result(
                Evaluation(
                    evaluation.logits[start:stop], evaluation.value[start:stop], evaluation.version
                )
            )
            if waiting.request.kind[1] not in MATCH_SLOTS:
                self._waits.append(now - waiting.request.arrived)

    def _run(self, chosen: list[_Waiting]) -> Evaluation:
        start, cpu_start = time.perf_counter(), time.thread_time()
        (size, slot), cells = chosen[0].request.kind, [w.leaves.cells for w in chosen]
        batch = cells[0] if len(cells) == 1 else np.concatenate(cells)
        evaluation = self._evaluators[slot](Leaves(batch, size))
        self._count(len(batch))
        elapsed = time.perf_counter() - start
        self._counts["busy_s"] += elapsed
        self._match_s += elapsed if slot in MATCH_SLOTS else 0.0
        self.spent["network"] += time.thread_time() - cpu_start
        return evaluation

    def _load(self, version: int, weights: Mapping[str, NDArray], slot: int) -> None:
        if slot not in self._evaluators:
            self._evaluators[slot] = self._evaluator(slot)
        self._evaluators[slot].load(version, weights)

    def _evaluator(self, slot: int) -> Network:
        settings = self._settings
        if slot in MATCH_SLOTS:
            # Measuring and compiling would hold up everybody for seconds.
            quick = {"backend": "eager", "precision": self._evaluators[LIVE].precision}
            settings = settings.model_copy(update={**quick, "threads": max(settings.threads, 1)})
        network = Evaluator(self._net, settings, self._size, cores=self._cores)
        positions = self._settings.cache_positions
        return CachedEvaluator(network, positions) if positions else network

    def _count(self, rows: int) -> None:
        """Count a batch of ``rows`` that was answered."""
        counts, every = self._counts, self._evaluators.values()
        caches = [cache for cache in every if isinstance(cache, CachedEvaluator)]
        hits = sum(cache.hits for cache in caches)
        counts["evaluations"] += rows - (hits - counts["cache_hits"])
        counts["batches"] += 1
        counts["cache_asked"] = sum(cache.asked for cache in caches)
        counts["cache_hits"] = hits
