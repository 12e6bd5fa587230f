"""Train the network: an optimizer step for each batch of a block, and averaged weights to serve."""

import copy
import math
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from hexray.config import LearnerSettings, NetSettings
from hexray.data.rows import Rows
from hexray.errors import CheckpointError, TrainingError
from hexray.net.backend import (
    Format,
    Forward,
    compiled,
    describe_machine,
    formats,
    keep_freed_memory,
    may_compile,
    pick_device,
    place,
)
from hexray.net.entropy import entropy_change
from hexray.net.half_turn import HalfTurn
from hexray.net.loss import Losses, Targets, heads_of, loss
from hexray.net.model import HexNet, copy_weights, fold, input_planes, is_trained_only
from hexray.net.optimizer import Optimizer
from hexray.net.targets import check_rows, empty_boards, targets_of
from hexray.net.tuning import Candidate, settle

DRAWS = 8
"""Moves drawn in a position to predict how a step changes the entropy of the policy."""


class Trainer:
    """The network under training, its optimizer and the average of its weights.

    ``step`` counts optimizer steps and ``rows_trained`` rows; ``precision`` is the format of
    autocast. Sets the number of torch threads of the threads that call it.
    """

    def __init__(
        self,
        net_settings: NetSettings,
        settings: LearnerSettings,
        size_hint: int,
        seed: int,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        """Make a fresh network from ``seed``; ``size_hint`` is the board that is timed.

        ``clock`` times what ``learner.precision`` leaves open, unless that is remembered.

        Raises SettingsError when ``learner.backend`` is compiled and there is no C++ compiler.
        """
        torch.set_num_threads(settings.threads)
        keep_freed_memory()
        self._settings = settings
        self._device = pick_device()
        net = _fresh_net(net_settings, seed, heads_of(settings))
        self._net = place(net, self._device, torch.float32)
        self._optimizer = Optimizer(self._net, settings)
        self._live = self._net.state_dict()
        self._half_turn = HalfTurn(self._net) if net_settings.half_turn else None
        self._average = {name: tensor.clone() for name, tensor in self._live.items()}
        self.step = 0
        self.rows_trained = 0
        self.precision: Format = self._fastest(net_settings, size_hint, clock)
        self._forward: Forward = self._net
        if may_compile(settings.backend, "learner.backend"):
            self._forward = compiled(self._net)

    def train(self, rows: Rows, size: int, progress: float) -> dict[str, float]:
        """Make one step for each ``batch_rows`` of ``rows``, in their order, on side ``size``.

        ``progress`` in [0, 1] is the part of the run that is over. Returns ``rows`` trained and
        means over the steps: the parts of ``Losses`` (``owner_loss`` and the like for auxiliary
        heads), ``grad_norm`` before clipping and ``learning_rate``. Every ``entropy_every`` steps
        come ``entropy_change``, what that step did to the entropy of the policy on the next batch,
        in nats, and ``entropy_change_predicted``. Raises TrainingError on rows that make no sense,
        lack a target or do not fill their batches, and when a loss is not finite; then the steps
        before it are done, that one is not, and a state from before should be loaded.
        """
        torch.set_num_threads(self._settings.threads)  # it holds for the calling thread only
        check_rows(rows, size, self._settings)
        planes = input_planes(rows.cells, size, self._device)
        targets = targets_of(rows, self._device)
        sums: dict[str, float] = {}
        entropies: dict[str, float] = {}
        steps = len(rows.cells) // self._settings.batch_rows
        batches = [
            slice(first, first + self._settings.batch_rows)
            for first in range(0, len(rows.cells), self._settings.batch_rows)
        ]
        for at, other in zip(batches, (*batches[1:], batches[0]), strict=True):
            rate = learning_rate(self.step, progress, self._settings)
            batch = Targets(*(column[at] for column in targets))
            before = self._weights() if steps > 1 and self._is_watched() else None
            for name, value in self._step(planes[at], batch, rate).items():
                sums[name] = sums.get(name, 0.0) + value
            if before is not None:
                entropies = self._change(before, planes[other], ~targets.occupied[other])
        means = {name: value / steps for name, value in sums.items()}
        return {**means, **entropies, "rows": float(len(rows.cells))}

    def is_finite(self) -> bool:
        """Say whether all weights, and the averages of them, are numbers."""
        every = (*self._live.values(), *self._average.values())
        return all(bool(torch.isfinite(tensor).all()) for tensor in every)

    def published(self) -> dict[str, NDArray[np.float32]]:
        """Return the averaged weights, BatchNorm folded, for an ``Evaluator`` (copies)."""
        return {name: tensor.numpy() for name, tensor in fold(self._average).items()}

    def state(self) -> dict[str, Any]:
        """Return copies of all that ``load_state`` needs to go on exactly, in a given format."""
        state = {
            "net": self._net.state_dict(),
            "average": self._average,
            "optimizer": self._optimizer.moments(),
            "step": self.step,
            "rows_trained": self.rows_trained,
        }
        return copy.deepcopy(state)

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Go on from what ``state`` returned (copied); the settings stay those of this trainer.

        Auxiliary heads that the state does not have stay fresh, and those that only it has are
        left out. Raises CheckpointError when it belongs to another network.
        """
        missing = {"net", "average", "optimizer", "step", "rows_trained"} - state.keys()
        if missing:
            raise CheckpointError(f"training state without {', '.join(sorted(missing))}")
        copy_weights(self._live, _with_heads_of(self._live, state["net"]))
        if self._half_turn:
            self._half_turn.check(self._live)
        copy_weights(self._average, _with_heads_of(self._average, state["average"]))
        self._optimizer.load(state["optimizer"])
        self.step, self.rows_trained = state["step"], state["rows_trained"]

    def _step(self, planes: Tensor, targets: Targets, rate: float) -> dict[str, float]:
        losses = _losses(self._forward, planes, targets, self._settings, self.precision)
        norm = _backward(losses.total, self._net, self._settings.clip_norm, self._half_turn)
        total, policy, value, accuracy = (float(part.detach()) for part in losses[:4])
        if not math.isfinite(total + norm):
            raise TrainingError(
                f"step {self.step}: loss {total}, gradient norm {norm}; "
                "go back to a checkpoint, and lower learner.learning_rate if it happens again"
            )
        self._optimizer.step(rate)
        if self._half_turn:
            self._half_turn.tie(self._live)
        decay = self._settings.ema_decay
        average, live = list(self._average.values()), list(self._live.values())
        torch._foreach_lerp_(average, live, 1 - decay)  # pyright: ignore[reportPrivateImportUsage]
        self.step += 1
        self.rows_trained += len(planes)
        return {
            "loss": total,
            "policy_loss": policy,
            "value_loss": value,
            "value_accuracy": accuracy,
            **{f"{name}_loss": float(part.detach()) for name, part in losses.auxiliary.items()},
            "grad_norm": norm,
            "learning_rate": rate,
        }

    def _is_watched(self) -> bool:
        every = self._settings.entropy_every
        return every > 0 and self.step % every == every - 1

    def _weights(self) -> dict[str, Tensor]:
        return {name: weight.detach().clone() for name, weight in self._net.named_parameters()}

    def _change(
        self, before: Mapping[str, Tensor], planes: Tensor, empty: Tensor
    ) -> dict[str, float]:
        """Return what the last step did to the entropy of the policy, and what was predicted."""
        after = {name: weight.detach() for name, weight in self._net.named_parameters()}
        rng = np.random.default_rng(self.step)
        predicted, exact = entropy_change(self._net, before, after, planes, empty, DRAWS, rng)
        return {"entropy_change_predicted": predicted, "entropy_change": exact}

    def _fastest(self, net: NetSettings, size: int, clock: Callable[[], float]) -> Format:
        """Return the number format that trains fastest here, as measured or remembered."""
        settings = self._settings
        allowed = [
            Candidate(precision, "eager", settings.threads)
            for precision in formats(settings.precision)
        ]
        facts = {
            "machine": describe_machine(self._device),
            "net": net.model_dump(),
            "size": size,
            "trains": [settings.batch_rows, settings.optimizer, *heads_of(settings)],
        }
        return settle(allowed, facts, self._probe(size), clock).candidate.precision

    def _probe(self, size: int) -> Callable[[Candidate], None]:
        net = copy.deepcopy(self._net)
        optimizer = Optimizer(net, self._settings)
        rows = empty_boards(self._settings, size)
        targets = targets_of(rows, self._device)

        def work(candidate: Candidate) -> None:
            planes = input_planes(rows.cells, size, self._device)
            losses = _losses(net, planes, targets, self._settings, candidate.precision)
            _backward(losses.total, net, self._settings.clip_norm, self._half_turn)
            optimizer.step(self._settings.learning_rate)

        return work


def fresh_weights(net_settings: NetSettings, seed: int) -> dict[str, NDArray[np.float32]]:
    """Return what a ``Trainer`` of this seed publishes before its first step."""
    state = _fresh_net(net_settings, seed).state_dict()
    return {name: tensor.numpy() for name, tensor in fold(state).items()}


def learning_rate(step: int, progress: float, settings: LearnerSettings) -> float:
    """Return the rate of optimizer step ``step`` (from 0) when ``progress`` of the run is over.

    It rises linearly to the full rate at step ``warmup_steps - 1``, and falls linearly from
    ``decay_from`` to ``final_rate`` of it at progress 1.
    """
    rate = settings.learning_rate * min(1.0, (step + 1) / max(settings.warmup_steps, 1))
    over = min(progress, 1.0)
    if over <= settings.decay_from:
        return rate
    left = (1 - over) / (1 - settings.decay_from)
    return rate * (settings.final_rate + (1 - settings.final_rate) * left)


def _with_heads_of(own: Mapping[str, Tensor], weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    fresh = {name: tensor for name, tensor in own.items() if is_trained_only(name)}
    known = {
        name: tensor for name, tensor in weights.items() if name in own or not is_trained_only(name)
    }
    return {**fresh, **known}


def _fresh_net(settings: NetSettings, seed: int, heads: Sequence[str] = ()) -> HexNet:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        net = HexNet(settings, heads=heads)
    if settings.half_turn:
        HalfTurn(net).tie(net.state_dict())
    return net


def _losses(
    forward: Forward,
    planes: Tensor,
    targets: Targets,
    settings: LearnerSettings,
    precision: Format,
) -> Losses:
    with torch.autocast(planes.device.type, torch.bfloat16, enabled=precision == "bfloat16"):
        answers = forward(planes)
    return loss(answers, targets, settings)


def _backward(total: Tensor, net: HexNet, clip_norm: float, half_turn: HalfTurn | None) -> float:
    # Gradients are float32 and never scaled (bfloat16 has float32's range), so clipping comes at
    # once after them.
    net.zero_grad()
    total.backward()
    if half_turn:
        half_turn.tie({name: weight.grad for name, weight in net.named_parameters()})
    return float(torch.nn.utils.clip_grad_norm_(net.parameters(), clip_norm))
