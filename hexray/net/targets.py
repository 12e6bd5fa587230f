"""From training rows to the targets of the loss, after a look at whether they make sense."""

import numpy as np
import torch

from hexray.config import LearnerSettings
from hexray.data.rows import Rows
from hexray.data.suspects import row_faults
from hexray.errors import TrainingError
from hexray.net.loss import Targets, heads_of


def check_rows(rows: Rows, size: int, settings: LearnerSettings) -> None:
    """Raise TrainingError unless ``rows`` fill whole batches of boards and targets that hold."""
    count, area = len(rows.cells), size * size
    if count == 0 or count % settings.batch_rows:
        raise TrainingError(
            f"{count} rows do not fill batches of {settings.batch_rows} (learner.batch_rows)"
        )
    shapes = [column.shape for column in rows[:4]]
    if shapes != [(count, area), (count, area), (count,), (count,)]:
        raise TrainingError(f"shapes {shapes} are no rows of {size}x{size} boards")
    asked_for = {"opponent": rows.reply, "owner": rows.owner}
    for name in heads_of(settings):
        if name in asked_for and asked_for[name].shape != (count, area):
            raise TrainingError(
                f"rows without targets for learner.{name}_weight {asked_for[name].shape}; "
                "set it to 0, or let replay make them"
            )
    for fault, found in row_faults(rows).items():
        if found.any():
            raise TrainingError(f"row {int(found.argmax())} of the block: {fault}")


def empty_boards(settings: LearnerSettings, size: int) -> Rows:
    """Make one batch of empty boards on which every move is alike, to measure speed with."""
    count, heads = settings.batch_rows, heads_of(settings)
    return Rows(
        cells=np.zeros((count, size * size), np.int8),
        policy=np.full((count, size * size), 1 / size**2, np.float16),
        outcome=np.ones(count, np.int8),
        root_value=np.zeros(count, np.float32),
        version=np.zeros(count, np.int32),
        reply=np.zeros((count, size * size if "opponent" in heads else 0), np.float16),
        owner=np.zeros((count, size * size if "owner" in heads else 0), np.int8),
    )


def targets_of(rows: Rows, device: torch.device) -> Targets:
    """Return the targets of ``rows`` on ``device`` (copies)."""
    columns = (
        rows.cells != 0,
        rows.policy.astype(np.float32),
        rows.outcome.astype(np.float32),
        rows.root_value.astype(np.float32),
        rows.reply.astype(np.float32),
        rows.owner.astype(np.float32),
    )
    return Targets(*(torch.from_numpy(column).to(device) for column in columns))
