"""``hexray probe init``: does a fresh network of every shape call all even and all moves alike?

That is what training should begin with: search then sees no false hope, and the first gradients
are those of data. Measured as served (running statistics) and as trained (those of the batch).
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from hexray.config import LearnerSettings, NetSettings, SelfplaySettings
from hexray.game.board import BLUE, EMPTY, RED
from hexray.game.fill_in import filled
from hexray.game.frame import mover_cells
from hexray.net.loss import heads_of
from hexray.net.model import HexNet, copy_weights, input_planes
from hexray.net.trainer import Trainer, fresh_weights
from hexray.play.random_stones import random_stones
from hexray.probes.finding import BAD, GOOD, GRID, INK, Finding

PROBE = "init"
MOST_VALUE = 0.1
"""Of the mean size of a value in [-1, 1]: winning chances within 45 and 55 %."""
MOST_LOST = 0.05
"""Of log(legal moves) less the entropy of the policy, in nats: logits with a deviation of 0.3."""
_STONES = SelfplaySettings(random_share=1.0, random_clusters=1.0)


class Shape(NamedTuple):
    """One architecture, and what its fresh networks say, of several seeds the worst.

    value  mean over positions of the value's size
    lost   mean over positions of log(legal moves) less the policy's entropy, nats
    """

    kind: str
    norm: str
    half_turn: bool
    value: float
    lost: float

    @property
    def name(self) -> str:
        """What it is called in a table."""
        return f"{self.kind}, norm {self.norm}{', half turn' if self.half_turn else ''}"

    @property
    def is_sound(self) -> bool:
        """Whether it is within the bounds."""
        return self.value <= MOST_VALUE and self.lost <= MOST_LOST


def random_positions(size: int, count: int, rng: np.random.Generator) -> NDArray[np.int8]:
    """Draw boards as self-play begins with, int8[B, A] in the mover frame.

    At least two cells are empty; dead and captured ones are filled, as the network sees them.
    """
    boards: list[NDArray[np.int8]] = []
    while len(boards) < count:
        stones = random_stones(size, _STONES, rng)
        board = np.zeros(size * size, np.int8)
        board[stones[::2]], board[stones[1::2]] = RED, BLUE
        mover = np.array([BLUE if len(stones) % 2 else RED], np.int8)
        seen = filled(mover_cells(board[None], mover), size)[0]
        if (seen == EMPTY).sum() >= 2:
            boards.append(seen)
    return np.array(boards)


def shapes_of(
    net: NetSettings, cells: NDArray[np.int8], size: int, seeds: Sequence[int]
) -> list[Shape]:
    """Measure fresh networks of each kind, norm and tie, otherwise of these settings."""
    found = []
    for kind in ("simple", "resnet", "pooled"):
        for norm in ("batch", "none"):
            for half_turn in (False, True):
                changes = {"kind": kind, "norm": norm, "half_turn": half_turn}
                settings = net.model_copy(update=changes)
                each = [_measured(settings, cells, size, seed) for seed in seeds]
                value, lost = (max(column) for column in zip(*each, strict=True))
                found.append(Shape(kind, norm, half_turn, value, lost))
    return found


def judge_init(shapes: Sequence[Shape]) -> Finding:
    """Say which architectures begin with an opinion."""
    wrong = [shape for shape in shapes if not shape.is_sound]
    numbers = {
        "most_value": MOST_VALUE,
        "most_lost": MOST_LOST,
        "shapes": [{**shape._asdict(), "is_sound": shape.is_sound} for shape in shapes],
    }
    bounds = f"at most {MOST_VALUE:g} and {MOST_LOST:g} nats"
    if wrong:
        worst = max(wrong, key=lambda shape: shape.value / MOST_VALUE + shape.lost / MOST_LOST)
        sentence = (
            f"{len(wrong)} of {len(shapes)} shapes begin with an opinion; {worst.name}: values of "
            f"{worst.value:.3f} in the mean, policy entropy {worst.lost:.3f} nats below that of "
            f"all legal moves alike ({bounds}): make the last layers smaller (OUTPUT_SCALE)"
        )
        return Finding(PROBE, "a fresh network has an opinion", sentence, False, numbers)
    value, lost = max(shape.value for shape in shapes), max(shape.lost for shape in shapes)
    sentence = (
        f"all {len(shapes)} shapes: values of {value:.3f} at most in the mean, policy entropy "
        f"{lost:.4f} nats at most below that of all legal moves alike ({bounds})"
    )
    return Finding(PROBE, "fresh networks have no opinion", sentence, True, numbers)


def draw_init(figure: Figure, shapes: Sequence[Shape]) -> None:
    """Draw both figures of every shape beside their bounds."""
    left, right = figure.subplots(1, 2, sharey=True)
    _bars(left, [shape.value for shape in shapes], MOST_VALUE, "mean size of the value")
    title = "entropy missing, nats"
    _bars(right, [shape.lost for shape in shapes], MOST_LOST, title)
    left.set_yticks(range(len(shapes)), [shape.name for shape in shapes])
    left.invert_yaxis()


def _measured(
    settings: NetSettings, cells: NDArray[np.int8], size: int, seed: int
) -> tuple[float, float]:
    """Return the worse of what is served and what is trained: (size of values, entropy lost)."""
    said = _served(settings, cells, size, seed), _trained(settings, cells, size, seed)
    measured = [(float(np.abs(value).mean()), _lost(logits, cells)) for logits, value in said]
    value, lost = (max(column) for column in zip(*measured, strict=True))
    return value, lost


def _served(
    settings: NetSettings, cells: NDArray[np.int8], size: int, seed: int
) -> tuple[NDArray, NDArray]:
    net = HexNet(settings, normalised=False)
    copy_weights(net.state_dict(), fresh_weights(settings, seed))
    return _said(net.eval(), cells, size)


def _trained(
    settings: NetSettings, cells: NDArray[np.int8], size: int, seed: int
) -> tuple[NDArray, NDArray]:
    learner = LearnerSettings(precision="float32")
    trainer = Trainer(settings, learner, size, seed)
    net = HexNet(settings, heads=heads_of(learner))
    net.load_state_dict(trainer.state()["net"])
    return _said(net.train(), cells, size)


@torch.no_grad()
def _said(net: HexNet, cells: NDArray[np.int8], size: int) -> tuple[NDArray, NDArray]:
    """Return logits [B, A] and values [B], float64."""
    logits, value, *_ = net(input_planes(cells, size, torch.device("cpu")))
    return logits.double().numpy(), torch.tanh(value.double() / 2).numpy()


def _lost(logits: NDArray, cells: NDArray[np.int8]) -> float:
    """Return the mean of log(legal moves) less the entropy of the policy over them, in nats."""
    logits = np.where(cells == EMPTY, logits, -np.inf)
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares /= shares.sum(axis=1, keepdims=True)
    entropy = -(shares * np.log(np.where(shares > 0, shares, 1))).sum(axis=1)
    return float((np.log((cells == EMPTY).sum(axis=1)) - entropy).mean())


def _bars(axes: Axes, values: Sequence[float], bound: float, title: str) -> None:
    colours = [GOOD if value <= bound else BAD for value in values]
    axes.barh(range(len(values)), values, color=colours)
    axes.axvline(bound, color=INK, linestyle=":", linewidth=1)
    for place, value in enumerate(values):
        axes.text(value, place, f" {value:.4f}", va="center", fontsize=8, color=INK)
    axes.set_xlim(0, 1.25 * max(bound, *values))
    axes.set_title(f"{title} (dotted: the most)", fontsize=9, color=INK)
    axes.grid(axis="x", color=GRID)
    axes.set_axisbelow(True)
