"""Compare finished runs: ``python -m tune.compare --ours RUN... --theirs RUN...``."""

import dataclasses
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import tyro
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from hexray.errors import FileFormatError, HexrayError
from hexray.files import atomic_write
from hexray.metrics import METRICS_FILE, read_metrics
from hexray.ratings.differences import mean_difference, share_difference, verdict

CURVES = (
    "solved/winner_accuracy",
    "solved/move_accuracy",
    "held_out/policy_loss",
    "held_out/brier",
)
"""What is drawn over time, where both sides have it."""
POINTS = 50
_SHARES = ("winner_accuracy", "move_accuracy")
_OURS, _THEIRS = "#d1662b", "#1f6f78"


@dataclasses.dataclass(frozen=True)
class CompareOptions:
    """Which runs."""

    ours: Annotated[tuple[Path, ...], tyro.conf.arg(metavar="RUN...")]
    """Run folders of one kind, best with several seeds."""
    theirs: Annotated[tuple[Path, ...], tyro.conf.arg(metavar="RUN...")]
    """Run folders of the other kind."""
    picture: Path = Path("compare.png")
    """Where the curves are drawn."""
    json: bool = False
    """Print one JSON object instead of the table."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare as the command line says; return the exit status."""
    options = tyro.cli(
        CompareOptions,
        args=arguments,
        prog="python -m tune.compare",
        description="Compare two kinds of finished runs: aligned curves, differences, verdict.",
    )
    try:
        found = compare(options.ours, options.theirs)
        draw(options.ours, options.theirs, options.picture)
    except (HexrayError, OSError) as error:
        print(f"hexray: {error}", file=sys.stderr)
        return 2
    if options.json:
        print(json.dumps(found))
    else:
        _show(found, options)
    return 0


def compare(ours: Sequence[Path], theirs: Sequence[Path]) -> list[dict[str, Any]]:
    """Compare what the runs have reached, by what each share is called in ``strength.json``.

    With several runs each the interval is that of the means; with one each it says only whether
    these two networks differ, by the number of positions. Raises FileFormatError for a run that
    is not finished.
    """
    mine, other = ([_strength(run) for run in runs] for runs in (ours, theirs))
    lines = []
    for share in _SHARES:
        if not all(share in strength for strength in (*mine, *other)):
            continue
        values = [[float(strength[share]) for strength in side] for side in (mine, other)]
        difference = mean_difference(values[0], values[1])
        if difference is None and len(mine) == len(other) == 1:
            positions = "positions" if share == "winner_accuracy" else "movable"
            count = int(mine[0].get(positions, mine[0]["positions"]))
            difference = share_difference(values[0][0], values[1][0], count)
        line: dict[str, Any] = {"share": share, "ours": values[0], "theirs": values[1]}
        line["difference"] = None if difference is None else difference.value
        line["interval"] = None if difference is None else [difference.low, difference.high]
        line["verdict"] = verdict(difference, "ours", "theirs")
        lines.append(line)
    return lines


def aligned(runs: Sequence[Path], name: str, minutes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a metric of each run at the same ``minutes``, float64[R, M], between measurements
    interpolated; NaN before the first and after the last, and where a run never measured it.
    """
    rows = []
    for run in runs:
        lines = [line for line in read_metrics(run / METRICS_FILE) if name in line]
        at = [float(line["minutes"]) for line in lines]
        values = [float(line[name]) for line in lines]
        if lines:
            rows.append(np.interp(minutes, at, values, left=np.nan, right=np.nan))
        else:
            rows.append(np.full(len(minutes), np.nan))
    return np.array(rows)


def draw(ours: Sequence[Path], theirs: Sequence[Path], path: Path) -> None:
    """Draw the curves of both sides over the time that all runs had, each run and the mean."""
    ends = [_last_minute(run) for run in (*ours, *theirs)]
    minutes = np.linspace(0, min(ends), POINTS)
    figure = Figure(figsize=(9, 3 * len(CURVES)), dpi=120, layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    every = figure.subplots(len(CURVES), 1, sharex=True)
    every[-1].set_xlabel("training time (minutes)")
    for axes, name in zip(every, CURVES, strict=True):
        axes.set_title(name, loc="left")
        for runs, colour, side in ((ours, _OURS, "ours"), (theirs, _THEIRS, "theirs")):
            curves = aligned(runs, name, minutes)
            known = ~np.isnan(curves).any(0)
            axes.plot(minutes, curves.T, color=colour, alpha=0.3, linewidth=1)
            axes.plot(minutes[known], curves[:, known].mean(0), color=colour, label=side)
        axes.legend(frameon=False)
    atomic_write(path, lambda file: figure.savefig(file, format="png"))


def _strength(run: Path) -> Mapping[str, Any]:
    path = run / "strength.json"
    if not path.exists():
        raise FileFormatError(f"{path}:1:1: no such file; only finished runs can be compared")
    return json.loads(path.read_text(encoding="utf-8"))


def _last_minute(run: Path) -> float:
    lines = read_metrics(run / METRICS_FILE)
    return float(lines[-1]["minutes"]) if lines else 0.0


def _show(found: Sequence[Mapping[str, Any]], options: CompareOptions) -> None:
    table = Table("share", "ours", "theirs", "difference", "95 % interval")
    for line in found:
        sides = [", ".join(f"{value:.4f}" for value in line[side]) for side in ("ours", "theirs")]
        known = line["difference"] is not None
        table.add_row(
            line["share"],
            *sides,
            f"{line['difference']:+.4f}" if known else "",
            "{:+.4f} to {:+.4f}".format(*line["interval"]) if known else "",
        )
    out = Console()
    out.print(table)
    for line in found:
        out.print(f"{line['share']}: {line['verdict']}", soft_wrap=True)
    if len(options.ours) == len(options.theirs) == 1:
        out.print("one run each: this says whether the two networks differ, not their settings")
    out.print(f"curves {options.picture}", soft_wrap=True)


if __name__ == "__main__":
    sys.exit(main())
