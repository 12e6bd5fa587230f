"""``hexray probe compare-training``: the learner beside a plain loop, and one setting at a time.

All of them begin with the same weights for the same seed and see the same rows in the same order.
"""

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any, NamedTuple

from matplotlib.figure import Figure

from hexray.config import LearnerSettings, NetSettings
from hexray.probes.finding import BAD, GOOD, OTHER, Finding
from hexray.probes.lesson_picture import Line, draw_lessons, finite
from hexray.probes.lessons import Learnt, Lesson, difference_of, settled
from hexray.ratings.elo import Estimate

PROBE = "compare-training"
LEARNER, PLAIN = "learner", "plain loop"
CONFIDENCE = 0.99
"""Of each interval: some seven are looked at, and a healthy run should seldom be accused."""
MATTERS = 0.02
"""A difference below this share of the learner's loss is none that anybody has to mend."""
SCALED = 100.0
"""Gradients so many times those of the plain loop, or such a part of them, are none of the data."""
_NOT_CLIPPED = 1e9


class Change(NamedTuple):
    """A setting of the learner, and what stands in its place to see what it does."""

    setting: str
    instead: str
    overrides: dict[str, Any]


class Row(NamedTuple):
    """One line of the table.

    name        what is trained
    losses      on held-out rows, one a seed, None of one that broke off
    difference  mean held-out loss of the learner less that of this; None where it cannot be told
    norm        of the gradients that reach the optimizer; clipped: share of the steps clipped
    fault       why trainings broke off
    """

    name: str
    losses: list[float | None]
    difference: Estimate | None
    norm: float | None
    clipped: float
    fault: str


def changes_of(learner: LearnerSettings) -> list[Change]:
    """Return what is tried one at a time, for the settings of a run."""
    other = "float32" if learner.precision != "float32" else "bfloat16"
    weight = 0.5 if learner.value_weight == 1.0 else 1.0
    found = [
        Change("clipping", "no clipping", {"clip_norm": _NOT_CLIPPED}),
        Change("weight decay", "no weight decay", {"weight_decay": 0.0}),
        Change("precision", other, {"precision": other}),
        Change("value weight", f"value weight {weight:g}", {"value_weight": weight}),
        Change("averaged weights", "weights not averaged", {"ema_decay": 0.0}),
    ]
    if learner.optimizer == "muon":
        found.append(Change("Muon", "AdamW alone", {"optimizer": "adamw"}))
    current = learner.model_dump()
    return [
        each
        for each in found
        if any(current[name] != value for name, value in each.overrides.items())
    ]


def lessons_of(
    net: NetSettings, learner: LearnerSettings, size: int, steps: int, seeds: Sequence[int]
) -> list[Lesson]:
    """Return all trainings: the learner, the plain loop and each change, for every seed."""
    base = settled(learner, steps)
    variants = [(LEARNER, base, False), (PLAIN, base, True)]
    variants += [
        (change.instead, base.model_copy(update=change.overrides), False)
        for change in changes_of(base)
    ]
    return [
        Lesson(name, net, settings, size, steps, seed, is_plain=is_plain)
        for name, settings, is_plain in variants
        for seed in seeds
    ]


def table_of(lessons: Sequence[Lesson], learnt: Sequence[Learnt]) -> list[Row]:
    """Gather what the trainings of each name came to, in their order."""
    names = list(dict.fromkeys(lesson.name for lesson in lessons))
    by_name = {
        name: [found for lesson, found in zip(lessons, learnt, strict=True) if lesson.name == name]
        for name in names
    }
    ours = [found.held_out for found in by_name[LEARNER]]
    return [_row(name, found, ours) for name, found in by_name.items()]


def judge_training(rows: Sequence[Row], changes: Sequence[Change]) -> Finding:
    """Say which setting hurts, or that none does; the first row is the learner's."""
    by_name = {row.name: row for row in rows}
    learner, plain = by_name[LEARNER], by_name[PLAIN]
    numbers = {"confidence": CONFIDENCE, "table": [_as_json(row) for row in rows]}
    if learner.fault:
        whole = [each.setting for each in changes if not by_name[each.instead].fault]
        cure = f"; not without {', '.join(whole)}" if whole else ""
        verdict = f"{whole[0]} hurts" if len(whole) == 1 else "the learner breaks off"
        sentence = f"training breaks off{cure}: {learner.fault}"
        return Finding(PROBE, verdict, sentence, False, numbers | {"hurts": whole})
    accused = _accused(learner, plain, by_name, changes)
    numbers["hurts"] = [name for name, _ in accused]
    if accused:
        name = accused[0][0]
        verdict = "the learner is worse than a plain loop" if name == PLAIN else f"{name} hurts"
        sentence = "; ".join(reason for _, reason in accused)
        return Finding(PROBE, verdict, sentence, False, numbers)
    sentence = (
        f"held-out loss is {_mean(learner)} with the learner and {_mean(plain)} with the plain "
        f"loop, and no change of one setting betters it surely and by more than {MATTERS:.0%}"
    )
    return Finding(PROBE, "nothing hurts", sentence, True, numbers)


