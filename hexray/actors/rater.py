"""The rater: plays versions of a run against each other, rates them, and finds the best."""

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import NamedTuple

from hexray.actors.paced import Budget, Pace, PacedPlayer, Stopped
from hexray.config import RunConfig, SearchSettings, candidates_for
from hexray.errors import CheckpointError, SlotEmpty
from hexray.evaluation import BEST, HOME, RIVAL, EvaluateAsync, know_nothing
from hexray.net.kept import (
    Published,
    ServedNet,
    keep_net,
    kept_path,
    kept_versions,
    point_to_best,
    read_kept,
)
from hexray.play.arena import play_match
from hexray.play.openings import draw_openings
from hexray.play.players import NetworkPlayer
from hexray.ratings.ladder import (
    Batch,
    Ladder,
    after,
    enter,
    pairs_of,
    surplus,
)
from hexray.ratings.ladder_file import LADDER_FILE, read_ladder, write_ladder
from hexray.ratings.results import count_pairs
from hexray.ratings.standings import may_enter, metrics_of, next_match


class Slots(NamedTuple):
    """How the rater reaches the slots of the inference servers.

    evaluate       returns what evaluates leaves with the weights of HOME or RIVAL
    load           loads weights into HOME or RIVAL, or into BEST on every server
    match_seconds  the seconds that the network has worked for HOME and RIVAL
    """

    evaluate: Callable[[int], EvaluateAsync]
    load: Callable[[Published, int], Awaitable[object]]
    match_seconds: Callable[[], Awaitable[float]]


class Rater:
    """Owns the ladder of a run. A batch that is cut short counts for nothing.

    What is on disk is always enough to go on: weights are kept before anything names them, games
    and promotions are one file, and the pointer to the best follows from it.
    """

    def __init__(
        self,
        config: RunConfig,
        run: Path,
        slots: Slots,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] | None = None,
    ) -> None:
        """Go on with the ladder in the folder ``run``; ``sleep`` lets seconds of ``clock`` pass.

        A candidate whose weights are gone is no candidate any more. Raises CheckpointError when
        those of the best are gone or damaged, FileFormatError for a damaged ladder.
        """
        self._config, self._run, self._slots, self._sleep = config, run, slots, sleep
        self._budget = Budget(config.judge.share, clock)
        self._stopping, self._rating = threading.Event(), asyncio.Lock()
        simulations = config.judge.match_simulations
        self._search = SearchSettings(
            simulations=simulations,
            candidates=candidates_for(simulations),
            connections=config.search.connections,
        )
        area = config.board * config.board
        self._openings = area * (area - 1)
        self._ladder = read_ladder(run)
        if self._ladder.best is not None:
            self._best()
            point_to_best(run, self._ladder.best)
        self._forget_strangers()

    async def begin(self, published: Published) -> None:
        """Make ready: later nothing is left to compile.

        Players that use the best version get its weights, and until there is one ``published``.
        """
        if self._config.promotion.players_use == "best":
            has_best = self._ladder.best is not None
            await self._slots.load(self._best() if has_best else published, BEST)
        if self._config.judge.match_seconds:
            player = NetworkPlayer("warm-up", know_nothing, self._search)
            list(play_match((player, player), self._config.board, [(0, 1)]))

    async def rate(self, published: Published) -> dict[str, float]:
        """Play one batch, of the ``published`` weights or of the test under way; return metrics.

        Takes long, because it works only a share of the time. Once stopped, or once a server that
        began anew has lost the weights of a side, it plays no further, and there are no metrics.
        """
        async with self._rating:  # an answer may be lost on its way, and the batch asked again
            pace = Pace(self._budget, self._stopping, self._slots.match_seconds, self._sleep)
            try:
                return await asyncio.to_thread(self._rate, published, pace)
            except (Stopped, SlotEmpty):
                return {}

    async def stop(self) -> None:
        """End the batch under way, and play no more."""
        self._stopping.set()

    def _forget_strangers(self) -> None:
        """Settle what a crash or a deleted file has left between weights and ladder."""
        known = -1 if self._ladder.newest is None else self._ladder.newest
        for version in kept_versions(self._run):
            if version > known:  # its number may come again, with other weights
                kept_path(self._run, version).unlink()
        if self._ladder.candidate not in kept_versions(self._run):
            self._ladder = self._ladder._replace(candidate=None)

    def _rate(self, published: Published, pace: Pace) -> dict[str, float]:
        pace.pause()
        with pace.paid():
            if may_enter(self._ladder):
                self._enter(published, pace)
            match = next_match(self._ladder, kept_versions(self._run), self._openings)
        if match is not None:
            batch = self._play(*match, pace)
            with pace.paid():
                settings = self._config.promotion
                self._advance(after(self._ladder, batch, settings, self._openings), pace)
        with pace.paid():
            metrics = metrics_of(self._ladder)
        return {**metrics, "rating/cost_s": self._budget.spent_s}

    def _enter(self, published: Published, pace: Pace) -> None:
        version, weights = published
        ladder = enter(self._ladder, version)
        if ladder != self._ladder:
            keep_net(self._run, ServedNet(self._config, version, weights, []))
            self._advance(ladder, pace)

    def _advance(self, ladder: Ladder, pace: Pace) -> None:
        """Take over a ladder, on disk first."""
        before, self._ladder = self._ladder, ladder
        write_ladder(self._run, ladder)
        if ladder.best is not None and ladder.best != before.best:
            point_to_best(self._run, ladder.best)
            if self._config.promotion.players_use == "best":
                pace.wait_for(self._slots.load(self._best(), BEST))
        for version in surplus(ladder, kept_versions(self._run), self._config.judge.versions):
            kept_path(self._run, version).unlink()

    def _play(self, player: int, opponent: int, pace: Pace) -> Batch:
        home, rival = self._seat(player, HOME, pace), self._seat(opponent, RIVAL, pace)
        played = sum(pairs_of(self._ladder, player, opponent))
        until = min(played + self._config.judge.match_pairs, self._openings)
        openings = draw_openings("pairs", self._config.board, until, self._config.seed)[played:]
        games = play_match((home, rival), self._config.board, openings)
        return Batch(player, opponent, count_pairs((g.opening, g.winner == 0) for g in games))

    def _seat(self, version: int, slot: int, pace: Pace) -> PacedPlayer:
        """Load a version into a slot and return a player who asks it."""
        pace.pause()
        with pace.paid():
            pace.wait_for(self._slots.load(self._kept(version), slot))
        evaluate = self._slots.evaluate(slot)
        player = NetworkPlayer(
            str(version), lambda leaves: pace.wait_for(evaluate(leaves)), self._search
        )
        return PacedPlayer(player, pace)

    def _kept(self, version: int) -> Published:
        return read_kept(kept_path(self._run, version))[1:3]

    def _best(self) -> Published:
        assert self._ladder.best is not None
        try:
            return self._kept(self._ladder.best)
        except CheckpointError as error:
            raise CheckpointError(
                f"{error}; it holds the best version: restore it, or remove "
                f"{self._run / LADDER_FILE} to rate anew"
            ) from error
