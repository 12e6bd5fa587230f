"""The runs of an entropy probe: what they draw, and how they end."""

import numpy as np
import pytest
from made_checkpoints import made
from made_outcomes import NOTHING
from training_rows import random_rows

from hexray.data.rows import Rows
from hexray.errors import CheckpointError, EvaluationError
from hexray.probes.entropy import study
from hexray.probes.entropy.plan import StudySettings, Task, study_settings, tasks_of
from hexray.probes.entropy.study import (
    Material,
    batches_of,
    measure_one,
    measured_here,
    measured_on_ray,
)

pytestmark = pytest.mark.filterwarnings("ignore:.*torch.jit.script.*:DeprecationWarning")
"""Of torch itself, where it first differentiates forward."""
ROWS = random_rows(60, 3)._replace(version=np.arange(60, dtype=np.int32))


def settings_of(**values: object) -> StudySettings:
    small = {"evaluation_positions": [6], "update_positions": 4, "draws": 2, "micro_batch": 4}
    return study_settings({**small, **values}, "here")


def material_of(settings: StudySettings) -> Material:
    return Material(made(1), ROWS, 3, settings)


def task_of(size: int, update_seed: int = 1, evaluation_seed: int = 2) -> Task:
    return Task(1, "fixed", size, update_seed, evaluation_seed, 3)


def names(rows: Rows) -> list[int]:
    return rows.version.tolist()


def test_no_row_is_in_both_batches_and_none_twice() -> None:
    for seed in range(50):
        evaluation, update = batches_of(ROWS, task_of(40, seed, seed + 1), 20)
        assert sorted(names(evaluation) + names(update)) == list(range(60))


def test_runs_of_one_update_seed_make_the_same_update_whatever_they_evaluate() -> None:
    drawn = [batches_of(ROWS, task_of(size, 7, size), 20) for size in (5, 10, 40)]
    assert len({tuple(names(update)) for _, update in drawn}) == 1
    assert names(drawn[0][0]) != names(drawn[1][0])[:5]


def test_every_row_is_drawn_equally_often() -> None:
    runs, counts = 3000, np.zeros(60)
    for seed in range(runs):
        evaluation, _ = batches_of(ROWS, task_of(6, seed, seed + 10_000), 4)
        counts[names(evaluation)] += 1
    # Binomial of 3000 and 0.1: a standard deviation of 16.4; six of them.
    assert np.abs(counts - runs * 0.1).max() < 99


def test_a_run_that_fails_is_told_with_its_error_and_the_others_go_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings = settings_of(runs=20)
    tasks = tasks_of("sanity-check", settings)

    def probe(*arguments: object) -> object:
        if arguments[5] == tasks[3].seed:
            raise CheckpointError("torn")
        return NOTHING

    monkeypatch.setattr(study, "probe_once", probe)
    found = list(measured_here(material_of(settings), tasks))
    assert [outcome.task for outcome in found] == tasks
    assert [outcome.task.number for outcome in found if outcome.single is None] == [4]
    assert found[3].error.strip().endswith("hexray.errors.CheckpointError: torn")
    assert "Traceback" in found[3].error


def test_a_defect_of_the_program_is_not_taken_for_a_failed_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def probe(*arguments: object) -> object:
        raise TypeError("a defect")

    monkeypatch.setattr(study, "probe_once", probe)
    settings = settings_of()
    with pytest.raises(TypeError, match="a defect"):
        list(measured_here(material_of(settings), tasks_of("single", settings)))


def test_a_result_that_is_no_number_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(study, "probe_once", lambda *_: NOTHING._replace(exact=float("nan")))
    with pytest.raises(EvaluationError, match="exact is nan"):
        measure_one(material_of(settings_of()), task_of(6))


def test_a_run_is_the_same_for_the_same_seed() -> None:
    material = material_of(settings_of())
    one, again = (measure_one(material, task_of(6)) for _ in range(2))
    assert one._replace(seconds=0) == again._replace(seconds=0)
    other = measure_one(material, task_of(6)._replace(seed=4))
    assert other.predicted != one.predicted


@pytest.mark.ray
@pytest.mark.usefixtures("ray_here")
def test_tasks_on_ray_measure_what_is_measured_here_and_fail_alike() -> None:
    settings = settings_of(workers=2)
    material = material_of(settings)
    tasks = [task for size in (4, 8) for task in [task_of(size)] * 2]
    tasks = [task._replace(number=number, seed=number) for number, task in enumerate(tasks)]
    too_small = task_of(2)
    here = list(measured_here(material, tasks))
    there = sorted(measured_on_ray(material, tasks), key=lambda outcome: outcome.task.number)
    for one, other in zip(here, there, strict=True):
        assert one.single is not None
        assert other.single is not None
        ours, theirs = one.single._replace(seconds=0), other.single._replace(seconds=0)
        # Threads differ, and with them the order in which numbers are added.
        assert ours == pytest.approx(theirs, rel=1e-4, abs=1e-9)
    (failed,) = measured_on_ray(material, [too_small])
    assert failed.single is None
    assert "evaluation_positions" in failed.error
