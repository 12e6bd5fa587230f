"""How long a move may take; figures by hand."""

import pytest

from hexray.htp.clock import Clock, TimeSettings, after_move, new_clock, seconds_for


@pytest.mark.parametrize(
    ("clock", "empty", "seconds"),
    [
        (Clock(60.1, 0), 120, 2.0),  # 30 moves of four cells each
        (Clock(60.1, 0), 121, 60 / 31),
        (Clock(60.1, 0), 9, 15.0),  # never fewer than four
        (Clock(10.1, 5), 120, 2.0),  # five moves in ten seconds
        (Clock(10.1, 1), 120, 10.0),
        (Clock(0.0, 0), 120, 0.05),
        (Clock(0.5, 0), 120, 0.05),
    ],
)
def test_the_time_left_is_divided(clock: Clock, empty: int, seconds: float) -> None:
    assert seconds_for(clock, empty) == pytest.approx(seconds)


def test_main_time_lasts_for_a_whole_game() -> None:
    clock, empty = Clock(600.0, 0), 361
    while empty > 0:
        used_s = seconds_for(clock, empty) + 0.02
        clock = after_move(clock, TimeSettings(600.0, 0.0, 0), used_s)
        empty -= 2
    assert clock.left_s > 0


@pytest.mark.parametrize(
    ("clock", "settings", "used_s", "after"),
    [
        (Clock(60, 0), TimeSettings(60, 0, 0), 7, Clock(53, 0)),
        (Clock(5, 0), TimeSettings(60, 0, 0), 7, Clock(0, 0)),
        (Clock(60, 0), TimeSettings(60, 30, 5), 7, Clock(53, 0)),
        (Clock(5, 0), TimeSettings(60, 30, 5), 7, Clock(28, 4)),
        (Clock(5, 0), TimeSettings(60, 30, 1), 7, Clock(30, 1)),
        (Clock(28, 4), TimeSettings(60, 30, 5), 8, Clock(20, 3)),
        (Clock(20, 1), TimeSettings(60, 30, 5), 8, Clock(30, 5)),
    ],
)
def test_a_move_is_taken_from_main_time_then_from_periods(
    clock: Clock, settings: TimeSettings, used_s: float, after: Clock
) -> None:
    assert after_move(clock, settings, used_s) == after


def test_without_main_time_it_begins_with_a_period() -> None:
    assert new_clock(TimeSettings(0, 30, 5)) == Clock(30, 5)
    assert new_clock(TimeSettings(60, 30, 5)) == Clock(60, 0)
