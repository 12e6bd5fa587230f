"""From random weights to a strong player in one command: ``python -m hexray.loop``."""

import os
import shlex
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path

from hexray.alerts import Alerts
from hexray.cluster import ray_session
from hexray.config import RunConfig
from hexray.console import Console
from hexray.controller import Controller
from hexray.data.mirroring import bring_back_run, mirroring
from hexray.errors import HexrayError
from hexray.exported import Exporter, announced
from hexray.metrics import METRICS_FILE, MetricsWriter, read_metrics
from hexray.nodes import gather_nodes
from hexray.options import parse_run
from hexray.play.first_moves import table
from hexray.preflight import refuse_what_cannot_fit
from hexray.reached import Reached
from hexray.report import held_out_lines, rating_lines
from hexray.run_folder import SETTINGS_FILE, open_run_folder
from hexray.trackers import Trackers
from hexray.training import Channels, train_in_session, warm_up


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
        Trackers(config, run.path, run.run_id, view.note) as trackers,
        mirroring(config.storage, run.path, partial(_tell_of_storage, view, alerts)),
    ):
        read_metrics(run.path / METRICS_FILE)  # a bad line is found now, not after the training
        signals = _Signals(view)
        signals.install()
        view.note(f"run folder {run.path}")
        view.note("setting up: Ray, network, compiled kernels (the first time takes longest)")
        with ray_session(config) as dashboard, announced(run.path, run.run_id) as target:
            signals.install()  # Ray puts a handler of its own in place
            warm_up(config)  # before nodes are asked for, which could go again meanwhile
            if not _has_nodes(config, view, signals):
                return 128 + signals.received[0]
            if dashboard:
                ask = f"{Path(sys.executable).parent / 'ray'} get-auth-token"
                view.note(f"Ray dashboard http://{dashboard}, its token: {ask}")
            if target:
                view.note(f"metrics for Prometheus: http://{target}/metrics")
            told = Channels(writer, view, alerts, (Exporter(run.path.name), trackers))
            reached, trained_s = train_in_session(run, config, told, signals.may_end)
    print(_summary(run.path, config, reached, trained_s))
    return 128 + signals.received[0] if signals.received else 0


def _has_nodes(config: RunConfig, view: Console, signals: "_Signals") -> bool:
    """Wait for the nodes of a cluster; say whether they are there, and no signal came first."""
    signals.stop = lambda: None
    gather_nodes(config, view.note, lambda: bool(signals.received))
    signals.stop = None
    return not signals.received


def _tell_of_storage(view: Console, alerts: Alerts, text: str) -> None:
    view.note(text)
    alerts.tell("storage", text)


class _Signals:
    """SIGINT and SIGTERM: the first ends training cleanly; in set-up, or the second, at once."""

    def __init__(self, view: Console) -> None:
        self._view = view
        self.stop: Callable[[], None] | None = None
        self.received: list[int] = []

    def install(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._handle)

    def may_end(self, controller: Controller) -> None:
        """Let the first signal end training from now on."""
        self.stop = controller.stop

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
