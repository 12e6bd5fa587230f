"""The network: a tower of convolutions over planes, a policy for every cell and one value.

Fully convolutional, and the heads pool over the whole board, so the same weights play on every
board size. The pooled bias follows KataGo (Wu 2019, section 3.3), the residual tower AlphaZero
(Silver 2018), standardised kernels without norms NF-ResNets (Brock 2021).
"""

import math
from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from hexray.config import NetSettings
from hexray.errors import CheckpointError
from hexray.game.planes import PLANES, encode

HEAD_CHANNELS = 32
NORM_EPSILON = 1e-5
NORM_MOMENTUM = 0.1
# Small last layers make a fresh net call every position even and every move alike, and still
# let gradients reach the tower at the first step.
OUTPUT_SCALE = 0.05
# The gain of standardised kernels that keeps the variance of what is rectified (Brock 2021).
RECTIFIED_GAIN = (2 / (1 - 1 / math.pi)) ** 0.5
KERNEL_EPSILON = 1e-8
SIMPLE_LAYERS = 3
# Heads of training that read the value's view of the board; the others read the policy's.
VALUE_HEADS = ("owner", "winning")
_TRAINED_ONLY = "auxiliary."

Norm = Literal["batch", "none", "folded"]
"""With BatchNorm; with standardised kernels and biases; with the kernels and biases of ``fold``."""


class HexNet(nn.Module):
    """Map planes to logits over cells and the logit of a win for the player to move.

    ``normalised=False`` has neither BatchNorm nor standardised kernels; such a net takes the
    weights that ``fold`` makes.
    ``heads`` names what else it answers while it is trained; such heads are never served.
    """

    def __init__(
        self, settings: NetSettings, *, normalised: bool = True, heads: Sequence[str] = ()
    ) -> None:
        super().__init__()
        channels = settings.channels
        norm: Norm = settings.norm if normalised else "folded"
        self.stem = _ConvNorm(len(PLANES), channels, settings.stem, norm)
        self.blocks = nn.ModuleList(_tower(settings, norm))
        self.policy = _ConvNorm(channels, HEAD_CHANNELS, 1, norm)
        self.policy_bias = nn.Linear(2 * HEAD_CHANNELS, HEAD_CHANNELS)
        self.policy_out = nn.Conv2d(HEAD_CHANNELS, 1, 1, bias=False)  # a softmax would not feel it
        self.value = _ConvNorm(channels, HEAD_CHANNELS, 1, norm)
        self.value_hidden = nn.Linear(2 * HEAD_CHANNELS, settings.value_hidden)
        self.value_out = nn.Linear(settings.value_hidden, 1)
        with torch.no_grad():
            self.policy_out.weight.mul_(OUTPUT_SCALE)
            self.value_out.weight.mul_(OUTPUT_SCALE)
            self.value_out.bias.zero_()
        self.auxiliary = nn.ModuleDict(
            {name: nn.Conv2d(HEAD_CHANNELS, 1, 1, bias=False) for name in heads}
        )

    def forward(self, planes: Tensor, mask: Tensor | None = None) -> tuple[Tensor, ...]:
        """Return logits [B, N * N] and value logits [B] of ``planes`` float[B, C, N, N].

        After them come logits [B, N * N] of each of the ``heads``, in their order. The mover's
        probability of winning is ``sigmoid(value_logit)``, the value ``tanh(value_logit / 2)``.

        Boards smaller than N stand in one corner with zero planes around them and ``mask``
        float[B, 1, N, N], 1 on the board, 0 off it: they get what they would get alone. Logits off
        the board mean nothing.
        """
        tower = _rectify(self.stem(planes, mask), mask)
        for block in self.blocks:
            tower = block(tower, mask)
        seen = _rectify(self.value(tower, mask), mask)
        pooled = _pool(seen, mask)
        value = self.value_out(functional.relu(self.value_hidden(pooled)))
        policy = functional.relu_(
            self.policy(tower, mask).add_(_per_channel(self.policy_bias(pooled)))
        )
        further = [
            head(seen if name in VALUE_HEADS else policy).flatten(1)
            for name, head in self.auxiliary.items()
        ]
        return self.policy_out(policy).flatten(1), value.squeeze(1), *further


