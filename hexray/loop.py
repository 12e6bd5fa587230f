"""From random weights to a strong player in one command: ``python -m hexray.loop``."""

import os
import shlex
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path

from hexray.alerts import Alerts
from hexray.cluster import fetch, ray_session
from hexray.config import GuardSettings, RunConfig
from hexray.console import Console
from hexray.controller import Controller
from hexray.crew import Crew
from hexray.data.mirroring import bring_back_run, mirroring
from hexray.errors import CrashBudgetSpent, HexrayError, TrainingError
from hexray.evaluation import drive, know_nothing
from hexray.files import atomic_write
from hexray.game.picture import board_svg
from hexray.game.values_picture import values_svg
from hexray.guard import Guard, Level, Restraint
from hexray.metrics import METRICS_FILE, MetricsWriter, read_metrics
from hexray.nodes import gather_nodes
from hexray.options import parse_run
from hexray.play.first_moves import table
from hexray.play.selfplay import SelfPlay
from hexray.preflight import refuse_what_cannot_fit
from hexray.ratings.ladder_file import read_ladder
from hexray.ratings.standings import listed
from hexray.reached import Reached
from hexray.report import held_out_lines, rating_lines, write_curve, write_strength
from hexray.run_folder import SETTINGS_FILE, open_run_folder

WRITE_SECONDS = 1.0
ALERTED = ("silence", "slowness", "rollback", "disk", "machine", "storage")
"""Trouble that people who are away should know of."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Train as the command line says; return the exit status."""
    try:
        folder, config = parse_run(arguments)
        bring_back_run(config.storage, folder, print)
        return train(folder, config)
    except (HexrayError, OSError) as error:
        print(f"hexray: {error}", file=sys.stderr)
        return 2


def train(folder: Path, config: RunConfig) -> int:
    """Train in a run folder, new or interrupted, and report the strength reached.

    Returns 0, or 128 plus the signal that ended the run early.
    """
    refuse_what_cannot_fit(folder, config)
    with (
        open_run_folder(folder, config) as run,
        closing(MetricsWriter(run.path)) as writer,
        Console(config.minutes * 60, sys.stdout.isatty()) as view,
        Alerts(config.alerts, str(folder), view.note) as alerts,
        mirroring(config.storage, run.path, lambda text: _Teller(view, alerts)("storage", text)),
    ):
        read_metrics(run.path / METRICS_FILE)  # a bad line is found now, not after the training
        signals = _Signals(view)
        signals.install()
        view.note(f"run folder {run.path}")
        view.note("setting up: Ray, network, compiled kernels (the first time takes longest)")
        begun = time.monotonic()
        with ray_session(config):
            signals.install()  # Ray puts a handler of its own in place
            warm_up(config)  # before nodes are asked for, which could go again meanwhile
            if not _has_nodes(config, view, signals):
                return 128 + signals.received[0]
            crew = Crew(config, run.path, run.run_id, run.starts)
            status = fetch(crew.actors.learner.status.remote())
            for reason in status["skipped"]:
                view.note(f"skipped a checkpoint: {reason}")
            recorder, tell = _Recorder(writer, view, alerts), _Teller(view, alerts)
            restraint = _restraint(config.guard, run.path, recorder, tell)
            controller = Controller(config, crew, status, recorder, tell, restraint)
            recorder.clock = lambda: controller.trained_s
            signals.stop = controller.stop
            view.note(f"inference: {fetch(crew.actors.servers[0].choice.remote())}")
            view.note(f"set up in {time.monotonic() - begun:.0f} s; {_outlook(config, status)}")
            try:
                controller.run()
                recorder.write()
                view.note("measuring the strength reached")
                reached = controller.finish()
            except (CrashBudgetSpent, TrainingError) as error:
                alerts.tell("ended", str(error))
                raise
        reached.strength["ratings"] = listed(read_ladder(run.path))
        _write_results(run.path, config, reached)
    print(_summary(run.path, config, reached, controller.trained_s))
    return 128 + signals.received[0] if signals.received else 0


def _has_nodes(config: RunConfig, view: Console, signals: "_Signals") -> bool:
    """Wait for the nodes of a cluster; say whether they are there, and no signal came first."""
    signals.stop = lambda: None
    gather_nodes(config, view.note, lambda: bool(signals.received))
    signals.stop = None
    return not signals.received


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


def warm_up(config: RunConfig) -> None:
    """Compile the kernels of self-play once, so that the actors find them in numba's cache."""
    small = config.selfplay.model_copy(update={"games": 1})
    play = SelfPlay(config.board, small, config.search, "warm-up", config.seed, (0,))
    while drive(play.step(), know_nothing) is None:
        continue


