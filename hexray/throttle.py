"""The one throttle between players and learner: how often a generated row is trained."""

from typing import NamedTuple

from hexray.config import ReplaySettings


class Throttle(NamedTuple):
    """Who may go on."""

    may_play: bool
    may_train: bool


def throttle(
    rows_made: int, rows_trained: int, rows_asked: int, settings: ReplaySettings
) -> Throttle:
    """Hold back whoever is too far ahead.

    The learner waits for ``min_rows``, and while ``rows_asked`` more would train every row more
    than ``reuse_most`` times on average; the players wait while rows were trained fewer than
    ``reuse_least`` times, once they have made a whole window.
    """
    trained = rows_trained + rows_asked
    may_train = rows_made >= settings.min_rows and trained <= settings.reuse_most * rows_made
    ahead = rows_made - settings.window_rows
    return Throttle(may_play=rows_trained >= settings.reuse_least * ahead, may_train=may_train)
