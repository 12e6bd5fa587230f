"""Calibration equals a slow count bin by bin, and what is known of special cases."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hexray.errors import RatingsError
from hexray.ratings.calibration import (
    STAGES,
    brier_score,
    calibration,
    calibration_by_stage,
    calibration_error,
    stage_of,
)

SIXTYFOURTHS = st.integers(-64, 64).map(lambda n: n / 64)
SAID = st.lists(st.tuples(SIXTYFOURTHS, st.sampled_from([-1, 1])), min_size=1, max_size=60)


def columns(said: list[tuple[float, int]]) -> tuple[np.ndarray, np.ndarray]:
    value, outcome = zip(*said, strict=True)
    return np.array(value, np.float32), np.array(outcome, np.int8)


def slow_error(said: list[tuple[float, int]], bins: int) -> Fraction:
    """Sort every position into its interval [i/bins, (i+1)/bins), the last one closed."""
    total = Fraction(0)
    chances = [(1 + Fraction(value)) / 2 for value, _ in said]
    for index in range(bins):
        low, high = Fraction(index, bins), Fraction(index + 1, bins)
        inside = [
            at for at, p in enumerate(chances) if low <= p < high or (p == 1 == high and low < 1)
        ]
        if inside:
            mean = sum((chances[at] for at in inside), Fraction(0)) / len(inside)
            won = Fraction(sum(said[at][1] > 0 for at in inside), len(inside))
            total += Fraction(len(inside), len(said)) * abs(mean - won)
    return total


@given(SAID, st.sampled_from([1, 2, 4, 8, 16, 64, 128]))
def test_the_error_is_that_of_a_slow_count(said: list[tuple[float, int]], bins: int) -> None:
    assert calibration_error(*columns(said), bins) == pytest.approx(float(slow_error(said, bins)))


@given(SAID)
def test_brier_and_accuracy_are_those_of_a_slow_count(said: list[tuple[float, int]]) -> None:
    whole = calibration(*columns(said), 8)
    squares = [((1 + Fraction(value)) / 2 - (outcome > 0)) ** 2 for value, outcome in said]
    assert whole.brier == pytest.approx(float(sum(squares) / len(said)))
    right = sum(value * outcome > 0 for value, outcome in said)
    assert whole.accuracy == pytest.approx(right / len(said))
    assert whole.rows == len(said)


def test_a_hand_calculation() -> None:
    """Chances 0.6, 0.7 in one interval of two, one won; 0.2 lost in the other."""
    value, outcome = np.array([0.2, 0.4, -0.6]), np.array([1, -1, -1])
    found = calibration(value, outcome, 2)
    assert found.ece == pytest.approx((2 * abs(0.65 - 0.5) + abs(0.2 - 0)) / 3)
    assert found.brier == pytest.approx((0.4**2 + 0.7**2 + 0.2**2) / 3)
    assert found.accuracy == pytest.approx(2 / 3)


def test_a_perfect_value_has_an_error_that_vanishes_with_the_positions() -> None:
    errors = []
    for rows in (1_000, 100_000, 1_000_000):
        rng = np.random.default_rng(rows)
        value = rng.uniform(-1, 1, rows)
        outcome = np.where(rng.random(rows) < (1 + value) / 2, 1, -1)
        errors.append(calibration_error(value, outcome, 10))
        assert errors[-1] == pytest.approx(math.sqrt(10 / rows) / 3, rel=0.6)
    assert errors[2] < 0.002


@pytest.mark.parametrize("shift", [0.1, 0.4])
def test_a_value_that_is_too_sure_has_the_error_it_is_off_by(shift: float) -> None:
    rows = 200_000
    rng = np.random.default_rng(1)
    true_chance = rng.uniform(0, 1 - shift, rows)
    outcome = np.where(rng.random(rows) < true_chance, 1, -1)
    found = calibration_error(2 * (true_chance + shift) - 1, outcome, 20)
    assert found == pytest.approx(shift, abs=0.01)


@pytest.mark.parametrize("bins", [1, 2, 10, 15, 1000])
@pytest.mark.parametrize("value", [-1.0, -0.3, 0.0, 0.3, 1.0])
def test_a_constant_value_is_off_by_its_distance_from_the_share_won(
    value: float, bins: int
) -> None:
    outcome = np.array([1] * 7 + [-1] * 3)
    found = calibration(np.full(10, value), outcome, bins)
    chance = (1 + value) / 2
    assert found.ece == pytest.approx(abs(chance - 0.7))
    assert found.brier == pytest.approx(0.7 * (chance - 1) ** 2 + 0.3 * chance**2)
    assert found.accuracy == {1: 0.7, 0: 0.0, -1: 0.3}[int(np.sign(value))]


@pytest.mark.parametrize("sign", [1, -1])
def test_someone_who_knows_is_perfect_and_someone_who_lies_is_as_bad_as_can_be(sign: int) -> None:
    outcome = np.array([1, -1, -1, 1])
    found = calibration(sign * outcome.astype(np.float32), outcome, 10)
    best, worst = (4, 0.0, 0.0, 1.0), (4, 1.0, 1.0, 0.0)
    assert found == (best if sign > 0 else worst)


@given(SAID, st.sampled_from([1, 2, 4, 16]))
def test_seen_by_the_other_player_the_brier_score_is_the_same(
    said: list[tuple[float, int]], bins: int
) -> None:
    value, outcome = columns(said)
    assert brier_score(-value, -outcome) == pytest.approx(brier_score(value, outcome))


@pytest.mark.parametrize(
    ("size", "filled", "stage"),
    [
        *[(3, 0, 0), (3, 2, 0), (3, 3, 1), (3, 5, 1), (3, 6, 2), (3, 9, 2)],
        *[(5, 8, 0), (5, 9, 1), (5, 16, 1), (5, 17, 2)],
        *[(2, 1, 0), (2, 2, 1), (2, 3, 2), (2, 4, 2)],
    ],
)
def test_a_stage_is_a_third_of_the_board(size: int, filled: int, stage: int) -> None:
    cells = np.zeros((1, size * size), np.int8)
    cells[0, :filled] = np.where(np.arange(filled) % 2, -1, 1)
    assert stage_of(cells).tolist() == [stage]


def test_stages_together_are_the_whole_and_an_empty_stage_is_left_out() -> None:
    rng = np.random.default_rng(3)
    cells = np.zeros((90, 9), np.int8)
    for row in range(90):
        cells[row, : rng.integers(0, 6)] = 1
    value, outcome = rng.uniform(-1, 1, 90), rng.choice([-1, 1], 90)
    parts = calibration_by_stage(value, outcome, cells, 10)
    assert list(parts) == list(STAGES[:2])
    whole = calibration(value, outcome, 10)
    for name in ("brier", "accuracy"):
        mean = sum(part.rows * getattr(part, name) for part in parts.values()) / 90
        assert mean == pytest.approx(getattr(whole, name))
    early = np.count_nonzero(cells, axis=1) < 3
    assert parts["opening"] == calibration(value[early], outcome[early], 10)


@pytest.mark.parametrize(
    ("value", "outcome", "bins", "message"),
    [
        ([], [], 10, "one position or more"),
        ([0.5], [1, -1], 10, "give one of each"),
        ([[0.5]], [[1]], 10, "give one of each"),
        ([1.5], [1], 10, "outside"),
        ([math.nan], [1], 10, "outside"),
        ([0.5], [0], 10, "no draws"),
        ([0.5], [1], 0, "0 bins"),
    ],
)
def test_what_is_no_measurement_is_refused(
    value: list, outcome: list, bins: int, message: str
) -> None:
    with pytest.raises(RatingsError, match=message):
        calibration(np.array(value, float), np.array(outcome), bins)
