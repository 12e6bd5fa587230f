"""A tiny trained network and checkpoints of it."""

import json
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from training_rows import random_rows

from hexray.config import RunConfig, with_overrides
from hexray.net.checkpoint import Checkpoint
from hexray.net.trainer import Trainer

CONFIG = with_overrides(
    RunConfig(board=3),
    {
        "net": {"blocks": 1, "channels": 4, "value_hidden": 4},
        "learner": {"batch_rows": 4, "precision": "float32"},
        "inference": {"precision": "float32"},
    },
)
ROWS = random_rows(8, 3)


def make_trainer() -> Trainer:
    """Train one block, always the same."""
    trainer = Trainer(CONFIG.net, CONFIG.learner, CONFIG.board, CONFIG.seed)
    trainer.train(ROWS, 3, 0.0)
    return trainer


TRAINER = make_trainer()


def made(version: int) -> Checkpoint:
    """Make a checkpoint of that version."""
    counters = {"trained_s": 1.5}
    return Checkpoint(version, CONFIG, TRAINER.state(), TRAINER.published(), counters)


def same(one: Any, other: Any) -> bool:
    """Compare nested states bit by bit."""
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    return torch.equal(one, other) if isinstance(one, Tensor) else one == other


def edited(path: Path, **changes: Any) -> None:
    """Change what a manifest says."""
    manifest = json.loads((path / "manifest.json").read_text())
    (path / "manifest.json").write_text(json.dumps({**manifest, **changes}))
