"""What the weights do to the policy: gradients of sums of log-probabilities, and along a line.

The units of the probe are positions. A unit is a vector over the weights, the sum of c[a] grad
log pi(a) over the cells a of its position; so a matrix of factors c says what B units are, and
none of them need be written down. A network is used as it is in eval mode.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.func import functional_call, grad, vmap

from hexray.net.entropy import Vector, log_policy, policy_along
from hexray.net.model import HexNet, input_planes

_AT_ONCE = 1024
"""Positions that the network is asked about at a time, where nothing is differentiated."""


class Units(NamedTuple):
    """B vectors over the weights.

    planes   float[B, C, N, N]  the positions as the network takes them
    empty    bool[B, A]         where moves may go
    factors  float64[B, A]      of the gradients of log pi(a), 0 where no move may go
    """

    planes: Tensor
    empty: Tensor
    factors: Tensor

    def chunks(self, count: int) -> Iterator["Units"]:
        """Yield the units ``count`` at a time, in their order (views)."""
        for start in range(0, len(self.planes), count):
            yield Units(*(part[start : start + count] for part in self))

    def take(self, chosen: NDArray[np.int64]) -> "Units":
        """Return the units of those numbers, in that order (copies)."""
        return Units(*(part[torch.from_numpy(chosen)] for part in self))


def log_policies(
    net: HexNet, cells: NDArray[np.int8], size: int
) -> tuple[Tensor, Tensor, NDArray[np.float64]]:
    """Return log-policies float64[B, A], the cells that are empty and values float64[B] of boards.

    Boards ``cells`` int8[B, A] are of the mover frame, and filled in.
    """
    empty = torch.from_numpy(cells == 0)
    logits, value_logits = [], []
    for start in range(0, len(cells), _AT_ONCE):
        with torch.no_grad():
            answer = net(planes_of(net, cells[start : start + _AT_ONCE], size))
        logits.append(answer[0])
        value_logits.append(answer[1])
    values = torch.tanh(torch.cat(value_logits).double() / 2)
    return log_policy(torch.cat(logits), empty), empty, values.numpy()


def planes_of(net: HexNet, cells: NDArray[np.int8], size: int) -> Tensor:
    """Return boards int8[B, A] as planes [B, C, N, N] in the number format of ``net``."""
    return input_planes(cells, size, torch.device("cpu")).to(dtype_of(net))


def dtype_of(net: HexNet) -> torch.dtype:
    """Return the number format of the weights."""
    return next(net.parameters()).dtype


def mean_vector(net: HexNet, units: Units, micro_batch: int) -> Vector:
    """Return the mean of ``units``, float64, for each weight that the policy depends on."""
    weights = dict(net.named_parameters())
    sums: Vector = {}
    for part in units.chunks(micro_batch):
        total = (part.factors * log_policy(net(part.planes)[0], part.empty)).sum()
        found = torch.autograd.grad(total, list(weights.values()), allow_unused=True)
        for name, gradient in zip(weights, found, strict=True):
            if gradient is not None:
                wide = gradient.double()
                sums[name] = sums[name] + wide if name in sums else wide
    return {name: total / len(units.planes) for name, total in sums.items()}


def projections(net: HexNet, units: Units, direction: Vector, micro_batch: int) -> Tensor:
    """Return the inner products float64[B] of ``units`` with a direction, by forward mode."""
    single = {name: part[None] for name, part in direction.items()}
    return projections_on_all(net, units, single, micro_batch)[0]


def projections_on_all(net: HexNet, units: Units, directions: Vector, micro_batch: int) -> Tensor:
    """Return the inner products float64[D, B] with D directions, which have one more axis in front.

    All directions of a micro-batch go together, which costs less than one after another.
    """
    dtype = dtype_of(net)
    steps = {name: part.to(dtype) for name, part in directions.items()}
    found = []
    for part in units.chunks(micro_batch):

        def along(step: Vector, part: Units = part) -> Tensor:
            _, change = policy_along(net, step, part.planes, part.empty)
            return (part.factors * change).sum(1)

        found.append(vmap(along)(steps))
    return torch.cat(found, 1)


def unit_vectors(net: HexNet, units: Units) -> Vector:
    """Return all ``units`` themselves: for each weight a tensor with one more axis, in front."""
    weights = {name: weight.detach() for name, weight in net.named_parameters()}

    def total(weights: Vector, planes: Tensor, empty: Tensor, factors: Tensor) -> Tensor:
        logits = functional_call(net, weights, (planes[None],))[0]
        return (factors * log_policy(logits, empty[None])[0]).sum()

    return vmap(grad(total), in_dims=(None, 0, 0, 0))(weights, *units)
