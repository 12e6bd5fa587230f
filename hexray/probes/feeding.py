"""From games to a learner of a few rows: which, how they get there, and the settings it has."""

from collections.abc import Callable
from math import isqrt
from pathlib import Path

import numpy as np

from hexray.config import LearnerSettings, RunConfig
from hexray.data.archive import Archive
from hexray.data.games import take_games
from hexray.data.held_out import held_out
from hexray.data.rows import Rows, rows_of
from hexray.data.window import Window
from hexray.errors import StoreError
from hexray.probes.material import further_of

LEAST_PLIES = 4
"""Searched moves of a game worth learning."""
_NEWEST = 2_000

Sample = Callable[[int, np.random.Generator], Rows]
Feed = Callable[[Rows], Sample]
"""From rows to what draws batches of them: the way from games to the learner."""


def windowed(rows: Rows) -> Sample:
    """Feed rows as replay does: from a window, at random, each given a half turn or not."""
    window = Window(len(rows.cells), isqrt(rows.cells.shape[1]))
    window.add(rows)
    return window.sample


def settings_for(learner: LearnerSettings, rows: int) -> LearnerSettings:
    """Return the settings of a run for so few rows, with nothing left to measure."""
    changes = {
        "batch_rows": min(learner.batch_rows, rows),
        "precision": "float32" if learner.precision == "auto" else learner.precision,
        "backend": "eager",
    }
    return learner.model_copy(update=changes)


def one_game(games: Path, config: RunConfig, size: int, rng: np.random.Generator) -> Rows:
    """Return the rows of a game to train on, drawn among the newest ones.

    Raises StoreError where none has ``LEAST_PLIES`` searched moves.
    """
    archive = Archive(games, may_write=False)
    archive.chosen(size)
    for block in archive.games(size).newest(_NEWEST):
        is_long = block.length - block.opening >= LEAST_PLIES
        may = np.flatnonzero(is_long & ~held_out(block, config.replay.held_out))
        if len(may):
            keep = np.arange(len(block.length)) == rng.choice(may)
            return rows_of(take_games(block, keep), further_of(config.learner))
    raise StoreError(f"{games}: no game of {size}x{size} with {LEAST_PLIES} searched moves")
