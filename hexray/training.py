"""One run from its start to its results, in a session of Ray that is there."""

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import NamedTuple, TextIO

import rich.console

from hexray.alerts import Alerts
from hexray.cluster import fetch
from hexray.config import GuardSettings, RunConfig
from hexray.console import Console
from hexray.controller import Controller
from hexray.crew import Crew
from hexray.errors import CrashBudgetSpent, TrainingError
from hexray.evaluation import drive, know_nothing
from hexray.events import append_event
from hexray.exported import Exporter
from hexray.files import atomic_write
from hexray.game.picture import board_svg
from hexray.game.shown import after_moves
from hexray.game.values_picture import values_svg
from hexray.guard import Guard, Level, Restraint
from hexray.machine import write_machine
from hexray.metrics import METRICS_FILE, MetricsWriter, read_metrics
from hexray.play.selfplay import SelfPlay
from hexray.ratings.ladder_file import read_ladder
from hexray.ratings.standings import listed
from hexray.reached import Reached
from hexray.report import write_curve, write_strength
from hexray.run_folder import RunFolder
from hexray.spares import Spares

WRITE_SECONDS = 1.0
_LOG_WIDTH = 200
ALERTED = ("silence", "slowness", "rollback", "disk", "machine", "ended")
"""Trouble that people who are away should know of."""
Outlet = Callable[[float, Mapping[str, float]], object]
"""Receives seconds of training and what was measured, about once a second."""


class Channels(NamedTuple):
    """Where a run tells what it does."""

    writer: MetricsWriter
    view: Console
    alerts: Alerts
    outlets: Sequence[Outlet]


def train_in_session(
    run: RunFolder,
    config: RunConfig,
    told: Channels,
    started: Callable[[Controller], object] = lambda _: None,
    label: str = "",
    spares: Spares | None = None,
) -> tuple[Reached, float]:
    """Train in a run folder until the time is over, or ``started``'s controller is told to stop.

    Returns what was reached, which is also written into the folder, and seconds of training. The
    names of actors begin with ``label``; their processes come from ``spares`` and are left there in
    the end. Raises CrashBudgetSpent and TrainingError when training cannot go on. The kernels
    should be warm already.
    """
    begun = time.monotonic()
    write_machine(run.path)
    crew = Crew(config, run.path, run.run_id, run.starts, label, spares)
    with ExitStack() as failed:
        failed.callback(crew.end)
        reached, trained_s = _train(run.path, config, told, crew, started, begun)
        failed.pop_all()
    crew.leave()
    reached.strength["ratings"] = listed(read_ladder(run.path))
    _write_results(run.path, config, reached)
    return reached, trained_s


def _train(
    path: Path,
    config: RunConfig,
    told: Channels,
    crew: Crew,
    started: Callable[[Controller], object],
    begun: float,
) -> tuple[Reached, float]:
    status = fetch(crew.actors.learner.status.remote())
    for reason in status["skipped"]:
        told.view.note(f"skipped a checkpoint: {reason}")
    recorder = _Recorder(told)
    tell = _Teller(told.view, told.alerts, path, recorder)
    restraint = _restraint(config.guard, path, recorder, tell)
    controller = Controller(config, crew, status, recorder, tell, restraint)
    recorder.clock = lambda: controller.trained_s
    started(controller)
    told.view.note(f"inference: {fetch(crew.actors.servers[0].choice.remote())}")
    tell("start", f"set up in {time.monotonic() - begun:.0f} s; {_outlook(config, status)}")
    try:
        controller.run()
        recorder.write()
        tell("end", "measuring the strength reached")
        reached = controller.finish()
    except (CrashBudgetSpent, TrainingError) as error:
        tell("ended", str(error))
        raise
    return reached, controller.trained_s


