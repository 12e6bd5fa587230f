"""The learner over bad rows and lost weights: left out, taken back, and in the end given up."""

from pathlib import Path

import numpy as np
import pytest
from training_rows import random_rows

from hexray.actors.learner import Learner
from hexray.config import RunConfig, with_overrides
from hexray.data.rows import Rows
from hexray.errors import TrainingError

SIZE = 3
CONFIG = with_overrides(
    RunConfig(),
    {
        "board": SIZE,
        "net": {"blocks": 1, "channels": 8},
        "learner": {"batch_rows": 16, "batches": 2, "precision": "float32", "faults_most": 3},
    },
)


@pytest.fixture
def learner(tmp_path: Path) -> Learner:
    return Learner(CONFIG, tmp_path, 0)


def _rows(seed: int = 0) -> Rows:
    return random_rows(32, SIZE, seed)


def _bad(what: str) -> Rows:
    rows = _rows()
    spoilt = {
        "policy": rows.policy * np.float16(0.5),
        "root_value": np.where(np.arange(32) == 5, np.float32(np.nan), rows.root_value),
        "outcome": rows.outcome * np.int8(3),
    }
    return rows._replace(**{what: spoilt[what]})


def _weights(learner: Learner) -> dict[str, np.ndarray]:
    _, (_, weights) = learner.publish()
    return weights


def _same(some: dict[str, np.ndarray], others: dict[str, np.ndarray]) -> bool:
    return all(np.array_equal(some[name], others[name]) for name in some)


@pytest.mark.parametrize("what", ["policy", "root_value", "outcome"])
def test_nothing_is_learned_from_bad_rows(learner: Learner, what: str) -> None:
    learner.train(_rows(), 0.0)
    before = _weights(learner)
    said = learner.train(_bad(what), 0.0)
    assert what in said["fault"]
    assert said["rows_trained"] == 32
    assert _same(_weights(learner), before)
    assert "fault" not in learner.train(_rows(1), 0.0)


def test_after_some_in_a_row_the_last_checkpoint_is_taken(learner: Learner) -> None:
    learner.train(_rows(), 0.0)
    saved = learner.save(1.0)
    at_save = _weights(learner)
    learner.train(_rows(1), 0.0)
    said = [learner.train(_bad("policy"), 0.0) for _ in range(3)]
    assert ["went_back" in each for each in said] == [False, False, True]
    assert said[-1]["went_back"] == saved
    assert said[-1]["rows_trained"] == 32
    assert _same(_weights(learner), at_save)


def test_a_good_block_between_starts_the_count_anew(learner: Learner) -> None:
    learner.save(1.0)
    for seed in range(4):
        for _ in range(2):
            assert "went_back" not in learner.train(_bad("policy"), 0.0)
        learner.train(_rows(seed), 0.0)


def test_versions_grow_over_a_way_back(learner: Learner) -> None:
    learner.train(_rows(), 0.0)
    learner.save(1.0)
    before, _ = learner.publish()
    for _ in range(3):
        learner.train(_bad("policy"), 0.0)
    assert learner.publish()[0] == before + 1


def test_weights_that_are_no_numbers_are_taken_back_at_once(learner: Learner) -> None:
    learner.train(_rows(), 0.0)
    saved = learner.save(1.0)
    for tensor in learner._trainer._average.values():
        if tensor.is_floating_point():
            tensor.fill_(float("nan"))
            break
    assert learner.train(_rows(1), 0.0)["went_back"] == saved
    assert all(np.isfinite(array).all() for array in _weights(learner).values())


def test_a_loss_that_is_no_number_is_left_out(learner: Learner) -> None:
    learner.train(_rows(), 0.0)
    saved = learner.save(1.0)
    with_nan = dict(learner._trainer._net.named_parameters())
    name, weight = next(iter(with_nan.items()))
    weight.data.fill_(float("inf"))
    said = [learner.train(_rows(seed), 0.0) for seed in range(3)]
    assert "loss nan" in said[0]["fault"], name
    assert said[-1]["went_back"] == saved
    assert "fault" not in learner.train(_rows(9), 0.0)


def test_without_a_checkpoint_there_is_no_way_back(learner: Learner) -> None:
    for _ in range(2):
        learner.train(_bad("policy"), 0.0)
    with pytest.raises(TrainingError, match="no checkpoint"):
        learner.train(_bad("policy"), 0.0)


def test_a_way_back_that_does_not_help_ends_the_run(learner: Learner) -> None:
    learner.save(1.0)
    for _ in range(5):
        learner.train(_bad("policy"), 0.0)
    with pytest.raises(TrainingError, match="did not help before"):
        learner.train(_bad("policy"), 0.0)


def test_some_old_checkpoints_stay_also_over_a_restart(tmp_path: Path) -> None:
    kept = with_overrides(CONFIG, {"checkpoint": {"keep": 1, "keep_every": 3}})
    learner = Learner(kept, tmp_path, 0)
    names = []
    for seed in range(7):
        if seed == 4:
            learner = Learner(kept, tmp_path, 0)
        learner.train(_rows(seed), 0.0)
        names.append(learner.save(1.0))
    assert sorted(path.name for path in tmp_path.iterdir()) == [names[2], names[5], names[6]]


def test_versions_are_above_those_that_others_have_seen(tmp_path: Path) -> None:
    assert Learner(CONFIG, tmp_path, 5, 17).publish()[0] == 18
    assert Learner(CONFIG, tmp_path, 17, 5).publish()[0] == 18
