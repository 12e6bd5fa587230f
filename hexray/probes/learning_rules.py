"""What the curves of a run say is wrong with how it learns."""

from collections.abc import Callable, Mapping
from math import log

import numpy as np
from numpy.typing import NDArray

from hexray.play.solved import shipped_positions
from hexray.probes.curve_rules import BLOCKS, LOOKS, Rule, Run, later

_COIN = log(2)


def _not_finite(run: Run) -> str:
    learner = {name: curve for name, curve in run.curves.items() if name.startswith("learner/")}
    bad = [name for name, curve in learner.items() if not np.isfinite(curve).all()]
    if bad:
        return f"{', '.join(bad)}: not a number, or infinite"
    faults = int(run.of("learner/faults").max(initial=0))
    back = int(run.of("learner/rollbacks").max(initial=0))
    said = f"{faults} blocks of which nothing could be learned, {back} ways back to a checkpoint"
    return said if faults or back else ""


def _stuck(name: str, high: Callable[[Run], float]) -> Callable[[Run], str]:
    def wrong(run: Run) -> str:
        losses = run.of(name)
        first, last, most = _first(losses), _last(losses), high(run)
        if last > 0.9 * most:
            return f"it is {last:.3f} nats, and knowing nothing would cost {most:.3f}"
        if last > 0.5 * most and last > 0.97 * first:
            return f"it was {first:.3f} nats at first, and is {last:.3f}"
        return ""

    return wrong


def _never_fell(run: Run) -> str:
    settings = run.config.learner
    progress = run.seconds / (60 * run.config.minutes)
    way = np.clip((progress - settings.decay_from) / max(1e-9, 1 - settings.decay_from), 0, 1)
    expected = 1 - way * (1 - settings.final_rate)
    rate = float(run.of("learner/learning_rate")[-1])
    never = settings.decay_from == 1 or settings.final_rate > 0.5
    if rate < 0.95 * settings.learning_rate or (expected > 0.8 and not (never and progress > 0.9)):
        return ""
    return f"it is {rate:g} after {progress:.0%} of the run, and began with as much"


def _norms(run: Run) -> str:
    norms, most = run.of("learner/grad_norm"), run.config.learner.clip_norm
    early, last = _first(norms[len(norms) // 5 :]), _last(norms)
    clipped = float((later(norms) > most).mean())
    if clipped > 0.2:
        return f"the mean of a block is above clip_norm {most:g} in {clipped:.0%} of the later half"
    if last > 10 * early:
        return f"they grew from {early:.3g} to {last:.3g}"
    return f"they have all but vanished: {last:.2g}" if last < 1e-3 else ""


def _gap(run: Run) -> str:
    gap, bound = float(np.median(run.of("held_out/gap")[-LOOKS:])), run.config.judge.gap_bound
    said = f"winners are named {gap:.3f} more often in games trained on, {bound:g} is the bound"
    return said if gap > bound else ""


def _policy_by_heart(run: Run) -> str:
    held, trained = _smooth(run.of("held_out/policy_loss")), run.of("learner/policy_loss")
    best = int(held.argmin())
    then = trained[: max(1, round(len(trained) * (best + 1) / len(held)))]
    if held[-1] > 1.05 * held[best] and _last(trained) < 0.98 * _last(then):
        return f"held out it rose from {held[best]:.3f} to {held[-1]:.3f} nats, trained on it fell"
    return ""


def _sure(run: Run) -> str:
    error = float(np.median(run.of("held_out/ece")[-LOOKS:]))
    return f"winning chances are off by {error:.3f} in the mean" if error > 0.1 else ""


def _falling(run: Run) -> str:
    said = []
    for what in ("winner", "move"):
        share = run.of(f"solved/{what}_accuracy")
        if len(share) < 2 * LOOKS:
            continue
        smooth = _smooth(share)
        if smooth[-1] < smooth.max() - 0.05:
            said.append(f"{what}s right fell from {smooth.max():.3f} to {smooth[-1]:.3f}")
    return " and ".join(said)


def _legal(run: Run) -> float:
    # Half of the cells are empty in a position of the middle.
    return log(max(2.0, run.config.board**2 / 2))


def _without_held_out(run: Run) -> str:
    return "" if run.config.replay.held_out else "replay.held_out is 0"


def _without_solved(run: Run) -> str:
    size = run.config.board
    return "" if shipped_positions(size) else f"no solved positions of {size}x{size} come along"


def _without_value(run: Run) -> str:
    return "" if run.config.learner.value_weight else "learner.value_weight is 0"


def _first(values: NDArray) -> float:
    return float(np.median(values[: max(1, len(values) // 5)]))


def _last(values: NDArray) -> float:
    return float(np.median(values[-max(1, len(values) // 5) :]))


def _smooth(values: NDArray) -> NDArray:
    """Return the median of every five measurements in a row."""
    return np.median(np.lib.stride_tricks.sliding_window_view(values, LOOKS), axis=1)


LEARNING_RULES: Mapping[str, Rule] = {
    "losses finite": Rule(
        ("learner/loss",),
        1,
        _not_finite,
        "look at suspects/ in the run folder, lower learner.learning_rate, or train in float32 "
        "(learner.precision)",
    ),
    "value loss": Rule(
        ("learner/value_loss",),
        BLOCKS,
        _stuck("learner/value_loss", lambda _: _COIN),
        "look whether outcomes are right (hexray audit), whether a few games can be learned "
        "(hexray probe overfit), then raise learner.value_weight or learning_rate",
        _without_value,
    ),
    "policy loss": Rule(
        ("learner/policy_loss",),
        BLOCKS,
        _stuck("learner/policy_loss", _legal),
        "raise search.simulations, so that targets say more than the network; see hexray probe "
        "overfit and hexray probe policy",
    ),
    "learning rate": Rule(
        ("learner/learning_rate",),
        20,
        _never_fell,
        "let it fall: learner.decay_from 0.5 and learner.final_rate 0.01; minutes must say how "
        "long the run really is",
    ),
    "gradient norms": Rule(
        ("learner/grad_norm",),
        BLOCKS,
        _norms,
        "see hexray probe gradients; lower learner.learning_rate where they grow, raise "
        "learner.clip_norm where they are clipped all the time",
    ),
    "held-out gap": Rule(
        ("held_out/gap",),
        LOOKS,
        _gap,
        "learning by heart: lower replay.reuse_most, raise replay.window_rows or "
        "learner.weight_decay",
        _without_held_out,
    ),
    "held-out policy": Rule(
        ("held_out/policy_loss", "learner/policy_loss"),
        3 * LOOKS,
        _policy_by_heart,
        "learning by heart: lower replay.reuse_most, or raise replay.window_rows",
        _without_held_out,
    ),
    "calibration": Rule(
        ("held_out/ece",),
        LOOKS,
        _sure,
        "see hexray probe value; a larger window or less reuse makes values less sure",
        _without_held_out,
    ),
    "solved positions": Rule(
        ("solved/winner_accuracy",),
        2 * LOOKS,
        _falling,
        "it forgets: go back to the best version (RUN@best), lower learner.learning_rate, raise "
        "replay.window_rows",
        _without_solved,
    ),
}
"""By name."""