class _Teller:
    """Writes what trouble there is, and lets people who are away know of some of it."""

    def __init__(self, view: Console, alerts: Alerts) -> None:
        self._view, self._alerts = view, alerts

    def __call__(self, kind: str, text: str) -> None:
        self._view.note(text)
        if kind in ALERTED:
            self._alerts.tell(kind, text)


class _Recorder:
    """Gathers what is reported, shows it at once, writes it once a second."""

    def __init__(self, writer: MetricsWriter, view: Console, alerts: Alerts) -> None:
        self._writer, self._view, self._alerts = writer, view, alerts
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
        try:
            self._writer.write(self._written, self._fresh)
            self._fresh = {}
        except OSError as error:  # they stay, to be written with the next ones
            self._view.note(f"metrics cannot be written: {error}")


class _Signals:
    """SIGINT and SIGTERM: the first ends training cleanly; in set-up, or the second, at once."""

    def __init__(self, view: Console) -> None:
        self._view = view
        self.stop: Callable[[], None] | None = None
        self.received: list[int] = []

    def install(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._handle)

    def _handle(self, number: int, _: object) -> None:
        # os.write, because a signal may come in the middle of a print.
        self.received.append(number)
        if self.stop is None or len(self.received) > 1:
            self._view.close()
            os.write(2, b"\nstopped at once; the same command goes on from what is on disk\n")
            # Ray's processes end with this one, and an exception could be lost inside Ray.
            os._exit(128 + number)
        os.write(2, b"\nending the run; once more stops at once\n")
        self.stop()


def _write_results(path: Path, config: RunConfig, reached: Reached) -> None:
    title = f"hexray {config.board}x{config.board}, seed {config.seed}"
    moves = reached.first_moves
    smaller = {f"{board}x{board}": figures for board, figures in reached.smaller.items()}
    strength = {**reached.strength, "first_moves": moves.record(), "smaller_boards": smaller}
    write_strength(strength, path / "strength.json")
    picture = board_svg(config.board, reached.game, title=f"{title}: a game against itself")
    atomic_write(path / "game.svg", picture.encode())
    of_moves = f"{title}: first moves, {reached.strength['simulations']} simulations"
    picture = values_svg(moves.size, moves.value.tolist(), moves.truth, title=of_moves)
    atomic_write(path / "openings.svg", picture.encode())
    write_curve(read_metrics(path / METRICS_FILE), path / "curve.png", title)


def _summary(path: Path, config: RunConfig, reached: Reached, trained_s: float) -> str:
    strength = reached.strength
    lines = [f"\ntrained {trained_s / 60:.1f} of {config.minutes:g} minutes"]
    for board, figures in reached.smaller.items():
        lines += _smaller_lines(board, figures, strength["simulations"])
    lines += _strength_line(config.board, strength, strength["simulations"])
    lines += held_out_lines(strength)
    lines += rating_lines(strength["ratings"])
    if reached.first_moves.wins is not None:
        lines += [reached.first_moves.verdict, table(reached.first_moves)]
    folder, bin_folder = shlex.quote(str(path)), Path(sys.executable).parent
    lines.append(
        f"learning curve {path / 'curve.png'}, sample game {path / 'game.svg'}, "
        f"first moves {path / 'openings.svg'}"
    )
    if "winner_accuracy" in strength:
        lines.append(f"to measure again:   {bin_folder / 'hexray'} solved {folder}")
    lines.append(
        f"to train further:   {sys.executable} -m hexray.loop --run-dir {folder} "
        f"--config {shlex.quote(str(path / SETTINGS_FILE))} --minutes {2 * config.minutes:g}"
    )
    return "\n".join(lines)


def _strength_line(board: int, figures: Mapping[str, float], simulations: int) -> list[str]:
    """Say what was reached on one board, if its truth is known."""
    if "winner_accuracy" not in figures:
        return []
    return [
        f"strength on {board}x{board} with {simulations} simulations on "
        f"{figures['positions']:.0f} solved positions: winner {figures['winner_accuracy']:.3f}, "
        f"move {figures['move_accuracy']:.3f}"
    ]


def _smaller_lines(board: int, figures: Mapping[str, float], simulations: int) -> list[str]:
    """Say what was reached on a board before the last, as far as it was measured."""
    lines = _strength_line(board, figures, simulations)
    if "openings" in figures:
        lines.append(
            f"first moves on the empty {board}x{board} board judged wrongly: "
            f"{figures['openings_wrong']:.0f} of {figures['openings']:.0f}"
        )
    return lines


if __name__ == "__main__":
    sys.exit(main())
