"""Training: steps that step, schedules, averages, clipping, resuming, and refusals."""

import copy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from training_rows import random_rows

from hexray.config import LearnerSettings, NetSettings
from hexray.data.rows import NOTHING_FURTHER, Further, Rows
from hexray.errors import CheckpointError, TrainingError
from hexray.net.backend import place
from hexray.net.loss import HEADS
from hexray.net.model import HexNet, fold, input_planes
from hexray.net.optimizer import Optimizer
from hexray.net.trainer import Trainer, fresh_weights

NET = NetSettings(blocks=2, channels=8, value_hidden=8)
SIZE, BATCH = 4, 8
BOTH = Further(reply=True, owner=True)
WEIGHTS = {f"{name}_weight": 0.5 for name in HEADS}


def settings(**changes: Any) -> LearnerSettings:
    """Settings without further targets; a change brings them."""
    base = {"batch_rows": BATCH, "batches": 3, "warmup_steps": 0, "precision": "float32"}
    base |= {f"{name}_weight": 0.0 for name in HEADS}
    return LearnerSettings.model_validate({**base, **changes})


def trainer(seed: int = 0, **changes: Any) -> Trainer:
    return Trainer(NET, settings(**changes), SIZE, seed)


def block(batches: int = 3, seed: int = 0, further: Further = NOTHING_FURTHER) -> Rows:
    return random_rows(batches * BATCH, SIZE, seed, further)


def same(one: Any, other: Any) -> bool:
    """Compare nested states bit by bit."""
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    return torch.equal(one, other) if isinstance(one, Tensor) else one == other


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_every_weight_and_statistic_changes_in_a_step(precision: str) -> None:
    made = trainer(precision=precision)
    before = made.state()["net"]
    made.train(block(1), SIZE, 0.0)
    after = made.state()["net"]
    assert [name for name in before if torch.equal(before[name], after[name])] == []


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_training_on_one_block_learns_it(precision: str) -> None:
    made = trainer(precision=precision, learning_rate=5e-3, outcome_share=1.0)
    first = made.train(block(), SIZE, 0.0)
    for _ in range(60):
        last = made.train(block(), SIZE, 0.0)
    assert last["value_accuracy"] > 0.95
    assert last["value_loss"] < first["value_loss"] / 2
    assert last["policy_loss"] < first["policy_loss"]


@pytest.mark.parametrize(
    "changes",
    [{"kind": "resnet"}, {"kind": "simple"}, {"norm": "none"}, {"stem": 5}],
    ids=str,
)
def test_every_kind_of_network_learns_and_is_served_as_it_was_trained(
    changes: dict[str, Any],
) -> None:
    net = NET.model_copy(update=changes)
    made = Trainer(net, settings(learning_rate=5e-3, outcome_share=1.0), SIZE, 0)
    first = made.train(block(), SIZE, 0.0)
    for _ in range(60):
        last = made.train(block(), SIZE, 0.0)
    assert last["value_accuracy"] > 0.95
    assert last["value_loss"] < first["value_loss"] / 2
    assert last["policy_loss"] < first["policy_loss"]
    expected = HexNet(net)
    expected.load_state_dict(made.state()["average"])
    planes = input_planes(block().cells, SIZE, torch.device("cpu"))
    served = HexNet(net, normalised=False)
    served.load_state_dict({name: torch.tensor(w) for name, w in made.published().items()})
    for mine, original in zip(served(planes), expected.eval()(planes), strict=True):
        assert torch.allclose(mine, original, atol=1e-4)


@pytest.mark.parametrize(("blocks", "channels"), [(2, 16), (12, 16), (2, 96)])
def test_without_norms_the_first_steps_at_the_usual_rate_do_not_run_away(
    blocks: int, channels: int
) -> None:
    net = NetSettings(blocks=blocks, channels=channels, norm="none")
    made = Trainer(net, settings(batch_rows=32, learning_rate=2e-3), 5, 0)
    first = made.train(random_rows(32, 5), 5, 0.0)
    for seed in range(1, 60):
        last = made.train(random_rows(32, 5, seed), 5, 0.0)
        assert last["loss"] < first["loss"] * 1.25


