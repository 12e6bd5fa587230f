"""The picture of short trainings side by side: held-out loss of every seed, one line for each."""

import textwrap
from collections.abc import Sequence
from statistics import fmean
from typing import Literal, NamedTuple

from matplotlib.figure import Figure

from hexray.probes.finding import BAD, GRID, INK

_WIDTH = 110
_LABEL = 0.3
"""Width of a label, as a share of the picture's."""


class Line(NamedTuple):
    """One line of the picture: losses of the seeds in nats, None of one that broke off."""

    name: str
    losses: Sequence[float | None]
    colour: str
    note: str = ""


def draw_lessons(figure: Figure, lines: Sequence[Line], sentence: str, base: str | None) -> None:
    """Draw the lines from top to bottom, and the mean of the line ``base`` down through all."""
    axes = figure.subplots()
    means = {line.name: fmean(known) for line in lines if (known := finite(line.losses))}
    losses = [loss for line in lines for loss in finite(line.losses)]
    lowest, highest = min(losses, default=0.0), max(losses, default=1.0)
    room = max(highest - lowest, 0.01) * 0.15
    for place, line in enumerate(lines):
        known = finite(line.losses)
        if not known:
            axes.text(highest, place, "broke off", va="center", ha="right", color=BAD)
            continue
        axes.plot(known, [place] * len(known), "o", color=line.colour, alpha=0.4, markersize=6)
        mean = [means[line.name]]
        axes.plot(mean, [place], "|", color=line.colour, markersize=20, markeredgewidth=3)
        axes.annotate(
            f"{mean[0]:.3f} {line.note}".strip(),
            (mean[0], place),
            xytext=(0, 12),
            textcoords="offset points",
            ha=_leaning((mean[0] - lowest + room) / (highest - lowest + 2 * room)),
            fontsize=8,
            color=INK,
            parse_math=False,
        )
    if base in means:
        axes.axvline(means[base], color=INK, linewidth=1, linestyle=":")
    axes.set_xlim(lowest - room, highest + room)
    axes.set_ylim(len(lines) - 0.5, -0.7)
    axes.set_yticks(range(len(lines)), [line.name for line in lines])
    axes.grid(axis="x", color=GRID)
    axes.set_axisbelow(True)
    axes.set_xlabel("loss on held-out positions, policy and value (nats): less is better")
    figure.supxlabel(
        textwrap.fill(sentence, _WIDTH), fontsize=9, color=INK, x=0.01, ha="left", parse_math=False
    )


def _leaning(share: float) -> Literal["left", "center", "right"]:
    """Return the side at which a label begins that may not leave the picture."""
    if share < _LABEL / 2:
        return "left"
    return "right" if share > 1 - _LABEL / 2 else "center"


def finite(losses: Sequence[float | None]) -> list[float]:
    """Return the losses that are there."""
    return [loss for loss in losses if loss is not None]
