"""What probes work on: a checkpoint with all that training goes on from, and rows of games."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from hexray.config import LearnerSettings, RunConfig
from hexray.data.archive import Archive
from hexray.data.held_out import SplitRows, split_rows
from hexray.data.rows import Further, Rows
from hexray.errors import CheckpointError, StoreError
from hexray.net.checkpoint import Checkpoint, load_checkpoint, newest_checkpoint
from hexray.net.loss import heads_of
from hexray.net.model import HexNet
from hexray.net.optimizer import Optimizer

_CHECKPOINTS = "checkpoints"


def load_training(path: Path) -> Checkpoint:
    """Read a checkpoint, or the newest valid one of a run folder or a folder of checkpoints.

    Raises CheckpointError when there is none; networks without the state of their training, such
    as those of ``versions/`` and the shipped one, are none.
    """
    if path.is_file() or not path.exists():
        raise CheckpointError(
            f"{path}: a probe needs the optimizer too; name a run folder or a checkpoint in it"
        )
    if (path / "manifest.json").exists():
        return load_checkpoint(path)
    inside = path / _CHECKPOINTS
    found, skipped = newest_checkpoint(inside if inside.is_dir() else path)
    if found is None:
        reasons = "".join(f"\n  {reason}" for reason in skipped)
        raise CheckpointError(
            f"{path} holds no valid checkpoint; name a run folder or a checkpoint in it{reasons}"
        )
    return found


def run_of(path: Path) -> Path:
    """Return the run folder that a checkpoint lies in, or ``path`` itself."""
    here = path.absolute()
    for folder in (here, *here.parents[:2]):
        if (folder / "games").is_dir():
            return folder
    return here


def net_of(found: Checkpoint) -> tuple[HexNet, Optimizer]:
    """Build the network under training (not the average) and its optimizer, on the CPU.

    The network is float32 and in training mode, as it is when it learns.
    """
    learner = found.config.learner
    net = HexNet(found.config.net, heads=heads_of(learner)).to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
    net.load_state_dict(found.state["net"])
    optimizer = Optimizer(net, learner)
    optimizer.load(found.state["optimizer"])
    return net, optimizer


def rows_of_games(games: Path, config: RunConfig, size: int, rows: int) -> SplitRows:
    """Return the newest ``rows`` training rows of a run or a store, and the held-out ones beside.

    Rows carry the targets that the losses of ``config`` ask for. Raises StoreError where there are
    no games of that board.
    """
    archive = Archive(games, may_write=False)
    archive.chosen(size)
    share, further = config.replay.held_out, further_of(config.learner)
    parts = [split_rows(block, share, further) for block in archive.games(size).newest(rows)]
    training = joined([part.training for part in parts])
    if not len(training.cells):
        raise StoreError(f"{games} holds no games of {size}x{size} to learn from")
    newest = Rows._make(column[-rows:] for column in training)
    return SplitRows(newest, joined([part.held_out for part in parts]))


def joined(parts: Sequence[Rows]) -> Rows:
    """Return the rows of all parts, in their order (copies)."""
    return Rows._make(np.concatenate(columns) for columns in zip(*parts, strict=True))


def further_of(learner: LearnerSettings) -> Further:
    """Say which targets the losses ask for beside policy and value."""
    heads = heads_of(learner)
    return Further(reply="opponent" in heads, owner="owner" in heads)


def drawn(rows: Rows, count: int, rng: np.random.Generator) -> Rows:
    """Return ``count`` different rows (copies), in random order. Raises StoreError for too few."""
    if count > len(rows.cells):
        raise StoreError(f"{count:,} positions are asked for, and there are {len(rows.cells):,}")
    chosen = rng.permutation(len(rows.cells))[:count]
    return Rows._make(column[chosen] for column in rows)
