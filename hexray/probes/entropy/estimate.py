"""The predicted change of the entropy, and how far it may be off.

X_n are units of the evaluation batch, whose mean estimates the gradient of the entropy; g_p units
of the update batch, whose mean is the gradient of the loss. A step goes along D(mean g), and
where D bends, one position's part in it is taken to first order: Y_p - mean Y = J (g_p - mean g).

To first order alone steps would seem to scatter too far: E |J v|^2 is at least the variance of D
(Chernoff, Annals of Probability 9, 1981), and Muon bends much. The variance of a function of
Gaussian noise is the mean over t from 0 to 1 of E <J v, J_t v>, where J_t is at noise that has
correlation t with that of J (Houdre and Perez-Abreu, Annals of Probability 23, 1995). J at another
batch, of its own noise, is t = 0, and the mean of that and t = 1 stands for all: it is exact where
D bends like a parabola.
"""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from hexray.net.entropy import Vector
from hexray.net.model import HexNet
from hexray.probes.entropy.derivative import Linear, linearised
from hexray.probes.entropy.direction import Memory, Rule, direction
from hexray.probes.entropy.policy import (
    Units,
    dtype_of,
    mean_vector,
    projections,
    projections_on_all,
    unit_vectors,
)

_TURNS = 8
"""Directions that go through the network together; each needs as much room as its weights."""


class Step(NamedTuple):
    """Where a step goes for a learning rate of 1.

    gradient   the mean of the loss's units, in the number format of the weights
    direction  D at the gradient
    linear     the derivative of D there
    """

    gradient: Vector
    direction: Vector
    linear: Linear


class Estimate(NamedTuple):
    """A prediction for a learning rate of 1, and its parts.

    predicted      <mean X, D>, in nats
    by_evaluation  float64[B_E]  <X_n, D>
    by_update      float64[B_U]  <mean X, Y_p - mean Y>; elsewhere: with J at another batch
    variances      of the prediction: V_X, V_Y and the trace term that is in both
    slope          mean X, the estimated gradient of the entropy
    """

    predicted: float
    by_evaluation: Tensor
    by_update: Tensor
    elsewhere: Tensor
    variances: tuple[float, float, float]
    slope: Vector

    @property
    def se_given_update(self) -> float:
        """Standard error with the update batch as it is."""
        return self.variances[0] ** 0.5

    @property
    def se_total(self) -> float:
        """Standard error where the update batch is drawn anew too."""
        first, second, trace = self.variances
        return max(0.0, first + second - trace) ** 0.5


def step_of(net: HexNet, loss_units: Units, memory: Memory, rule: Rule, micro_batch: int) -> Step:
    """Return where the step goes whose gradient is the mean of ``loss_units``."""
    dtype = dtype_of(net)
    mean = mean_vector(net, loss_units, micro_batch)
    gradient = {name: part.to(dtype) for name, part in mean.items()}
    return Step(gradient, direction(gradient, memory, rule), linearised(gradient, memory, rule))


def estimated(
    net: HexNet,
    evaluation: Units,
    update: Units,
    step: Step,
    elsewhere: Linear,
    trace_units: int,
    micro_batch: int,
    rng: np.random.Generator,
) -> Estimate:
    """Predict the step ``step``, which the units ``update`` make, from the units ``evaluation``.

    ``elsewhere`` is the derivative of the direction at the gradient of a batch like ``update`` that
    has no position in common with it.
    The trace term is a sum over pairs; ``trace_units`` positions of each batch stand for all, drawn
    by ``rng``, and it is exact where they are all.
    """
    slope = mean_vector(net, evaluation, micro_batch)
    by_evaluation = projections(net, evaluation, step.direction, micro_batch)
    by_update, there = (
        centred(projections(net, update, linear.pull(slope), micro_batch))
        for linear in (step.linear, elsewhere)
    )
    first, second = len(by_evaluation), len(by_update)
    rows, columns = rng.permutation(first)[:trace_units], rng.permutation(second)[:trace_units]
    products = _products(net, evaluation.take(rows), update.take(columns), step, micro_batch)
    products = products - by_update[torch.from_numpy(columns)][:, None]
    variances = variances_of(by_evaluation, by_update, products, there)
    return Estimate(float(by_evaluation.mean()), by_evaluation, by_update, there, variances, slope)