def _tower(settings: NetSettings, norm: Norm) -> list[nn.Module]:
    if settings.kind == "simple":
        return [_Layer(settings.channels, norm) for _ in range(SIMPLE_LAYERS - 1)]
    every = settings.pool_every if settings.kind == "pooled" else settings.blocks + 1
    return [
        _Block(settings.channels, norm, settings.blocks**-0.5, pooled=(index + 1) % every == 0)
        for index in range(settings.blocks)
    ]


class _Layer(nn.Module):
    """A convolution and a rectifier."""

    def __init__(self, channels: int, norm: Norm) -> None:
        super().__init__()
        self.conv = _ConvNorm(channels, channels, 3, norm)

    def forward(self, x: Tensor, mask: Tensor | None) -> Tensor:
        """Return the same shape as ``x`` [B, channels, N, N]."""
        return _rectify(self.conv(x, mask), mask)


class _Block(nn.Module):
    """A residual block; a pooled one sees the whole board through a bias per channel.

    ``gain`` is what standardised kernels begin with: L^-1/2 lets L blocks add what one would.
    """

    def __init__(self, channels: int, norm: Norm, gain: float, *, pooled: bool) -> None:
        super().__init__()
        self.first = _ConvNorm(channels, channels, 3, norm)
        self.second = _ConvNorm(channels, channels, 3, norm, gain)
        self.bias = nn.Linear(2 * channels, channels) if pooled else None

    def forward(self, x: Tensor, mask: Tensor | None) -> Tensor:
        """Return the same shape as ``x`` [B, channels, N, N], which must be rectified."""
        inner = self.first(x, mask)
        if self.bias is not None:
            inner = inner.add_(_per_channel(self.bias(_pool(x, mask))))
        return _rectify(self.second(_rectify(inner, mask), mask).add_(x), mask)


class _ConvNorm(nn.Module):
    """A convolution that keeps the board's shape, in one of the ways of ``Norm``."""

    def __init__(
        self, inputs: int, outputs: int, width: int, norm: Norm, gain: float = RECTIFIED_GAIN
    ) -> None:
        super().__init__()
        if norm == "none":
            self.conv: nn.Conv2d = _StandardConv(inputs, outputs, width, gain)
        else:
            padding, bias = width // 2, norm == "folded"
            self.conv = nn.Conv2d(inputs, outputs, width, padding=padding, bias=bias)
        self.norm = _MaskedNorm(outputs) if norm == "batch" else None

    def forward(self, x: Tensor, mask: Tensor | None) -> Tensor:
        """Return [B, outputs, N, N]."""
        x = self.conv(x)
        return x if self.norm is None else self.norm(x, mask)


