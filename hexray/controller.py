"""The single controller: keeps every actor busy, reacts when one of their calls returns."""

import time
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import ray

from hexray.cluster import Actors, fetch
from hexray.config import RunConfig
from hexray.curriculum import (
    Turns,
    board_in_turn,
    boards_of,
    shares_of_work,
)
from hexray.guard import Restraint
from hexray.play.first_moves import FirstMoves
from hexray.rates import decided_rates, server_rates
from hexray.throttle import throttle
from hexray.usage import Family, own_usage, totals

LEARNER_QUEUE = 2
"""Training blocks under way at once: one trains, one is fetched."""
TICK_S = 0.5
STATS_SECONDS = 1.0
USAGE_SECONDS = 10.0
DECIDED = ("moves", "light_searches", "decided_verified", "decided_false")

Report = Callable[[Mapping[str, float]], None]


class Reached(NamedTuple):
    """What a run has reached: measurements, first moves, and the moves of a game against itself.

    ``smaller`` holds the measurements of the boards before the last, by board.
    """

    strength: dict[str, Any]
    smaller: dict[int, dict[str, float]]
    first_moves: FirstMoves
    game: list[int]


class Controller:
    """Runs the actors until the training time is over or it is told to stop.

    No actor method runs for ever, so an actor that fails does so here, with its traceback.
    """

    def __init__(
        self,
        config: RunConfig,
        actors: Actors,
        status: Mapping[str, float],
        report: Report,
        restraint: Restraint,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Go on from the learner's ``status``; ``report`` receives metrics as they come."""
        self._config, self._actors = config, actors
        self._report, self._restraint, self._clock = report, restraint, clock
        self._started = clock()
        self._trained_before = float(status["trained_s"])
        self._rows_trained = int(status["rows_trained"])
        self._rows_made: Mapping[int, int] = dict.fromkeys(boards_of(config), 0)
        self._play_turns, self._train_turns = Turns(), Turns()
        self._under_way: dict[Any, tuple[str, Callable[[Any], None]]] = {}
        self._due: dict[str, float] = {}
        self._rates: dict[int, float] = {}
        self._served_before: dict[int, tuple[Mapping[str, float], float]] = {}
        self._family = Family()
        self._readings: dict[str, Mapping[str, float]] = {}
        self._decided: Counter[str] = Counter()
        self._published: Any = None
        self._idle = list(range(len(actors.players)))
        self._ended: float | None = None
        self._stop = False

    @property
    def trained_s(self) -> float:
        """Seconds of training so far, earlier starts included."""
        now = self._clock() if self._ended is None else self._ended
        return self._trained_before + now - self._started

    @property
    def progress(self) -> float:
        """The part of the run that is over, 0 to 1."""
        return min(1.0, self.trained_s / (self._config.minutes * 60))

    def stop(self) -> None:
        """End the run as soon as the calls under way have returned."""
        self._stop = True

    def run(self) -> None:
        """Train until the time is over, then let everything under way finish."""
        self._every("checkpoint", self._config.checkpoint.every_seconds)
        self._every("judge", self._config.judge.every_seconds)
        self._every("match", self._config.judge.match_seconds)
        self._ask_usage()
        while not self._is_over():
            self._ask()
            self._collect(TICK_S)
        self._expect(self._actors.judge.stop_rating.remote(), "match", fetch)
        while self._under_way:
            self._collect(TICK_S)
        fetch([player.deliver.remote() for player in self._actors.players])
        self._replay_stats(self._actors.replay.stats.remote())
        self._ask_usage()
        while self._under_way:
            self._collect(TICK_S)
        self._ended = self._clock()

    def finish(self) -> Reached:
        """Publish the last weights, checkpoint them, and measure them."""
        settings, actors = self._config.judge, self._actors
        self._load(actors.learner.publish.remote())
        while self._under_way:
            self._collect(TICK_S)
        fetch(actors.learner.save.remote(self.trained_s))
        simulations, judge = settings.final_simulations, actors.judge
        first_moves, figures = {}, {}
        for board in boards_of(self._config):
            first_moves[board] = fetch(judge.first_moves.remote(board, simulations))
            measured = fetch(judge.measure.remote(board, simulations))
            figures[board] = {**measured, **first_moves[board].counts}
        own = self._config.board
        strength = {**figures.pop(own), **fetch(self._compare()), "simulations": simulations}
        game = fetch(judge.sample_game.remote(own, simulations))
        return Reached(strength, figures, first_moves[own], game)

    def _compare(self) -> Any:
        """Ask the judge about held-out games of the board that the run is about."""
        board, settings = self._config.board, self._config.judge
        rows = self._actors.replay.sample_both.remote(settings.held_out_rows, board)
        return self._actors.judge.compare.remote(board, rows, settings)

    def _is_over(self) -> bool:
        return self._stop or self.trained_s >= self._config.minutes * 60

    def _ask(self) -> None:
        """Give everyone who is idle something to do."""
        config, actors, restraint = self._config, self._actors, self._restraint
        restraint.look()
        block = config.learner.batch_rows * config.learner.batches
        training, made = self._count("train"), self._rows_made
        allowed = throttle(
            sum(made.values()), self._rows_trained, (training + 1) * block, config.replay
        )
        shares = shares_of_work(self.progress, config)
        if allowed.may_play and restraint.may_begin("play"):
            for index in self._idle:
                board = self._play_turns.take(shares, shares)
                play = actors.players[index].play.remote(config.selfplay.round_seconds, board)
                self._expect(play, "play", lambda done, index=index: self._played(index, done))
            self._idle = []
        if allowed.may_train and training < LEARNER_QUEUE and restraint.may_begin("train"):
            known = [board for board in made if made[board] >= config.replay.min_rows]
            board = self._train_turns.take(shares, known)
            if board is not None:
                rows = actors.replay.sample.remote(block, board)
                trained = actors.learner.train.remote(rows, self.progress)
                self._expect(trained, "train", lambda done, board=board: self._trained(board, done))
        if self._rows_trained and self._is_due("publish", config.learner.publish_seconds):
            self._expect(actors.learner.publish.remote(), "publish", self._load)
        if self._is_due("stats", STATS_SECONDS):
            self._expect(actors.replay.stats.remote(), "stats", self._replay_stats)
            for index, server in enumerate(actors.servers):
                stats = server.stats.remote()
                self._expect(stats, "stats", lambda done, index=index: self._served(index, done))
        if self._rows_trained and self._is_due("judge", config.judge.every_seconds):
            self._ask_judge()
        if self._published is not None and config.judge.match_seconds:
            self._ask_match()
        if self._is_due("usage", USAGE_SECONDS):
            self._ask_usage()
        if self._is_due("checkpoint", config.checkpoint.every_seconds):
            self._expect(actors.learner.save.remote(self.trained_s), "checkpoint", lambda _: None)

    def _ask_judge(self) -> None:
        settings, board = self._config.judge, board_in_turn(self.progress, self._config)
        measure = self._actors.judge.measure
        measured = measure.remote(board, settings.simulations, settings.positions)
        self._expect(measured, "judge", lambda done: self._measured(board, done))
        if board == self._config.board:
            self._expect(self._compare(), "judge", lambda done: self._report(fetch(done)))

    def _ask_match(self) -> None:
        is_in_turn = board_in_turn(self.progress, self._config) == self._config.board
        if is_in_turn and self._is_due("match", self._config.judge.match_seconds):
            rated = self._actors.judge.rate.remote(self._published)
            self._expect(rated, "match", lambda done: self._report(fetch(done)))

    def _ask_usage(self) -> None:
        self._every("usage", USAGE_SECONDS)
        self._readings = {}
        for name, actor in self._actors.named().items():
            usage = actor.usage.remote()
            self._expect(usage, "usage", lambda done, name=name: self._used(name, done))

    def _every(self, what: str, seconds: float) -> None:
        self._due[what] = self._clock() + seconds

    def _is_due(self, what: str, seconds: float) -> bool:
        """Say whether it is time again, and nothing of the kind is still under way."""
        if self._clock() < self._due.get(what, 0) or self._count(what):
            return False
        self._every(what, seconds)
        return True

    def _count(self, what: str) -> int:
        return sum(1 for kind, _ in self._under_way.values() if kind == what)

    def _expect(self, ref: Any, what: str, then: Callable[[Any], None]) -> None:
        self._under_way[ref] = (what, then)

    def _collect(self, timeout_s: float) -> None:
        done, _ = ray.wait(list(self._under_way), num_returns=1, timeout=timeout_s)
        for ref in done:
            _, then = self._under_way.pop(ref)
            then(ref)

    def _played(self, index: int, done: Any) -> None:
        self._idle.append(index)
        stats = fetch(done)
        self._restraint.ended("play", stats["seconds"])
        self._decided.update({key: stats[key] for key in DECIDED})
        speed = stats["moves"] / stats["seconds"]
        self._report({"player/moves_per_s": speed, "player/wait_share": stats["wait_share"]})
        if self._config.selfplay.decided_simulations:
            self._report(decided_rates(self._decided))

    def _trained(self, board: int, done: Any) -> None:
        """Report the losses; those of a rehearsal bear the name of their board."""
        losses = fetch(done)
        self._rows_trained = int(losses["rows_trained"])
        self._restraint.ended("train", losses["us_per_row"] * losses["rows"] / 1e6)
        is_rehearsal = board < board_in_turn(self.progress, self._config)
        name = f"learner/{board}x{board}" if is_rehearsal else "learner"
        self._report({f"{name}/{key}": value for key, value in losses.items()})
        self._report({"learner/rows_trained": self._rows_trained})

    def _load(self, published: Any) -> None:
        """Send new weights to every server without looking at them."""
        self._published = published
        for server in self._actors.servers:
            self._expect(server.load.remote(published), "publish", self._loaded)

    def _loaded(self, done: Any) -> None:
        self._report({"version": fetch(done)})

    def _replay_stats(self, done: Any) -> None:
        stats = fetch(done)
        # While every game is held out there is nothing to train on.
        self._rows_made = {
            board: int(counts["rows"]) if counts["window_rows"] else 0
            for board, counts in stats.items()
        }
        total = Counter[str]()
        for counts in stats.values():
            total.update(counts)
        window = {"games": total["games"], "positions": total["rows"]}
        self._report({**window, "window_rows": total["window_rows"]})
        self._report({"board": board_in_turn(self.progress, self._config)})

    def _served(self, index: int, done: Any) -> None:
        """Turn the totals of a server into rates since the last time."""
        now = (fetch(done), self._clock())
        before = self._served_before.get(index)
        self._served_before[index] = now
        if before is not None:
            rates = server_rates(*before, *now)
            self._rates[index] = rates["evaluations_per_s"]
            name = f"server-{index}"
            self._report({f"{name}/{key}": value for key, value in rates.items()})
            total = sum(self._rates.values())
            self._report({"evaluations_per_s": total, "batch_fill": rates["batch_fill"]})
            made = sum(stats["evaluations"] for stats, _ in self._served_before.values())
            self._report({"evaluations": made})

    def _used(self, name: str, done: Any) -> None:
        """Report once everyone has answered."""
        self._readings[name] = fetch(done)
        if len(self._readings) == len(self._actors.named()):
            readings = {**self._readings, "driver": own_usage()._asdict()}
            # The processes of a cluster that was joined do not descend from this one.
            is_ours = self._config.cluster.address is None
            counted = sum(reading["cpu_s"] for reading in readings.values())
            self._report(totals(readings, self._family.cpu_s() if is_ours else counted))

    def _measured(self, board: int, done: Any) -> None:
        name = "solved" if board == self._config.board else f"solved/{board}x{board}"
        self._report({f"{name}/{key}": value for key, value in fetch(done).items()})
