"""What is said of one prediction."""

import pytest
from made_outcomes import NOTHING

from hexray.probes.entropy.plan import Task
from hexray.probes.entropy.sentence import all_failed, single
from hexray.probes.entropy.study import Outcome

STEP = NOTHING._replace(
    entropy=1.875, predicted=-0.01231, se_given_update=0.00112, first_order=-0.0126, exact=-0.01254
)


def test_a_prediction_that_came_true_is_said_with_its_error_and_the_truth() -> None:
    found = single("entropy single", STEP)
    assert found.sentence == (
        "this step lowers the entropy of the policy by 0.0123 +- 0.0011 nats; in truth by 0.0125, "
        "of 1.875 nats"
    )
    assert (found.verdict, found.is_sound) == ("lowers the entropy, as predicted", True)


def test_a_prediction_that_misses_by_more_than_three_standard_errors_is_not_sound() -> None:
    found = single("entropy single", STEP._replace(exact=-0.0157, first_order=-0.0157))
    assert (found.verdict, found.is_sound) == ("lowers the entropy, not as predicted", False)
    assert "the estimate is off" in found.sentence


def test_a_step_that_is_too_large_is_told_from_an_estimate_that_is_off() -> None:
    found = single("entropy single", STEP._replace(exact=0.02))
    assert (found.verdict, found.is_sound) == ("raises the entropy, as predicted but curved", True)
    assert "in truth it raises it by 0.0200" in found.sentence
    assert "the step is too large" in found.sentence


@pytest.mark.parametrize("exact", [-0.0001, 0.0001])
def test_what_cannot_be_told_from_none_is_said_to_be_so(exact: float) -> None:
    found = single("entropy single", STEP._replace(predicted=0.0002, exact=exact))
    assert "cannot be told from none" in found.sentence
    assert found.is_sound


def test_no_step_changes_nothing() -> None:
    found = single("entropy single", NOTHING)
    assert (found.verdict, found.is_sound) == ("no change, as predicted", True)


def test_small_changes_are_said_with_two_digits_of_their_error() -> None:
    small = STEP._replace(predicted=-1.234e-6, se_given_update=2.5e-7, exact=-1.2e-6)
    assert "by 0.00000123 +- 0.00000025 nats; in truth by 0.00000120" in single("", small).sentence


def test_when_all_runs_failed_the_first_says_why() -> None:
    task = Task(1, "fixed", 8, 1, 2, 3)
    found = all_failed("entropy", [Outcome(task, None, "Traceback\nValueError: broken\n")] * 3)
    assert found.sentence == "all 3 runs failed, the first by ValueError: broken"
    assert (found.verdict, found.is_sound) == ("failed", False)
