"""How a step moves the weights: kernels by Muon or AdamW, all others by AdamW.

Muon makes the update of a matrix orthogonal, so that no direction of it outweighs the others
(Jordan 2024). A kernel is taken as a matrix of one row for each output channel.
"""

from collections.abc import Iterator, Mapping

import torch
from torch import Tensor, nn

from hexray.config import LearnerSettings
from hexray.net.model import HexNet, is_trained_only
from hexray.net.muon import Muon

Moments = dict[str, dict[str, Tensor]]
"""What an optimizer remembers of each weight, by the weight's name."""

MUON_MOMENTUM = 0.95
# Muon's steps are brought to the size of AdamW's; they may be larger than those.
MUON_RATE = 3.0


class Optimizer:
    """The optimizers of one network, as one. Neither biases nor BatchNorm decay."""

    def __init__(self, net: HexNet, settings: LearnerSettings) -> None:
        named = dict(net.named_parameters())
        by_muon = {name: _matrix(p) for name, p in named.items() if is_by_muon(name, p, settings)}
        rest = {name: p for name, p in named.items() if name not in by_muon}
        decay = settings.weight_decay
        self._adamw = torch.optim.AdamW(
            [
                {"params": [p for p in rest.values() if p.ndim > 1], "weight_decay": decay},
                {"params": [p for p in rest.values() if p.ndim <= 1], "weight_decay": 0.0},
            ],
            fused=True,
        )
        self._muon = None
        if by_muon:
            self._muon = Muon(by_muon.values(), MUON_MOMENTUM, decay)
        self._kernels = [(named[name], matrix) for name, matrix in by_muon.items()]
        self._rest, self._by_muon = rest, by_muon

    def step(self, rate: float) -> None:
        """Move the weights by their gradients at the learning rate ``rate``."""
        _set_rate(self._adamw, rate)
        self._adamw.step()
        if self._muon is None:
            return
        for kernel, matrix in self._kernels:
            matrix.grad = None if kernel.grad is None else _flat(kernel.grad)
        _set_rate(self._muon, rate * MUON_RATE)
        self._muon.step()

    def moments(self) -> Moments:
        """Return what is remembered (not copied)."""
        return {name: dict(memory[weight]) for name, weight, memory in self._all()}

    def load(self, moments: Mapping[str, Mapping[str, Tensor]]) -> None:
        """Take over copies of the ``moments`` of weights by their names.

        Weights that are not named, or that another rule has moved, begin without.
        """
        for name, weight, memory in self._all():
            memory.pop(weight, None)
            found = moments.get(name, {})
            if ("momentum_buffer" in found) == (name in self._by_muon) and found:
                memory[weight] = {key: t.to(weight.device, copy=True) for key, t in found.items()}

    def _all(self) -> Iterator[tuple[str, Tensor, dict[Tensor, dict[str, Tensor]]]]:
        for name, weight in self._rest.items():
            yield name, weight, self._adamw.state
        for name, weight in self._by_muon.items():
            assert self._muon is not None
            yield name, weight, self._muon.state


def is_by_muon(name: str, weight: Tensor, settings: LearnerSettings) -> bool:
    """Say whether Muon moves a weight: kernels, but for those of readouts and of training alone."""
    is_kernel = weight.ndim == 4 and len(weight) > 1 and not is_trained_only(name)
    return is_kernel and settings.optimizer == "muon"


def _matrix(kernel: nn.Parameter) -> nn.Parameter:
    """Return a kernel as a matrix that shares its memory."""
    matrix = _flat(kernel.detach())
    if matrix.data_ptr() != kernel.data_ptr():
        raise ValueError(f"a kernel {tuple(kernel.shape)} is not channels last")
    return nn.Parameter(matrix)


def _flat(kernel: Tensor) -> Tensor:
    return kernel.permute(0, 2, 3, 1).flatten(1)


def _set_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    for group in optimizer.param_groups:
        group["lr"] = rate
