"""When an actor is built anew and when the run gives up, by tables over a clock made up."""

import pytest

from hexray.config import SupervisionSettings
from hexray.health import (
    Health,
    State,
    begun,
    built,
    died,
    is_silent,
    is_spent,
    wait_s,
)

SETTINGS = SupervisionSettings(
    deaths=3, window_minutes=1.0, wait_seconds=1.0, wait_most_seconds=5.0, silent_seconds=30.0
)


BORN = Health(State.UP, 0.0, 0.0)


def _dies_in_vain(times: int) -> Health:
    """Return the health of one that died while it worked, then so often while it was built."""
    health = died(BORN, 100.0, SETTINGS)
    for _ in range(times):
        health = died(begun(health, 100.0), 100.0, SETTINGS)
    return health


@pytest.mark.parametrize(
    ("failed_builds", "seconds"), [(0, 0.0), (1, 1.0), (2, 2.0), (3, 4.0), (4, 5.0), (99, 5.0)]
)
def test_the_first_attempt_comes_at_once_and_later_ones_ever_later(
    failed_builds: int, seconds: float
) -> None:
    assert wait_s(_dies_in_vain(failed_builds), SETTINGS) == seconds


def test_one_that_works_again_is_built_at_once_the_next_time() -> None:
    health = built(begun(_dies_in_vain(4), 105.0), 106.0)
    assert wait_s(died(health, 106.5, SETTINGS), SETTINGS) == 0


def test_every_building_is_a_life_of_its_own() -> None:
    health = _dies_in_vain(2)
    assert health.life == 2
    assert begun(health, 0.0).life == 3


def test_the_budget_is_spent_by_the_death_after_the_last_allowed() -> None:
    assert not is_spent(_dies_in_vain(2), SETTINGS)
    assert is_spent(_dies_in_vain(3), SETTINGS)


def test_deaths_are_forgotten_after_the_window() -> None:
    health = BORN
    for minute in range(50):
        health = died(built(health, 60.0 * minute), 60.0 * minute, SETTINGS)
        assert not is_spent(health, SETTINGS)
    assert len(health.deaths) == 1


@pytest.mark.parametrize(
    ("state", "now", "expected"),
    [
        (State.UP, 30.0, False),
        (State.UP, 30.1, True),
        (State.BUILDING, 1000.0, False),
        (State.DOWN, 1000.0, False),
    ],
)
def test_silence_counts_only_where_a_sign_is_due(state: State, now: float, expected: bool) -> None:
    assert is_silent(BORN._replace(state=state), now, SETTINGS) is expected


def test_coming_back_is_a_sign_of_life() -> None:
    assert not is_silent(built(begun(_dies_in_vain(1), 100.0), 500.0), 529.0, SETTINGS)
