"""Where an optimizer step goes, as a function of the gradient.

A direction D is what a step adds to the weights for a learning rate of 1. It is the optimizer's
own arithmetic (``net.optimizer``) from its own moments, gradients and steps tied to their half
turns where the network is.
"""

import math
from collections.abc import Mapping
from inspect import signature
from typing import Any, Literal, NamedTuple

import torch
from torch import Tensor

from hexray.config import LearnerSettings
from hexray.errors import SettingsError
from hexray.net.entropy import Vector
from hexray.net.half_turn import HalfTurn
from hexray.net.optimizer import MUON_MOMENTUM, MUON_RATE, Moments, is_by_muon

Rule = Literal["optimizer", "adam"]


def _defaults(optimizer: type) -> dict[str, Any]:
    # To ask an instance would load torch's compiler, which takes two seconds.
    return {name: each.default for name, each in signature(optimizer).parameters.items()}


_ADAM, MUON = _defaults(torch.optim.AdamW), _defaults(torch.optim.Muon)
_HELD = MUON_MOMENTUM
MUON_SHARE = 1 - _HELD**2
"""Nesterov's momentum: the share 1 - m of the gradient itself, and m times that of the buffer's."""
MUON_RMS = 0.2
"""What ``match_rms_adamw`` multiplies the root of the longer side of a matrix with."""
_LEAST = 1e-36
"""Of a mean square under a root, whose derivative at 0 is none; far below AdamW's epsilon."""


class Memory(NamedTuple):
    """All that a step depends on beside the gradient.

    weights    by their names, as they are before the step
    moments    of the optimizer by the same names, before the step
    learner    settings of the optimizer
    half_turn  the images of the weights where these are tied to them
    """

    weights: Mapping[str, Tensor]
    moments: Moments
    learner: LearnerSettings
    half_turn: HalfTurn | None


def direction(gradient: Vector, memory: Memory, rule: Rule) -> Vector:
    """Return D at the ``gradient`` of a loss, in its number format.

    ``adam`` is the gradient over the root mean squares that AdamW remembers, without momentum and
    decay. Raises SettingsError for it where Muon moves weights or there is nothing to remember.
    """
    moved = {}
    for name, part in tied(gradient, memory).items():
        if rule == "optimizer" and is_by_muon(name, part, memory.learner):
            moved[name] = _by_muon(name, part, memory)
        else:
            moved[name] = by_element(name, part, memory, rule)
    return tied(moved, memory)


def tied(vector: Vector, memory: Memory) -> Vector:
    """Return a vector over the weights averaged with its image where they are tied (a copy)."""
    copies = {name: part.clone() for name, part in vector.items()}
    if memory.half_turn:
        memory.half_turn.tie(copies)
    return copies


def by_element(name: str, gradient: Tensor, memory: Memory, rule: Rule) -> Tensor:
    """Return what AdamW makes of one weight's gradient, each number of which goes its own way."""
    if rule == "adam":
        return _preconditioned(name, gradient, memory)
    return _by_adamw(name, gradient, memory)


def muon_update(name: str, gradient: Tensor, memory: Memory) -> Tensor:
    """Return the matrix of one row a channel that Muon makes orthogonal, for a kernel's gradient.

    It grows by ``MUON_SHARE`` of what the gradient does.
    """
    flat = gradient.permute(0, 2, 3, 1).flatten(1)
    before = memory.moments.get(name, {}).get("momentum_buffer")
    buffer = torch.lerp(torch.zeros_like(flat) if before is None else before, flat, 1 - _HELD)
    return torch.lerp(flat, buffer, _HELD)


def _preconditioned(name: str, gradient: Tensor, memory: Memory) -> Tensor:
    moments = memory.moments.get(name, {})
    if "exp_avg_sq" not in moments:
        reason = "Muon moves it" if "momentum_buffer" in moments else "it was never moved"
        raise SettingsError(
            f"direction = adam: AdamW remembers nothing of {name}, for {reason}; use direction = "
            "optimizer, or a checkpoint of a run with learner.optimizer = adamw"
        )
    unbiased = moments["exp_avg_sq"] / (1 - _ADAM["betas"][1] ** float(moments["step"]))
    return -gradient / (unbiased.to(gradient.dtype).sqrt() + _ADAM["eps"])


def _by_adamw(name: str, gradient: Tensor, memory: Memory) -> Tensor:
    moments, weight = memory.moments.get(name, {}), memory.weights[name]
    first, second = _ADAM["betas"]
    step = float(moments["step"]) + 1 if moments else 1.0
    mean, square = (1 - first) * gradient, (1 - second) * gradient.square()
    if moments:
        mean = first * moments["exp_avg"] + mean
        square = second * moments["exp_avg_sq"] + square
    root = square.clamp(min=_LEAST).sqrt() / math.sqrt(1 - second**step)
    decay = memory.learner.weight_decay if weight.ndim > 1 else 0.0
    return -mean / (1 - first**step) / (root + _ADAM["eps"]) - decay * weight


def _by_muon(name: str, gradient: Tensor, memory: Memory) -> Tensor:
    weight, update = memory.weights[name], muon_update(name, gradient, memory)
    turned = _orthogonal(update).to(gradient.dtype)
    turned = turned.unflatten(1, (*weight.shape[2:], -1)).permute(0, 3, 1, 2)
    scale = MUON_RMS * math.sqrt(max(update.shape))
    return -MUON_RATE * (scale * turned + memory.learner.weight_decay * weight)


def _orthogonal(matrix: Tensor) -> Tensor:
    """Return bfloat16 with all singular values near 1, by the iterations of Newton and Schulz."""
    linear, cubic, quintic = MUON["ns_coefficients"]
    is_tall = matrix.shape[0] > matrix.shape[1]
    found = matrix.bfloat16()
    found = found.T if is_tall else found
    found = found / found.norm().clamp(min=MUON["eps"])
    for _ in range(MUON["ns_steps"]):
        gram = found @ found.T
        gram = torch.addmm(gram, gram, gram, beta=cubic, alpha=quintic)
        found = torch.addmm(found, gram, found, beta=linear)
    return found.T if is_tall else found
