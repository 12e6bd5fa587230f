"""The network as it is served: from cells to answers, in one of the modes of a candidate."""

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional

from hexray.config import NetSettings
from hexray.game.planes import PLANES
from hexray.net.backend import Format, Forward, compiled, place
from hexray.net.graphs import Graphs
from hexray.net.model import HexNet
from hexray.net.tuning import Mode

# A compiled net takes any number of rows but treats a single one as a case of its own.
MIN_COMPILED_ROWS = 2

Runner = Callable[[Tensor], Tensor]
"""Maps cells int8[B, N, N] to answers [B, A + 1] of ``Served``, both on the CPU."""


class Served(nn.Module):
    """Map cells int8[B, N, N] (mover frame) to [B, A + 1]: logits, then the value's logit.

    Planes are encoded here, so that cells travel to a GPU as bytes and are encoded on it, and all
    answers come back as one tensor.
    """

    def __init__(self, settings: NetSettings, precision: Format, device: torch.device) -> None:
        """Make ``net``, folded, frozen and with arbitrary weights."""
        super().__init__()
        net = HexNet(settings, normalised=False).eval().requires_grad_(False)
        self.dtype: torch.dtype = getattr(torch, precision)
        self.net = place(net, device, self.dtype)

    def forward(self, cells: Tensor) -> Tensor:
        """Return answers in the number format of the net."""
        logits, value_logit = self.net(encode_planes(cells, self.dtype))
        return torch.cat((logits, value_logit[:, None]), 1)


def encode_planes(cells: Tensor, dtype: torch.dtype) -> Tensor:
    """Encode ``cells`` int8[B, N, N] as ``hexray.game.planes.encode`` does, where they are.

    Returns [B, C, N, N], channels last in memory.
    """
    line = torch.arange(cells.shape[-1], device=cells.device)
    is_edge = (line == 0) | (line == cells.shape[-1] - 1)
    planes = torch.empty((*cells.shape, len(PLANES)), dtype=dtype, device=cells.device)
    planes[..., 0] = cells > 0
    planes[..., 1] = cells < 0
    planes[..., 2] = 1
    planes[..., 3] = is_edge[:, None]
    planes[..., 4] = is_edge
    return planes.permute(0, 3, 1, 2)


def make_runner(served: Served, mode: Mode, rows: int, device: torch.device) -> Runner:
    """Return a way to run ``served``, which goes on to use its weights as they change.

    A mode that compiles does so at the first call for each board size; ``graphs`` takes at most
    ``rows`` rows a call.
    """
    if mode == "eager":
        return partial(_run, served, device)
    forward = compiled(served)
    if mode == "graphs":
        return Graphs(forward, rows, device)
    return partial(_run_compiled, forward, device)


def rounded(rows: int) -> int:
    """Return the rows of the batch that answers ``rows``: at most a sixteenth more.

    oneDNN prepares every convolution anew for each number of rows and keeps a thousand of them:
    half a gigabyte when the numbers are left as they come, and a tenth of the speed.
    """
    step = 1 << max(rows.bit_length() - 5, 0)
    return -(-rows // step) * step


def _run(forward: Forward, device: torch.device, cells: Tensor, least: int = 1) -> Tensor:
    rows = len(cells)
    more = max(rounded(rows), least) - rows
    return forward(functional.pad(cells, (0, 0, 0, 0, 0, more)).to(device))[:rows].cpu()


def _run_compiled(forward: Forward, device: torch.device, cells: Tensor) -> Tensor:
    def any_number(padded: Tensor) -> Tensor:
        torch._dynamo.mark_dynamic(padded, 0)
        return forward(padded)

    return _run(any_number, device, cells, MIN_COMPILED_ROWS)
