"""What training minimises: cross-entropy of policy, value and further targets."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from hexray.config import LearnerSettings

# Finite, so that a masked cell times a target of zero is zero and not NaN.
NO_LOGIT = -1e9
# KataGo's soft policy: temperature 4, docs/KataGoMethods.md.
SOFT_POWER = 0.25
HEADS = ("opponent", "soft_policy", "owner", "winning")


class Targets(NamedTuple):
    """What B positions should have been answered, mover frame.

    occupied    bool[B, A]     cells that hold a stone
    policy      float32[B, A]  zero on occupied cells; a row of zeros means no policy target
    outcome     float32[B]     +1 the player to move won, -1 lost
    root_value  float32[B]     value of the search, in [-1, 1]
    reply       float32[B, A]  policy of the opponent's next move; a row of zeros for none
    owner       float32[B, A]  +1 and -1 where the mover and the opponent end up, 0 for no target

    Of reply and owner there are B rows of no cells where they are not asked for.
    """

    occupied: Tensor
    policy: Tensor
    outcome: Tensor
    root_value: Tensor
    reply: Tensor
    owner: Tensor


class Losses(NamedTuple):
    """Scalars of one batch.

    total           policy + value_weight * value + the weighted auxiliary losses
    policy          cross-entropy in nats, mean over the rows that have a policy target
    value           binary cross-entropy in nats, mean over all rows
    value_accuracy  share of all rows whose value has the sign of the outcome
    auxiliary       cross-entropy in nats of each head that training has, by name: mean over the
                    rows that have a target, of owner over the empty cells that have one. What a
                    row has for winning: all its moves lose, when the mover lost, one half counted
                    alike and one by the policy; when the mover won the moves of the policy win
    """

    total: Tensor
    policy: Tensor
    value: Tensor
    value_accuracy: Tensor
    auxiliary: dict[str, Tensor]


def heads_of(settings: LearnerSettings) -> tuple[str, ...]:
    """Return the heads that training needs beside policy and value: those with a weight."""
    return tuple(name for name in HEADS if _weight(name, settings) > 0)


def loss(answers: Sequence[Tensor], targets: Targets, settings: LearnerSettings) -> Losses:
    """Compare a network's ``answers`` with ``targets``.

    They are logits [B, A], value logits [B] and logits [B, A] of each of ``heads_of``.

    Occupied cells take no part in a softmax. A batch without any target has a loss of zero. The
    target's entropy is not subtracted.
    """
    logits, value_logit, *further = (part.float() for part in answers)
    policy = _policy_loss(logits, targets.policy, targets.occupied)
    value = functional.binary_cross_entropy_with_logits(value_logit, _win_share(targets, settings))
    accuracy = ((value_logit > 0) == (targets.outcome > 0)).float().mean()
    total = policy + settings.value_weight * value
    auxiliary = {}
    for name, answer in zip(heads_of(settings), further, strict=True):
        auxiliary[name] = _auxiliary_loss(name, answer, targets)
        total = total + _weight(name, settings) * auxiliary[name]
    return Losses(total, policy, value, accuracy, auxiliary)


def _weight(name: str, settings: LearnerSettings) -> float:
    return getattr(settings, f"{name}_weight")


def _auxiliary_loss(name: str, logits: Tensor, targets: Targets) -> Tensor:
    if name == "owner":
        return _owner_loss(logits, targets)
    if name == "winning":
        return _winning_loss(logits, targets)
    policy = targets.reply if name == "opponent" else _softened(targets.policy)
    return _policy_loss(logits, policy, targets.occupied)


def _policy_loss(logits: Tensor, policy: Tensor, occupied: Tensor) -> Tensor:
    log_policy = torch.log_softmax(logits.masked_fill(occupied, NO_LOGIT), dim=1)
    by_row = -(policy * log_policy).sum(dim=1)
    rows_with_target = (policy.sum(dim=1) > 0).sum()
    return by_row.sum() / rows_with_target.clamp(min=1)


def _softened(policy: Tensor) -> Tensor:
    soft = policy**SOFT_POWER
    return soft / soft.sum(dim=1, keepdim=True).clamp(min=torch.finfo(soft.dtype).tiny)


def _owner_loss(logits: Tensor, targets: Targets) -> Tensor:
    counts = (targets.owner != 0) & ~targets.occupied
    wins = (targets.owner > 0).float()
    by_cell = functional.binary_cross_entropy_with_logits(logits, wins, reduction="none")
    return (by_cell * counts).sum() / counts.sum().clamp(min=1)


def _winning_loss(logits: Tensor, targets: Targets) -> Tensor:
    empty = (~targets.occupied).float()
    alike = empty / empty.sum(dim=1, keepdim=True).clamp(min=1)
    won = (targets.outcome > 0)[:, None]
    counts = torch.where(won, targets.policy, (targets.policy + alike) / 2)
    wins = won.float().expand_as(logits)
    by_cell = functional.binary_cross_entropy_with_logits(logits, wins, reduction="none")
    rows_with_target = (counts.sum(dim=1) > 0).sum()
    return (counts * by_cell).sum() / rows_with_target.clamp(min=1)


def _win_share(targets: Targets, settings: LearnerSettings) -> Tensor:
    share = settings.outcome_share
    value = share * targets.outcome + (1 - share) * targets.root_value
    return (value + 1) / 2
