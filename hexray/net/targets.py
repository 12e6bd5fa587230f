"""From training rows to the targets of the loss, after a look at whether they make sense."""

import numpy as np
import torch
from numpy.typing import NDArray

from hexray.config import LearnerSettings
from hexray.data.rows import Rows
from hexray.errors import TrainingError
from hexray.net.loss import Targets, heads_of

# Policy targets are float16: a row of 361 rounded shares strays from one by at most this.
POLICY_SUM_TOLERANCE = 0.01


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
    faults = {
        **_policy_faults("policy", rows.policy, rows.cells),
        "its outcome is neither 1 nor -1": abs(rows.outcome) != 1,
        "its root_value is not in [-1, 1]": ~(abs(rows.root_value) <= 1),
    }
    if rows.reply.shape[1]:
        faults |= _policy_faults("reply", rows.reply, rows.cells)
    if rows.owner.shape[1]:
        kept = (rows.owner == 0) | (rows.cells == 0) | (rows.owner == rows.cells)
        faults["its owner is not -1, 0 or 1, or not that of a stone"] = (
            ~kept | (abs(rows.owner) > 1)
        ).any(axis=1)
    for fault, found in faults.items():
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


def _policy_faults(
    name: str, policy: NDArray[np.float16], cells: NDArray[np.int8]
) -> dict[str, NDArray[np.bool_]]:
    sums = policy.sum(axis=1, dtype=np.float32)
    off_by = np.minimum(abs(sums), abs(sums - 1))
    misplaced = (policy < 0) | ((policy != 0) & (cells != 0))
    return {
        f"its {name} does not sum to 0 or 1": ~(off_by <= POLICY_SUM_TOLERANCE),
        f"its {name} is negative or on a stone": misplaced.any(axis=1),
    }
