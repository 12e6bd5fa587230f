"""``hexray probe overfit``: can the learner learn a few positions by heart, and only what is there?

A network that cannot reach the best moves of a few hundred positions has a fault, or is set so that
it cannot learn. One that finds shuffled targets of positions it has never seen has been told them.
"""

from statistics import fmean
from typing import Any, NamedTuple

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from torch import Tensor

from hexray.config import NetSettings, RunConfig
from hexray.data.rows import Rows
from hexray.errors import TrainingError
from hexray.net.trainer import Trainer
from hexray.probes.feeding import Feed, settings_for, windowed
from hexray.probes.finding import BAD, GOOD, GRID, INK, OTHER, Finding
from hexray.probes.labels import most_right, moves_named, right, with_label
from hexray.probes.leak import CONFIDENCE, Found, Leak
from hexray.probes.lessons import Make, answers

PROBE = "overfit"
GOAL = 0.95
"""Of the positions whose best move can be named, so many must be."""
_LOOK_EVERY = 20
_ALIKE = 0.02


class Fit(NamedTuple):
    """How learning by heart went.

    accuracy   at each look, every 20 steps: share of the rows whose best move is named
    possible   the most that any network can reach on the rows, and ``fed`` on those delivered
    curve      policy loss of each step in nats; ``floor``: the entropy of the targets delivered
    moved      how far the weights have come, as a share of their length
    fault      why training broke off
    """

    accuracy: list[float]
    possible: float
    fed: float
    curve: list[float]
    floor: float
    moved: float
    fault: str

    @property
    def is_reached(self) -> bool:
        """Whether enough of what can be right is right."""
        return bool(self.accuracy) and self.accuracy[-1] >= GOAL * self.possible


def learn_by_heart(
    config: RunConfig,
    rows: Rows,
    size: int,
    steps: int,
    seed: int,
    feed: Feed = windowed,
    make: Make = Trainer,
) -> Fit:
    """Train a fresh network on ``rows`` for at most ``steps``, until enough is right."""
    is_tied, rng = config.net.half_turn, np.random.default_rng(seed)
    learner = settings_for(config.learner, len(rows.cells))
    trainer = make(config.net, learner, size, seed)
    sample, first = feed(rows), _learnt_weights(trainer)
    delivered = sample(4 * len(rows.cells), rng)
    possible, fed = most_right(rows, is_tied), most_right(with_label(delivered), is_tied)
    curve: list[float] = []
    accuracy: list[float] = []
    fault = ""
    for step in range(1, steps + 1):
        try:
            batch = sample(learner.batch_rows, rng)
            curve.append(trainer.train(batch, size, 0.0)["policy_loss"])
        except TrainingError as error:
            fault = str(error)
            break
        if step % _LOOK_EVERY and step < steps:
            continue
        accuracy.append(float(_right(config.net, trainer.published(), rows, size).mean()))
        if accuracy[-1] >= GOAL * possible:
            break
    moved, floor = _moved(first, _learnt_weights(trainer)), _entropy(delivered)
    return Fit(accuracy, possible, fed, curve, floor, moved, fault)


