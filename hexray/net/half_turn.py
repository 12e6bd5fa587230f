"""Weights that answer a board and its half turn alike, without seeing both.

The half turn is the one symmetry that the mover frame leaves. The channels of every layer come in
pairs, c and c + C/2: what one sees on a board the other sees on the board turned (the group p2 of
Cohen and Welling 2016). So each weight equals its image, the weight with pairs exchanged and
kernels turned. Averaged with their images gradients keep it so, whatever the optimizer does with
them; what it costs is no work for the one who is served.
"""

from collections.abc import Callable, Mapping
from functools import partial

import torch
from torch import Tensor, nn

from hexray.errors import CheckpointError
from hexray.net.model import HexNet

_TOLERANCE = 1e-3
"""Relative difference that rounding may make between a weight and its image."""


class HalfTurn:
    """The images of a network's weights, by their names."""

    def __init__(self, net: HexNet) -> None:
        self._images: dict[str, Callable[[Tensor], Tensor]] = {}
        for owner, module in net.named_modules():
            own = (*module.named_parameters(recurse=False), *module.named_buffers(recurse=False))
            for leaf, tensor in own:
                self._images[f"{owner}.{leaf}"] = _image_of(net, module, tensor)

    @torch.no_grad()
    def tie(self, tensors: Mapping[str, Tensor | None]) -> None:
        """Average ``tensors`` with their images, in place; weights, or gradients of weights."""
        for name, tensor in tensors.items():
            if tensor is not None:
                tensor.add_(self._images[name](tensor)).mul_(0.5)

    def check(self, tensors: Mapping[str, Tensor]) -> None:
        """Raise CheckpointError unless all weights equal their images but for rounding."""
        for name, tensor in tensors.items():
            image = self._images[name](tensor)
            if (image - tensor).norm() > _TOLERANCE * tensor.norm():
                raise CheckpointError(
                    f"{name} does not treat a board and its half turn alike: trained with "
                    "net.half_turn false; go on with the same"
                )


def _image_of(net: HexNet, module: nn.Module, tensor: Tensor) -> Callable[[Tensor], Tensor]:
    if len(tensor) == 1:
        return _readout if tensor.ndim > 1 else _same
    if module is net.stem.conv:
        return _stem
    if isinstance(module, nn.Linear) and tensor.ndim > 1:
        return _pooled
    return _kernels if tensor.ndim > 1 else _channels


def _same(bias: Tensor) -> Tensor:
    return bias


def _exchanged(tensor: Tensor, axis: int) -> Tensor:
    return tensor.roll(tensor.shape[axis] // 2, axis)


_channels = partial(_exchanged, axis=0)
_readout = partial(_exchanged, axis=1)


def _stem(kernels: Tensor) -> Tensor:
    """Take [O, C, k, k], or [O]; planes of a turned board are turned planes, without pairs."""
    turned = kernels.flip(2, 3) if kernels.ndim == 4 else kernels
    return _exchanged(turned, 0)


def _kernels(kernels: Tensor) -> Tensor:
    return _exchanged(_exchanged(kernels, 0), 1).flip(2, 3)


def _pooled(weights: Tensor) -> Tensor:
    """Take [O, 2 I], for the means of I channels and their maxima."""
    return _exchanged(_exchanged(weights.unflatten(1, (2, -1)), 0), 2).flatten(1)
