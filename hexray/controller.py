"""The single controller: keeps every actor busy, reacts when one of their calls returns."""

import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from hexray.asking import Asking
from hexray.config import RunConfig
from hexray.crew import Crew
from hexray.curriculum import Turns, board_in_turn, boards_of, shares_of_work
from hexray.elastic import Elastic
from hexray.figures import Figures, Report
from hexray.guard import Restraint
from hexray.reached import Reached, measure_reached, to_compare
from hexray.supervisor import Tell
from hexray.throttle import throttle

LEARNER_QUEUE = 2
"""Training blocks under way at once: one trains, one is fetched."""
STATS_SECONDS = 1.0
USAGE_SECONDS = 10.0
BOUNDED = ("play", "train", "publish")
"""Calls of which so many are under way at once: one a player, the queue, one and one a server."""


class Controller:
    """Runs the actors until the training time is over or it is told to stop.

    No actor method runs for ever, so an actor that fails does so here, with its traceback. What an
    actor was asked when its process died is forgotten, and asked again when it is back.
    """

    def __init__(
        self,
        config: RunConfig,
        crew: Crew,
        status: Mapping[str, float],
        report: Report,
        tell: Tell,
        restraint: Restraint,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Go on from the learner's ``status``; ``report`` receives metrics as they come.

        ``tell`` is told of trouble: its kind, and what to say of it.
        """
        self._config, self._crew, self._actors = config, crew, crew.actors
        self._report, self._restraint, self._clock = report, restraint, clock
        self._tell = tell
        self._asking = Asking(crew, config.supervision, report, tell, restraint, clock)
        self._started = clock()
        self._trained_before = float(status["trained_s"])
        self._rows_trained = self._rows_served = int(status["rows_trained"])
        self._rows_made: Mapping[int, int] = dict.fromkeys(boards_of(config), 0)
        self._play_turns, self._train_turns = Turns(), Turns()
        self._due: dict[str, float] = {}
        is_alone = config.cluster.address is None
        self._figures = Figures(report, is_alone, clock)
        self._elastic = Elastic(crew, config, self._asking, self._figures, tell, clock)
        self._ended: float | None = None
        self._has_published = self._stop = False

    @property
    def trained_s(self) -> float:
        """Seconds of training so far, earlier starts included."""
        now = self._clock() if self._ended is None else self._ended
        return self._trained_before + now - self._started

    @property
    def progress(self) -> float:
        """The part of the run that is over, 0 to 1."""
        return min(1.0, self.trained_s / (self._config.minutes * 60))

    @property
    def _lag(self) -> int:
        """Rows trained since players last got weights."""
        return max(0, self._rows_trained - self._rows_served)

    def stop(self) -> None:
        """End the run as soon as the calls under way have returned."""
        self._stop = True

    def run(self) -> None:
        """Train until the time is over, then let everything under way finish."""
        self._every("checkpoint", self._config.checkpoint.every_seconds)
        self._every("judge", self._config.judge.every_seconds)
        self._every("match", self._config.judge.match_seconds)
        self._ask_usage()
        try:
            while not self._is_over():
                self._elastic.look()
                self._ask()
                self._collect()
        finally:
            self._elastic.end()
        self._asking.expect("judge", self._actors.judge.stop_rating, "stop")
        self._asking.drain()
        players = self._actors.players.items()
        self._asking.answers_of_all({f"player-{index}": each.deliver for index, each in players})
        self._stored(self._asking.answer("replay", self._actors.replay.stats))
        self._ask_usage()
        self._asking.drain()
        self._ended = self._clock()

    def finish(self) -> Reached:
        """Publish the last weights, checkpoint them, and measure them."""
        before = self._crew.version
        while self._crew.version == before:
            if self._asking.is_free("learner", "publish"):
                self._ask_to_publish()
            self._collect()
        self._asking.drain()
        self._asking.answer("learner", self._actors.learner.save, self.trained_s)
        return measure_reached(self._asking.answer, self._actors, self._config)

    def _is_over(self) -> bool:
        return self._stop or self.trained_s >= self._config.minutes * 60

    def _ask(self) -> None:
        """Give everyone who is idle something to do."""
        config, actors, restraint = self._config, self._actors, self._restraint
        restraint.look()
        block = config.learner.batch_rows * config.learner.batches
        training, made = self._asking.count("train"), self._rows_made
        allowed = throttle(
            sum(made.values()), self._rows_trained, (training + 1) * block, config.replay
        )
        shares = shares_of_work(self.progress, config)
        if allowed.may_play and restraint.may_begin("play"):
            self._ask_players(shares)
        lag = self._lag + training * block
        may_train = allowed.may_train and training < LEARNER_QUEUE and lag < config.learner.lag_most
        if may_train and restraint.may_begin("train"):
            known = [board for board in made if made[board] >= config.replay.min_rows]
            board = self._train_turns.take(shares, known)
            if board is not None and self._asking.is_up("learner"):
                rows = actors.replay.sample.remote(block, board)
                then = partial(self._trained, board, rows)
                train = actors.learner.train
                self._asking.expect("learner", train, "train", rows, self.progress, then=then)
        if self._rows_trained and self._is_due("publish", config.learner.publish_seconds):
            self._ask_to_publish()
        if self._is_due("stats", STATS_SECONDS):
            self._report({"lag_rows": self._lag, "in_flight/calls": len(self._asking)})
            self._report({f"in_flight/{what}": self._asking.count(what) for what in BOUNDED})
            self._asking.expect("replay", actors.replay.stats, "stats", then=self._stored)
            for index, server in actors.servers.items():
                then = partial(self._figures.served, index)
                self._asking.expect(f"server-{index}", server.stats, "stats", then=then)
        if self._rows_trained and self._is_due("judge", config.judge.every_seconds):
            self._ask_judge()
        if self._has_published and config.judge.match_seconds:
            self._ask_match()
        if self._is_due("usage", USAGE_SECONDS):
            self._ask_usage()
        if self._is_due("checkpoint", config.checkpoint.every_seconds):
            self._asking.expect("learner", actors.learner.save, "checkpoint", self.trained_s)

    def _ask_players(self, shares: Mapping[int, float]) -> None:
        for index, player in self._actors.players.items():
            name = f"player-{index}"
            if self._asking.is_free(name, "play"):
                board = self._play_turns.take(shares, shares)
                seconds = self._config.selfplay.round_seconds
                self._asking.expect(name, player.play, "play", seconds, board, then=self._played)

    def _ask_judge(self) -> None:
        settings, judge = self._config.judge, self._actors.judge
        board = board_in_turn(self.progress, self._config)
        asked = (board, settings.simulations, settings.positions)
        self._asking.expect(
            "judge", judge.measure, "judge", *asked, then=partial(self._measured, board)
        )
        if board == self._config.board:
            rows = to_compare(self._actors, self._config)
            self._asking.expect("judge", judge.compare, "judge", *rows, then=self._report)

    def _ask_match(self) -> None:
        is_in_turn = board_in_turn(self.progress, self._config) == self._config.board
        if is_in_turn and self._is_due("match", self._config.judge.match_seconds):
            published, rate = self._crew.published, self._actors.judge.rate
            self._asking.expect("judge", rate, "match", published, then=self._report)

    def _ask_usage(self) -> None:
        self._every("usage", USAGE_SECONDS)
        actors = self._actors.named()
        self._figures.begin_usage(actors)
        for name, actor in actors.items():
            self._asking.expect(name, actor.usage, "usage", then=partial(self._figures.used, name))

    def _ask_to_publish(self) -> None:
        if self._asking.is_up("learner"):
            version, published = self._actors.learner.publish.remote()
            self._asking.wait_for("learner", version, "publish", partial(self._load, published))

    def _every(self, what: str, seconds: float) -> None:
        self._due[what] = self._clock() + seconds

    def _is_due(self, what: str, seconds: float) -> bool:
        """Say whether it is time again, and nothing of the kind is still under way."""
        if self._clock() < self._due.get(what, 0) or self._asking.count(what):
            return False
        self._every(what, seconds)
        return True

    def _collect(self) -> None:
        """Wait for the next answer; a new learner goes on from the checkpoint it has found."""
        for name in self._asking.collect():
            if name == "learner":
                then = self._resume
                self._asking.expect(name, self._actors.learner.status, "status", then=then)

    def _resume(self, status: Mapping[str, float]) -> None:
        self._rows_trained = int(status["rows_trained"])

    def _played(self, stats: Mapping[str, float]) -> None:
        self._restraint.ended("play", stats["seconds"])
        self._figures.played(stats, self._config.selfplay.decided_simulations > 0)

    def _trained(self, board: int, rows: Any, losses: Mapping[str, Any]) -> None:
        self._rows_trained = int(losses["rows_trained"])
        if "fault" in losses:
            self._put_aside(rows, losses)
            return
        self._restraint.ended("train", losses["us_per_row"] * losses["rows"] / 1e6)
        is_rehearsal = board < board_in_turn(self.progress, self._config)
        self._figures.trained(losses, board if is_rehearsal else None)

    def _put_aside(self, rows: Any, losses: Mapping[str, Any]) -> None:
        """Keep what nothing could be learned from, and tell."""
        self._figures.learned_nothing("went_back" in losses)
        fault, put_aside = losses["fault"], self._actors.replay.put_aside
        if "went_back" in losses:
            self._tell("rollback", f"went back to checkpoint {losses['went_back']}: {fault}")
        self._asking.expect(
            "replay",
            put_aside,
            "put aside",
            rows,
            fault,
            then=lambda path: self._tell("fault", f"a block was left out, see {path}: {fault}"),
        )

    def _load(self, published: Any, version: int) -> None:
        """Send new weights to every server without looking at them."""
        self._crew.version, self._crew.published = version, published
        self._has_published = True
        for index, server in self._actors.servers.items():
            then = partial(self._loaded, self._rows_trained)
            self._asking.expect(f"server-{index}", server.load, "publish", published, then=then)

    def _loaded(self, rows_trained: int, version: int) -> None:
        self._rows_served = rows_trained
        self._report({"version": version})

    def _stored(self, stats: Mapping[int, Mapping[str, int]]) -> None:
        # While every game is held out there is nothing to train on.
        self._rows_made = {
            board: counts["rows"] if counts["window_rows"] else 0 for board, counts in stats.items()
        }
        self._figures.stored(stats, board_in_turn(self.progress, self._config))

    def _measured(self, board: int, figures: Mapping[str, float]) -> None:
        name = "solved" if board == self._config.board else f"solved/{board}x{board}"
        self._report({f"{name}/{key}": value for key, value in figures.items()})
