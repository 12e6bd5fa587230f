"""The ladder of architectures: one factor a step, and what it is judged by."""

from itertools import pairwise

import numpy as np
import pytest
from learnable_rows import learnable

from hexray.config import LearnerSettings, NetSettings
from hexray.game.planes import PLANES
from hexray.net.trainer import fresh_weights
from hexray.presets import default
from hexray.probes import lessons as short
from hexray.probes.ladder import (
    STONES,
    judge_ladder,
    lessons_of,
    rungs_of,
    steps_of,
)
from hexray.probes.lessons import ALL_PLANES, Learnt, answers, teach

SIZE = 4
SETTINGS = LearnerSettings(batch_rows=32, precision="float32")
NETS = [
    NetSettings(),
    default(7).net,
    NetSettings(kind="simple", norm="none", half_turn=False, channels=8),
    NetSettings(kind="resnet", stem=5),
]


@pytest.mark.parametrize("net", NETS)
def test_the_ladder_ends_with_the_present_network(net: NetSettings) -> None:
    rungs = rungs_of(net)
    assert rungs[-1].net == net
    assert rungs[-1].planes == ALL_PLANES


@pytest.mark.parametrize("net", NETS)
def test_each_step_changes_one_factor(net: NetSettings) -> None:
    rungs = rungs_of(net)
    assert rungs[0].planes == STONES
    assert (rungs[0].net.kind, rungs[0].net.stem) == ("simple", 3)
    for below, above in pairwise(rungs):
        was, now = below.net.model_dump(), above.net.model_dump()
        changed = [name for name in was if was[name] != now[name]]
        assert len(changed) + (below.planes != above.planes) == 1


def test_two_planes_are_the_stones() -> None:
    assert [PLANES[place] for place in STONES] == ["own stones", "opponent's stones"]


def test_a_network_of_two_planes_learns_and_answers_without_the_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rows = learnable(300, 100, SIZE)
    net = NetSettings(kind="simple", norm="none", half_turn=False, channels=4)
    lesson = lessons_of(rungs_of(net)[:1], SETTINGS, SIZE, 5, [0])[0]
    learnt = teach(lesson, rows)
    shown = short.input_planes

    def other_edges(*arguments):
        planes = shown(*arguments)
        planes[:, 2:] = 7.0
        return planes

    monkeypatch.setattr(short, "input_planes", other_edges)
    monkeypatch.setattr("hexray.net.trainer.input_planes", other_edges)
    assert teach(lesson, rows) == learnt


def test_all_planes_are_seen_by_default() -> None:
    net, rows = NetSettings(blocks=1, channels=4), learnable(4, 8, SIZE).held_out
    weights = fresh_weights(net, 0)
    all_planes = answers(net, weights, rows, SIZE).logits
    assert not np.array_equal(all_planes, answers(net, weights, rows, SIZE, STONES).logits)


def learnt_with(losses: list[float]) -> list[Learnt]:
    """Three seeds a rung, a little apart."""
    noise = [0.0, 0.01, -0.01]
    return [
        Learnt(loss + 0.1 * seed + noise[(seed + rung) % 3] * 0.1, 0.5, 1.0, 0.0, [])
        for rung, loss in enumerate(losses)
        for seed in range(3)
    ]


def test_a_factor_that_raises_the_loss_is_named() -> None:
    rungs = rungs_of(NetSettings(kind="resnet", half_turn=False, channels=16))
    losses = [3.0 - 0.2 * place for place in range(len(rungs))]
    losses[-1] += 0.5
    finding = judge_ladder(steps_of(rungs, learnt_with(losses)))
    assert not finding.is_sound
    assert finding.numbers["hurts"] == [rungs[-1].factor]


def test_a_ladder_whose_steps_all_help_is_sound() -> None:
    rungs = rungs_of(NetSettings())
    losses = [3.0 - 0.2 * place for place in range(len(rungs))]
    finding = judge_ladder(steps_of(rungs, learnt_with(losses)))
    assert finding.is_sound
    assert finding.numbers["helps"] == [rung.factor for rung in rungs[1:]]
    first = steps_of(rungs, learnt_with(losses))[1].difference
    assert first is not None
    assert first.low < 0.2 < first.high


def test_a_step_that_changes_nothing_is_neither_help_nor_harm() -> None:
    rungs = rungs_of(NetSettings())
    finding = judge_ladder(steps_of(rungs, learnt_with([2.0] * len(rungs))))
    assert finding.numbers["helps"] == finding.numbers["hurts"] == []
