"""What arrives at each part of a small network, whole and with planted faults."""

import copy

import pytest
import torch
from learnable_rows import learnable_rows

from hexray.config import LearnerSettings, NetSettings
from hexray.data.rows import Rows
from hexray.errors import StoreError
from hexray.net.loss import heads_of
from hexray.net.model import HexNet
from hexray.net.optimizer import Optimizer
from hexray.net.trainer import Trainer
from hexray.probes.gradients import Flow, group_of, judge_gradients, measure_gradients

SIZE = 4
NET = NetSettings(blocks=2, channels=8, value_hidden=8)
LEARNER = LearnerSettings(batch_rows=64, precision="float32", warmup_steps=0)
ROWS = learnable_rows(512, SIZE, 0)
GROUPS = {"stem", "block 1", "block 2", "policy head", "value head", "winning head"}


def trained(learner: LearnerSettings) -> tuple[HexNet, Optimizer]:
    """A network after a few steps, and the optimizer that made them."""
    trainer = Trainer(NET, LEARNER, SIZE, 0)
    trainer.train(ROWS, SIZE, 0.0)
    state = trainer.state()
    net = HexNet(NET, heads=heads_of(LEARNER)).to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
    net.load_state_dict(state["net"])
    optimizer = Optimizer(net, learner)
    optimizer.load(state["optimizer"])
    return net, optimizer


def measured(scaled: str = "", by: float = 1.0, rows: Rows = ROWS, **learner: float) -> Flow:
    """Measure, with the gradients of the weights whose names begin so multiplied."""
    settings = LEARNER.model_copy(update=learner)
    net, optimizer = trained(settings)
    for name, weight in net.named_parameters():
        if scaled and name.startswith(scaled):
            weight.register_hook(lambda gradient: gradient * by)
    return measure_gradients(net, optimizer, settings, rows, SIZE, is_tied=True)


def test_a_whole_network_is_sound_and_every_part_is_measured() -> None:
    flow = measured()
    finding = judge_gradients(flow)
    assert finding.is_sound, finding.sentence
    assert {group.name for group in flow.groups} == GROUPS
    assert len(flow.norms) == 512 // 64


def test_the_parts_make_up_the_whole_gradient() -> None:
    flow = measured(rows=Rows._make(column[:128] for column in ROWS), clip_norm=1e9)
    # Means of norms: equal to the norm of means where the two batches are much alike.
    whole = sum(group.before**2 for group in flow.groups) ** 0.5
    assert whole == pytest.approx(sum(flow.norms) / 2, rel=0.05)
    assert all(group.before == group.after for group in flow.groups)


def test_clipping_brings_the_gradient_to_the_clip_norm() -> None:
    flow = measured(clip_norm=0.01)
    assert flow.clipped == 1.0
    after = sum(group.after**2 for group in flow.groups) ** 0.5
    assert after == pytest.approx(0.01, rel=0.02)
    assert judge_gradients(flow).verdict == "nearly every step is clipped"


def test_a_part_that_no_gradient_reaches_is_named() -> None:
    finding = judge_gradients(measured("blocks.0", 0.0))
    assert finding.verdict == "the gradient of block 1 vanishes"
    assert not finding.is_sound


def test_a_part_whose_gradient_explodes_is_named() -> None:
    finding = judge_gradients(measured("value", 1e4))
    assert finding.verdict == "the gradient of value head explodes"


def test_a_learning_rate_far_too_high_is_named() -> None:
    finding = judge_gradients(measured(learning_rate=1.0))
    assert finding.verdict == "steps are too large"
    assert "lower learner.learning_rate 1" in finding.sentence


def test_a_learning_rate_far_too_low_is_named() -> None:
    assert judge_gradients(measured(learning_rate=1e-8)).verdict == "steps are too small"


def test_steps_are_as_long_as_the_trainer_makes_them() -> None:
    trainer = Trainer(NET, LEARNER, SIZE, 0)
    before = copy.deepcopy(trainer.state())
    rows = Rows._make(column[:64] for column in ROWS)
    trainer.train(rows, SIZE, 0.0)
    after = trainer.state()["net"]
    net = HexNet(NET, heads=heads_of(LEARNER)).to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
    net.load_state_dict(before["net"])
    optimizer = Optimizer(net, LEARNER)
    twice = Rows._make(torch.tensor(c).repeat(2, *[1] * (c.ndim - 1)).numpy() for c in rows)
    flow = measure_gradients(net, optimizer, LEARNER, twice, SIZE, is_tied=True)
    names = [name for name, _ in net.named_parameters() if group_of(name) == "stem"]
    was = torch.cat([before["net"][name].flatten() for name in names])
    now = torch.cat([after[name].flatten() for name in names])
    stem = next(group for group in flow.groups if group.name == "stem")
    assert stem.ratio == pytest.approx(float((now - was).norm() / was.norm()), rel=1e-4)


def test_neither_weights_nor_optimizer_change() -> None:
    net, optimizer = trained(LEARNER)
    weights = {name: each.detach().clone() for name, each in net.named_parameters()}
    moments = copy.deepcopy(optimizer.moments())
    measure_gradients(net, optimizer, LEARNER, ROWS, SIZE, is_tied=True)
    assert all(torch.equal(weights[name], each) for name, each in net.named_parameters())
    found = optimizer.moments()
    assert all(torch.equal(t, found[n][k]) for n, kept in moments.items() for k, t in kept.items())


def test_rows_of_one_batch_are_too_few() -> None:
    with pytest.raises(StoreError, match="no two batches"):
        measured(rows=Rows._make(column[:100] for column in ROWS))
