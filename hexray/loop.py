"""From random weights to a strong player in one command: ``python -m hexray.loop``."""

import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from hexray.cluster import fetch, ray_session, start_actors
from hexray.config import RunConfig
from hexray.console import Console
from hexray.controller import Controller
from hexray.errors import HexrayError
from hexray.evaluation import drive, know_nothing
from hexray.files import atomic_write
from hexray.game.picture import board_svg
from hexray.metrics import METRICS_FILE, MetricsWriter, read_metrics
from hexray.options import parse_run
from hexray.play.selfplay import SelfPlay
from hexray.report import write_curve, write_strength
from hexray.run_folder import open_run_folder

WRITE_SECONDS = 1.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Train as the command line says; return the exit status."""
    try:
        folder, config = parse_run(arguments)
        return train(folder, config)
    except HexrayError as error:
        print(f"hexray: {error}", file=sys.stderr)
        return 2


def train(folder: Path, config: RunConfig) -> int:
    """Train in a run folder, new or interrupted, and report the strength reached.

    Returns 0, or 128 plus the signal that ended the run early.
    """
    with (
        open_run_folder(folder, config) as run,
        MetricsWriter(run.path) as writer,
        Console(config.minutes * 60, sys.stdout.isatty()) as view,
    ):
        view.note(f"run folder {run.path}")
        view.note("setting up: Ray, network, compiled kernels (the first time takes longest)")
        begun = time.monotonic()
        with ray_session(config):
            warm_up(config)
            actors = start_actors(config, run.path, run.run_id, run.starts)
            status = fetch(actors.learner.status.remote())
            for reason in status["skipped"]:
                view.note(f"skipped a checkpoint: {reason}")
            recorder = _Recorder(writer, view)
            controller = Controller(config, actors, status, recorder)
            recorder.clock = lambda: controller.trained_s
            view.note(f"set up in {time.monotonic() - begun:.0f} s; training begins")
            with _stopping(controller.stop) as received:
                controller.run()
                recorder.write()
                view.note("measuring the strength reached")
                strength = controller.finish()
                game = fetch(actors.judge.sample_game.remote(config.judge.final_simulations))
        _write_results(run.path, config, strength, game)
    print(_summary(run.path, config, strength, controller.trained_s))
    return 128 + received[0] if received else 0


def warm_up(config: RunConfig) -> None:
    """Compile the kernels of self-play once, so that the actors find them in numba's cache."""
    small = config.selfplay.model_copy(update={"games": 1})
    play = SelfPlay(config.board, small, config.search, "warm-up", config.seed, (0,))
    while drive(play.step(), know_nothing) is None:
        continue


class _Recorder:
    """Gathers what is reported, shows it at once, writes it once a second."""

    def __init__(self, writer: MetricsWriter, view: Console) -> None:
        self._writer, self._view = writer, view
        self._fresh: dict[str, float] = {}
        self._written = 0.0
        self.clock: Callable[[], float] = lambda: 0.0

    def __call__(self, values: Mapping[str, float]) -> None:
        self._fresh.update(values)
        self._view.update({**values, "trained_s": self.clock()})
        if self.clock() - self._written >= WRITE_SECONDS:
            self.write()

    def write(self) -> None:
        self._written = self.clock()
        if self._fresh:
            self._writer.write(self._written, self._fresh)
        self._fresh = {}


@contextmanager
def _stopping(stop: Callable[[], None]) -> Iterator[list[int]]:
    """Call ``stop`` at the first SIGINT or SIGTERM and interrupt at the second.

    Yields the list of signals received.
    """
    received: list[int] = []

    def handle(number: int, _: object) -> None:
        received.append(number)
        if len(received) > 1:
            raise KeyboardInterrupt
        print("\nending the run; once more stops at once", file=sys.stderr)
        stop()

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _write_results(
    path: Path, config: RunConfig, strength: Mapping[str, float], game: Sequence[int]
) -> None:
    title = f"hexray {config.board}x{config.board}, seed {config.seed}"
    write_curve(read_metrics(path / METRICS_FILE), path / "curve.png", title)
    write_strength(strength, path / "strength.json")
    picture = board_svg(config.board, game, title=f"{title}: a game against itself")
    atomic_write(path / "game.svg", picture.encode())


def _summary(path: Path, config: RunConfig, strength: Mapping[str, float], trained_s: float) -> str:
    lines = [f"\ntrained {trained_s / 60:.1f} of {config.minutes:g} minutes"]
    if "winner_accuracy" in strength:
        lines.append(
            f"strength with {strength['simulations']} simulations on {strength['positions']:.0f} "
            f"solved positions: winner {strength['winner_accuracy']:.3f}, "
            f"move {strength['move_accuracy']:.3f}"
        )
    if "openings" in strength:
        lines.append(
            f"first moves on the empty board judged wrongly: {strength['openings_wrong']:.0f} "
            f"of {strength['openings']:.0f}"
        )
    lines += [
        f"learning curve {path / 'curve.png'}, sample game {path / 'game.svg'}",
        f"to measure again:   hexray solved {path}",
        f"to train further:   python -m hexray.loop --board {config.board} --run-dir {path} "
        f"--minutes {2 * config.minutes:g}",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
