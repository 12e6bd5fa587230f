"""What an entropy probe leaves in its folder beside the finding.

results.json          the finding and every run
summary.json          the finding alone, with the numbers that sum it up
runs.csv              a line for each run, the failed ones with the last line of their error
tensorboard/          every number of every run, by arm and B_E
failed/0007/error.txt why run 7 failed
detail.safetensors    debug: gradients and projections
"""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from tensorboardX import SummaryWriter

from hexray.files import atomic_write
from hexray.probes.entropy.one import Detail, Single
from hexray.probes.entropy.study import Outcome
from hexray.probes.finding import Draw, Finding, write_finding
from hexray.probes.folder import ERROR_FILE

SUMMARY_FILE, RUNS_FILE, DETAIL_FILE = "summary.json", "runs.csv", "detail.safetensors"


def write_failure(folder: Path, outcome: Outcome) -> None:
    """Write why a run failed into a folder of its own."""
    path = folder / "failed" / f"{outcome.task.number:04d}"
    path.mkdir(parents=True)
    atomic_write(path / ERROR_FILE, outcome.error.encode())


def write_study(
    folder: Path,
    finding: Finding,
    outcomes: Sequence[Outcome],
    draw: Draw | None,
) -> None:
    """Write finding, picture, summary, table and events of all runs.

    Raises ValueError for a number that is not finite, and OSError.
    """
    lines = [_line(outcome) for outcome in outcomes]
    numbers = {**finding.numbers, "each_run": lines}
    write_finding(folder, finding._replace(numbers=numbers), draw)
    summary = json.dumps(finding._asdict(), indent=2, allow_nan=False) + "\n"
    atomic_write(folder / SUMMARY_FILE, summary.encode())
    atomic_write(folder / RUNS_FILE, _table(lines).encode())
    _write_events(folder / "tensorboard", outcomes)


def write_detail(folder: Path, detail: Detail) -> None:
    """Write what a prediction is made of; steps are for a learning rate of 1, ``way`` is real."""
    tensors = {
        "by_evaluation": detail.estimate.by_evaluation,
        "by_update": detail.estimate.by_update,
        "variances": torch.tensor(detail.estimate.variances, dtype=torch.float64),
        "entropy_before": detail.before,
        "entropy_after": detail.after,
    }
    vectors = {
        "entropy_gradient": detail.estimate.slope,
        "loss_gradient": detail.step.gradient,
        "direction": detail.step.direction,
        "way": detail.way,
    }
    for kind, vector in vectors.items():
        tensors |= {f"{kind}/{name}": part for name, part in vector.items()}
    plain = {name: tensor.detach().contiguous() for name, tensor in tensors.items()}
    atomic_write(folder / DETAIL_FILE, safetensors.torch.save(plain))


def _line(outcome: Outcome) -> dict[str, Any]:
    measured: dict[str, Any] = dict.fromkeys(Single._fields)
    if outcome.single is not None:
        measured = outcome.single._asdict()
    error = outcome.error.strip().splitlines()
    return {**outcome.task._asdict(), **measured, "error": error[-1] if error else ""}


def _table(lines: Sequence[Mapping[str, Any]]) -> str:
    text = io.StringIO()
    table = csv.DictWriter(text, list(lines[0]), lineterminator="\n")
    table.writeheader()
    table.writerows(lines)
    return text.getvalue()


def _write_events(folder: Path, outcomes: Sequence[Outcome]) -> None:
    """Write the runs of each arm and B_E as a curve, in the order of their numbers."""
    counted: dict[str, int] = {}
    with SummaryWriter(logdir=str(folder)) as board:
        for outcome in sorted(outcomes, key=lambda each: each.task.number):
            if outcome.single is None:
                continue
            group = f"{outcome.task.arm}/{outcome.task.evaluation_positions}"
            counted[group] = counted.get(group, 0) + 1
            for name, value in outcome.single._asdict().items():
                board.add_scalar(f"{group}/{name}", value, counted[group])