def reason_of(fit: Fit, rate: float) -> str:
    """Say why enough was not reached, by rules, the surest first; empty where it was."""
    if fit.fault:
        return f"training breaks off: {fit.fault}"
    if fit.is_reached:
        return ""
    part = max(1, len(fit.curve) // 5)
    begin, end = fmean(fit.curve[:part]), fmean(fit.curve[-part:])
    before = fmean(fit.curve[-2 * part : -part] or fit.curve)
    way = max(begin - fit.floor, 1e-9)
    still_falls = end < before - _ALIKE * way
    if fit.fed < fit.possible - _ALIKE:
        return (
            f"the same position comes with different targets, so that {fit.fed:.0%} can be right, "
            f"where the games allow {fit.possible:.0%}: targets are shifted against positions on "
            "their way"
        )
    learnt = (begin - end) / way
    if end > begin + _ALIKE:
        return f"the loss rises from {begin:.2f} to {end:.2f}: lower learner.learning_rate {rate:g}"
    if learnt > 0.5 and not still_falls:
        return (
            f"the loss has come {learnt:.0%} of its way, but what is learnt are not the targets of "
            "these positions: targets are shifted against positions on their way"
        )
    if fit.moved < 1e-3:
        return (
            f"the weights have moved by {fit.moved:.1g} of their length: raise "
            f"learner.learning_rate {rate:g}"
        )
    if still_falls:
        return f"the loss still falls, from {before:.2f} to {end:.2f} of late: give it more steps"
    return (
        f"the loss stands at {end:.2f}, and the targets allow {fit.floor:.2f}: gradients do not "
        "arrive, or the network is too small"
    )


def judge_overfit(fit: Fit, leak: Leak | None, rows: int, rate: float) -> Finding:
    """Say whether the positions were learnt, why not, and whether anything leaks."""
    reason = reason_of(fit, rate)
    reached = fit.accuracy[-1] if fit.accuracy else 0.0
    said = (
        f"{reached:.1%} of {rows} positions are answered with a best move after "
        f"{len(fit.curve)} steps"
    )
    if fit.possible < 1:
        said += f", and {fit.possible:.1%} can be, as some come with different targets"
    parts = [f"{said}{': ' if reason else ''}{reason}"]
    if leak is not None:
        parts += [_leaking("best moves", leak.moves), _leaking("winners", leak.winners)]
    is_leak = leak is not None and leak.is_leak
    verdict = "learnt by heart" if not reason else "not learnt"
    if is_leak:
        verdict = "targets leak into the input"
    numbers = {
        **fit._asdict(),
        "reason": reason,
        "leak": None if leak is None else _as_json(leak),
        "confidence": CONFIDENCE,
    }
    return Finding(PROBE, verdict, "; ".join(parts), not reason and not is_leak, numbers)


def draw_overfit(figure: Figure, fit: Fit, leak: Leak | None) -> None:
    """Draw accuracy and loss over the steps, and shuffled targets beside chance."""
    accuracy, loss, bars = figure.subplots(1, 3, width_ratios=[3, 3, 2])
    is_good = fit.is_reached
    looks = [min((i + 1) * _LOOK_EVERY, len(fit.curve)) for i in range(len(fit.accuracy))]
    accuracy.plot(looks, fit.accuracy, color=GOOD if is_good else BAD, marker=".")
    accuracy.axhline(GOAL * fit.possible, color=INK, linestyle=":", linewidth=1)
    accuracy.set_ylim(0, 1.02)
    accuracy.set_title("best move named (dotted: the goal)", fontsize=9, color=INK)
    loss.plot(range(1, len(fit.curve) + 1), fit.curve, color=OTHER, linewidth=1)
    loss.axhline(fit.floor, color=INK, linestyle=":", linewidth=1)
    loss.set_title("policy loss, nats (dotted: the least)", fontsize=9, color=INK)
    for axes in (accuracy, loss):
        axes.set_xlabel("optimizer step")
        axes.grid(color=GRID)
    _draw_leak(bars, leak)


def _draw_leak(axes: Axes, leak: Leak | None) -> None:
    axes.set_title("shuffled targets, unseen", fontsize=9, color=INK)
    axes.set_ylim(0, 1.02)
    if leak is None:
        axes.text(0.5, 0.5, "not measured", ha="center", color=INK, transform=axes.transAxes)
        axes.set_xticks([])
        return
    for place, found in enumerate((leak.moves, leak.winners)):
        axes.bar(place, found.share, 0.6, color=BAD if found.low > found.chance else GOOD)
        reach = found.share - found.low
        axes.errorbar(place, found.share, reach, color=INK, capsize=4, linewidth=1)
        axes.hlines(found.chance, place - 0.4, place + 0.4, color=INK, linestyle=":")
    axes.set_xticks([0, 1], ["moves", "winners"])
    axes.set_xlabel("share right (dotted: chance)")
    axes.grid(axis="y", color=GRID)
    axes.set_axisbelow(True)


def _leaking(what: str, found: Found) -> str:
    word = "more than" if found.low > found.chance else "as"
    return (
        f"of the shuffled {what} of positions never seen {found.share:.1%} are found, "
        f"{word} chance makes right ({found.chance:.1%})"
    )


def _as_json(leak: Leak) -> dict[str, Any]:
    moves, winners = leak.moves._asdict(), leak.winners._asdict()
    return {"positions": leak.positions, "moves": moves, "winners": winners}


def _right(
    net: NetSettings, weights: dict[str, NDArray[np.float32]], rows: Rows, size: int
) -> NDArray[np.bool_]:
    logits = answers(net, weights, rows, size).logits
    return right(moves_named(logits, rows.cells), rows, net.half_turn)


def _entropy(rows: Rows) -> float:
    """Return the mean entropy of the targets in nats: the least that a loss can be."""
    policy = rows.policy.astype(np.float64)
    return float(-(policy * np.log(np.where(policy > 0, policy, 1))).sum(axis=1).mean())


def _learnt_weights(trainer: Trainer) -> Tensor:
    """Return all that steps move in one row; BatchNorm's statistics move without any step."""
    net = trainer.state()["net"]
    kept = (name for name in net if not name.endswith((".norm.mean", ".norm.variance")))
    return torch.cat([net[name].flatten() for name in kept])


def _moved(first: Tensor, last: Tensor) -> float:
    return float((last - first).norm() / first.norm())