def draw_training(figure: Figure, rows: Sequence[Row], finding: Finding) -> None:
    """Draw the table; what is better than the learner shows what hurts it."""
    learner = next(row for row in rows if row.name == LEARNER)
    lines = []
    for row in rows:
        colour = OTHER if row.name == LEARNER else BAD if _is_better(row, learner) else GOOD
        note = "" if row.norm is None else f"(gradient {row.norm:.3g}, {row.clipped:.0%} clipped)"
        lines.append(Line(row.name, row.losses, colour, note))
    draw_lessons(figure, lines, finding.sentence, LEARNER)


def _row(name: str, found: Sequence[Learnt], learner: Sequence[float | None]) -> Row:
    losses = [each.held_out for each in found]
    norms = [each.norm for each in found if each.norm is not None]
    faults = dict.fromkeys(each.fault for each in found if each.fault)
    difference = None if name == LEARNER else difference_of(learner, losses, CONFIDENCE)
    clipped = fmean(each.clipped for each in found)
    return Row(
        name, losses, difference, fmean(norms) if norms else None, clipped, "; ".join(faults)
    )


def _accused(
    learner: Row, plain: Row, rows: Mapping[str, Row], changes: Sequence[Change]
) -> list[tuple[str, str]]:
    """Return what hurts and why, the worst first; the plain loop only where no setting is found."""
    found = [
        (each.setting, rows[each.instead])
        for each in changes
        if _is_better(rows[each.instead], learner)
    ]
    found.sort(key=lambda each: _gain(each[1]), reverse=True)
    accused = [(name, _reason(row)) for name, row in found]
    named = [name for name, _ in accused]
    odd = [each for each in _odd_norms(learner, plain, rows, changes) if each[0] not in named]
    accused = odd + accused
    if not accused and _is_better(plain, learner):
        accused = [(PLAIN, f"{_reason(plain)}, and no single setting accounts for it")]
    return accused


def _odd_norms(
    learner: Row, plain: Row, rows: Mapping[str, Row], changes: Sequence[Change]
) -> list[tuple[str, str]]:
    """Return the settings without which gradients reach the optimizer as in the plain loop.

    Nothing where they do so with the learner. AdamW and Muon hardly feel the scale of gradients,
    so that such a fault need not show in the losses of a short training.
    """
    if not _is_odd(learner, plain):
        return []
    said = (
        f"gradients reach the optimizer with a norm of {learner.norm:.2g}, "
        f"and of {plain.norm:.2g} in the plain loop"
    )
    cures = [each for each in changes if not _is_odd(rows[each.instead], plain)]
    if not cures:
        return [("the scale of gradients", said)]
    return [
        (each.setting, f"{said}; with {each.instead} it is {rows[each.instead].norm:.2g}")
        for each in cures
    ]


def _is_odd(row: Row, plain: Row) -> bool:
    if row.norm is None or plain.norm is None:
        return False
    return not plain.norm / SCALED < row.norm < plain.norm * SCALED


def _is_better(row: Row, learner: Row) -> bool:
    """Say whether a row is better than the learner, surely and by enough to matter."""
    ours = finite(learner.losses)
    if row.difference is None or not ours:
        return False
    return row.difference.low > 0 and row.difference.value > MATTERS * fmean(ours)


def _gain(row: Row) -> float:
    return 0.0 if row.difference is None else row.difference.value


def _reason(row: Row) -> str:
    assert row.difference is not None
    value, low, high = row.difference
    return (
        f"with {row.name} held-out loss is {value:.3f} lower "
        f"({CONFIDENCE:.0%} interval {low:.3f} to {high:.3f})"
    )


def _mean(row: Row) -> str:
    losses = finite(row.losses)
    return f"{fmean(losses):.3f}" if losses else "none"


def _as_json(row: Row) -> dict[str, Any]:
    difference = None if row.difference is None else row.difference._asdict()
    return {**row._asdict(), "difference": difference}