class _StandardConv(nn.Conv2d):
    """A convolution with biases that brings each kernel to mean 0 and a learnt norm, its gain.

    What a step changes does not depend on how large the kernels are, which BatchNorm brings about
    in its own way; it needs no statistics, so that a batch may hold boards of several sizes.
    """

    def __init__(self, inputs: int, outputs: int, width: int, gain: float) -> None:
        super().__init__(inputs, outputs, width, padding=width // 2)
        self.gain = nn.Parameter(torch.full((outputs,), gain))
        nn.init.zeros_(self.get_parameter("bias"))

    def forward(self, x: Tensor) -> Tensor:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Return [B, outputs, N, N]."""
        return self._conv_forward(x, _standard(self.weight, self.gain), self.bias)


class _MaskedNorm(nn.Module):
    """BatchNorm over the cells on the board: cells off it do not count in the statistics."""

    mean: Tensor
    variance: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))
        self.register_buffer("mean", torch.zeros(channels))
        self.register_buffer("variance", torch.ones(channels))

    def forward(self, x: Tensor, mask: Tensor | None) -> Tensor:
        """Normalise ``x`` by its own statistics in training, by the running ones otherwise."""
        if self.training and mask is not None:
            return self._masked(x, mask)
        return functional.batch_norm(
            x,
            self.mean,
            self.variance,
            self.weight,
            self.bias,
            self.training,
            NORM_MOMENTUM,
            NORM_EPSILON,
        )

    def _masked(self, x: Tensor, mask: Tensor) -> Tensor:
        count = mask.sum()
        mean = (x * mask).sum((0, 2, 3)) / count
        centred = x - mean[:, None, None]
        variance = (centred.square() * mask).sum((0, 2, 3)) / count
        with torch.no_grad():
            self.mean.lerp_(mean.float(), NORM_MOMENTUM)
            self.variance.lerp_(variance.float() * count / (count - 1), NORM_MOMENTUM)
        scale = self.weight * torch.rsqrt(variance + NORM_EPSILON)
        return centred * scale[:, None, None] + self.bias[:, None, None]


def fold(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Turn a ``HexNet`` state into plain convolutions, and leave out the heads of training.

    Returns float32 copies, contiguous and on the CPU, for ``HexNet(..., normalised=False)``, which
    then equals the original in eval mode.
    """
    folded = {}
    for name, tensor in state.items():
        owner, _, leaf = name.rpartition(".")
        norm = f"{owner.removesuffix('.conv')}.norm"
        if owner.endswith(".norm") or leaf == "gain" or is_trained_only(name):
            continue
        if leaf == "weight" and f"{owner}.gain" in state:
            tensor = _standard(tensor, state[f"{owner}.gain"])
        if f"{norm}.weight" in state:
            scale = state[f"{norm}.weight"] / torch.sqrt(state[f"{norm}.variance"] + NORM_EPSILON)
            tensor = tensor * scale[:, None, None, None]
            folded[f"{owner}.bias"] = state[f"{norm}.bias"] - state[f"{norm}.mean"] * scale
        folded[f"{owner}.{leaf}"] = tensor
    return {name: _plain(tensor) for name, tensor in folded.items()}


def is_trained_only(name: str) -> bool:
    """Say whether a weight of that name belongs to a head that is not served."""
    return name.startswith(_TRAINED_ONLY)


def copy_weights(
    into: Mapping[str, Tensor], weights: Mapping[str, Tensor | NDArray[np.float32]]
) -> None:
    """Write ``weights`` into the tensors of the same names, in place.

    Raises CheckpointError before anything is written when a name or a shape does not match.
    """
    for name in sorted(into.keys() | weights.keys()):
        expected = tuple(into[name].shape) if name in into else "nothing"
        found = tuple(weights[name].shape) if name in weights else "nothing"
        if expected != found:
            raise CheckpointError(
                f"weights of another network: {name} should be {expected} and is {found}; "
                "use the net settings that they were trained with"
            )
    with torch.no_grad():
        for name, tensor in into.items():
            tensor.copy_(torch.as_tensor(_writable(weights[name])))


def input_planes(cells: NDArray[np.int8], size: int, device: torch.device) -> Tensor:
    """Encode ``cells`` int8[B, A] (mover frame) as float32[B, C, N, N], channels last in memory."""
    planes = torch.from_numpy(encode(np.require(cells, np.int8, ["C", "W"]), size))
    return planes.permute(0, 3, 1, 2).to(device)


def _writable(weights: Tensor | NDArray[np.float32]) -> Tensor | NDArray[np.float32]:
    return weights if isinstance(weights, Tensor) else np.require(weights, requirements=["W"])


def _standard(kernels: Tensor, gain: Tensor) -> Tensor:
    centred = kernels - kernels.mean((1, 2, 3), keepdim=True)
    norm = centred.square().sum((1, 2, 3)).add(KERNEL_EPSILON).sqrt()
    return centred * (gain / norm)[:, None, None, None]


def _plain(tensor: Tensor) -> Tensor:
    copy = torch.empty(tensor.shape, dtype=torch.float32)
    return copy.copy_(tensor.detach())


def _rectify(x: Tensor, mask: Tensor | None) -> Tensor:
    # In place is safe: neither BatchNorm nor a sum needs its result for the backward pass.
    x = functional.relu(x, inplace=True)
    return x if mask is None else x * mask.to(x.dtype)


def _pool(x: Tensor, mask: Tensor | None) -> Tensor:
    # x is rectified and zero off the board, so its maximum needs no mask. A window as large as the
    # board finds it up to eight times faster than amax in bfloat16. A mean over (2, 3) would send
    # back gradients that are not channels last, which each layer below then copies.
    cells = x.permute(0, 2, 3, 1).flatten(1, 2)
    mean = cells.mean(1) if mask is None else cells.sum(1) / mask.sum((2, 3))
    return torch.cat((mean, functional.max_pool2d(x, x.shape[-1]).flatten(1)), 1)


def _per_channel(bias: Tensor) -> Tensor:
    return bias[:, :, None, None]
