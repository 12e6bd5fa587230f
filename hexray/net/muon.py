"""Muon as torch has it, with all matrices of one shape made orthogonal at once.

A network has many small kernels of few shapes; one after the other they spend their time in calls.
"""

from collections import defaultdict
from collections.abc import Iterable

import torch
from torch import Tensor, nn

# The quintic of Jordan 2024, as in torch.optim.Muon.
_COEFFICIENTS = (3.4445, -4.775, 2.0315)
_STEPS = 5
_LEAST_NORM = 1e-7
_ADAMW_RMS = 0.2


class Muon(torch.optim.Optimizer):
    """Momentum made orthogonal: ``torch.optim.Muon`` with ``adjust_lr_fn="match_rms_adamw"``.

    The same up to rounding, with Nesterov momentum, and with the same memory.
    """

    def __init__(self, matrices: Iterable[nn.Parameter], momentum: float, decay: float) -> None:
        defaults = {"lr": 1e-3, "momentum": momentum, "weight_decay": decay}
        super().__init__(list(matrices), defaults)

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Move the matrices that have gradients."""
        for group in self.param_groups:
            alike: dict[torch.Size, list[Tensor]] = defaultdict(list)
            for matrix in group["params"]:
                if matrix.grad is not None:
                    alike[matrix.shape].append(matrix)
            for matrices in alike.values():
                self._move(matrices, group["lr"], group["momentum"], group["weight_decay"])

    def _move(self, matrices: list[Tensor], rate: float, momentum: float, decay: float) -> None:
        gradients = torch.stack([matrix.grad for matrix in matrices if matrix.grad is not None])
        for matrix, gradient in zip(matrices, gradients, strict=True):
            memory = self.state[matrix].setdefault("momentum_buffer", torch.zeros_like(gradient))
            memory.lerp_(gradient, 1 - momentum)
        memories = torch.stack([self.state[matrix]["momentum_buffer"] for matrix in matrices])
        updates = _orthogonal(gradients.lerp(memories, momentum))
        adjusted = rate * _ADAMW_RMS * max(updates.shape[1:]) ** 0.5
        for matrix, update in zip(matrices, updates, strict=True):
            matrix.mul_(1 - rate * decay).add_(update, alpha=-adjusted)


def _orthogonal(matrices: Tensor) -> Tensor:
    """Bring the singular values of ``matrices`` [K, rows, columns] near 1; bfloat16, copies."""
    is_tall = matrices.shape[1] > matrices.shape[2]
    x = (matrices.mT if is_tall else matrices).bfloat16()
    x = x / x.flatten(1).norm(dim=1).clamp(min=_LEAST_NORM)[:, None, None]
    a, b, c = _COEFFICIENTS
    for _ in range(_STEPS):
        gram = x @ x.mT
        x = torch.baddbmm(x, torch.baddbmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return x.mT if is_tall else x