def test_further_targets_are_learnt_and_reported() -> None:
    made = trainer(learning_rate=5e-3, **WEIGHTS)
    rows = block(further=BOTH)
    first = made.train(rows, SIZE, 0.0)
    for _ in range(60):
        last = made.train(rows, SIZE, 0.0)
    for name in HEADS:
        assert last[f"{name}_loss"] < first[f"{name}_loss"]
    assert last["owner_loss"] < 0.8 * first["owner_loss"]


def test_heads_without_a_weight_do_not_exist_and_change_nothing() -> None:
    plain, filled = trainer(), trainer()
    plain.train(block(), SIZE, 0.0)
    filled.train(block(further=BOTH), SIZE, 0.0)
    assert same(plain.state(), filled.state())
    assert not any("auxiliary" in name for name in plain.state()["net"])


def test_what_is_published_is_the_same_network_with_and_without_heads() -> None:
    plain, headed = trainer(), trainer(**WEIGHTS)
    headed.train(block(further=BOTH), SIZE, 0.0)
    shapes = [{n: w.shape for n, w in made.published().items()} for made in (plain, headed)]
    assert shapes[0] == shapes[1]


def test_heads_can_come_and_go_with_a_state() -> None:
    rows = block(further=BOTH)
    plain, headed = trainer(seed=1), trainer(seed=2, **WEIGHTS)
    headed.train(rows, SIZE, 0.0)
    plain.load_state(headed.state())
    assert same(
        plain.state()["net"],
        {name: w for name, w in headed.state()["net"].items() if "auxiliary" not in name},
    )
    fresh = trainer(seed=3, **WEIGHTS)
    own = fresh.state()["net"]
    fresh.load_state(plain.state())
    for name, weight in fresh.state()["net"].items():
        expected = own if "auxiliary" in name else headed.state()["net"]
        assert torch.equal(weight, expected[name])
    for made in (plain, fresh):
        step = made.step
        made.train(rows, SIZE, 0.0)
        assert made.step == step + 3


def test_going_on_with_heads_gives_the_same_weights_bit_by_bit() -> None:
    straight, resumed = trainer(**WEIGHTS), trainer(seed=9, **WEIGHTS)
    straight.train(block(seed=1, further=BOTH), SIZE, 0.0)
    resumed.load_state(straight.state())
    for made in (straight, resumed):
        made.train(block(seed=2, further=BOTH), SIZE, 0.6)
    assert same(resumed.state(), straight.state())


def test_a_block_makes_one_step_for_each_batch_and_reports_means() -> None:
    made = trainer()
    report = made.train(block(3), SIZE, 0.0)
    assert (made.step, made.rows_trained) == (3, 3 * BATCH)
    assert report["rows"] == 3 * BATCH
    assert report["learning_rate"] == pytest.approx(2e-3)
    assert report["loss"] == pytest.approx(report["policy_loss"] + report["value_loss"])
    assert report.keys() == {
        *("loss", "policy_loss", "value_loss", "value_accuracy"),
        *("grad_norm", "learning_rate", "rows"),
    }


def test_a_block_equals_its_batches_one_by_one() -> None:
    whole, parts = trainer(), trainer()
    rows = block(3)
    whole.train(rows, SIZE, 0.0)
    for index in range(3):
        at = slice(index * BATCH, (index + 1) * BATCH)
        parts.train(Rows(*(column[at] for column in rows)), SIZE, 0.0)
    assert same(whole.state(), parts.state())


def test_other_board_sizes_train_the_same_net() -> None:
    made = trainer()
    made.train(random_rows(BATCH, 7), 7, 0.0)
    assert made.step == 1


def test_gradients_are_clipped_to_the_norm_that_was_set() -> None:
    made = trainer(clip_norm=1e-3)
    report = made.train(block(1), SIZE, 0.0)
    gradients = [p.grad.flatten() for p in made._net.parameters() if p.grad is not None]
    assert report["grad_norm"] > 0.1
    assert torch.cat(gradients).norm() == pytest.approx(1e-3, rel=1e-3)


def test_gradients_below_the_norm_are_left_alone() -> None:
    made = trainer(clip_norm=1e6)
    report = made.train(block(1), SIZE, 0.0)
    gradients = [p.grad.flatten() for p in made._net.parameters() if p.grad is not None]
    assert torch.cat(gradients).norm() == pytest.approx(report["grad_norm"], rel=1e-5)


