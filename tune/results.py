"""What a sweep has found: a table, JSON, the best settings as a file."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any, Literal, NamedTuple

import yaml
from rich.console import Console
from rich.table import Table

from hexray.config import RunConfig
from hexray.files import atomic_write
from hexray.ratings.differences import mean_difference, verdict
from tune.space import BASELINE, Values
from tune.words import copied, in_words

BEST_FILE = "best.yaml"
SWEEP_FILE = "sweep.json"
WINNER = "winner"
_SHOWN = 40


class Trial(NamedTuple):
    """One trial as it ended.

    number     counts from 1 in the order of their beginning
    id         its name, and that of its folder
    values     what it changed
    score      None where it never reported
    trained_s  seconds of training
    state      whole: it had all its time; ended: the scheduler ended it; failed: see ``error``
    copies     how often it went on from another trial's checkpoint, its settings changed
    curve      (trained_s, score) as reported
    """

    number: int
    id: str
    values: Values
    score: float | None
    trained_s: float
    state: Literal["whole", "ended", "failed"]
    copies: int
    error: str
    curve: list[tuple[float, float]]


def best_of(trials: Sequence[Trial], start: Values) -> Trial | None:
    """Return the whole trial with the best score; None where there is none.

    Of equal ones that of the settings unchanged, ``start``, is taken, and then the first.
    """
    whole = [(trial, trial.score) for trial in trials if trial.state == "whole"]
    scored = [
        (score, dict(trial.values) == dict(start), -trial.number, trial)
        for trial, score in whole
        if score is not None
    ]
    return max(scored, key=lambda entry: entry[:3], default=(None,))[-1]


def write_best(config: RunConfig, folder: Path) -> Path:
    """Write the best settings so that ``python -m hexray.loop --config`` takes them."""
    path = folder / BEST_FILE
    text = yaml.safe_dump(config.model_dump(mode="json", exclude={"seed"}), sort_keys=False)
    atomic_write(path, text.encode())
    return path


def scores_by_arm(trials: Sequence[Trial], names: Mapping[str, Values]) -> dict[str, list[float]]:
    """Return the scores of all whole trials of each arm; an arm is told by what it changes."""
    found: dict[str, list[float]] = {name: [] for name in names}
    for trial in trials:
        own = {path: value for path, value in trial.values.items() if path != "seed"}
        for name, values in names.items():
            if own == dict(values) and trial.state == "whole" and trial.score is not None:
                found[name].append(trial.score)
    return found


def compared(scores: Mapping[str, Sequence[float]]) -> list[dict[str, Any]]:
    """Compare every arm with the baseline: mean, difference, its interval, verdict."""
    base = scores[BASELINE]
    lines = []
    for name, own in scores.items():
        line: dict[str, Any] = {"arm": name, "runs": len(own)}
        line["mean"] = fmean(own) if own else None
        if name != BASELINE:
            difference = mean_difference(own, base)
            line["difference"] = None if difference is None else difference.value
            line["interval"] = None if difference is None else [difference.low, difference.high]
            line["verdict"] = verdict(difference, name, BASELINE)
        lines.append(line)
    return lines


def write_results(
    folder: Path,
    facts: Mapping[str, Any],
    best: Trial | None,
    trials: Sequence[Trial],
    again: Sequence[Trial],
    arms: list[dict[str, Any]],
) -> None:
    """Write everything into ``sweep.json``."""
    content = {
        **facts,
        "best": None if best is None else best.id,
        "trials": [trial._asdict() for trial in trials],
        "again": [trial._asdict() for trial in again],
        "compared": arms,
    }
    atomic_write(folder / SWEEP_FILE, (json.dumps(content, indent=2) + "\n").encode())


def show(trials: Sequence[Trial], arms: Sequence[Mapping[str, Any]], out: Console) -> None:
    """Print all trials, the best first, and what was compared."""
    table = Table("trial", "id", "score", "trained", "state", "changed", title="trials")
    ordered = sorted(trials, key=lambda trial: (trial.state != "whole", -(trial.score or -1e9)))
    for trial in ordered[:_SHOWN]:
        score = "-" if trial.score is None else f"{trial.score:.4f}"
        state = f"failed: {trial.error}" if trial.state == "failed" else trial.state
        state += copied(trial.copies)
        minutes = f"{trial.trained_s / 60:.1f} min"
        table.add_row(str(trial.number), trial.id, score, minutes, state, in_words(trial.values))
    out.print(table)
    if not arms:
        return
    differences = Table("arm", "runs", "mean", "difference", "95 % interval")
    for line in arms:
        mean = "-" if line["mean"] is None else f"{line['mean']:.4f}"
        known = line.get("difference") is not None
        differences.add_row(
            line["arm"],
            str(line["runs"]),
            mean,
            f"{line['difference']:+.4f}" if known else "",
            "{:+.4f} to {:+.4f}".format(*line["interval"]) if known else "",
        )
    out.print(differences)
    for line in arms:
        if "verdict" in line:
            out.print(line["verdict"], soft_wrap=True)
