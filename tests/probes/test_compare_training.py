"""The learner beside a plain loop: nothing hurts where nothing is wrong, and a fault is named."""

from collections.abc import Mapping
from statistics import fmean
from typing import Any

import numpy as np
import pytest
import torch
from learnable_rows import learnable, learnable_rows
from torch import Tensor

from hexray.config import LearnerSettings, NetSettings
from hexray.net import trainer as training
from hexray.net.half_turn import HalfTurn
from hexray.net.model import HexNet
from hexray.net.trainer import Trainer
from hexray.probes.compare_training import (
    LEARNER,
    PLAIN,
    changes_of,
    judge_training,
    lessons_of,
    table_of,
)
from hexray.probes.finding import Finding
from hexray.probes.lessons import Learnt, Lesson, settled, taught_all, teach
from hexray.probes.plain_loop import train_plainly

SIZE, SEEDS = 4, range(3)
NET = NetSettings(blocks=1, channels=8, value_hidden=8)
SETTINGS = LearnerSettings(batch_rows=64, learning_rate=5e-3, precision="float32")
ROWS = learnable(2000, 300, SIZE)


class ClippedBeforeUnscaling(Trainer):
    """A learner that scales its loss by 2**16 and clips before it takes that back."""

    def _step(self, *arguments: Any) -> dict[str, float]:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(training, "_backward", _scaled_backward)
            return super()._step(*arguments)


def _scaled_backward(
    total: Tensor, net: HexNet, clip_norm: float, half_turn: HalfTurn | None
) -> float:
    net.zero_grad()
    (total * 2**16).backward()
    if half_turn:
        half_turn.tie({name: weight.grad for name, weight in net.named_parameters()})
    norm = float(torch.nn.utils.clip_grad_norm_(net.parameters(), clip_norm))
    for weight in net.parameters():
        if weight.grad is not None:
            weight.grad /= 2**16
    return norm


def compared(make: Any, steps: int = 60) -> Finding:
    lessons = lessons_of(NET, SETTINGS, SIZE, steps, SEEDS)
    learnt = taught_all(lessons, ROWS, 0, lambda done, of: None, make)
    return judge_training(table_of(lessons, learnt), changes_of(lessons[0].learner))


def made(losses: Mapping[str, float], norms: Mapping[str, float] | None = None) -> Finding:
    """Judge lessons whose losses are made up, each seed a little above the other."""
    lessons = lessons_of(NET, SETTINGS, SIZE, 100, SEEDS)
    learnt = []
    for lesson in lessons:
        loss = losses.get(lesson.name, losses[LEARNER]) + 0.1 * lesson.seed
        noise = 0.001 * np.random.default_rng(len(learnt)).standard_normal()
        norm = (norms or {}).get(lesson.name, 1.0)
        learnt.append(Learnt(loss + float(noise), 0.5, norm, 0.0, []))
    return judge_training(table_of(lessons, learnt), changes_of(lessons[0].learner))


def test_a_whole_learner_is_accused_of_nothing() -> None:
    finding = compared(Trainer)
    assert finding.is_sound, finding.sentence
    assert finding.verdict == "nothing hurts"


def test_clipping_before_unscaling_is_named() -> None:
    finding = compared(ClippedBeforeUnscaling)
    assert finding.verdict == "clipping hurts"
    assert finding.numbers["hurts"] == ["clipping"]


@pytest.mark.parametrize("change", changes_of(settled(SETTINGS, 100)), ids=lambda c: c.setting)
def test_the_setting_without_which_the_loss_is_lower_is_named(change: Any) -> None:
    finding = made({LEARNER: 2.0, change.instead: 1.5})
    assert finding.verdict == f"{change.setting} hurts"
    assert finding.numbers["hurts"] == [change.setting]


def test_the_worst_of_two_is_named_first() -> None:
    finding = made({LEARNER: 2.0, "no clipping": 1.8, "weights not averaged": 1.5})
    assert finding.numbers["hurts"] == ["averaged weights", "clipping"]


def test_a_difference_too_small_to_matter_is_not_named() -> None:
    assert made({LEARNER: 2.0, "no clipping": 1.97}).is_sound


def test_a_learner_worse_than_the_plain_loop_is_said_where_no_setting_accounts_for_it() -> None:
    finding = made({LEARNER: 2.0, PLAIN: 1.0})
    assert finding.verdict == "the learner is worse than a plain loop"


def test_gradients_of_another_scale_than_the_plain_loops_are_named() -> None:
    names = {lesson.name for lesson in lessons_of(NET, SETTINGS, SIZE, 100, SEEDS)}
    norms = dict.fromkeys(names - {PLAIN, "no clipping"}, 1e-4)
    assert made({LEARNER: 2.0}, norms).verdict == "clipping hurts"
    norms["no clipping"] = 1e-4
    assert made({LEARNER: 2.0}, norms).verdict == "the scale of gradients hurts"


def test_a_training_that_breaks_off_is_an_answer() -> None:
    lesson = Lesson("x", NET, SETTINGS.model_copy(update={"learning_rate": 1e30}), SIZE, 20, 0)
    learnt = teach(lesson, ROWS)
    assert learnt.held_out is None
    assert "learning_rate" in learnt.fault


def test_lessons_of_one_seed_begin_with_the_same_loss() -> None:
    lessons = lessons_of(NET, SETTINGS, SIZE, 1, [5])
    first = {
        lesson.name: teach(lesson, ROWS).curve[0]
        for lesson in lessons
        if lesson.learner.value_weight == 1 and not lesson.is_plain
    }
    assert max(first.values()) - min(first.values()) < 1e-3  # bfloat16 would round


def test_the_same_seed_learns_the_same() -> None:
    lesson = lessons_of(NET, SETTINGS, SIZE, 5, [1])[0]
    assert teach(lesson, ROWS) == teach(lesson, ROWS)


def test_the_plain_loop_learns() -> None:
    losses: list[float] = []
    batches = [learnable_rows(64, SIZE, seed) for seed in range(60)]
    train_plainly(NET, batches, SIZE, 5e-3, 0, losses)
    assert fmean(losses[-5:]) < 0.8 * fmean(losses[:5])


@pytest.mark.ray
def test_lessons_as_ray_tasks_come_to_what_they_come_to_here(ray_here: None) -> None:
    lessons = lessons_of(NET, SETTINGS, SIZE, 2, [0])[:3]
    seen = []
    there = taught_all(lessons, ROWS, 2, lambda done, of: seen.append((done, of)))
    assert there == taught_all(lessons, ROWS, 0, lambda done, of: None)
    assert seen == [(1, 3), (2, 3), (3, 3)]
