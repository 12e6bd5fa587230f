"""What a run shows while it works: a live table, or plain lines when no terminal looks on."""

import math
import os
import time
from collections.abc import Callable, Mapping
from types import TracebackType

import rich.console
from rich.console import Group
from rich.constrain import Constrain
from rich.live import Live
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

_LINE_SECONDS = 10.0
_FRAME_SECONDS = 0.2
_WIDTH = 92
_MISSING = "-"
_ALARMS = {
    "alarm/gap": "alarm: the value is right more often on games trained on than on held-out games, "
    "by more than judge.gap_bound; lower replay.reuse_most, or make more games"
}
"""What is written when such a value rises from 0."""


class Console:
    """Show the state of a run of ``total_seconds``; use it as a context manager.

    On a terminal a table is redrawn in place, at most five times a second, and the terminal is
    restored when the block is left, however that happens. Elsewhere a plain line is written about
    every ten seconds. ``clock`` gives seconds; ``out`` is where the text goes.
    """

    def __init__(
        self,
        total_seconds: float,
        is_terminal: bool,
        *,
        clock: Callable[[], float] = time.monotonic,
        out: rich.console.Console | None = None,
    ) -> None:
        self._total_s = total_seconds
        self._clock = clock
        self._out = out or _Out(force_terminal=is_terminal)
        self._live = Live(console=self._out, auto_refresh=False) if is_terminal else None
        self._values: dict[str, float] = {}
        self._shown_at = -math.inf
        self._is_stale = False

    def update(self, values: Mapping[str, float]) -> None:
        """Take over ``values``, keeping what was known of other keys, and show them when due.

        Without a ``left_s`` the time left is counted from ``trained_s``. An alarm that was off is
        written out.
        """
        for key, text in _ALARMS.items():
            if values.get(key) and not self._values.get(key):
                self.note(text)
        if "trained_s" in values:
            self._values["left_s"] = self._total_s - values["trained_s"]
        self._values.update(values)
        self._is_stale = True
        interval_s = _LINE_SECONDS if self._live is None else _FRAME_SECONDS
        if self._clock() - self._shown_at >= interval_s:
            self._show()

    def note(self, text: str) -> None:
        """Write ``text`` as it is, above the live table."""
        self._out.print(Text(text), soft_wrap=True)

    def __enter__(self) -> "Console":
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if self._is_stale:
                self._show()
        finally:
            self.close()

    def close(self) -> None:
        """Give the terminal back as it was."""
        if self._live is not None:
            self._live.stop()

    def _show(self) -> None:
        self._shown_at = self._clock()
        self._is_stale = False
        if self._live is None:
            self._out.print(Text(status_line(self._values, self._total_s)), soft_wrap=True)
        else:
            self._live.update(status_table(self._values, self._total_s), refresh=True)


def status_line(values: Mapping[str, float], total_s: float) -> str:
    """Say the state of a run in one line; what is missing is a dash."""
    shown = _Shown(values)
    parts = [
        f"{shown.duration('trained_s')} of {_duration(total_s)}",
        f"{shown.count('games')} games",
        f"{shown.count('positions')} positions",
        f"{shown.count('evaluations_per_s')} evaluations/s",
        f"batch fill {shown.share('batch_fill')}",
        f"window {shown.count('window_rows')}",
        f"version {shown.count('version')}",
        f"loss {shown.loss('learner/policy_loss')} + {shown.loss('learner/value_loss')}",
        f"rate {shown.small('learner/learning_rate')}",
        f"solved: winner {shown.share('solved/winner_accuracy', 1)}, "
        f"move {shown.share('solved/move_accuracy', 1)}",
    ]
    return " | ".join((*parts, *_held_back(values)))


def status_table(values: Mapping[str, float], total_s: float) -> Constrain:
    """Lay the state of a run out as a table under a bar of the time used."""
    shown = _Shown(values)
    table = Table.grid(expand=True, padding=(0, 2, 0, 0))
    for _ in range(3):
        table.add_column(ratio=1)
        table.add_column(justify="right", no_wrap=True)
    cells = [
        ("games", shown.count("games")),
        ("evaluations/s", shown.count("evaluations_per_s")),
        ("policy loss", shown.loss("learner/policy_loss")),
        ("positions", shown.count("positions")),
        ("batch fill", shown.share("batch_fill")),
        ("value loss", shown.loss("learner/value_loss")),
        ("window rows", shown.count("window_rows")),
        ("version", shown.count("version")),
        ("learning rate", shown.small("learner/learning_rate")),
        ("solved: winner", shown.share("solved/winner_accuracy", 1)),
        ("solved: move", shown.share("solved/move_accuracy", 1)),
        ("time left", shown.duration("left_s")),
    ]
    for first in range(0, len(cells), 3):
        row = cells[first : first + 3]
        table.add_row(*(text for name, value in row for text in (_name(name), _value(value))))
    content = Group(_time_bar(shown, values, total_s), Text(), table)
    title = ", ".join(("hexray", *_held_back(values)))
    panel = Panel(content, title=title, title_align="left", border_style="dim", padding=(0, 1))
    return Constrain(panel, _WIDTH)


class _Out(rich.console.Console):
    """A console that outlives its reader: a run goes on when the pipe it writes to is closed."""

    def on_broken_pipe(self) -> None:
        """Write to nowhere from now on, what is still in the buffer too."""
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self.file.fileno())
        os.close(nowhere)


class _Shown:
    """The values of a run as text; what is missing is a dash."""

    def __init__(self, values: Mapping[str, float]) -> None:
        self._values = values

    def count(self, key: str) -> str:
        return self._format(key, lambda value: f"{value:,.0f}")

    def share(self, key: str, digits: int = 0) -> str:
        return self._format(key, lambda value: f"{value:.{digits}%}")

    def loss(self, key: str) -> str:
        return self._format(key, lambda value: f"{value:.3f}")

    def small(self, key: str) -> str:
        return self._format(key, lambda value: f"{value:.1e}")

    def duration(self, key: str) -> str:
        return self._format(key, _duration)

    def _format(self, key: str, write: Callable[[float], str]) -> str:
        value = self._values.get(key, math.nan)
        return write(value) if math.isfinite(value) else _MISSING


def _held_back(values: Mapping[str, float]) -> tuple[str, ...]:
    """Say that the machine lets the run work for a part of the time only, and nothing otherwise."""
    share = values.get("guard/share", 1.0)
    return (f"held back to {share:.0%} of the time by the machine",) if share < 1 else ()


def _time_bar(shown: _Shown, values: Mapping[str, float], total_s: float) -> Table:
    bar = Table.grid(expand=True, padding=(0, 2, 0, 0))
    bar.add_column(ratio=1)
    bar.add_column(justify="right", no_wrap=True)
    done_s = min(values.get("trained_s", 0.0), total_s)
    times = f"{shown.duration('trained_s')} of {_duration(total_s)}"
    bar.add_row(ProgressBar(total=total_s, completed=done_s), _value(times))
    return bar


def _name(text: str) -> Text:
    return Text(text, style="dim", no_wrap=True, overflow="ellipsis")


def _value(text: str) -> Text:
    return Text(text, style="bold")


def _duration(seconds: float) -> str:
    minutes, left_s = divmod(max(0, round(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{left_s:02}" if hours else f"{minutes}:{left_s:02}"
