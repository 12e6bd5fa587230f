"""Short trainings on the same games, side by side: what a setting or a shape is worth."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import ray
import torch
from numpy.typing import NDArray
from torch.optim.optimizer import register_optimizer_step_pre_hook

from hexray.config import LearnerSettings, NetSettings
from hexray.data.held_out import SplitRows
from hexray.data.rows import Rows
from hexray.data.window import Window
from hexray.errors import StoreError, TrainingError
from hexray.evaluation import Evaluation
from hexray.game.planes import PLANES
from hexray.net.model import HexNet, copy_weights, fold, input_planes
from hexray.net.trainer import Trainer
from hexray.pipeline.pool import Pool
from hexray.probes.plain_loop import train_plainly
from hexray.ratings.differences import paired_difference
from hexray.ratings.elo import Estimate
from hexray.ratings.generalization import policy_loss, value_loss

Make = Callable[[NetSettings, LearnerSettings, int, int], Trainer]
Report = Callable[[int, int], None]
ALL_PLANES = tuple(range(len(PLANES)))
_AT_ONCE = 1024
"""Positions that a network is asked about at a time."""
_WARM, _REMEMBERED = 0.1, 0.02
"""The most of a short training that warm-up, and the memory of averaged weights, take.

Weights run so fast in it that an average over a tenth of its steps lies well behind them.
"""


class Lesson(NamedTuple):
    """One short training.

    name      which of those compared
    steps     optimizer steps; the learning rate goes through its whole course in them
    seed      of the fresh weights and of the order of the rows
    planes    of the input that the network is shown; the others are zero
    is_plain  by the plain loop in place of the learner
    """

    name: str
    net: NetSettings
    learner: LearnerSettings
    size: int
    steps: int
    seed: int
    planes: tuple[int, ...] = ALL_PLANES
    is_plain: bool = False


class Learnt(NamedTuple):
    """What came of a lesson.

    policy, value  cross-entropies on held-out rows in nats, neither weighted
    norm           median over the steps of the gradient's norm when the optimizer takes it
    clipped        share of the steps whose gradient was clipped, as the learner says
    curve          loss of each step, with the lesson's own weights
    fault          why it ended early; its losses are None then
    """

    policy: float | None
    value: float | None
    norm: float | None
    clipped: float
    curve: list[float]
    fault: str = ""

    @property
    def held_out(self) -> float | None:
        """Policy and value loss together, in nats."""
        if self.policy is None or self.value is None:
            return None
        return self.policy + self.value


def teach(lesson: Lesson, rows: SplitRows, make: Make = Trainer) -> Learnt:
    """Train a fresh network on ``rows.training`` and measure it on ``rows.held_out``.

    A training that breaks off is an answer too. Raises StoreError without held-out rows.
    """
    if not len(rows.held_out.cells):
        raise StoreError(
            "no held-out positions to measure on; take the games of a run whose replay.held_out "
            "is above 0, or more of them"
        )
    seen = _Seen([], [], 0)
    try:
        with _watched(seen):
            taught = _plainly if lesson.is_plain else _by_trainer
            weights = taught(lesson, _batches(lesson, rows.training), make, seen)
    except TrainingError as error:
        return Learnt(None, None, None, 0.0, seen.curve, str(error))
    said = answers(lesson.net, weights, rows.held_out, lesson.size, lesson.planes)
    losses = policy_loss(rows.held_out, said), value_loss(rows.held_out, said)
    norm = float(np.sqrt(np.median(seen.squares)))
    return Learnt(*losses, norm, seen.clipped / lesson.steps, seen.curve)


def taught_all(
    lessons: Sequence[Lesson], rows: SplitRows, workers: int, report: Report, make: Make = Trainer
) -> list[Learnt]:
    """Teach all lessons, ``workers`` at once as Ray tasks, or here for 0; in their order."""
    found: dict[int, Learnt] = {}
    for index, learnt in _taught(lessons, rows, workers, make):
        found[index] = learnt
        report(len(found), len(lessons))
    return [found[index] for index in range(len(lessons))]


def answers(
    settings: NetSettings,
    weights: dict[str, NDArray[np.float32]],
    rows: Rows,
    size: int,
    planes: tuple[int, ...] = ALL_PLANES,
) -> Evaluation:
    """Return what published ``weights`` say of ``rows``: logits [B, A] and values [B], float32."""
    net = HexNet(settings, normalised=False)
    copy_weights(net.state_dict(), weights)
    parts = []
    for start in range(0, len(rows.cells), _AT_ONCE):
        shown = input_planes(rows.cells[start : start + _AT_ONCE], size, torch.device("cpu"))
        with torch.inference_mode():
            parts.append(net.eval()(only(shown, planes)))
    logits, value = (torch.cat(each) for each in zip(*parts, strict=True))
    return Evaluation(logits.numpy(), torch.tanh(value / 2).numpy(), 0)


def only(shown: torch.Tensor, planes: tuple[int, ...]) -> torch.Tensor:
    """Return input float32[B, C, N, N] with all but those planes zero (a copy where any are)."""
    if planes == ALL_PLANES:
        return shown
    keep = torch.zeros(shown.shape[1])
    keep[list(planes)] = 1
    return shown * keep[:, None, None]


def settled(learner: LearnerSettings, steps: int) -> LearnerSettings:
    """Return the settings of a run for a short training that gives the same result every time.

    What a run would measure is fixed: ``auto`` is bfloat16, as it may choose that, and nothing is
    compiled. Warm-up takes a tenth of the steps at most, and the memory of the averaged weights,
    which would else be those of the beginning, a fiftieth.
    """
    changes = {
        "precision": "bfloat16" if learner.precision == "auto" else learner.precision,
        "backend": "eager",
        "threads": 1,
        "warmup_steps": min(learner.warmup_steps, int(steps * _WARM)),
        "ema_decay": min(learner.ema_decay, max(0.0, 1 - 1 / (steps * _REMEMBERED))),
    }
    return learner.model_copy(update=changes)


def difference_of(
    ours: Sequence[float | None], theirs: Sequence[float | None], confidence: float
) -> Estimate | None:
    """Estimate how much the losses of some lessons lie above those of others, seed by seed.

    None where fewer than two seeds came to an end in both.
    """
    pairs = [
        (one, other)
        for one, other in zip(ours, theirs, strict=True)
        if one is not None and other is not None
    ]
    ended = [list(each) for each in zip(*pairs, strict=True)] or [[], []]
    return paired_difference(ended[0], ended[1], confidence)


def _taught(
    lessons: Sequence[Lesson], rows: SplitRows, workers: int, make: Make
) -> Iterator[tuple[int, Learnt]]:
    if not workers:
        yield from ((index, teach(lesson, rows, make)) for index, lesson in enumerate(lessons))
        return
    shared = ray.put(rows)
    calls = ((index, (lesson, shared, make)) for index, lesson in enumerate(lessons))
    yield from Pool(workers).run(teach, calls)


def _batches(lesson: Lesson, rows: Rows) -> Iterator[Rows]:
    """Draw batches as replay does; lessons of one seed get the same ones."""
    window, rng = Window(len(rows.cells), lesson.size), np.random.default_rng(lesson.seed)
    window.add(rows)
    for _ in range(lesson.steps):
        yield window.sample(lesson.learner.batch_rows, rng)


@dataclass
class _Seen:
    """What is noted of a training: losses, squared norms at the optimizer, steps clipped."""

    curve: list[float]
    squares: list[float]
    clipped: int


@contextmanager
def _watched(seen: _Seen) -> Iterator[None]:
    """Note the gradients that optimizers take; several may share the weights of one step."""

    def note(optimizer: torch.optim.Optimizer, *_: Any) -> None:
        weights = [weight for group in optimizer.param_groups for weight in group["params"]]
        squares = sum(float(w.grad.square().sum()) for w in weights if w.grad is not None)
        if len(seen.squares) == len(seen.curve):
            seen.squares.append(0.0)
        seen.squares[-1] += squares

    handle = register_optimizer_step_pre_hook(note)
    try:
        yield
    finally:
        handle.remove()


def _by_trainer(
    lesson: Lesson, batches: Iterator[Rows], make: Make, seen: _Seen
) -> dict[str, NDArray[np.float32]]:
    made = make if lesson.planes == ALL_PLANES else partial(_Shaded, lesson.planes)
    trainer = made(lesson.net, lesson.learner, lesson.size, lesson.seed)
    for step, batch in enumerate(batches):
        figures = trainer.train(batch, lesson.size, step / lesson.steps)
        seen.curve.append(figures["loss"])
        seen.clipped += figures["grad_norm"] > lesson.learner.clip_norm
    return trainer.published()


def _plainly(
    lesson: Lesson, batches: Iterator[Rows], make: Make, seen: _Seen
) -> dict[str, NDArray[np.float32]]:
    torch.set_num_threads(lesson.learner.threads)
    rate = lesson.learner.learning_rate
    with torch.random.fork_rng(devices=[]):
        net = train_plainly(lesson.net, batches, lesson.size, rate, lesson.seed, seen.curve)
    return {name: tensor.numpy() for name, tensor in fold(net.state_dict()).items()}


class _Shaded(Trainer):
    """A learner whose network sees some planes alone."""

    def __init__(self, planes: tuple[int, ...], *arguments: Any) -> None:
        super().__init__(*arguments)
        self._net.stem.register_forward_pre_hook(
            lambda _stem, given: (only(given[0], planes), *given[1:])
        )
