"""What the entropy probe measures beside its predictions, and what it leaves as it was."""

import copy
import random

import numpy as np
import pytest
import torch
from entropy_material import SIZE, learned, some_rows
from made_checkpoints import same

from hexray.data.rows import Rows
from hexray.errors import SettingsError, StoreError
from hexray.net.checkpoint import Checkpoint
from hexray.probes.entropy.one import Single, probe_in_detail, probe_once
from hexray.probes.entropy.settings import EntropySettings
from hexray.probes.entropy.truth import importance_sampled

KINDS = [("muon", "batch", True), ("adamw", "none", False)]


def probed(found: Checkpoint, count: int = 24, seed: int = 3, **settings: object) -> Single:
    both = some_rows(2 * count, 5)
    ours, theirs = (Rows._make(c[at] for c in both) for at in (slice(count), slice(count, None)))
    asked = EntropySettings.model_validate({"trace_units": 4, "precision": "float64"} | settings)
    return probe_once(found, ours, theirs, SIZE, asked, seed)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_left_after_the_first_order_falls_with_the_square_of_the_rate(
    kind: tuple[str, str, bool],
) -> None:
    rates = np.array([5e-8, 1e-7, 2e-7, 4e-7])  # shorter than the way to where a rectifier turns
    left = []
    for rate in rates:
        found = probed(learned(*kind), learning_rate=rate)
        left.append(abs(found.exact - found.first_order))
        assert left[-1] < 0.2 * abs(found.first_order)
    slope = np.polyfit(np.log(rates), np.log(left), 1)[0]
    assert slope == pytest.approx(2.0, abs=0.1)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_a_rate_of_zero_changes_nothing_and_all_draws_count(
    kind: tuple[str, str, bool], precision: str
) -> None:
    found = probed(learned(*kind), learning_rate=0.0, precision=precision)
    changes = [found.predicted, found.u_statistic, found.first_order, found.exact, found.sampled]
    assert changes == pytest.approx([0.0] * 5, abs=1e-15)
    assert (found.effective_share, found.clipped_share) == pytest.approx((1.0, 0.0), abs=1e-12)
    assert (found.se_given_update, found.se_total) == (0.0, 0.0)
    assert 0 < found.entropy < np.log(SIZE**2)


@pytest.mark.parametrize("kind", KINDS)
def test_micro_batches_change_nothing(kind: tuple[str, str, bool]) -> None:
    found = [probed(learned(*kind), micro_batch=size, seed=1)[:-1] for size in (1, 2, 24)]
    np.testing.assert_allclose(found[1], found[0], rtol=1e-6, atol=1e-12)
    np.testing.assert_allclose(found[2], found[0], rtol=1e-6, atol=1e-12)


def test_micro_batches_change_nothing_in_float32() -> None:
    asked = {"precision": "float32", "learning_rate": 1e-3}
    found = [probed(learned("adamw"), micro_batch=size, **asked)[:-1] for size in (1, 2, 24)]
    np.testing.assert_allclose(found[1], found[0], atol=1e-6)
    np.testing.assert_allclose(found[2], found[0], atol=1e-6)


@pytest.mark.parametrize("reward", ["search", "outcome"])
def test_all_is_bit_identical_afterwards_and_for_the_same_seed(reward: str) -> None:
    found = learned()
    before, served = copy.deepcopy(found.state), copy.deepcopy(found.served)
    states = random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state()
    first = probed(found, reward=reward)
    assert same(found.state, before)
    assert all(np.array_equal(found.served[name], served[name]) for name in served)
    assert random.getstate() == states[0]
    assert np.random.get_state()[1].tolist() == states[1]
    assert torch.equal(torch.get_rng_state(), states[2])
    assert probed(found, reward=reward)[:-1] == first[:-1]
    assert probed(found, reward=reward, seed=4)[:-1] != first[:-1]


@pytest.mark.parametrize("kind", KINDS)
def test_the_four_answers_agree_on_a_small_step(kind: tuple[str, str, bool]) -> None:
    found = probed(learned(*kind), 150, learning_rate=1e-4)
    assert found.exact == pytest.approx(found.first_order, rel=0.1)
    assert abs(found.predicted - found.exact) < 4 * found.se_given_update
    assert abs(found.sampled - found.exact) < 4 * found.sampled_se
    assert found.se_given_update <= found.se_total
    assert found.effective_share > 0.9


def test_the_first_order_is_the_way_the_weights_went() -> None:
    rows = some_rows(40, 6)
    parts = [Rows._make(c[at] for c in rows) for at in (slice(20), slice(20, None))]
    settings = EntropySettings(precision="float64", trace_units=2, learning_rate=1e-4)
    found, detail = probe_in_detail(learned(), *parts, SIZE, settings, 0)
    assert detail.rate == 1e-4
    for name, part in detail.way.items():
        torch.testing.assert_close(part, 1e-4 * detail.step.direction[name], rtol=1e-4, atol=1e-12)
    assert found.exact == pytest.approx(float((detail.after - detail.before).mean()))
    assert found.predicted == pytest.approx(1e-4 * float(detail.estimate.by_evaluation.mean()))


def test_the_rate_is_the_one_that_the_run_had_reached() -> None:
    # A quarter of the run is over and warm-up is too, so it is the full rate.
    rows = some_rows(20, 6)
    parts = [Rows._make(c[at] for c in rows) for at in (slice(10), slice(10, None))]
    found = learned()
    _, detail = probe_in_detail(found, *parts, SIZE, EntropySettings(trace_units=1), 0)
    assert detail.rate == found.config.learner.learning_rate


def test_importance_weights_are_those_of_a_small_example() -> None:
    # One position, two moves: 1/2 and 1/2 before, 3/4 and 1/4 after; drawn 0, 0, 1.
    before = torch.tensor([[0.5, 0.5]], dtype=torch.float64).log()
    after = torch.tensor([[0.75, 0.25]], dtype=torch.float64).log()
    moves = torch.tensor([[0, 0, 1]])
    # Two positions, for an error is asked for.
    found = importance_sampled(before.repeat(2, 1), after.repeat(2, 1), moves.repeat(2, 1), 10.0)
    weights = np.array([1.5, 1.5, 0.5])
    logs = np.log([0.75, 0.75, 0.25])
    entropy_after = -(weights * logs).sum() / weights.sum()
    assert found.change == pytest.approx(entropy_after - np.log(2))
    assert found.effective_share == pytest.approx(3.5**2 / (1.5**2 * 2 + 0.5**2) / 3)
    assert found.clipped_share == 0
    assert found.se == pytest.approx(0, abs=1e-12)
    clipped = importance_sampled(before.repeat(2, 1), after.repeat(2, 1), moves.repeat(2, 1), 1.2)
    assert clipped.clipped_share == pytest.approx(2 / 3)
    assert clipped.effective_share == pytest.approx(2.9**2 / (1.2**2 * 2 + 0.5**2) / 3)


def test_adam_alone_is_probed_where_adamw_moves_all() -> None:
    assert np.isfinite(probed(learned("adamw"), direction="adam").predicted)
    with pytest.raises(SettingsError, match="direction = adam"):
        probed(learned("muon"), direction="adam")


def test_too_few_positions_are_refused() -> None:
    with pytest.raises(StoreError, match="1 positions"):
        probed(learned(), 2)
