"""What a step really does to the entropy: the optimizer's own step, and the policies around it."""

from typing import NamedTuple

import torch
from torch import Tensor

from hexray.net.entropy import Vector, entropy, policy_along
from hexray.net.half_turn import HalfTurn
from hexray.net.model import HexNet
from hexray.net.optimizer import Optimizer
from hexray.probes.entropy.policy import Units


class Sampled(NamedTuple):
    """A change of entropy from moves of the old policy alone, by their importance weights.

    change, se       self-normalised estimate in nats, and its standard error over positions
    effective_share  effective sample size over the number of moves, 0 to 1
    clipped_share    share of the weights that were clipped
    """

    change: float
    se: float
    effective_share: float
    clipped_share: float


def make_step(
    net: HexNet, optimizer: Optimizer, gradient: Vector, rate: float, half_turn: HalfTurn | None
) -> tuple[Vector, Vector]:
    """Move the weights of ``net`` by a step of training; return them before, and how far they went.

    Gradients and weights are tied where ``half_turn`` is given; nothing is clipped. Weights that
    ``gradient`` does not name stay, as those of the value head do.
    """
    weights = dict(net.named_parameters())
    before = {name: weights[name].detach().clone() for name in gradient}
    for name, weight in weights.items():
        # Laid out as the weight is, which the optimizer relies on.
        is_moved = name in gradient
        weight.grad = torch.empty_like(weight).copy_(gradient[name]) if is_moved else None
    if half_turn:
        half_turn.tie({name: weight.grad for name, weight in weights.items()})
    optimizer.step(rate)
    if half_turn:
        half_turn.tie(weights)
    net.zero_grad()
    return before, {name: weights[name].detach() - old for name, old in before.items()}


def first_order(net: HexNet, weights: Vector, units: Units, way: Vector, micro_batch: int) -> float:
    """Return what going from ``weights`` along ``way`` does to the mean entropy, in nats.

    To first order, and exact: a sum over all moves, by one jvp. Of ``units`` only the positions
    count; both vectors name the same weights.
    """
    total = 0.0
    for part in units.chunks(micro_batch):
        policy, change = policy_along(net, way, part.planes, part.empty, weights)
        total -= float((policy.exp() * policy * change).sum())
    return total / len(units.planes)


def exact_change(before: Tensor, after: Tensor) -> float:
    """Return how the mean entropy changes between two log-policies float64[B, A], in nats."""
    return float((entropy(after) - entropy(before)).mean())


def importance_sampled(before: Tensor, after: Tensor, moves: Tensor, clip: float) -> Sampled:
    """Estimate the change of the mean entropy from ``moves`` [B, G] of the policy ``before``.

    As one must where there are too many moves to sum over: the entropy after is a mean over the
    same moves, each weighted with pi'/pi, at most ``clip``, over the sum of the weights.
    """
    old, new = before.gather(1, moves), after.gather(1, moves)
    raw = (new - old).exp()
    weights = raw.clamp(max=clip)
    total = weights.sum()
    entropy_after = -(weights * new).sum() / total
    change = float(entropy_after + old.mean())
    # The ratio's error to first order, position by position.
    parts = weights / weights.mean() * (-new - entropy_after) + old
    by_position = parts.mean(1)
    se = float(by_position.std() / len(moves) ** 0.5)
    size = float(total.square() / weights.square().sum())
    return Sampled(change, se, size / weights.numel(), float((raw > clip).double().mean()))