def test_the_average_follows_its_formula_statistics_included() -> None:
    made = trainer(ema_decay=0.75)
    average = made.state()["average"]
    for seed in range(3):
        made.train(block(1, seed), SIZE, 0.0)
        live = made.state()["net"]
        average = {name: 0.75 * average[name] + 0.25 * live[name] for name in live}
    for name, tensor in made.state()["average"].items():
        assert torch.allclose(tensor, average[name], atol=1e-6), name


def test_a_decay_of_zero_serves_the_raw_weights() -> None:
    made = trainer(ema_decay=0.0)
    made.train(block(), SIZE, 0.0)
    raw = fold(made.state()["net"])
    served = made.published()
    assert served.keys() == raw.keys()
    assert all(np.array_equal(served[name], raw[name].numpy()) for name in raw)


def test_published_weights_are_plain_float32_copies() -> None:
    made = trainer()
    served = made.published()
    kept = copy.deepcopy(served)
    made.train(block(), SIZE, 0.0)
    for name, array in served.items():
        assert array.dtype == np.float32
        assert array.flags.c_contiguous
        assert np.array_equal(array, kept[name])


def test_fresh_weights_are_those_of_an_untrained_trainer() -> None:
    made, fresh = trainer(seed=3).published(), fresh_weights(NET, 3)
    assert all(np.array_equal(made[name], fresh[name]) for name in made)


def test_the_seed_decides_the_weights_and_leaves_other_randomness_alone() -> None:
    torch.manual_seed(7)
    expected = torch.rand(1)
    torch.manual_seed(7)
    one, other = trainer(seed=1), trainer(seed=2)
    assert torch.equal(torch.rand(1), expected)
    assert same(one.state(), trainer(seed=1).state())
    assert not same(one.state(), other.state())


def test_going_on_from_a_state_gives_the_same_weights_bit_by_bit() -> None:
    straight = trainer()
    straight.train(block(seed=1), SIZE, 0.0)
    resumed = trainer(seed=9)
    resumed.load_state(straight.state())
    for seed in (2, 3):
        straight.train(block(seed=seed), SIZE, 0.6)
        resumed.train(block(seed=seed), SIZE, 0.6)
    assert same(resumed.state(), straight.state())


def test_a_state_is_a_copy_on_the_way_out_and_on_the_way_in() -> None:
    made = trainer()
    made.train(block(), SIZE, 0.0)
    state = made.state()
    kept = copy.deepcopy(state)
    made.train(block(), SIZE, 0.0)
    assert same(state, kept)
    other = trainer()
    other.load_state(state)
    other.train(block(), SIZE, 0.0)
    assert same(state, kept)


def test_a_loaded_state_brings_no_settings_with_it() -> None:
    old = trainer(weight_decay=0.5)
    old.train(block(), SIZE, 0.0)
    new = trainer(weight_decay=0.25)
    new.load_state(old.state())
    assert [group["weight_decay"] for group in new._optimizer._adamw.param_groups] == [0.25, 0.0]


def test_a_state_of_another_network_is_refused() -> None:
    other = Trainer(NET.model_copy(update={"channels": 16}), settings(), SIZE, 0)
    with pytest.raises(CheckpointError, match="another network"):
        trainer().load_state(other.state())


def test_a_state_with_a_missing_part_is_refused() -> None:
    state = trainer().state()
    del state["optimizer"]
    with pytest.raises(CheckpointError, match="without optimizer"):
        trainer().load_state(state)


@pytest.mark.parametrize("kind", ["adamw", "muon"])
def test_neither_biases_nor_batchnorm_decay(kind: str) -> None:
    """Without gradients a step only decays."""
    net = place(HexNet(NET), torch.device("cpu"), torch.float32)
    before = {name: p.detach().clone() for name, p in net.named_parameters()}
    for parameter in net.parameters():
        parameter.grad = torch.zeros_like(parameter)
    Optimizer(net, settings(optimizer=kind, weight_decay=0.1)).step(0.5)
    for name, parameter in net.named_parameters():
        if parameter.ndim > 1:
            assert (parameter.norm() / before[name].norm()).item() < 0.96
        else:
            assert torch.equal(parameter, before[name])


def test_muon_moves_each_kernel_alike_in_all_directions() -> None:
    net = place(HexNet(NET), torch.device("cpu"), torch.float32)
    before = {name: p.detach().clone() for name, p in net.named_parameters()}
    for parameter in net.parameters():
        parameter.grad = torch.randn_like(parameter) ** 3
    Optimizer(net, settings(optimizer="muon", weight_decay=0.0)).step(1e-3)
    for name, parameter in net.named_parameters():
        moved = (parameter.detach() - before[name]).reshape(len(parameter), -1)
        assert moved.any()
        if parameter.ndim == 4 and len(parameter) > 1:
            strength = torch.linalg.svdvals(moved)
            assert strength.max() / strength.min() < 3


