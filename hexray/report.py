"""What a run has reached: the learning curve as a picture and the strength as JSON."""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from hexray.files import atomic_write
from hexray.ratings.calibration import STAGES

_INK, _GRID, _FADED = "#33312e", "#e4e0d8", "#9bb3a6"
_SMALLER = re.compile(r"solved/\d+x\d+/winner_accuracy")
_ACCURACY = (
    ("solved/winner_accuracy", "winner named", "#1f6f78"),
    ("solved/move_accuracy", "move keeps the win", "#d1662b"),
)
_LOSSES = (
    ("learner/policy_loss", "policy", "#4b4e9d"),
    ("learner/value_loss", "value", "#b0447a"),
)
_SMOOTH_FROM = 60
_LABEL_HEIGHT = 0.06
_MOST_RATINGS = 12


def write_curve(metrics: Sequence[Mapping[str, Any]], path: Path, title: str) -> None:
    """Draw accuracy on solved positions and losses over training minutes as a PNG at ``path``.

    ``metrics`` are the lines of ``metrics.jsonl``; each holds ``minutes`` and any of the keys
    ``solved/winner_accuracy``, ``solved/move_accuracy``, ``learner/policy_loss`` and
    ``learner/value_loss``. Of the smaller boards of a curriculum (``solved/5x5/winner_accuracy``)
    the winners are drawn.
    """
    figure = Figure(figsize=(9, 6.6), dpi=140, layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    figure.suptitle(title, fontsize=13, fontweight="bold", color=_INK, parse_math=False)
    above, below = figure.subplots(2, 1, sharex=True)
    _draw_accuracy(above, metrics)
    _draw_losses(below, metrics)
    below.set_xlabel("training time (minutes)", color=_INK)
    below.set_xlim(0, max((float(line["minutes"]) for line in metrics), default=0.0) or 1.0)
    figure.align_ylabels()
    atomic_write(path, lambda file: figure.savefig(file, format="png"))


def write_strength(strength: Mapping[str, Any], path: Path) -> None:
    """Write what a run has reached as readable JSON; raises ValueError for a number not finite."""
    atomic_write(path, (json.dumps(strength, indent=2, allow_nan=False) + "\n").encode())


def held_out_lines(figures: Mapping[str, float]) -> list[str]:
    """Say what the network makes of held-out games, from its metrics; no lines without them."""
    if "held_out/ece" not in figures:
        return []
    stages = [stage for stage in STAGES if f"held_out/ece/{stage}" in figures]
    lines = [
        f"value on held-out games: right {figures['held_out/value_accuracy']:.3f} "
        f"({figures['held_out/gap']:+.3f} on games trained on), "
        f"policy loss {figures['held_out/policy_loss']:.3f}"
    ]
    for name, key in (("calibration error", "ece"), ("Brier score", "brier")):
        parts = [f"{stage} {figures[f'held_out/{key}/{stage}']:.3f}" for stage in stages]
        lines.append(f"  {name} {figures[f'held_out/{key}']:.3f}: {', '.join(parts)}")
    return lines


def rating_lines(versions: Sequence[Mapping[str, Any]]) -> list[str]:
    """Lay the ratings of a run's versions out as a table, the newest last; no lines without any.

    Each holds ``version``, ``elo``, ``low``, ``high``, ``games`` and ``is_best``. Of many the
    first and the newest are shown, and the best.
    """
    if not versions:
        return []
    newest = versions[-_MOST_RATINGS:]
    older = versions[: -len(newest)]
    shown = [line for line in older if line is older[0] or line["is_best"]] + list(newest)
    lines = [f"ratings in Elo, 95 % intervals, {len(shown)} of {len(versions)} versions:"]
    lines.append("  version    Elo     low    high   games")
    for line in shown:
        best = "  best" if line["is_best"] else ""
        lines.append(
            f"  {line['version']:>7} {line['elo']:>+6.0f}  {line['low']:>+6.0f}  "
            f"{line['high']:>+6.0f}  {line['games']:>6}{best}"
        )
    return lines


def _draw_accuracy(axes: Axes, metrics: Sequence[Mapping[str, Any]]) -> None:
    shown = (*_smaller_boards(metrics), *_ACCURACY)
    series = [_series(metrics, key) for key, _, _ in shown]
    values = [value for _, column in series for value in column]
    _prepare(axes, "share of solved positions", is_empty=not values)
    lowest = min(values, default=0.5)
    axes.set_ylim(max(0.0, min(0.9, lowest) - 0.03), 1.01)
    axes.yaxis.set_major_formatter(PercentFormatter(xmax=1, decimals=0))
    labels = []
    for (minutes, column), (_, name, colour) in zip(series, shown, strict=True):
        if column:
            axes.plot(minutes, column, color=colour, lw=1.8, marker="o", ms=3.5, clip_on=False)
            labels.append((column[-1], f"{name} {column[-1]:.1%}", colour))
    label_ends(axes, labels)


def _smaller_boards(metrics: Sequence[Mapping[str, Any]]) -> list[tuple[str, str, str]]:
    """Return key, name and colour of what was measured on the boards before the last."""
    keys = {key for line in metrics for key in line if _SMALLER.fullmatch(key)}
    boards = sorted((int(key.split("/")[1].partition("x")[0]), key) for key in keys)
    return [(key, f"{board}x{board} winner named", _FADED) for board, key in boards]


def _draw_losses(axes: Axes, metrics: Sequence[Mapping[str, Any]]) -> None:
    series = [_series(metrics, key) for key, _, _ in _LOSSES]
    values = [value for _, column in series for value in column]
    _prepare(axes, "loss (mean per row)", is_empty=not values)
    axes.set_ylim(0, max(values, default=1.0) * 1.08 or 1.0)
    labels = []
    for (minutes, column), (_, name, colour) in zip(series, _LOSSES, strict=True):
        if column:
            marker = "o" if len(column) < _SMOOTH_FROM else ""
            axes.plot(minutes, column, color=colour, lw=1.6, marker=marker, ms=3, clip_on=False)
            labels.append((column[-1], f"{name} {column[-1]:.3f}", colour))
    label_ends(axes, labels)


def _series(metrics: Sequence[Mapping[str, Any]], key: str) -> tuple[list[float], list[float]]:
    held = [line for line in metrics if key in line]
    return [float(line["minutes"]) for line in held], [float(line[key]) for line in held]


def _prepare(axes: Axes, label: str, *, is_empty: bool) -> None:
    axes.set_ylabel(label, color=_INK)
    axes.tick_params(colors=_INK, labelsize=9, left=not is_empty, labelleft=not is_empty)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color("#a29d92")
    axes.set_axisbelow(True)
    if is_empty:
        axes.text(
            0.5, 0.5, "no measurement yet", transform=axes.transAxes, ha="center", color="#8a857b"
        )
    else:
        axes.grid(color=_GRID, lw=0.8)


def label_ends(axes: Axes, labels: list[tuple[float, str, str]]) -> None:
    """Write labels (height in the data, text, colour) right of the panel, none over another."""
    low, high = axes.get_ylim()
    free_from = 0.0
    for value, text, colour in sorted(labels):
        height = max((value - low) / (high - low), free_from)
        free_from = height + _LABEL_HEIGHT
        axes.text(
            1.015,
            height,
            text,
            transform=axes.transAxes,
            va="center",
            color=colour,
            fontsize=9.5,
            fontweight="bold",
        )
