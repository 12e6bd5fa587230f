"""What the network says of games it was never trained on, against those it was."""

from typing import NamedTuple

import numpy as np

from hexray.data.held_out import SplitRows
from hexray.data.rows import Rows
from hexray.evaluation import Evaluation
from hexray.game.board import EMPTY
from hexray.ratings.calibration import calibration, calibration_by_stage

_LEAST_CHANCE = 1e-6
"""A value that is sure and wrong costs no more than this chance does."""


class Said(NamedTuple):
    """What one network says of the rows to train on and of the held-out ones."""

    training: Evaluation
    held_out: Evaluation


def generalization(rows: SplitRows, said: Said, bins: int) -> dict[str, float]:
    """Return calibration, accuracy and policy loss on held-out rows, and the gap.

    The gap is the accuracy of the value's sign on rows trained on less that on held-out rows, in
    [-1, 1]: it means the same on every board, and no single row can move it by much, as one that
    is wrong and sure moves a loss. ``ece`` and ``brier`` come by stage of the game too
    (``ece/opening``), a stage without rows left out.
    """
    held, value = rows.held_out, said.held_out.value
    whole = calibration(value, held.outcome, bins)
    trained = calibration(said.training.value, rows.training.outcome, bins)
    figures = {
        "ece": whole.ece,
        "brier": whole.brier,
        "value_accuracy": whole.accuracy,
        "policy_loss": policy_loss(held, said.held_out),
        "gap": trained.accuracy - whole.accuracy,
    }
    for stage, part in calibration_by_stage(value, held.outcome, held.cells, bins).items():
        figures |= {f"ece/{stage}": part.ece, f"brier/{stage}": part.brier}
    return figures


def value_loss(rows: Rows, said: Evaluation) -> float:
    """Return the cross-entropy of outcome and winning chance in nats, mean over the rows."""
    chance = (1 + np.asarray(said.value, np.float64) * rows.outcome) / 2
    return float(-np.log(np.maximum(chance, _LEAST_CHANCE)).mean())


def policy_loss(rows: Rows, said: Evaluation) -> float:
    """Return the cross-entropy in nats, mean over the rows that have a policy target; 0 of none.

    Occupied cells take no part in the softmax.
    """
    known = (rows.policy > 0).any(axis=1)  # others may have no empty cell at all
    if not known.any():
        return 0.0
    policy, logits = (part[known].astype(np.float64) for part in (rows.policy, said.logits))
    logits = np.where(rows.cells[known] == EMPTY, logits, -np.inf)
    logits -= logits.max(axis=1, keepdims=True)
    log_policy = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    by_row = np.where(policy > 0, policy * np.where(policy > 0, log_policy, 0), 0).sum(axis=1)
    return float(-by_row.mean())
