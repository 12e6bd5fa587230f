"""The judge whose leaves travel through Ray, with a rater beside it."""

import asyncio
from pathlib import Path
from typing import Any

from hexray.actors.judge import Judges
from hexray.actors.rater import Published, Rater, Slots
from hexray.cluster import remote_evaluate
from hexray.config import RunConfig
from hexray.curriculum import boards_of
from hexray.evaluation import BEST, LIVE, EvaluateAsync, Evaluation, Leaves


class JudgeActor(Judges):
    """A judge whose leaves travel through Ray, with a rater beside it."""

    def __init__(self, config: RunConfig, folder: Path, servers: list[Any]) -> None:
        self._rows, self._servers = config.inference.batch_rows, servers
        super().__init__(boards_of(config), self._evaluate_by(LIVE))

        async def load(published: Published, slot: int) -> None:
            chosen = self._servers if slot == BEST else self._servers[:1]
            await asyncio.gather(*(each.load.remote(published, slot) for each in chosen))

        async def match_seconds() -> float:
            return await self._servers[0].match_seconds.remote()

        self.rater = Rater(config, folder, Slots(self._evaluate_by, load, match_seconds))

    def _evaluate_by(self, slot: int) -> EvaluateAsync:
        """Ask the first server that there is when a question comes."""

        async def evaluate(leaves: Leaves) -> Evaluation:
            return await remote_evaluate(self._servers[0], self._rows, slot)(leaves)

        return evaluate

    async def reach(self, servers: list[Any]) -> None:
        """Take note that servers have joined or left."""
        self._servers = servers

    async def begin_rating(self, published: Published) -> None:
        """Make ready to rate versions; see ``Rater``."""
        await self.rater.begin(published)

    async def rate(self, published: Published) -> dict[str, float]:
        """Play one batch of games between versions; return metrics."""
        return await self.rater.rate(published)

    async def stop_rating(self) -> None:
        """Break the batch under way off, and play no more."""
        await self.rater.stop()
