"""What training minimises: cross-entropy of policy and value."""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from hexray.config import LearnerSettings

# Finite, so that a masked cell times a target of zero is zero and not NaN.
NO_LOGIT = -1e9


class Targets(NamedTuple):
    """What B positions should have been answered, mover frame.

    occupied    bool[B, A]     cells that hold a stone
    policy      float32[B, A]  zero on occupied cells; a row of zeros means no policy target
    outcome     float32[B]     +1 the player to move won, -1 lost
    root_value  float32[B]     value of the search, in [-1, 1]
    """

    occupied: Tensor
    policy: Tensor
    outcome: Tensor
    root_value: Tensor


class Losses(NamedTuple):
    """Scalars of one batch.

    total           policy + value_weight * value
    policy          cross-entropy in nats, mean over the rows that have a policy target
    value           binary cross-entropy in nats, mean over all rows
    value_accuracy  share of all rows whose value has the sign of the outcome
    """

    total: Tensor
    policy: Tensor
    value: Tensor
    value_accuracy: Tensor


def loss(
    logits: Tensor, value_logit: Tensor, targets: Targets, settings: LearnerSettings
) -> Losses:
    """Compare a network's ``logits`` [B, A] and ``value_logit`` [B] with ``targets``.

    Occupied cells take no part in the softmax. A batch without any policy target has policy loss
    zero. The target's entropy is not subtracted.
    """
    policy = _policy_loss(logits.float(), targets)
    value_logit = value_logit.float()
    value = functional.binary_cross_entropy_with_logits(value_logit, _win_share(targets, settings))
    accuracy = ((value_logit > 0) == (targets.outcome > 0)).float().mean()
    return Losses(policy + settings.value_weight * value, policy, value, accuracy)


def _policy_loss(logits: Tensor, targets: Targets) -> Tensor:
    log_policy = torch.log_softmax(logits.masked_fill(targets.occupied, NO_LOGIT), dim=1)
    by_row = -(targets.policy * log_policy).sum(dim=1)
    rows_with_target = (targets.policy.sum(dim=1) > 0).sum()
    return by_row.sum() / rows_with_target.clamp(min=1)


def _win_share(targets: Targets, settings: LearnerSettings) -> Tensor:
    share = settings.outcome_share
    value = share * targets.outcome + (1 - share) * targets.root_value
    return (value + 1) / 2
