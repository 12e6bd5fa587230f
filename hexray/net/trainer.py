"""Train the network: one AdamW step for each batch of a block, and averaged weights to serve."""

import copy
import math
import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from hexray.config import LearnerSettings, NetSettings
from hexray.data.samples import Rows
from hexray.errors import CheckpointError, TrainingError
from hexray.net.backend import (
    Format,
    Forward,
    compiled,
    formats,
    keep_freed_memory,
    may_compile,
    pick_device,
    place,
)
from hexray.net.loss import Losses, Targets, loss
from hexray.net.model import HexNet, copy_weights, fold, input_planes
from hexray.net.tuning import choose

# Policy targets are float16: a row of 361 rounded shares strays from one by at most this.
POLICY_SUM_TOLERANCE = 0.01


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

        Raises SettingsError when ``learner.backend`` is compiled and there is no C++ compiler.
        """
        torch.set_num_threads(settings.threads)
        keep_freed_memory()
        self._settings = settings
        self._device = pick_device()
        self._net = place(_fresh_net(net_settings, seed), self._device, torch.float32)
        self._optimizer = make_optimizer(self._net, settings)
        self._live = self._net.state_dict()
        self._average = {name: tensor.clone() for name, tensor in self._live.items()}
        self.step = 0
        self.rows_trained = 0
        self.precision: Format = choose(formats(settings.precision), self._probe(size_hint), clock)
        self._forward: Forward = self._net
        if may_compile(settings.backend, "learner.backend"):
            self._forward = compiled(self._net)

    def train(self, rows: Rows, size: int, progress: float) -> dict[str, float]:
        """Make one step for each ``batch_rows`` of ``rows``, in their order, on side ``size``.

        ``progress`` in [0, 1] is the part of the run that is over. Returns ``rows`` trained and
        means over the steps: the parts of ``Losses``, ``grad_norm`` before clipping and
        ``learning_rate``. Raises TrainingError on rows that make no sense or do not fill their
        batches, and when a loss is not finite; then the steps before it are done, that one is
        not, and a state from before should be loaded.
        """
        torch.set_num_threads(self._settings.threads)  # it holds for the calling thread only
        check_rows(rows, size, self._settings.batch_rows)
        planes = input_planes(rows.cells, size, self._device)
        targets = _targets(rows, self._device)
        sums: dict[str, float] = {}
        steps = len(rows.cells) // self._settings.batch_rows
        for index in range(steps):
            at = slice(index * self._settings.batch_rows, (index + 1) * self._settings.batch_rows)
            rate = learning_rate(self.step, progress, self._settings)
            batch = Targets(*(column[at] for column in targets))
            for name, value in self._step(planes[at], batch, rate).items():
                sums[name] = sums.get(name, 0.0) + value
        means = {name: value / steps for name, value in sums.items()}
        return {**means, "rows": float(len(rows.cells))}

    def published(self) -> dict[str, NDArray[np.float32]]:
        """Return the averaged weights, BatchNorm folded, for an ``Evaluator`` (copies)."""
        return {name: tensor.numpy() for name, tensor in fold(self._average).items()}

    def state(self) -> dict[str, Any]:
        """Return copies of all that ``load_state`` needs to go on exactly, in a given format."""
        state = {
            "net": self._net.state_dict(),
            "average": self._average,
            "optimizer": self._optimizer.state_dict()["state"],
            "step": self.step,
            "rows_trained": self.rows_trained,
        }
        return copy.deepcopy(state)

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Go on from what ``state`` returned (copied); the settings stay those of this trainer.

        Raises CheckpointError when it belongs to another network.
        """
        missing = {"net", "average", "optimizer", "step", "rows_trained"} - state.keys()
        if missing:
            raise CheckpointError(f"training state without {', '.join(sorted(missing))}")
        copy_weights(self._live, state["net"])
        copy_weights(self._average, state["average"])
        groups = self._optimizer.state_dict()["param_groups"]
        moments = copy.deepcopy(state["optimizer"])
        self._optimizer.load_state_dict({"state": moments, "param_groups": groups})
        self.step, self.rows_trained = state["step"], state["rows_trained"]

    def _step(self, planes: Tensor, targets: Targets, rate: float) -> dict[str, float]:
        for group in self._optimizer.param_groups:
            group["lr"] = rate
        losses = _losses(self._forward, planes, targets, self._settings, self.precision)
        norm = _backward(losses.total, self._net, self._settings.clip_norm)
        total, policy, value, accuracy = (float(part.detach()) for part in losses)
        if not math.isfinite(total + norm):
            raise TrainingError(
                f"step {self.step}: loss {total}, gradient norm {norm}; "
                "go back to a checkpoint, and lower learner.learning_rate if it happens again"
            )
        self._optimizer.step()
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
            "grad_norm": norm,
            "learning_rate": rate,
        }

    def _probe(self, size: int) -> Callable[[Format], None]:
        net = copy.deepcopy(self._net)
        optimizer = make_optimizer(net, self._settings)
        rows = _empty_boards(self._settings.batch_rows, size)
        targets = _targets(rows, self._device)

        def work(precision: Format) -> None:
            planes = input_planes(rows.cells, size, self._device)
            losses = _losses(net, planes, targets, self._settings, precision)
            _backward(losses.total, net, self._settings.clip_norm)
            optimizer.step()

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