def train_quietly(
    run: RunFolder,
    config: RunConfig,
    log: TextIO,
    outlet: Outlet,
    label: str,
    started: Callable[[Controller], object] = lambda _: None,
    spares: Spares | None = None,
) -> tuple[Reached, float]:
    """Train as one run of several in a session; what others show on a screen goes into ``log``."""
    warm_up(config)
    out = rich.console.Console(file=log, width=_LOG_WIDTH)
    with (
        closing(MetricsWriter(run.path)) as writer,
        Console(config.minutes * 60, is_terminal=False, out=out) as view,
        Alerts(config.alerts, str(run.path), view.note) as alerts,
    ):
        return train_in_session(
            run,
            config,
            Channels(writer, view, alerts, (Exporter(run.path.name), outlet)),
            started=started,
            label=label,
            spares=spares,
        )


def warm_up(config: RunConfig) -> None:
    """Compile the kernels of self-play once, so that the actors find them in numba's cache."""
    small = config.selfplay.model_copy(update={"games": 1})
    play = SelfPlay(config.board, small, config.search, "warm-up", config.seed, (0,))
    while drive(play.step(), know_nothing) is None:
        continue


def _restraint(
    settings: GuardSettings, folder: Path, recorder: "_Recorder", tell: "_Teller"
) -> Restraint:
    def note(level: Level, text: str) -> None:
        tell("machine" if level is Level.CRITICAL else "restraint", text)

    guard = Guard(settings, folder)
    return Restraint(guard, settings.every_seconds, recorder, note, time.monotonic)


def _outlook(config: RunConfig, status: Mapping[str, float]) -> str:
    before = status["trained_s"] / 60
    if before >= config.minutes:
        return f"all {config.minutes:g} minutes are trained already; --minutes sets more"
    return f"training goes on after {before:.1f} minutes" if before else "training begins"


class _Teller:
    """Writes what happens, and lets people who are away know of some of it."""

    def __init__(self, view: Console, alerts: Alerts, run: Path, recorder: "_Recorder") -> None:
        self._view, self._alerts, self._run, self._recorder = view, alerts, run, recorder

    def __call__(self, kind: str, text: str) -> None:
        if kind != "ended":  # that is an error, which is shown when it arrives
            self._view.note(text)
        try:
            append_event(self._run, kind, text, self._recorder.clock())
        except OSError as error:
            self._view.note(f"events cannot be written: {error}")
        if kind in ALERTED:
            self._alerts.tell(kind, text)


class _Recorder:
    """Gathers what is reported, shows it at once, writes it and sends it out once a second."""

    def __init__(self, told: Channels) -> None:
        self._writer, self._view, self._alerts, self._outlets = told
        self._fresh: dict[str, float] = {}
        self._written = 0.0
        self.clock: Callable[[], float] = lambda: 0.0

    def __call__(self, values: Mapping[str, float]) -> None:
        self._fresh.update(values)
        self._view.update({**values, "trained_s": self.clock()})
        if values.get("alarm/gap"):
            self._alerts.tell(
                "gap", "the network learns games by heart; held_out/gap tells how far"
            )
        if self.clock() - self._written >= WRITE_SECONDS:
            self.write()

    def write(self) -> None:
        self._written = self.clock()
        if not self._fresh:
            return
        for outlet in self._outlets:
            outlet(self._written, self._fresh)
        try:
            self._writer.write(self._written, self._fresh)
            self._fresh = {}
        except OSError as error:  # they stay, to be written with the next ones
            self._view.note(f"metrics cannot be written: {error}")


def _write_results(path: Path, config: RunConfig, reached: Reached) -> None:
    title = f"hexray {config.board}x{config.board}, seed {config.seed}"
    moves = reached.first_moves
    smaller = {f"{board}x{board}": figures for board, figures in reached.smaller.items()}
    strength = {**reached.strength, "first_moves": moves.record(), "smaller_boards": smaller}
    write_strength(strength, path / "strength.json")
    game = after_moves(config.board, reached.game, title=f"{title}: a game against itself")
    atomic_write(path / "game.svg", board_svg(game).encode())
    of_moves = f"{title}: first moves, {reached.strength['simulations']} simulations"
    picture = values_svg(moves.size, moves.value.tolist(), moves.truth, title=of_moves)
    atomic_write(path / "openings.svg", picture.encode())
    write_curve(read_metrics(path / METRICS_FILE), path / "curve.png", title)
