"""Evaluate leaves with the served network: folded, channels last, in the faster format."""

import time
from collections.abc import Callable, Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from hexray.config import InferenceSettings, NetSettings
from hexray.errors import EvaluationError
from hexray.evaluation import Evaluation, Leaves
from hexray.net.backend import (
    FORMATS,
    Format,
    choose_precision,
    compiled,
    keep_freed_memory,
    may_compile,
    pick_device,
    place,
)
from hexray.net.model import HexNet, copy_weights, input_planes

# A compiled net takes any number of rows but treats a single one as a case of its own.
MIN_COMPILED_ROWS = 2


class Evaluator:
    """Answer leaves with the weights last loaded; ``precision`` says in which number format.

    Sets the number of torch threads of the threads that call it. One call at a time: loading
    while a batch is under way would mix two versions.
    """

    def __init__(
        self,
        net_settings: NetSettings,
        inference: InferenceSettings,
        size: int,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        """Make the network; boards of side ``size`` are what precision is measured on.

        A compiled net is compiled for that size here, for others when they first come.
        Raises SettingsError when ``inference.backend`` is compiled and there is no C++ compiler.
        """
        torch.set_num_threads(inference.threads)
        keep_freed_memory()
        self._inference = inference
        self._device = pick_device()
        nets = {name: _build(net_settings, name, self._device) for name in FORMATS}
        empty = np.zeros((max(inference.batch_rows, MIN_COMPILED_ROWS), size * size), np.int8)

        def work(name: Format) -> None:
            with torch.inference_mode():
                planes = input_planes(empty, size, self._device)
                nets[name](planes.to(getattr(torch, name)))[1].cpu()

        self.version: int | None = None
        self.precision: Format = choose_precision(inference.precision, work, clock)
        self._net = self._forward = nets[self.precision]
        self.is_compiled = may_compile(inference.backend, "inference.backend")
        if self.is_compiled:
            self._forward = compiled(self._net)
            with torch.inference_mode():
                self._infer(empty, size)

    def load(self, version: int, weights: Mapping[str, NDArray[np.float32]]) -> None:
        """Take over published ``weights`` in place (a copy, without compiling again).

        Raises CheckpointError when they belong to another network.
        """
        copy_weights(self._net.state_dict(), weights)
        self.version = version

    @torch.inference_mode()
    def __call__(self, leaves: Leaves) -> Evaluation:
        """Evaluate ``leaves`` in batches of at most ``batch_rows``; logits are float16.

        Raises EvaluationError when no weights are loaded or an answer is not finite.
        """
        torch.set_num_threads(self._inference.threads)  # it holds for the calling thread only
        cells, size = leaves
        if self.version is None:
            raise EvaluationError("no weights are loaded; call load first")
        if len(cells) == 0 or cells.shape[1:] != (size * size,):
            raise ValueError(f"leaves of shape {cells.shape} are no rows of {size}x{size} boards")
        rows = self._inference.batch_rows
        parts = [self._infer(cells[at : at + rows], size) for at in range(0, len(cells), rows)]
        logits, value_logit = (torch.cat(column).cpu() for column in zip(*parts, strict=True))
        if not (torch.isfinite(logits).all() and torch.isfinite(value_logit).all()):
            raise EvaluationError(
                f"version {self.version} answers with numbers that are not finite; "
                "go back to an earlier checkpoint"
            )
        value = torch.tanh(value_logit / 2)
        return Evaluation(logits.numpy(), value.numpy(), self.version)

    def _infer(self, cells: NDArray[np.int8], size: int) -> tuple[Tensor, Tensor]:
        rows = len(cells)
        if self.is_compiled and rows < MIN_COMPILED_ROWS:
            cells = np.repeat(cells, MIN_COMPILED_ROWS, axis=0)
        planes = input_planes(cells, size, self._device).to(getattr(torch, self.precision))
        if self.is_compiled:
            torch._dynamo.mark_dynamic(planes, 0)
        logits, value_logit = self._forward(planes)
        return logits[:rows].half(), value_logit[:rows].float()


def _build(settings: NetSettings, name: Format, device: torch.device) -> HexNet:
    net = HexNet(settings, normalised=False).eval().requires_grad_(False)
    return place(net, device, getattr(torch, name))
