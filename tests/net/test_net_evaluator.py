"""The evaluator answers as the network does, in any batch, size and format."""

import datetime
import os
import platform
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from training_rows import lively_weights, random_rows

from hexray.config import InferenceSettings, LearnerSettings, NetSettings
from hexray.data.rows import Further
from hexray.errors import CheckpointError, EvaluationError, SettingsError
from hexray.evaluation import Evaluation, Leaves
from hexray.game.fill_in import filled
from hexray.net.evaluator import Evaluator
from hexray.net.loss import HEADS, heads_of
from hexray.net.model import HexNet, input_planes
from hexray.net.trainer import Trainer, fresh_weights

NET = NetSettings(blocks=2, channels=8, value_hidden=8)
SIZE = 5
CELLS = filled(random_rows(20, SIZE, seed=4).cells, SIZE)


def evaluator(seed: int | None = 1, **changes: Any) -> Evaluator:
    chosen = InferenceSettings.model_validate({"precision": "float32", "batch_rows": 8, **changes})
    made = Evaluator(NET, chosen, SIZE)
    if seed is not None:
        made.load(seed, lively_weights(NET, seed))
    return made


def close(one: Evaluation, other: Evaluation, within: float) -> bool:
    return bool(
        np.allclose(one.logits, other.logits, atol=within)
        and np.allclose(one.value, other.value, atol=within)
    )


def test_it_says_what_the_trained_network_says_in_eval_mode() -> None:
    settings = LearnerSettings(batch_rows=16, precision="float32", ema_decay=0.0)
    trainer = Trainer(NET, settings, SIZE, 0)
    for seed in range(5):
        trainer.train(random_rows(64, SIZE, seed), SIZE, 0.0)
    net = HexNet(NET, heads=heads_of(settings))
    net.load_state_dict(trainer.state()["net"])
    logits, value_logit, *_ = net.eval()(input_planes(CELLS, SIZE, torch.device("cpu")))
    win = torch.sigmoid(value_logit).detach().numpy()
    made = evaluator(seed=None)
    made.load(3, trainer.published())
    said = made(Leaves(CELLS, SIZE))
    assert np.allclose(said.logits, logits.detach().numpy(), atol=2e-3)
    assert np.allclose(said.value, 2 * win - 1, atol=1e-4)
    assert said.version == 3


@pytest.mark.parametrize(
    "changes", [{"kind": "simple"}, {"kind": "resnet", "norm": "none"}, {"stem": 5}], ids=str
)
def test_every_kind_of_network_is_evaluated_without_its_training_heads(
    changes: dict[str, Any],
) -> None:
    net = NET.model_copy(update=changes)
    weights = {f"{name}_weight": 1.0 for name in HEADS}
    settings = LearnerSettings(batch_rows=16, precision="float32", ema_decay=0.0, **weights)
    trainer = Trainer(net, settings, SIZE, 0)
    trainer.train(random_rows(64, SIZE, 1, Further(reply=True, owner=True)), SIZE, 0.0)
    made = Evaluator(net, InferenceSettings(precision="float32", batch_rows=8), SIZE)
    made.load(1, trainer.published())
    said = made(Leaves(CELLS, SIZE))
    expected = HexNet(net)
    served = {n: w for n, w in trainer.state()["net"].items() if "auxiliary" not in n}
    expected.load_state_dict(served)
    logits, _ = expected.eval()(input_planes(CELLS, SIZE, torch.device("cpu")))
    assert np.allclose(said.logits, logits.detach().numpy(), atol=2e-3)


def test_the_network_is_shown_filled_boards_and_no_move_is_wasted_on_filled_cells() -> None:
    stones = random_rows(20, SIZE, seed=4).cells
    made, wasted = evaluator(), stones != CELLS
    assert wasted.any(1).sum() > 5
    said, expected = made(Leaves(stones, SIZE)), made(Leaves(CELLS, SIZE))
    assert np.array_equal(said.value, expected.value)
    assert np.array_equal(said.logits[~wasted], expected.logits[~wasted])
    assert (said.logits[wasted] == -20).all()


