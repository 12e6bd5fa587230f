"""Evaluate leaves with the served network, run in the way that is fastest here."""

import time
from collections.abc import Callable, Mapping
from functools import cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from hexray.config import InferenceSettings, NetSettings
from hexray.errors import EvaluationError
from hexray.evaluation import Evaluation, Leaves
from hexray.game.fill_in import filled
from hexray.net.backend import (
    Format,
    describe_machine,
    formats,
    keep_freed_memory,
    may_compile,
    pick_device,
)
from hexray.net.model import copy_weights
from hexray.net.served import Runner, Served, make_runner
from hexray.net.tuning import Candidate, candidates, describe, settle

_WASTED = -20.0
"""Logit of a cell that fill-in leaves no part in the game: a prior of nothing, and finite."""


class Evaluator:
    """Answer leaves with the weights last loaded; ``choice`` says in one line how they are run.

    ``precision`` is the number format and ``is_compiled`` whether the network is compiled. Sets
    the number of torch threads of the threads that call it. One call at a time: loading while a
    batch is under way would mix two versions.
    """

    def __init__(
        self,
        net_settings: NetSettings,
        inference: InferenceSettings,
        size: int,
        clock: Callable[[], float] = time.perf_counter,
        cores: int = 1,
    ) -> None:
        """Make the network; what the settings leave open is measured on boards of side ``size``.

        A compiled net is compiled for that size here, for others when they first come. ``cores``
        is the share of the machine's cores that threads may take. Raises SettingsError when
        ``inference.backend`` asks for what this machine does not have.
        """
        keep_freed_memory()
        device, rows = pick_device(), inference.batch_rows
        allowed = candidates(
            inference,
            cores,
            has_compiler=may_compile(inference.backend, "inference.backend"),
            has_gpu=device.type == "cuda",
        )
        nets = {name: Served(net_settings, name, device) for name in formats(inference.precision)}

        @cache
        def runner(candidate: Candidate) -> Runner:
            return make_runner(nets[candidate.precision], candidate.mode, rows, device)

        @torch.inference_mode()
        def work(candidate: Candidate) -> None:
            torch.set_num_threads(candidate.threads)
            runner(candidate)(torch.zeros((rows, size, size), dtype=torch.int8))

        facts = {
            "machine": describe_machine(device),
            "net": net_settings.model_dump(),
            "size": size,
            "batch_rows": rows,
        }
        chosen = settle(allowed, facts, work, clock)
        self.version: int | None = None
        self.precision: Format = chosen.candidate.precision
        self.is_compiled = chosen.candidate.mode != "eager"
        self.choice = describe(chosen, rows)
        self._rows, self._threads = rows, chosen.candidate.threads
        self._net, self._run = nets[self.precision].net, runner(chosen.candidate)
        self.prepare(size)

    def prepare(self, size: int) -> None:
        """Compile for boards of side ``size`` now instead of at the first call."""
        if self.is_compiled:
            torch.set_num_threads(self._threads)
            with torch.inference_mode():
                self._run(torch.zeros((self._rows, size, size), dtype=torch.int8))

    def load(self, version: int, weights: Mapping[str, NDArray[np.float32]]) -> None:
        """Take over published ``weights`` in place (a copy, without compiling again).

        Raises CheckpointError when they belong to another network.
        """
        copy_weights(self._net.state_dict(), weights)
        self.version = version

    @torch.inference_mode()
    def __call__(self, leaves: Leaves) -> Evaluation:
        """Evaluate ``leaves`` in batches of at most ``batch_rows``; logits are float16.

        The network is shown boards with dead and captured cells filled, as it was trained on.
        Raises EvaluationError when no weights are loaded or an answer is not finite.
        """
        torch.set_num_threads(self._threads)  # it holds for the calling thread only
        cells, size = leaves
        if self.version is None:
            raise EvaluationError("no weights are loaded; call load first")
        if len(cells) == 0 or cells.shape[1:] != (size * size,):
            raise ValueError(f"leaves of shape {cells.shape} are no rows of {size}x{size} boards")
        seen = filled(cells, size)
        boards = torch.from_numpy(seen).view(-1, size, size)
        parts = [self._run(part) for part in boards.split(self._rows)]
        answers = parts[0] if len(parts) == 1 else torch.cat(parts)
        logits, value_logit = answers[:, :-1].half(), answers[:, -1].float()
        if not (_are_finite(logits) and _are_finite(value_logit)):
            raise EvaluationError(
                f"version {self.version} answers with numbers that are not finite; "
                "go back to an earlier checkpoint"
            )
        value = torch.tanh(value_logit / 2)
        said = logits.numpy()
        said[seen != cells] = _WASTED
        return Evaluation(said, value.numpy(), self.version)


def _are_finite(numbers: Tensor) -> bool:
    # A sum in double precision can neither overflow nor lose an infinity or a NaN, and is several
    # times as fast as looking at each number.
    return bool(torch.isfinite(numbers.sum(dtype=torch.float64)))
