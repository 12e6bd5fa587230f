"""How the direction of an optimizer step bends with the gradient, to first order.

The derivative is of the direction without the rounding of Muon's iterations to bfloat16, which
makes it a staircase. Without that Muon takes each singular value through a polynomial p, and the
derivative of such a function is known (Daleckii and Krein 1965, for symmetric matrices).
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor
from torch.func import vmap

from hexray.net.entropy import Vector
from hexray.net.optimizer import MUON_RATE, is_by_muon
from hexray.probes.entropy.direction import (
    MUON,
    MUON_RMS,
    MUON_SHARE,
    Memory,
    Rule,
    by_element,
    muon_update,
    tied,
)

_CLOSE = 1e-7
"""Singular values nearer than this are taken for the same; they are at most 1."""


class Linear(NamedTuple):
    """The derivative J of a direction at one gradient; each function returns new tensors.

    push      J v for a change v of the gradient
    push_all  the same for many, which have one more axis in front
    pull      the transpose: J' w for a vector w over the weights
    """

    push: Callable[[Vector], Vector]
    push_all: Callable[[Vector], Vector]
    pull: Callable[[Vector], Vector]


class _Bend(NamedTuple):
    """The derivative for one weight, of changes with any axes in front."""

    push: Callable[[Tensor], Tensor]
    pull: Callable[[Tensor], Tensor]


def linearised(gradient: Vector, memory: Memory, rule: Rule) -> Linear:
    """Return the derivative of ``direction`` at ``gradient``, in the same number format.

    Weights that a vector does not name count as zeros in it. Raises what ``direction`` does.
    """
    at = tied(gradient, memory)
    bends = {name: _bend_of(name, part, memory, rule) for name, part in at.items()}

    def tie(vector: Vector) -> Vector:
        return tied(vector, memory)

    def through(vector: Vector, tie: Callable[[Vector], Vector], is_push: bool) -> Vector:
        given = tie({name: part.to(at[name].dtype) for name, part in vector.items() if name in at})
        return tie(
            {
                name: bends[name].push(part) if is_push else bends[name].pull(part)
                for name, part in given.items()
            }
        )

    return Linear(
        push=lambda vector: through(vector, tie, True),
        push_all=lambda vector: through(vector, vmap(tie), True),
        pull=lambda vector: through(vector, tie, False),
    )


def _bend_of(name: str, gradient: Tensor, memory: Memory, rule: Rule) -> _Bend:
    if rule == "optimizer" and is_by_muon(name, gradient, memory.learner):
        return _bend_of_muon(name, gradient, memory)
    at = gradient.detach().requires_grad_()
    # Each number depends on its own gradient alone, so the sum's derivative is all of J.
    (slope,) = torch.autograd.grad(by_element(name, at, memory, rule).sum(), at)
    return _Bend(lambda change: change * slope, lambda vector: vector * slope)


def _bend_of_muon(name: str, gradient: Tensor, memory: Memory) -> _Bend:
    update, kernel = muon_update(name, gradient, memory).double(), gradient.shape[1:]
    norm = update.norm().clamp(min=MUON["eps"])
    unit, scale = update / norm, -MUON_RATE * MUON_RMS * math.sqrt(max(update.shape))
    spectral = _spectral(unit)

    def across(change: Tensor) -> Tensor:
        along = (change * unit).sum((-2, -1), keepdim=True)
        return (change - along * unit) * (MUON_SHARE / norm)

    def framed(change: Tensor, inner: Callable[[Tensor], Tensor]) -> Tensor:
        flat = change.movedim(-3, -1).flatten(-3).double()
        turned = (scale * inner(flat)).to(change.dtype)
        return turned.unflatten(-1, (*kernel[1:], kernel[0])).movedim(-1, -3)

    return _Bend(
        lambda change: framed(change, lambda flat: spectral(across(flat))),
        lambda vector: framed(vector, lambda flat: across(spectral(flat))),
    )


def _spectral(unit: Tensor) -> Callable[[Tensor], Tensor]:
    """Return the derivative of Muon's function of singular values at a matrix; it is symmetric."""
    if unit.shape[0] > unit.shape[1]:
        turned = _spectral(unit.T)
        return lambda change: turned(change.mT).mT
    left, values, right = torch.linalg.svd(unit, full_matrices=False)
    after, slope = _polynomial(values)
    means = (slope[:, None] + slope) / 2
    apart, both = values[:, None] - values, values[:, None] + values
    even = torch.where(apart.abs() < _CLOSE, means, (after[:, None] - after) / apart)
    odd = torch.where(both < _CLOSE, means, (after[:, None] + after) / both)
    stretch = torch.where(values < _CLOSE, slope, after / values)

    def derivative(change: Tensor) -> Tensor:
        rows = left.T @ change
        inner = rows @ right.T
        symmetric, skew = (inner + inner.mT) / 2, (inner - inner.mT) / 2
        outside = stretch[:, None] * (rows - inner @ right)
        return left @ ((even * symmetric + odd * skew) @ right + outside)

    return derivative


def _polynomial(values: Tensor) -> tuple[Tensor, Tensor]:
    """Return what Muon's iterations make of singular values, and the derivative of that."""
    linear, cubic, quintic = MUON["ns_coefficients"]
    slope = torch.ones_like(values)
    for _ in range(MUON["ns_steps"]):
        slope = slope * (linear + 3 * cubic * values**2 + 5 * quintic * values**4)
        values = linear * values + cubic * values**3 + quintic * values**5
    return values, slope