def test_answers_have_the_promised_shapes_and_types() -> None:
    said = evaluator()(Leaves(CELLS, SIZE))
    assert (said.logits.shape, said.logits.dtype) == ((20, 25), np.float16)
    assert (said.value.shape, said.value.dtype) == ((20,), np.float32)
    assert (abs(said.value) <= 1).all()


def test_a_batch_equals_its_rows_one_by_one() -> None:
    made = evaluator()
    whole = made(Leaves(CELLS, SIZE))
    rows = [made(Leaves(CELLS[at : at + 1], SIZE)) for at in range(len(CELLS))]
    alone = Evaluation(
        np.concatenate([row.logits for row in rows]), np.ravel([row.value for row in rows]), 1
    )
    assert close(whole, alone, within=2e-3)


@pytest.mark.parametrize("count", [1, 7, 8, 9, 16, 20])
def test_more_rows_than_a_batch_are_answered_in_order(count: int) -> None:
    made, large = evaluator(batch_rows=8), evaluator(batch_rows=64)
    leaves = Leaves(CELLS[:count], SIZE)
    assert len(made(leaves).value) == count
    assert close(made(leaves), large(leaves), within=2e-3)


def test_other_board_sizes_are_answered_too() -> None:
    assert evaluator()(Leaves(random_rows(3, 7).cells, 7)).logits.shape == (3, 49)


def test_bfloat16_says_nearly_the_same() -> None:
    exact, rough = evaluator(), evaluator(precision="bfloat16")
    said, roughly = exact(Leaves(CELLS, SIZE)), rough(Leaves(CELLS, SIZE))
    assert rough.precision == "bfloat16"
    assert np.std(said.logits) > 0.1
    assert close(said, roughly, within=0.1)


def test_new_weights_take_over_and_the_old_ones_come_back() -> None:
    made = evaluator(seed=1)
    leaves = Leaves(CELLS, SIZE)
    first = made(leaves)
    made.load(2, lively_weights(NET, 2))
    second = made(leaves)
    made.load(1, lively_weights(NET, 1))
    assert not close(first, second, within=0.1)
    assert (first.version, second.version) == (1, 2)
    assert np.array_equal(made(leaves).logits, first.logits)


def test_loaded_weights_are_copied() -> None:
    made, weights = evaluator(), lively_weights(NET, 5)
    made.load(5, weights)
    before = made(Leaves(CELLS, SIZE))
    for array in weights.values():
        array.fill(0)
    assert np.array_equal(made(Leaves(CELLS, SIZE)).logits, before.logits)


def test_leaves_and_weights_may_be_read_only() -> None:
    weights, cells = lively_weights(NET, 1), CELLS.copy()
    for array in (*weights.values(), cells):
        array.setflags(write=False)
    made = evaluator(seed=None)
    made.load(1, weights)
    made(Leaves(cells, SIZE))


def test_weights_of_another_network_are_refused_and_the_old_ones_stay() -> None:
    made = evaluator()
    before = made(Leaves(CELLS, SIZE))
    with pytest.raises(CheckpointError, match="another network"):
        made.load(2, fresh_weights(NET.model_copy(update={"channels": 16}), 0))
    after = made(Leaves(CELLS, SIZE))
    assert after.version == 1
    assert np.array_equal(after.logits, before.logits)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("name", ["value_out.bias", "policy_out.weight"])
def test_answers_that_are_not_finite_raise(name: str, bad: float) -> None:
    weights = lively_weights(NET, 1)
    weights[name][...] = bad
    made = evaluator(seed=None)
    made.load(4, weights)
    with pytest.raises(EvaluationError, match="version 4"):
        made(Leaves(CELLS, SIZE))


def test_a_huge_logit_of_the_value_is_a_certain_win_no_more() -> None:
    weights = lively_weights(NET, 1)
    weights["value_out.bias"][...] = 1e6
    made = evaluator(seed=None)
    made.load(1, weights)
    assert (made(Leaves(CELLS, SIZE)).value == 1).all()


def test_nothing_is_answered_before_weights_are_loaded() -> None:
    with pytest.raises(EvaluationError, match="call load first"):
        evaluator(seed=None)(Leaves(CELLS, SIZE))


