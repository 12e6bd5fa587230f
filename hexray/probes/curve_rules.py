"""Rules on what a run has measured: each says nothing, or what is wrong, or that it cannot tell."""

from collections.abc import Callable, Mapping, Sequence
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hexray.config import RunConfig

State = Literal["fine", "warning", "unknown", "off"]
"""As it should be; not so; cannot be told; there is nothing to tell it by, and none is wanted."""
BLOCKS, LOOKS = 40, 5
"""Measurements from which on what comes often, and what comes rarely, can be judged."""


class Run(NamedTuple):
    """What a run measured on the board it trains now.

    seconds  of training, in all
    curves   by name, float64[T] in order of time, with what is not finite
    """

    config: RunConfig
    seconds: float
    curves: Mapping[str, NDArray[np.float64]]

    def of(self, name: str) -> NDArray[np.float64]:
        """Return what is finite of one curve; nothing where there is none."""
        curve = self.curves.get(name, np.empty(0))
        return curve[np.isfinite(curve)]


class Judgement(NamedTuple):
    """What one rule says: ``says`` is what is wrong, or why it cannot be told."""

    rule: str
    state: State
    says: str
    advice: str
    curve: str


class Rule(NamedTuple):
    """A rule on some curves, the first of which shows it, with so many measurements or more.

    wrong   says what is wrong, or nothing
    is_off  says why nobody expects these curves, or nothing
    """

    curves: tuple[str, ...]
    least: int
    wrong: Callable[[Run], str]
    advice: str
    is_off: Callable[[Run], str] = lambda _: ""


def judged(run: Run, rules: Mapping[str, Rule]) -> list[Judgement]:
    """Return what every rule says, in their order."""
    return [_judged(name, rule, run) for name, rule in rules.items()]


def named(judgements: Sequence[Judgement], state: State) -> list[str]:
    """Return the names of the rules in that state."""
    return [each.rule for each in judgements if each.state == state]


def later(values: NDArray) -> NDArray:
    """Return the later half, without what a run does to begin with."""
    return values[len(values) // 2 :]


def _judged(name: str, rule: Rule, run: Run) -> Judgement:
    def say(state: State, says: str, advice: str = "") -> Judgement:
        return Judgement(name, state, says, advice, rule.curves[0])

    if off := rule.is_off(run):
        return say("off", off)
    for curve in rule.curves:
        count = len(run.curves.get(curve, ()))
        if count < rule.least:
            what = f"{count} of {rule.least} measurements" if count else "no measurement"
            return say("unknown", f"{what} of {curve}", "let the run go on")
    wrong = rule.wrong(run)
    return say("warning", wrong, rule.advice) if wrong else say("fine", "")
