"""Differences of runs that share their seeds."""

import math

import pytest

from hexray.errors import RatingsError
from hexray.ratings.differences import mean_difference, paired_difference


def test_the_interval_is_that_of_student_by_hand() -> None:
    # Differences 1, 2, 3: mean 2, standard error 1 / sqrt 3, t(2, 97.5 %) = 4.302653.
    found = paired_difference([2.0, 4.0, 6.0], [1.0, 2.0, 3.0])
    assert found is not None
    assert found.value == pytest.approx(2.0)
    assert found.high - found.value == pytest.approx(4.302653 / math.sqrt(3), rel=1e-6)
    assert found.value - found.low == pytest.approx(4.302653 / math.sqrt(3), rel=1e-6)


def test_what_seeds_share_does_not_widen_it() -> None:
    ours, theirs = [1.0, 5.0, 9.1], [0.5, 4.51, 8.6]
    paired, apart = paired_difference(ours, theirs), mean_difference(ours, theirs)
    assert paired is not None
    assert apart is not None
    assert paired.low > 0 > apart.low


def test_equal_differences_leave_no_doubt() -> None:
    assert paired_difference([2.0, 3.0], [1.0, 2.0]) == (1.0, 1.0, 1.0)


def test_one_pair_says_nothing() -> None:
    assert paired_difference([1.0], [2.0]) is None


def test_runs_without_another_of_their_seed_are_refused() -> None:
    with pytest.raises(RatingsError, match="2 runs and 1"):
        paired_difference([1.0, 2.0], [1.0])