@pytest.mark.parametrize("cells", [CELLS[:0], CELLS[:, :24], CELLS[0]])
def test_leaves_of_another_shape_never_reach_the_kernel(cells: np.ndarray) -> None:
    with pytest.raises(ValueError, match="5x5"):
        evaluator()(Leaves(cells, SIZE))


def test_auto_measures_once_and_says_what_it_chose(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    ticks = iter([0.0, 0.5, 0.5, 0.6] * 5)  # float32 takes 0.5 s, bfloat16 0.1
    settings = InferenceSettings(batch_rows=8)
    first = Evaluator(NET, settings, SIZE, lambda: next(ticks))
    second = Evaluator(NET, settings, SIZE, lambda: next(ticks))
    assert first.precision == second.precision == "bfloat16"
    today = datetime.date.today()
    assert first.choice == f"bfloat16, eager, 1 thread; 0.1 k evaluations/s, measured {today}"
    assert second.choice.endswith(f"0.1 k evaluations/s, remembered from {today}")


def test_another_net_board_or_batch_is_measured_for_itself(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    asked = InferenceSettings(batch_rows=8)
    larger, wider = asked.model_copy(update={"batch_rows": 9}), NetSettings(blocks=1, channels=16)
    for net, inference, size in (
        (NET, asked, 5),
        (wider, asked, 5),
        (NET, larger, 5),
        (NET, asked, 4),
    ):
        assert "measured" in Evaluator(net, inference, size).choice


def test_what_the_settings_fix_is_not_measured() -> None:
    made = evaluator(threads=2)
    assert made.choice == "float32, eager, 2 threads; as set"


def test_graphs_without_a_gpu_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CXX", "sh")  # any program that is there
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(SettingsError, match=r"inference\.backend = graphs needs a CUDA GPU"):
        evaluator(backend="graphs")


def test_compiling_without_a_compiler_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CXX", "no-such-compiler")
    with pytest.raises(SettingsError, match=r"inference\.backend"):
        evaluator(backend="compiled")


@pytest.mark.filterwarnings("ignore:.*torch.jit.script_method.*:DeprecationWarning")
def test_a_compiled_net_says_the_same_and_is_compiled_once() -> None:
    plain, made = evaluator(), evaluator(backend="compiled")
    with torch.compiler.set_stance("fail_on_recompile"):
        for count, version in ((20, 1), (1, 1), (5, 2), (8, 3)):
            for each in (plain, made):
                each.load(version, lively_weights(NET, version))
            leaves = Leaves(CELLS[:count], SIZE)
            assert close(plain(leaves), made(leaves), within=5e-3)


THREAD_PROBE = """
import os, threading, numpy as np
from hexray.config import InferenceSettings, NetSettings
from hexray.evaluation import Leaves
from hexray.game.fill_in import filled
from hexray.net.evaluator import Evaluator
from hexray.net.trainer import fresh_weights
filled(np.zeros((1, 81), np.int8), 9)  # numba starts a thread of its own with its first kernel
net = NetSettings(blocks=1, channels=32)
made = Evaluator(net, InferenceSettings(precision="float32"), 9)
made.load(0, fresh_weights(net, 0))
alive = []
def work():
    made(Leaves(np.zeros((64, 81), np.int8), 9))
    alive.append(len(os.listdir("/proc/self/task")))
before = len(os.listdir("/proc/self/task"))
thread = threading.Thread(target=work)
thread.start()
thread.join()
print(alive[0] - before)
"""


@pytest.mark.skipif(not os.path.isdir("/proc/self/task"), reason="counts threads in /proc")
def test_a_call_from_another_thread_takes_no_more_cores_than_were_set() -> None:
    done = subprocess.run(
        [sys.executable, "-c", THREAD_PROBE],
        env={**os.environ, "OMP_NUM_THREADS": "4"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert int(done.stdout) == 1  # the calling thread itself


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc has mallopt")
def test_batches_reuse_their_memory() -> None:
    """Without it a batch of this size faults some 900 pages in again."""
    net = NetSettings(blocks=4, channels=32)
    made = Evaluator(net, InferenceSettings(precision="float32"), 7)
    made.load(1, fresh_weights(net, 1))
    leaves = Leaves(np.zeros((300, 49), np.int8), 7)
    for _ in range(5):
        made(leaves)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(20):
        made(leaves)
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before) / 20 < 100
