"""``hexray probe curves``: what the log of a run says is wrong with it, and what to do."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from hexray.config import RunConfig, with_overrides
from hexray.errors import FileFormatError
from hexray.metrics import METRICS_FILE
from hexray.options import read_settings
from hexray.probes.caption import caption
from hexray.probes.curve_rules import Judgement, Run, State, judged, named
from hexray.probes.finding import BAD, GOOD, GRID, INK, OTHER, Finding
from hexray.probes.learning_rules import LEARNING_RULES
from hexray.probes.pace_rules import PACE_RULES
from hexray.run_folder import SETTINGS_FILE

PROBE = "curves"
RULES = {**LEARNING_RULES, **PACE_RULES}
_COLOURS: dict[State, str] = {"fine": GOOD, "warning": BAD, "unknown": OTHER, "off": GRID}
_COLUMNS = 5


def read_run(folder: Path) -> Run:
    """Read what a run measured since it trains its present board, also while it goes on.

    Raises SettingsError or FileFormatError where its settings or its log cannot be read.
    """
    config = with_overrides(RunConfig(), read_settings(folder / SETTINGS_FILE))
    lines = _lines(folder / METRICS_FILE)
    seconds = max((float(line.get("trained_s", 0.0)) for line in lines), default=0.0)
    boards = [line.get("board") for line in lines]
    others = [place for place, board in enumerate(boards) if board not in (None, config.board)]
    begin = others[-1] + 1 if others else 0
    curves: dict[str, list[float]] = {}
    for line in lines[begin:]:
        for name, value in line.items():
            curves.setdefault(name, []).append(np.nan if value is None else float(value))
    return Run(config, seconds, {name: np.array(values) for name, values in curves.items()})


def judge_run(run: Run) -> tuple[Finding, list[Judgement]]:
    """Say what is wrong with a run, and what every rule found."""
    found = judged(run, RULES)
    warned, unknown = named(found, "warning"), named(found, "unknown")
    numbers = {
        "trained_s": run.seconds,
        "board": run.config.board,
        "rules": [each._asdict() for each in found],
    }
    parts = [
        f"{each.rule}: {each.says}; {each.advice}" for each in found if each.state == "warning"
    ]
    if unknown:
        why = "; ".join(f"{each.rule} ({each.says})" for each in found if each.state == "unknown")
        parts.append(f"cannot be judged yet: {why}")
    if off := [f"{each.rule} ({each.says})" for each in found if each.state == "off"]:
        parts.append(f"left out: {'; '.join(off)}")
    fine = len(named(found, "fine"))
    parts.append(f"{fine} of {len(found)} rules find nothing in {run.seconds / 60:.1f} minutes")
    verdict = "no warning"
    if warned:
        verdict = f"{len(warned)} warning{'s' * (len(warned) > 1)}: {', '.join(warned)}"
    elif unknown:
        verdict = "too short to judge"
    return Finding(PROBE, verdict, ". ".join(parts), not warned and not unknown, numbers), found


def draw_curves(figure: Figure, run: Run, found: Sequence[Judgement], finding: Finding) -> None:
    """Draw the curve of every rule, in the colour of what the rule says."""
    figure.set_size_inches(13, 7.5)
    rows = -(-len(found) // _COLUMNS)
    panels = figure.subplots(rows, _COLUMNS, squeeze=False).ravel()
    for axes, judgement in zip(panels, found, strict=False):
        _panel(axes, run.of(judgement.curve), judgement)
    for axes in panels[len(found) :]:
        axes.set_axis_off()
    if finding.is_sound:
        caption(figure, finding.sentence)
        return
    wrong = [each for each in found if each.state in ("warning", "unknown")]
    caption(figure, "; ".join(f"{each.rule}: {each.says}" for each in wrong))


def _panel(axes: Axes, values: NDArray, judgement: Judgement) -> None:
    colour = _COLOURS[judgement.state]
    axes.plot(values, color=colour, linewidth=1.2)
    word = "" if judgement.state == "fine" else f": {judgement.state}"
    ink = INK if judgement.state in ("fine", "off") else colour
    axes.set_title(f"{judgement.rule}{word}", fontsize=9, color=ink)
    axes.set_xlabel(judgement.curve, fontsize=7, color=INK)
    axes.tick_params(labelsize=7)
    axes.grid(color=GRID)
    axes.set_axisbelow(True)
    if not len(values):
        axes.text(0.5, 0.5, "not measured", transform=axes.transAxes, ha="center", color=INK)


def _lines(path: Path) -> list[dict[str, Any]]:
    """Return the lines of a log; NaN and infinity, which no sound log has, are what is looked for.

    A last line without its end was cut by a crash and is left out.
    """
    if not path.is_file():
        raise FileFormatError(f"{path}:1:1: there is no such file; name a run folder")
    *lines, _cut = path.read_bytes().split(b"\n")
    return [_parsed(line, f"{path}:{number}") for number, line in enumerate(lines, start=1)]


def _parsed(line: bytes, place: str) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except ValueError as error:
        raise FileFormatError(f"{place}:1: {error}; remove the line") from error
    known = (int, float, type(None))
    if not isinstance(found, dict) or not all(isinstance(value, known) for value in found.values()):
        raise FileFormatError(f"{place}:1: not a JSON object of numbers; remove the line")
    return found
