"""Who waits for whom, by table."""

import pytest

from hexray.config import ReplaySettings
from hexray.throttle import throttle

SETTINGS = ReplaySettings(window_rows=1000, min_rows=100, reuse_most=4.0, reuse_least=1.0)


@pytest.mark.parametrize(
    ("made", "trained", "asked", "may_play", "may_train"),
    [
        (0, 0, 64, True, False),
        (99, 0, 64, True, False),
        (100, 0, 64, True, True),
        (100, 336, 64, True, True),
        (100, 337, 64, True, False),
        (1000, 0, 64, True, True),
        (1001, 0, 64, False, True),
        (1500, 500, 64, True, True),
        (1501, 500, 64, False, True),
    ],
)
def test_whoever_is_too_far_ahead_waits(
    made: int, trained: int, asked: int, may_play: bool, may_train: bool
) -> None:
    assert throttle(made, trained, asked, SETTINGS) == (may_play, may_train)


@pytest.mark.parametrize("least", [0.0, 0.5, 4.0])
def test_players_and_learner_never_wait_for_each_other(least: float) -> None:
    """Whatever the speeds, somebody may always go on."""
    settings = SETTINGS.model_copy(update={"reuse_least": least})
    for made in range(0, 6000, 37):
        for trained in range(0, 4 * made + 1, 97):
            assert any(throttle(made, trained, 64, settings))
