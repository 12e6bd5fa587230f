"""``hexray probe ablate``: from a small network to the present one, one factor a step."""

from collections.abc import Sequence
from itertools import pairwise
from statistics import fmean
from typing import Any, NamedTuple

from matplotlib.figure import Figure

from hexray.config import LearnerSettings, NetSettings
from hexray.game.planes import PLANES
from hexray.probes.finding import BAD, GOOD, OTHER, Finding
from hexray.probes.lesson_picture import Line, draw_lessons, finite
from hexray.probes.lessons import ALL_PLANES, Learnt, Lesson, difference_of, settled
from hexray.ratings.elo import Estimate

PROBE = "ablate"
CONFIDENCE = 0.99
"""Of each interval: a ladder has some seven."""
STONES = (PLANES.index("own stones"), PLANES.index("opponent's stones"))
_SMALL_CHANNELS = 16


class Rung(NamedTuple):
    """A network of the ladder: what it has that the one below has not, and the planes it sees."""

    factor: str
    net: NetSettings
    planes: tuple[int, ...]


class Step(NamedTuple):
    """What a rung came to.

    losses      on held-out rows in nats, one a seed, None of one that broke off
    difference  mean loss of the rung below less that of this one; None for the lowest
    fault       why trainings broke off
    """

    factor: str
    losses: list[float | None]
    difference: Estimate | None
    fault: str


def rungs_of(present: NetSettings) -> list[Rung]:
    """Return the ladder to the present network; factors that it does not have are left out."""
    below = present.model_copy(
        update={
            "kind": "simple",
            "norm": "none",
            "stem": 3,
            "half_turn": False,
            "channels": min(present.channels, _SMALL_CHANNELS),
        }
    )
    name = f"two planes, 3x3 stem, 3 convolutions of {below.channels}"
    rungs = [Rung(name, below, STONES), Rung("planes of board and edges", below, ALL_PLANES)]
    for factor, changes in _factors(present):
        net = rungs[-1].net.model_copy(update=changes)
        if net != rungs[-1].net:
            rungs.append(Rung(factor, net, ALL_PLANES))
    return rungs


def lessons_of(
    rungs: Sequence[Rung], learner: LearnerSettings, size: int, steps: int, seeds: Sequence[int]
) -> list[Lesson]:
    """Return the trainings of all rungs, for every seed."""
    settings = settled(learner, steps)
    return [
        Lesson(rung.factor, rung.net, settings, size, steps, seed, rung.planes)
        for rung in rungs
        for seed in seeds
    ]


def steps_of(rungs: Sequence[Rung], learnt: Sequence[Learnt]) -> list[Step]:
    """Compare each rung with the one below; ``learnt`` is in the order of ``lessons_of``."""
    seeds = len(learnt) // len(rungs)
    found = [learnt[place * seeds : (place + 1) * seeds] for place in range(len(rungs))]
    losses = [[each.held_out for each in group] for group in found]
    differences: list[Estimate | None] = [None]
    differences += [difference_of(below, above, CONFIDENCE) for below, above in pairwise(losses)]
    faults = ["; ".join(dict.fromkeys(e.fault for e in group if e.fault)) for group in found]
    factors = [rung.factor for rung in rungs]
    return [Step(*each) for each in zip(factors, losses, differences, faults, strict=True)]


def judge_ladder(steps: Sequence[Step]) -> Finding:
    """Say which factors help, which hurt, and what the present network is worth in all."""
    helps = [step.factor for step in steps if _sign(step) > 0]
    hurts = [step.factor for step in steps if _sign(step) < 0]
    broken = [step for step in steps if step.fault]
    numbers = {
        "confidence": CONFIDENCE,
        "ladder": [_as_json(step) for step in steps],
        "helps": helps,
        "hurts": hurts,
    }
    said = [f"{step.factor} {_said(step.difference)}" for step in steps if _sign(step)]
    told = "; ".join(said) or "no single step can be told from chance"
    if broken:
        sentence = f"{broken[0].factor}: {broken[0].fault}; {told}"
        return Finding(PROBE, "training breaks off", sentence, False, numbers)
    lowest, present = (fmean(finite(step.losses)) for step in (steps[0], steps[-1]))
    sentence = f"held-out loss {lowest:.3f} below and {present:.3f} above: {told}"
    if hurts:
        return Finding(PROBE, f"{', '.join(hurts)} hurts", sentence, False, numbers)
    verdict = f"{len(helps)} of {len(steps) - 1} steps help, none hurts"
    return Finding(PROBE, verdict, sentence, True, numbers)


def draw_ladder(figure: Figure, steps: Sequence[Step], finding: Finding) -> None:
    """Draw the rungs from the lowest down to the present network."""
    colours = {1: GOOD, 0: OTHER, -1: BAD}
    lines = [
        Line(
            step.factor if place == 0 else f"+ {step.factor}",
            step.losses,
            colours[_sign(step)],
            "" if step.difference is None else f"({-step.difference.value:+.3f})",
        )
        for place, step in enumerate(steps)
    ]
    draw_lessons(figure, lines, finding.sentence, None)


def _factors(present: NetSettings) -> list[tuple[str, dict[str, Any]]]:
    channels, stem = present.channels, present.stem
    tower = "simple" if present.kind == "simple" else "resnet"
    return [
        (f"{channels} channels", {"channels": channels}),
        (f"{present.blocks} residual blocks", {"kind": tower}),
        ("BatchNorm", {"norm": present.norm}),
        ("global pooling", {"kind": present.kind}),
        (f"{stem}x{stem} stem", {"stem": stem}),
        ("half turn", {"half_turn": present.half_turn}),
    ]


def _sign(step: Step) -> int:
    """Return 1 for a step that surely lowers the loss, -1 for one that raises it, 0 otherwise."""
    if step.difference is None:
        return 0
    return int(step.difference.low > 0) - int(step.difference.high < 0)


def _said(difference: Estimate | None) -> str:
    assert difference is not None
    value, low, high = difference
    word = "lowers" if value > 0 else "raises"
    ends = sorted((abs(low), abs(high)))
    return (
        f"{word} it by {abs(value):.3f} ({CONFIDENCE:.0%} interval {ends[0]:.3f} to {ends[1]:.3f})"
    )


def _as_json(step: Step) -> dict[str, Any]:
    difference = None if step.difference is None else step.difference._asdict()
    return {**step._asdict(), "difference": difference}
