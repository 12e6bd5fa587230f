"""A player: groups of games that take turns, so that one searches while the others wait."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from hexray.config import RunConfig
from hexray.data.games import GameBlock, concat_games
from hexray.evaluation import EvaluateAsync, Evaluation, Leaves, drive_async
from hexray.play.selfplay import SelfPlay
from hexray.usage import Spent

Deliver = Callable[[GameBlock], Awaitable[tuple[str, ...]]]


class Player:
    """Plays for as long as it is told; keeps finished games until replay has acknowledged them.

    ``spent`` is the CPU time of searching and playing, in seconds, messages not counted.
    """

    def __init__(
        self,
        config: RunConfig,
        name: str,
        stream: tuple[int, ...],
        evaluate: EvaluateAsync,
        deliver: Deliver,
    ) -> None:
        """Begin the games; ``name`` and ``stream`` set this player apart from all others."""
        self._config, self._name, self._stream = config, name, stream
        self._evaluate, self._deliver = evaluate, deliver
        self._groups: dict[int, list[SelfPlay]] = {}
        self._unacknowledged: list[GameBlock] = []
        self._delivering, self._playing = asyncio.Lock(), asyncio.Lock()
        self._wait_s = 0.0
        self.spent: Spent = {"search": 0.0}

    async def play(self, seconds: float, board: int | None = None) -> dict[str, float]:
        """Play for about ``seconds`` on one board, by default the one that the run is about.

        The games of other boards wait. What earlier rounds finished is delivered meanwhile.

        Returns what was done; ``wait_share`` is the part of the time that an average group waited
        for evaluations, the counts of decided games are those of ``SelfPlay.take_counts``. When a
        delivery fails its error is raised after the round, and the games are sent again with the
        next one. A round that is asked for while one goes on comes after it.
        """
        async with self._playing:  # an answer may be lost on its way, and the round asked again
            return await self._play(seconds, self._config.board if board is None else board)

    async def _play(self, seconds: float, board: int) -> dict[str, float]:
        playing = self._groups_of(board)
        start, self._wait_s = time.monotonic(), 0.0
        delivery = asyncio.create_task(self.deliver())
        until = start + seconds
        groups = [asyncio.create_task(self._play_group(group, until)) for group in playing]
        # All of them end, also when one fails: none may run on into the next round.
        await asyncio.wait(groups)
        elapsed = time.monotonic() - start
        counts = [group.take_counts() for group in playing]
        await asyncio.gather(delivery, *groups)
        return {
            "moves": sum(group.result() for group in groups),
            "seconds": elapsed,
            "wait_share": self._wait_s / elapsed / len(playing),
            **{name: sum(count[name] for count in counts) for name in counts[0]},
        }

    async def deliver(self) -> None:
        """Deliver all finished games and return once they are acknowledged."""
        async with self._delivering:
            blocks = tuple(self._unacknowledged)
            for size in {block.size for block in blocks}:
                await self._deliver(concat_games([b for b in blocks if b.size == size]))
            del self._unacknowledged[: len(blocks)]

    def _groups_of(self, board: int) -> list[SelfPlay]:
        """Return the groups that play on ``board``; they begin when they are first asked for."""
        config = self._config
        if board not in self._groups:
            self._groups[board] = [
                SelfPlay(
                    board,
                    config.selfplay,
                    config.search,
                    f"{self._name}-{board}-{group}",
                    config.seed,
                    (*self._stream, board, group),
                )
                for group in range(config.selfplay.halves)
            ]
        return self._groups[board]

    async def _play_group(self, group: SelfPlay, until: float) -> int:
        moves, searching_since = 0, time.thread_time()

        async def evaluate(leaves: Leaves) -> Evaluation:
            # Between two waits nothing else runs in this thread.
            nonlocal searching_since
            self.spent["search"] += time.thread_time() - searching_since
            start = time.monotonic()
            evaluation = await self._evaluate(leaves)
            self._wait_s += time.monotonic() - start
            searching_since = time.thread_time()
            return evaluation

        while time.monotonic() < until:
            block = await drive_async(group.step(), evaluate)
            moves += group.games
            if block is not None:
                self._unacknowledged.append(block)
        self.spent["search"] += time.thread_time() - searching_since
        return moves
