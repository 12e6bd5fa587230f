"""What actors tell of themselves, as metrics: sums over servers and over their restarts."""

from collections.abc import Mapping

import pytest

from hexray.figures import Figures


class _Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def _totals(evaluations: float) -> dict[str, float]:
    return {
        "evaluations": evaluations,
        "batches": evaluations / 10,
        "busy_s": evaluations / 1000,
        "cache_asked": 0.0,
        "cache_hits": 0.0,
        "batch_rows": 64.0,
        "wait_ms_p50": 1.0,
        "wait_ms_p99": 2.0,
    }


@pytest.fixture
def told() -> dict[str, float]:
    return {}


@pytest.fixture
def clock() -> _Clock:
    return _Clock()


@pytest.fixture
def figures(told: dict[str, float], clock: _Clock) -> Figures:
    def report(values: Mapping[str, float]) -> None:
        told.update(values)

    return Figures(report, True, clock)


def test_rates_are_those_since_the_last_time(
    figures: Figures, told: dict[str, float], clock: _Clock
) -> None:
    figures.served(0, _totals(500))
    assert not told
    clock.now = 2.0
    figures.served(0, _totals(1500))
    assert told["server-0/evaluations_per_s"] == 500
    assert told["evaluations"] == 1000


def test_a_server_that_began_anew_neither_loses_nor_repeats_evaluations(
    figures: Figures, told: dict[str, float], clock: _Clock
) -> None:
    seen = [(0, 0.0), (1, 1000.0), (2, 200.0), (3, 500.0)]
    for second, evaluations in seen:
        clock.now = float(second)
        figures.served(0, _totals(evaluations))
        if second:
            assert told["server-0/evaluations_per_s"] >= 0
    assert told["evaluations"] == 1000 + 200 + 300
    assert told["evaluations_per_s"] == 300


def test_the_rates_of_all_servers_are_summed(
    figures: Figures, told: dict[str, float], clock: _Clock
) -> None:
    for second in (0.0, 1.0):
        clock.now = second
        figures.served(0, _totals(100 * second))
        figures.served(1, _totals(30 * second))
    assert told["evaluations_per_s"] == 130
    assert told["evaluations"] == 130


def test_usage_is_told_once_everybody_has_answered(
    figures: Figures, told: dict[str, float]
) -> None:
    figures.begin_usage(["replay", "judge"])
    figures.used("replay", {"cpu_s": 1.0, "memory_mb": 5.0})
    assert not told
    figures.used("judge", {"cpu_s": 1.0, "memory_mb": 7.0})
    assert told


def test_a_server_that_has_left_makes_nothing_any_more(
    figures: Figures, told: dict[str, float], clock: _Clock
) -> None:
    for second in (0.0, 1.0, 2.0):
        if second == 2.0:
            figures.left(1)
        clock.now = second
        figures.served(0, _totals(100 * second))
        if second < 2.0:
            figures.served(1, _totals(30 * second))
    assert told["evaluations_per_s"] == 100
    assert told["evaluations"] == 230
    assert told["server-1/evaluations_per_s"] == 0
