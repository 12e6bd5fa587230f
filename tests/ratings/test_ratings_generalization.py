"""The figures of held-out games: each from the right rows, the policy loss as training has it."""

import numpy as np
import pytest
import torch
from training_rows import random_rows

from hexray.config import LearnerSettings
from hexray.data.held_out import SplitRows
from hexray.data.rows import Rows
from hexray.evaluation import Evaluation
from hexray.net.loss import Targets, loss
from hexray.ratings.calibration import calibration, stage_of
from hexray.ratings.generalization import Said, generalization, policy_loss


def said_of(rows: Rows, seed: int, dtype: type = np.float32) -> Evaluation:
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 3, rows.cells.shape).astype(dtype)
    return Evaluation(logits, rng.uniform(-1, 1, len(rows.cells)).astype(np.float32), 0)


def training_loss(rows: Rows, said: Evaluation) -> float:
    """The policy loss that the learner reports."""
    numbers = (rows.policy, rows.outcome, rows.root_value)
    targets = Targets(
        torch.from_numpy(rows.cells != 0),
        *(torch.from_numpy(column.astype(np.float32)) for column in numbers),
        reply=torch.empty((len(rows.cells), 0)),
        owner=torch.empty((len(rows.cells), 0)),
    )
    logits = torch.from_numpy(said.logits.astype(np.float32))
    value_logit = torch.zeros(len(rows.cells))
    return float(loss((logits, value_logit), targets, LearnerSettings(winning_weight=0.0)).policy)


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
@pytest.mark.parametrize("without_target", [0, 1, 17, 40])
def test_the_policy_loss_is_that_of_training(dtype: type, without_target: int) -> None:
    rows = random_rows(40, 4, seed=without_target)
    rows.policy[:without_target] = 0
    said = said_of(rows, 1, dtype)
    assert policy_loss(rows, said) == pytest.approx(training_loss(rows, said), rel=1e-5)


def test_a_full_board_has_no_part_in_it() -> None:
    """Where fill-in has decided everything no cell is empty, and nothing is to be learnt."""
    rows = random_rows(40, 4)
    said = said_of(rows, 1)
    rows.cells[:3], rows.policy[:3] = 1, 0
    others = Rows._make(column[3:] for column in rows)
    of_others = said._replace(logits=said.logits[3:], value=said.value[3:])
    assert policy_loss(rows, said) == pytest.approx(policy_loss(others, of_others))
    full = Rows._make(column[:3] for column in rows)
    assert policy_loss(full, said._replace(logits=said.logits[:3], value=said.value[:3])) == 0


def test_what_is_said_of_occupied_cells_does_not_count() -> None:
    rows = random_rows(40, 4)
    said = said_of(rows, 1)
    loud = said._replace(logits=np.where(rows.cells != 0, np.float32(1e30), said.logits))
    assert policy_loss(rows, loud) == policy_loss(rows, said)


def test_knowing_nothing_costs_the_logarithm_of_the_empty_cells() -> None:
    rows = random_rows(40, 4)
    even = Evaluation(np.zeros((40, 16), np.float32), np.zeros(40, np.float32), 0)
    empty = (rows.cells == 0).sum(axis=1)
    sums = rows.policy.astype(np.float64).sum(axis=1)
    assert policy_loss(rows, even) == pytest.approx(float((sums * np.log(empty)).mean()))


def test_every_figure_comes_from_the_rows_it_is_of() -> None:
    rows = SplitRows(random_rows(200, 4, seed=1), random_rows(300, 4, seed=2))
    said = Said(said_of(rows.training, 3), said_of(rows.held_out, 4))
    found = generalization(rows, said, 7)
    held = calibration(said.held_out.value, rows.held_out.outcome, 7)
    right = np.mean(said.training.value * rows.training.outcome > 0)
    assert (found["ece"], found["brier"]) == (held.ece, held.brier)
    assert found["value_accuracy"] == held.accuracy
    assert found["policy_loss"] == policy_loss(rows.held_out, said.held_out)
    assert found["gap"] == pytest.approx(right - held.accuracy)
    for stage, name in enumerate(("opening", "middle", "end")):
        part = stage_of(rows.held_out.cells) == stage
        of_part = calibration(said.held_out.value[part], rows.held_out.outcome[part], 7)
        assert found[f"ece/{name}"] == of_part.ece
        assert found[f"brier/{name}"] == of_part.brier


def test_a_network_that_learned_by_heart_has_a_gap() -> None:
    """It knows every row trained on, and of the others as much as a coin."""
    rows = SplitRows(random_rows(2000, 4, seed=1), random_rows(2000, 4, seed=2))
    value = rows.training.outcome.astype(np.float32) * 0.9
    said = Said(said_of(rows.training, 3)._replace(value=value), said_of(rows.held_out, 4))
    assert generalization(rows, said, 10)["gap"] == pytest.approx(0.5, abs=0.07)
