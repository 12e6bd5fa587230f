"""The verdict of sanity-check, on estimators that are sound, biased, too sure or too unsure."""

import numpy as np
import pytest
from made_outcomes import NOTHING, checking_outcomes, without

from hexray.probes.entropy.checking import BIASED, HOLDS, NARROW, OPEN, WIDE, checked
from hexray.probes.entropy.plan import Task
from hexray.probes.entropy.study import Outcome

STUDIES = 100


def verdicts(bias: float = 0.0, spread: float = 1.0, runs: int = 150) -> list[str]:
    rng = np.random.default_rng(1)
    return [
        checked(checking_outcomes(runs, rng, bias, spread), 128).verdict for _ in range(STUDIES)
    ]


def test_a_sound_estimator_holds() -> None:
    # Five tests of four standard errors each: one study in 3000 fails by chance; the seed is fixed.
    assert verdicts().count(HOLDS) >= STUDIES - 1


def test_a_bias_of_a_tenth_is_found() -> None:
    found = verdicts(bias=0.001)
    assert sum(BIASED in verdict for verdict in found) >= STUDIES - 1


def test_standard_errors_of_half_the_spread_are_too_narrow() -> None:
    assert verdicts(spread=2.0).count(NARROW) >= STUDIES - 1


def test_standard_errors_of_twice_the_spread_are_too_wide() -> None:
    assert verdicts(spread=0.5).count(WIDE) >= STUDIES - 1


def test_coverage_and_ratio_are_what_was_put_in() -> None:
    found = checked(checking_outcomes(20_000, np.random.default_rng(2)), 128)
    for name in ("conditional", "total", "u_statistic"):
        cover = found.numbers["cover"][name]
        # 95.45 % of a normal variable lie within two standard deviations; five standard errors.
        assert cover["coverage"]["value"] == pytest.approx(0.9545, abs=0.0074)
        assert cover["ratio"]["value"] == pytest.approx(1, abs=0.025)


def test_biases_of_all_estimators_are_told() -> None:
    found = checked(checking_outcomes(5000, np.random.default_rng(3), bias=0.002), 128)
    biases = {name: bias["value"] for name, bias in found.numbers["bias"].items()}
    assert biases["predicted"] == pytest.approx(0.002, abs=1e-4)
    assert biases["u_statistic"] == pytest.approx(0, abs=2e-4)
    assert biases["sampled"] == pytest.approx(0, abs=1e-12)
    # First order leaves a fiftieth of -0.01 out.
    assert biases["first_order"] == pytest.approx(0.0002, abs=1e-5)
    assert found.numbers["right_sign"] == 1


def test_failures_are_counted_and_too_many_make_it_inconclusive() -> None:
    outcomes = checking_outcomes(20, np.random.default_rng(4))
    some = checked(without(outcomes, [1, 2, 3, 4]), 128)
    assert (some.verdict, some.numbers["success_rate"]) == (HOLDS, 0.9)
    many = checked(without(outcomes, list(range(1, 12))), 128)
    assert many.verdict == OPEN
    assert "11 of 40 runs failed" in many.sentence


def test_a_step_of_nothing_is_inconclusive() -> None:
    outcomes = [
        Outcome(Task(number, "fixed" if number < 10 else "redrawn", 8, 1, 2, 3), NOTHING)
        for number in range(20)
    ]
    found = checked(outcomes, 8)
    assert found.verdict == OPEN
    assert "changes nothing" in found.sentence


def test_a_single_batch_of_another_size_than_the_update_is_not_compared() -> None:
    found = checked(checking_outcomes(20, np.random.default_rng(5)), 64)
    assert set(found.numbers["cover"]) == {"conditional", "total"}
    assert "u_statistic" not in found.numbers["bias"]