def test_a_state_of_the_other_optimizer_is_taken_over_without_its_moments() -> None:
    old = trainer(optimizer="adamw")
    old.train(block(), SIZE, 0.0)
    new = trainer(optimizer="muon")
    new.load_state(old.state())
    assert same(new.state()["net"], old.state()["net"])
    new.train(block(), SIZE, 0.0)


def test_a_learning_rate_of_zero_at_the_end_moves_no_weight() -> None:
    made = trainer(final_rate=0.0, weight_decay=0.1)
    before = {name: p.detach().clone() for name, p in made._net.named_parameters()}
    made.train(block(), SIZE, 1.0)
    assert all(torch.equal(before[name], p) for name, p in made._net.named_parameters())


def test_auto_precision_takes_the_faster_costs_no_step_and_is_remembered(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    ticks = iter([0, 5, 5, 6] * 5)  # float32 takes 5, bfloat16 1
    for _ in range(2):
        made = Trainer(NET, settings(precision="auto"), SIZE, 0, lambda: float(next(ticks)))
        assert made.precision == "bfloat16"
        assert same(made.state(), trainer().state())
    assert not list(ticks)


def test_rows_may_be_read_only() -> None:
    rows = block()
    for column in rows:
        column.setflags(write=False)
    trainer().train(rows, SIZE, 0.0)


def spoilt(column: str, value: Any) -> Rows:
    rows = block(1, further=BOTH)
    array = getattr(rows, column).copy()
    array[5] = value
    return rows._replace(**{column: array})


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        (block(0), "0 rows do not fill"),
        (random_rows(BATCH + 1, SIZE), "9 rows do not fill batches of 8"),
        (random_rows(BATCH, 5), "no rows of 4x4 boards"),
        (spoilt("policy", np.nan), "row 5 .* policy does not sum"),
        (spoilt("policy", 0.25), "row 5 .* policy does not sum"),
        (spoilt("cells", 1), "row 5 .* on a stone"),
        (spoilt("outcome", 0), "row 5 .* outcome"),
        (spoilt("root_value", 1.5), "row 5 .* root_value"),
        (spoilt("root_value", np.nan), "row 5 .* root_value"),
        (spoilt("reply", 0.25), "row 5 .* reply does not sum"),
        (spoilt("owner", 2), "row 5 .* owner"),
        (spoilt("owner", -1), "row 5 .* owner is .* not that of a stone"),
    ],
)
def test_rows_that_make_no_sense_are_refused_before_any_step(rows: Rows, reason: str) -> None:
    made = trainer()
    with pytest.raises(TrainingError, match=reason):
        made.train(rows, SIZE, 0.0)
    assert same(made.state(), trainer().state())


@pytest.mark.parametrize("name", ["opponent", "owner"])
def test_rows_that_lack_a_target_that_is_asked_for_are_refused(name: str) -> None:
    with pytest.raises(TrainingError, match=rf"learner\.{name}_weight"):
        trainer(**{f"{name}_weight": 0.1}).train(block(), SIZE, 0.0)


def test_rows_without_policy_target_train_the_value_alone() -> None:
    rows = block(1)
    report = trainer().train(rows._replace(policy=np.zeros_like(rows.policy)), SIZE, 0.0)
    assert report["policy_loss"] == 0
    assert report["loss"] == report["value_loss"] > 0


def test_a_loss_that_is_no_number_names_the_step_and_changes_no_weight() -> None:
    made = trainer()
    made.train(block(1), SIZE, 0.0)
    with torch.no_grad():
        made._net.value_out.weight.fill_(torch.nan)
    before = {name: p.detach().clone() for name, p in made._net.named_parameters()}
    average = made.published()
    with pytest.raises(TrainingError, match="step 1: loss nan"):
        made.train(block(1), SIZE, 0.0)
    assert made.step == 1
    for name, parameter in made._net.named_parameters():
        assert torch.equal(parameter.nan_to_num(), before[name].nan_to_num())
    assert all(np.array_equal(average[name], made.published()[name]) for name in average)