def variances_of(
    by_evaluation: Tensor, by_update: Tensor, products: Tensor, elsewhere: Tensor | None = None
) -> tuple[float, float, float]:
    """Return V_X, V_Y and the trace term that both of them contain.

    They are of <X_n, mean Y> [B_E], <mean X, Y_p> [B_U] and, of some pairs, <X_n - mean X,
    Y_p - mean Y>; the variance of <mean X, mean Y> is V_X + V_Y less the trace term. ``elsewhere``
    is <mean X, Y_p> with the derivative at another batch, by default the same.
    """
    first, second = len(by_evaluation), len(by_update)
    here = centred(by_update)
    there = here if elsewhere is None else centred(elsewhere)
    return (
        _squares(centred(by_evaluation)) / (first * (first - 1)),
        max(0.0, float((here * (here + there)).sum()) / 2) / (second * (second - 1)),
        float(products.square().mean()) / ((first - 1) * (second - 1)),
    )


def single_batch(
    net: HexNet,
    entropy_units: Units,
    loss_units: Units,
    step: Step,
    slope: Vector,
    micro_batch: int,
) -> tuple[float, float]:
    """Predict a step that is made from the evaluation batch itself, for a learning rate of 1.

    Returns the U-statistic, the mean of <X_n, Y_p> over all pairs n != p of one batch, and its
    jackknife standard error. ``step`` is of ``loss_units`` and ``slope`` the mean of
    ``entropy_units``, which are of the same positions and moves.
    """
    rows = projections(net, entropy_units, step.direction, micro_batch)
    columns = projections(net, loss_units, step.linear.pull(slope), micro_batch)
    columns = rows.mean() + centred(columns)
    same = rows + _own_parts(net, entropy_units, loss_units, step, micro_batch)
    count = len(rows)
    total = count**2 * rows.mean() - same.sum()
    value = total / (count * (count - 1))
    # Without unit i its row and its column are missing, and what they share was in neither.
    left = total - count * (rows + columns) + 2 * same
    without = left / ((count - 1) * (count - 2))
    variance = (count - 1) / count * _squares(centred(without))
    return float(value), variance**0.5


def centred(values: Tensor) -> Tensor:
    """Return ``values`` less their mean."""
    return values - values.mean()


def _products(
    net: HexNet, evaluation: Units, update: Units, step: Step, micro_batch: int
) -> Tensor:
    """Return <X_n, Y_p - mean Y> float64[B_U, B_E], a few of the update's units at a time."""
    found = []
    for part in update.chunks(min(micro_batch, _TURNS)):
        turns = _turns(net, part, step)
        found.append(projections_on_all(net, evaluation, turns, micro_batch))
    return torch.cat(found)


def _turns(net: HexNet, loss_units: Units, step: Step) -> Vector:
    """Return J (g_p - mean g) for each of a few units, in front."""
    own = unit_vectors(net, loss_units)
    return step.linear.push_all({name: own[name] - mean for name, mean in step.gradient.items()})


def _own_parts(
    net: HexNet, entropy_units: Units, loss_units: Units, step: Step, micro_batch: int
) -> Tensor:
    """Return <X_n, J (g_n - mean g)> float64[B], from the units of a micro-batch at a time."""
    found = []
    chunks = zip(entropy_units.chunks(micro_batch), loss_units.chunks(micro_batch), strict=True)
    for entropy_part, loss_part in chunks:
        ours, turns = unit_vectors(net, entropy_part), _turns(net, loss_part, step)
        products = [
            (ours[name].double() * turns[name].double()).flatten(1).sum(1) for name in turns
        ]
        found.append(torch.stack(products).sum(0))
    return torch.cat(found)


def _squares(values: Tensor) -> float:
    return float(values.square().sum())