def make_optimizer(net: HexNet, settings: LearnerSettings) -> torch.optim.AdamW:
    """Make AdamW that decays kernels and matrices, but neither biases nor BatchNorm."""
    parameters = list(net.parameters())
    groups = [
        {"params": [p for p in parameters if p.ndim > 1], "weight_decay": settings.weight_decay},
        {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=settings.learning_rate, fused=True)


def check_rows(rows: Rows, size: int, batch_rows: int) -> None:
    """Raise TrainingError unless ``rows`` fill whole batches of boards and targets that hold."""
    count, area = len(rows.cells), size * size
    if count == 0 or count % batch_rows:
        raise TrainingError(
            f"{count} rows do not fill batches of {batch_rows} (learner.batch_rows)"
        )
    shapes = [column.shape for column in rows[:4]]
    if shapes != [(count, area), (count, area), (count,), (count,)]:
        raise TrainingError(f"shapes {shapes} are no rows of {size}x{size} boards")
    sums = rows.policy.sum(axis=1, dtype=np.float32)
    off_by = np.minimum(abs(sums), abs(sums - 1))
    misplaced = (rows.policy < 0) | ((rows.policy != 0) & (rows.cells != 0))
    faults = {
        "its policy does not sum to 0 or 1": ~(off_by <= POLICY_SUM_TOLERANCE),
        "its policy is negative or on a stone": misplaced.any(axis=1),
        "its outcome is neither 1 nor -1": abs(rows.outcome) != 1,
        "its root_value is not in [-1, 1]": ~(abs(rows.root_value) <= 1),
    }
    for fault, found in faults.items():
        if found.any():
            raise TrainingError(f"row {int(found.argmax())} of the block: {fault}")


def _fresh_net(settings: NetSettings, seed: int) -> HexNet:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return HexNet(settings)


def _empty_boards(count: int, size: int) -> Rows:
    return Rows(
        cells=np.zeros((count, size * size), np.int8),
        policy=np.full((count, size * size), 1 / size**2, np.float16),
        outcome=np.ones(count, np.int8),
        root_value=np.zeros(count, np.float32),
        version=np.zeros(count, np.int32),
    )


def _targets(rows: Rows, device: torch.device) -> Targets:
    columns = (
        rows.cells != 0,
        rows.policy.astype(np.float32),
        rows.outcome.astype(np.float32),
        rows.root_value.astype(np.float32),
    )
    return Targets(*(torch.from_numpy(column).to(device) for column in columns))


def _losses(
    forward: Forward,
    planes: Tensor,
    targets: Targets,
    settings: LearnerSettings,
    precision: Format,
) -> Losses:
    with torch.autocast(planes.device.type, torch.bfloat16, enabled=precision == "bfloat16"):
        logits, value_logit = forward(planes)
    return loss(logits, value_logit, targets, settings)


def _backward(total: Tensor, net: HexNet, clip_norm: float) -> float:
    # Gradients are float32 and never scaled (bfloat16 has float32's range), so clipping comes at
    # once after them.
    net.zero_grad()
    total.backward()
    return float(torch.nn.utils.clip_grad_norm_(net.parameters(), clip_norm))
