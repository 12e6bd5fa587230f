"""The verdict of batch-scaling: sound estimators, planted defects, and what cannot be told."""

import numpy as np
import pytest
from made_outcomes import NOTHING, scaling_outcomes, without

from hexray.probes.entropy.exponents import exponent_of_errors, exponent_of_means
from hexray.probes.entropy.plan import Task
from hexray.probes.entropy.scaling import CONVERGES, DEFECT, OPEN, scaling
from hexray.probes.entropy.study import Outcome

SIZES = (32, 64, 128, 256, 512)
STUDIES = 300


def verdicts(noise: float, power: float, runs: int = 20, studies: int = STUDIES) -> list[str]:
    rng = np.random.default_rng(1)
    return [
        scaling(scaling_outcomes(SIZES, runs, rng, noise, power)).verdict for _ in range(studies)
    ]


@pytest.mark.parametrize("noise", [0.1, 1.0, 3.0, 10.0, 100.0])
def test_a_sound_estimator_is_never_called_defective(noise: float) -> None:
    # By the rule six standard errors: a chance of 1e-9 a study; the seed is fixed besides.
    assert DEFECT not in verdicts(noise, 0.0)


@pytest.mark.parametrize("noise", [0.1, 0.5, 1.0])
def test_a_sound_estimator_that_is_not_drowned_in_noise_converges(noise: float) -> None:
    # Two intervals of three standard errors: about 1 in 185 studies is not let through.
    assert verdicts(noise, 0.0).count(CONVERGES) >= 0.97 * STUDIES


@pytest.mark.parametrize("noise", [0.1, 0.5, 1.0])
def test_an_estimator_divided_once_more_by_its_micro_batches_is_found(noise: float) -> None:
    assert verdicts(noise, -1.0).count(DEFECT) >= 0.99 * STUDIES


def test_what_is_only_noise_is_inconclusive() -> None:
    found = verdicts(100.0, 0.0)
    assert found.count(OPEN) == len(found)


@pytest.mark.parametrize("power", [-0.4, 0.5, -2.0])
def test_other_laws_are_neither(power: float) -> None:
    assert set(verdicts(0.3, power, studies=100)) == {OPEN}


def test_a_prediction_that_stays_off_by_half_does_not_converge() -> None:
    rng = np.random.default_rng(2)
    off = [
        each._replace(single=each.single._replace(predicted=1.5 * each.single.predicted))
        for each in scaling_outcomes(SIZES, 20, rng, 0.3)
        if each.single is not None
    ]
    assert scaling(off).verdict == OPEN


def test_failed_runs_are_counted_and_left_out() -> None:
    outcomes = scaling_outcomes(SIZES, 20, np.random.default_rng(3), 0.3)
    found = scaling(without(outcomes, [1, 2, 50]))
    assert found.verdict == CONVERGES
    assert (found.numbers["runs"], found.numbers["failed"]) == (100, 3)
    assert [size["runs"] for size in found.numbers["sizes"]] == [18, 20, 19, 20, 20]


def test_sizes_of_which_too_few_runs_ended_make_it_inconclusive() -> None:
    outcomes = scaling_outcomes((32, 64, 128), 6, np.random.default_rng(4), 0.3)
    found = scaling(without(outcomes, [1, 2]))
    assert found.verdict == OPEN
    assert "only 2 sizes have 5 runs" in found.sentence


def test_a_step_of_nothing_is_inconclusive() -> None:
    tasks = [Task(number, "fixed", 32 << number // 5, 1, 2, 3) for number in range(15)]
    found = scaling([Outcome(task, NOTHING) for task in tasks])
    assert found.verdict == OPEN
    assert "changes nothing" in found.sentence


def test_the_exponent_of_errors_is_the_slope_of_their_logarithms() -> None:
    # rms 8, 4, 2, 1 at 1, 4, 16, 64: exactly -1/2; the weights 2 n and the logs by hand.
    found = exponent_of_errors([1, 4, 16, 64], [np.array([r, -r]) for r in (8.0, 4.0, 2.0, 1.0)])
    assert found.value == pytest.approx(-0.5)
    # Sum of 4 (log 4)**2 (1.5**2 + 0.5**2 + 0.5**2 + 1.5**2) = 20 (log 4)**2.
    assert found.high - found.value == pytest.approx(3 / np.sqrt(20 * np.log(4) ** 2))


def test_the_interval_of_errors_holds_the_truth_as_often_as_it_says() -> None:
    rng = np.random.default_rng(5)
    studies = 2000
    held = 0
    for _ in range(studies):
        errors = [rng.standard_normal(20) / np.sqrt(size) for size in SIZES]
        found = exponent_of_errors(SIZES, errors)
        held += found.low <= -0.5 <= found.high
    # 99.73 % of 2000; five standard deviations of that count are 12.
    assert held >= 0.99 * studies - 12


def test_the_interval_of_means_holds_the_truth_as_often_as_it_says() -> None:
    rng = np.random.default_rng(6)
    studies, errors = 1000, 0.1 / np.sqrt(np.array(SIZES) / 32)
    for power in (0.0, -1.0):
        truth = (np.array(SIZES) / 32.0) ** power
        found = [
            exponent_of_means(
                SIZES, truth + errors * truth * rng.standard_normal(5), errors * truth
            )
            for _ in range(studies)
        ]
        held = sum(one.low - 0.01 <= power <= one.high + 0.01 for one in found)
        assert held >= 0.99 * studies - 8


def test_means_of_either_sign_have_the_same_exponent() -> None:
    up = exponent_of_means([1, 2, 4], [4.0, 2.0, 1.0], [0.1, 0.1, 0.1])
    down = exponent_of_means([1, 2, 4], [-4.0, -2.0, -1.0], [0.1, 0.1, 0.1])
    assert up == down
    assert up.value == pytest.approx(-1)
