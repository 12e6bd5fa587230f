"""Temperature and isotonic correction of values, and means over games."""

import numpy as np
import pytest

from hexray.errors import RatingsError
from hexray.ratings.correction import (
    cooled,
    isotonic_of,
    log_losses,
    logit_of,
    stepped,
    temperature_of,
)
from hexray.ratings.resampled import mean_over_games


def drawn(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw values and outcomes that follow them."""
    rng = np.random.default_rng(seed)
    logit = 2 * rng.standard_normal(count)
    won = rng.random(count) < 1 / (1 + np.exp(-logit))
    return np.tanh(logit / 2), np.where(won, 1, -1)


@pytest.mark.parametrize("factor", [0.3, 1.0, 2.5, 4.0])
def test_the_temperature_is_what_the_logit_was_multiplied_by(factor: float) -> None:
    value, outcome = drawn(200_000, 1)
    wrong = np.tanh(factor * np.arctanh(value))
    assert temperature_of(wrong, outcome) == pytest.approx(factor, rel=0.03)


def test_two_thirds_won_of_values_of_one_size_have_a_temperature_by_hand() -> None:
    # Chance said 0.9, a logit of log 9; right in 2 of 3, a logit of log 2.
    value, outcome = np.array([0.8, 0.8, 0.8]), np.array([1, 1, -1])
    assert temperature_of(value, outcome) == pytest.approx(np.log(9) / np.log(2), rel=1e-3)


def test_cooling_divides_the_logit_and_keeps_the_sign() -> None:
    assert cooled(np.array([0.8, -0.8, 0.0]), 2.0) == pytest.approx([0.5, -0.5, 0.0])


def test_values_rounded_to_one_stay_finite() -> None:
    sure = np.array([1.0, -1.0], np.float32)
    assert np.isfinite(logit_of(sure)).all()
    assert np.isfinite(log_losses(sure, np.array([-1, 1]))).all()


def test_log_losses_are_those_of_the_chance_of_the_outcome() -> None:
    assert log_losses(np.array([0.0, 0.5]), np.array([1, -1])) == pytest.approx(
        [np.log(2), -np.log(0.25)]
    )


def test_isotonic_steps_by_hand() -> None:
    # 0 1 | 0 0 | 1 1: the first four pool to one of four, the last two stay won.
    value = np.array([-0.9, -0.7, -0.1, 0.1, 0.5, 0.9])
    found = isotonic_of(value, np.array([-1, 1, -1, -1, 1, 1]))
    assert found.chance.tolist() == pytest.approx([1 / 3, 0.4, 0.75])
    assert found.value.tolist() == pytest.approx([-0.9, -0.7 / 3, 0.7])


def test_isotonic_mends_what_no_temperature_does() -> None:
    value, outcome = drawn(40_000, 2)
    logit = 2 * np.arctanh(value)
    skewed = np.tanh((logit + 1.5) / 2)
    half = len(value) // 2
    isotonic = isotonic_of(skewed[:half], outcome[:half])
    put_right = stepped(skewed[half:], isotonic)
    best = log_losses(value[half:], outcome[half:]).mean()
    assert log_losses(put_right, outcome[half:]).mean() == pytest.approx(best, abs=0.003)
    assert log_losses(skewed[half:], outcome[half:]).mean() > best + 0.1


def test_nothing_to_fit_is_refused() -> None:
    with pytest.raises(RatingsError, match="one position or more"):
        temperature_of(np.empty(0), np.empty(0, np.int8))


def test_an_interval_over_games_holds_the_truth_as_often_as_it_says() -> None:
    # 400 trials; 95 % of them should hold 0: from 360 to 397 but for one time in a million.
    rng = np.random.default_rng(3)
    game = np.repeat(np.arange(60), 10)
    held = 0
    for _ in range(400):
        values = rng.standard_normal(60)[game] + 0.1 * rng.standard_normal(600)
        found = mean_over_games(values, game, rng)
        held += found.low <= 0 <= found.high
    assert 350 <= held <= 397


def test_positions_of_one_game_are_no_new_evidence() -> None:
    values = np.random.default_rng(4).standard_normal(50)
    once = mean_over_games(values, np.arange(50), np.random.default_rng(5))
    many = mean_over_games(
        np.repeat(values, 20), np.repeat(np.arange(50), 20), np.random.default_rng(5)
    )
    assert many == pytest.approx(once)


def test_one_game_has_no_interval() -> None:
    with pytest.raises(RatingsError, match="1 games"):
        mean_over_games(np.ones(5), np.zeros(5, np.int64), np.random.default_rng(0))
