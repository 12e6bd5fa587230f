"""The learning rate as a function of step and progress."""

import pytest

from hexray.config import LearnerSettings
from hexray.net.trainer import learning_rate


@pytest.mark.parametrize(
    ("step", "progress", "expected"),
    [
        (0, 0.0, 0.1),
        (4, 0.0, 0.5),
        (9, 0.0, 1.0),
        (10_000, 0.5, 1.0),
        (10_000, 0.75, 0.6),
        (10_000, 1.0, 0.2),
        (10_000, 1.5, 0.2),
        (4, 0.75, 0.3),
    ],
)
def test_the_learning_rate_warms_up_stays_and_falls(
    step: int, progress: float, expected: float
) -> None:
    chosen = LearnerSettings(learning_rate=1.0, warmup_steps=10, decay_from=0.5, final_rate=0.2)
    assert learning_rate(step, progress, chosen) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("changes", "step", "progress", "expected"),
    [
        ({"warmup_steps": 0}, 0, 0.0, 1.0),
        ({"final_rate": 0.0}, 500, 1.0, 0.0),
        ({"decay_from": 0.0, "final_rate": 0.0}, 500, 0.25, 0.75),
        ({"decay_from": 1.0}, 500, 1.0, 1.0),
    ],
)
def test_extreme_schedules_mean_what_they_say(
    changes: dict[str, float], step: int, progress: float, expected: float
) -> None:
    chosen = LearnerSettings.model_validate({"learning_rate": 1.0, "warmup_steps": 0, **changes})
    assert learning_rate(step, progress, chosen) == pytest.approx(expected)
