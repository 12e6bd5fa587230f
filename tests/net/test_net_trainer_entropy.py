"""The learner's watch over the entropy of the policy."""

from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from training_rows import random_rows

from hexray.config import LearnerSettings, NetSettings
from hexray.data.rows import Rows
from hexray.net.model import HexNet, input_planes
from hexray.net.trainer import Trainer

NET = NetSettings(blocks=2, channels=8, value_hidden=8)
SIZE, BATCH = 4, 64


def trainer(every: int, **changes: Any) -> Trainer:
    base = {"batch_rows": BATCH, "warmup_steps": 0, "precision": "float32", "winning_weight": 0.0}
    settings = LearnerSettings.model_validate({**base, "entropy_every": every, **changes})
    return Trainer(NET, settings, SIZE, 0)


def rows(batches: int, seed: int = 0) -> Rows:
    return random_rows(batches * BATCH, SIZE, seed)


def mean_entropy(weights: dict[str, torch.Tensor], cells: NDArray[np.int8]) -> float:
    """Sum the policies of a network in plain numpy."""
    net = HexNet(NET)
    net.load_state_dict(weights)
    with torch.no_grad():
        logits = net.eval()(input_planes(cells, SIZE, torch.device("cpu")))[0].double().numpy()
    found = []
    for board, row in zip(cells, logits, strict=True):
        chances = np.exp(row[board == 0] - row[board == 0].max())
        chances /= chances.sum()
        found.append(-(chances * np.log(chances)).sum())
    return float(np.mean(found))


def test_the_change_is_that_of_the_policies_on_the_next_batch() -> None:
    watched, block = trainer(2, optimizer="adamw"), rows(3)
    told = watched.train(block, SIZE, 0.0)  # the second step is watched, on the third batch
    plain = trainer(0, optimizer="adamw")
    plain.train(Rows._make(column[:BATCH] for column in block), SIZE, 0.0)
    before = plain.state()["net"]
    plain.train(Rows._make(column[BATCH : 2 * BATCH] for column in block), SIZE, 0.0)
    after = plain.state()["net"]
    # Statistics of BatchNorm are those after the step for both.
    weights = {name for name, _ in HexNet(NET).named_parameters()}
    before = {name: (before if name in weights else after)[name] for name in after}
    unseen = block.cells[2 * BATCH :]
    change = mean_entropy(after, unseen) - mean_entropy(before, unseen)
    assert told["entropy_change"] == pytest.approx(change, rel=1e-3, abs=1e-7)


def test_of_small_steps_the_change_is_predicted() -> None:
    watched = trainer(1, learning_rate=1e-5)
    told = [watched.train(rows(2, seed), SIZE, 0.0) for seed in range(200)]
    exact = np.array([each["entropy_change"] for each in told])
    predicted = np.array([each["entropy_change_predicted"] for each in told])
    error = predicted - exact
    # 200 predictions of 64 positions: unbiased, and nearer to the truth than nothing.
    assert abs(error.mean()) < 5 * error.std() / np.sqrt(len(error))
    assert np.corrcoef(predicted, exact)[0, 1] > 0.5


def test_every_so_manieth_step_is_watched() -> None:
    watched = trainer(6)
    told = ["entropy_change" in watched.train(rows(2), SIZE, 0.0) for _ in range(7)]
    assert told == [False, False, True, False, False, True, False]


def test_a_block_of_one_batch_has_no_other_to_be_measured_on() -> None:
    assert "entropy_change" not in trainer(1).train(rows(1), SIZE, 0.0)


@pytest.mark.parametrize("norm", ["batch", "none"])
def test_watching_changes_no_weight(norm: str) -> None:
    net = NET.model_copy(update={"norm": norm})
    ended = []
    for every in (0, 1):
        settings = LearnerSettings(batch_rows=BATCH, precision="float32", entropy_every=every)
        made = Trainer(net, settings, SIZE, 0)
        made.train(rows(4), SIZE, 0.5)
        ended.append(made.state())
    for part in ("net", "average"):
        for name, weight in ended[0][part].items():
            assert torch.equal(weight, ended[1][part][name]), name
