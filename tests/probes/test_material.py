"""What probes work on: checkpoints with their optimizer, and rows of games."""

from pathlib import Path

import numpy as np
import pytest
import torch
from training_rows import random_rows

from hexray.config import RunConfig, with_overrides
from hexray.errors import CheckpointError, StoreError
from hexray.net.checkpoint import Checkpoint, save_checkpoint
from hexray.net.model import input_planes
from hexray.net.trainer import Trainer
from hexray.probes.material import drawn, joined, load_training, net_of, run_of

CONFIG = with_overrides(
    RunConfig(),
    {
        "board": 4,
        "net": {"blocks": 2, "channels": 8, "value_hidden": 8},
        "learner": {"batch_rows": 16, "precision": "float32"},
    },
)


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    """Write one of a network that has learned a little; return its path."""
    trainer = Trainer(CONFIG.net, CONFIG.learner, 4, 0)
    trainer.train(random_rows(64, 4), 4, 0.0)
    counters = {"trained_s": 1.0, "rows_trained": 64, "saved": 1}
    served = trainer.published()
    return save_checkpoint(
        tmp_path / "run" / "checkpoints", Checkpoint(7, CONFIG, trainer.state(), served, counters)
    )


def test_a_checkpoint_is_found_by_its_run_its_folder_and_itself(checkpoint: Path) -> None:
    for path in (checkpoint, checkpoint.parent, checkpoint.parent.parent):
        assert load_training(path).version == 7


def test_a_folder_without_checkpoints_is_refused_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="name a run folder"):
        load_training(tmp_path)
    with pytest.raises(CheckpointError, match="needs the optimizer"):
        load_training(tmp_path / "nowhere")


def test_a_network_goes_on_as_its_trainer_would(checkpoint: Path) -> None:
    found = load_training(checkpoint)
    trainer = Trainer(CONFIG.net, CONFIG.learner, 4, 1)
    trainer.load_state(found.state)
    net, optimizer = net_of(found)
    planes = input_planes(random_rows(5, 4).cells, 4, torch.device("cpu"))
    net.eval()
    again = net_of(found)[0].eval()
    assert torch.equal(net(planes)[0], again(planes)[0])
    for name, moments in optimizer.moments().items():
        for key, value in found.state["optimizer"][name].items():
            assert torch.equal(moments[key], value)
    for name, weight in net.state_dict().items():
        assert torch.equal(weight, trainer.state()["net"][name])


def test_the_run_of_a_checkpoint_is_the_folder_that_has_its_games(checkpoint: Path) -> None:
    run = checkpoint.parent.parent
    assert run_of(checkpoint) == checkpoint  # there are no games anywhere
    (run / "games").mkdir()
    assert run_of(checkpoint) == run_of(run) == run


def test_rows_are_drawn_without_repeating_any() -> None:
    rows = random_rows(50, 4)
    rows = rows._replace(version=np.arange(50, dtype=np.int32))
    found = drawn(rows, 50, np.random.default_rng(0))
    assert sorted(found.version) == list(range(50))
    for place, version in enumerate(found.version):
        assert (found.cells[place] == rows.cells[version]).all()
    with pytest.raises(StoreError, match="51 positions are asked for"):
        drawn(rows, 51, np.random.default_rng(0))


def test_joined_rows_keep_their_order() -> None:
    rows = random_rows(9, 4)
    parts = [type(rows)._make(column[at] for column in rows) for at in (slice(0, 4), slice(4, 9))]
    again = joined(parts)
    assert all((one == other).all() for one, other in zip(rows, again, strict=True))
