"""What a run cost is read from its metrics."""

from typing import Any

import pytest

from hexray.errors import TrainingError
from hexray.throughput.loop import loop_speed


def reading(
    trained_s: float, cpu_s: tuple[float, ...], memory_mb: float, **more: float
) -> dict[str, Any]:
    parts = ("search", "network", "training", "replay", "all")
    return {
        "trained_s": trained_s,
        "minutes": trained_s / 60,
        **{f"cpu_s/{part}": seconds for part, seconds in zip(parts, cpu_s, strict=True)},
        "memory_mb/replay": memory_mb,
        **more,
    }


LINES = [
    reading(0, (0, 0, 0, 0, 50), 100, evaluations=0, positions=0),
    {"trained_s": 9, "learner/rows_trained": 1000, "window_rows": 400},
    reading(10, (1, 10, 2, 1, 70), 200, evaluations=100_000, positions=5000),
    {"trained_s": 60, "window_rows": 500},
    reading(70, (4, 40, 42, 4, 170), 300, evaluations=700_000),
    {"trained_s": 100, "positions": 14_000},
    {"trained_s": 120, "learner/rows_trained": 51_000},
    reading(130, (7, 70, 92, 7, 270), 306, evaluations=1_300_000),
]


def test_rates_and_shares_are_of_the_time_in_which_the_learner_trained() -> None:
    speed, _ = loop_speed(LINES)
    # From second 10 to second 130: 120 s, 200 CPU seconds.
    assert speed.evaluations_per_s == pytest.approx(10_000)
    assert speed.positions_per_s == pytest.approx(75)
    assert speed.rows_trained_per_s == pytest.approx(50_000 / 120)
    assert speed.us_per_row_trained == pytest.approx(1800)
    assert speed.cores == pytest.approx(200 / 120)
    assert speed.search == pytest.approx(0.03)
    assert speed.inference == pytest.approx(0.3)
    assert speed.learner == pytest.approx(0.45)
    assert speed.replay == pytest.approx(0.03)
    assert speed.ray == pytest.approx(0.19)
    assert speed.overhead == pytest.approx(0.25)


def test_memory_is_compared_from_the_moment_the_window_was_full() -> None:
    _, [replay] = loop_speed(LINES)
    assert (replay.process, replay.first_mb, replay.last_mb) == ("replay", 300, 306)
    assert replay.mb_per_minute == pytest.approx(6)


def test_memory_is_compared_from_the_start_while_the_window_grows() -> None:
    growing = [*LINES[:-1], {"trained_s": 125, "window_rows": 900}, LINES[-1]]
    _, [replay] = loop_speed(growing)
    assert (replay.first_mb, replay.last_mb) == (200, 306)
    assert replay.mb_per_minute == pytest.approx(53)


def test_a_run_whose_learner_stood_still_has_no_figures() -> None:
    still = [line for line in LINES if line.get("learner/rows_trained") != 51_000]
    with pytest.raises(TrainingError, match="no row was trained"):
        loop_speed(still)


def test_a_run_that_hardly_trained_has_no_figures() -> None:
    with pytest.raises(TrainingError, match="1 readings of CPU time while training"):
        loop_speed(LINES[:3])
