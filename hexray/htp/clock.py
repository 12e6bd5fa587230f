"""How long a move may take, from the time that is left; nothing here looks at a clock."""

from typing import NamedTuple

FLOOR_S = 0.05
"""A move is given this much even when no time is left: it must be made all the same."""
_RESERVE_S = 0.1
# A game ends when about half of the cells that are empty now are filled, by two players.
_CELLS_A_MOVE = 4
_FEWEST_MOVES = 4


class TimeSettings(NamedTuple):
    """Main time, then periods of ``period_s`` for ``stones`` moves each; 0 stones: no periods."""

    main_s: float
    period_s: float
    stones: int


class Clock(NamedTuple):
    """What one colour has left: of its main time when ``stones`` is 0, else of a period."""

    left_s: float
    stones: int


def new_clock(settings: TimeSettings) -> Clock:
    """Return what a colour has before its first move."""
    if settings.main_s == 0:
        return Clock(settings.period_s, settings.stones)
    return Clock(settings.main_s, 0)


def seconds_for(clock: Clock, empty_cells: int) -> float:
    """Return how long the next move may take, at least FLOOR_S.

    In a period its time is divided evenly, in main time by the moves that are still to be
    expected. A little is kept back for what the clock counts besides thinking.
    """
    moves = clock.stones or max(_FEWEST_MOVES, -(-empty_cells // _CELLS_A_MOVE))
    return max(FLOOR_S, (clock.left_s - _RESERVE_S) / moves)


def after_move(clock: Clock, settings: TimeSettings, used_s: float) -> Clock:
    """Return the clock after a move of ``used_s``; a new period when the last is done."""
    left_s = clock.left_s - used_s
    if clock.stones > 1:
        return Clock(max(0.0, left_s), clock.stones - 1)
    if clock.stones == 1:
        return Clock(settings.period_s, settings.stones)
    if left_s <= 0 and settings.stones > 0:
        # What the main time did not cover was the first move of a period.
        return after_move(Clock(settings.period_s, settings.stones), settings, -left_s)
    return Clock(max(0.0, left_s), 0)
