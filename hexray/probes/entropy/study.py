"""The runs of an entropy probe: here or as Ray tasks; one that fails does not stop the others."""

import math
import traceback
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import ray
from ray.exceptions import WorkerCrashedError

from hexray.cluster import LOST, fetch
from hexray.data.rows import Rows
from hexray.errors import EvaluationError, HexrayError
from hexray.net.checkpoint import Checkpoint
from hexray.probes.entropy.one import Detail, Single, probe_in_detail, probe_once
from hexray.probes.entropy.plan import StudySettings, Task, step_settings

FAILURES = (HexrayError, ArithmeticError, ValueError, RuntimeError, OSError)
"""What a run may fail with while the others go on."""


class Material(NamedTuple):
    """What all runs of a probe share.

    found     the checkpoint; not changed
    rows      the positions that batches are drawn from
    size      board side
    settings  of the probe
    """

    found: Checkpoint
    rows: Rows
    size: int
    settings: StudySettings


class Outcome(NamedTuple):
    """How one run ended: with what it measured, or else with the text of its error."""

    task: Task
    single: Single | None
    error: str = ""


def batches_of(rows: Rows, task: Task, update_positions: int) -> tuple[Rows, Rows]:
    """Return evaluation and update of a run (copies): no row is in both, none twice."""
    order = np.random.default_rng(task.update_seed).permutation(len(rows.cells))
    update, rest = order[:update_positions], order[update_positions:]
    chosen = np.random.default_rng(task.evaluation_seed).permutation(rest)
    return _taken(rows, chosen[: task.evaluation_positions]), _taken(rows, update)


def measure(material: Material, task: Task) -> Outcome:
    """Measure one run; what it fails with becomes its outcome."""
    try:
        return Outcome(task, measure_one(material, task))
    except FAILURES:
        return Outcome(task, None, traceback.format_exc())


def measure_one(material: Material, task: Task) -> Single:
    """Measure one run. Raises as ``probe_once`` does, and EvaluationError for what is no number."""
    return _checked(_measured(probe_once, material, task))


def measure_in_detail(material: Material, task: Task) -> tuple[Single, Detail]:
    """Measure one run and return all that it went through. Raises as ``measure_one`` does."""
    single, detail = _measured(probe_in_detail, material, task)
    return _checked(single), detail


def measured_here(material: Material, tasks: Sequence[Task]) -> Iterator[Outcome]:
    """Yield the outcome of each run, one after another in this process."""
    return map(partial(measure, material), tasks)


def measured_on_ray(material: Material, tasks: Sequence[Task]) -> Iterator[Outcome]:
    """Yield the outcome of each run as it ends, ``workers`` at once; needs a Ray session.

    A run whose process dies is tried again by Ray, and then has failed.
    """
    shared, remote = ray.put(material), ray.remote(measure)
    waiting, pending = iter(tasks), {}
    while True:
        while len(pending) < material.settings.workers and (task := next(waiting, None)):
            pending[remote.remote(shared, task)] = task
        if not pending:
            return
        (ready,), _ = ray.wait(list(pending), num_returns=1)
        task = pending.pop(ready)
        try:
            outcome = fetch(ready)
        except (*LOST, WorkerCrashedError) as error:
            outcome = Outcome(task, None, f"the process of the run died: {error}\n")
        yield outcome


def _measured(probe: Callable[..., Any], material: Material, task: Task) -> Any:
    settings = material.settings
    evaluation, update = batches_of(material.rows, task, settings.update_positions)
    step, seeds = step_settings(settings, task.evaluation_positions), (task.seed, task.update_seed)
    return probe(material.found, evaluation, update, material.size, step, *seeds)


def _checked(single: Single) -> Single:
    for name, value in single._asdict().items():
        if not math.isfinite(value):
            raise EvaluationError(
                f"{name} is {value}; where the weights are numbers, a lower learning_rate helps"
            )
    return single


def _taken(rows: Rows, chosen: np.ndarray) -> Rows:
    return Rows._make(column[chosen] for column in rows)
