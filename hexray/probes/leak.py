"""Shuffled targets: who finds those of positions that were never seen has been told them."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hexray.config import RunConfig
from hexray.data.held_out import SplitRows
from hexray.data.rows import Rows
from hexray.errors import StoreError
from hexray.game.symmetry import half_turn
from hexray.net.trainer import Trainer
from hexray.probes.feeding import Feed, settings_for, windowed
from hexray.probes.labels import (
    chance_of_moves,
    chance_of_outcomes,
    moves_named,
    right,
    shuffled,
    with_label,
)
from hexray.probes.lessons import Make, answers
from hexray.ratings.intervals import score_of_games

CONFIDENCE = 1 - 2e-6
"""Of the interval around what is right: one false alarm in a million runs."""
LEAST_HELD_OUT = 50
_OFTEN = 4
"""Rows are drawn so many times as often as there are any, so that nearly all come."""


class Found(NamedTuple):
    """The share that is right, the lower end of its interval, and what chance makes right."""

    share: float
    low: float
    chance: float


class Leak(NamedTuple):
    """What is found of the shuffled targets of ``positions`` never seen: moves and winners."""

    positions: int
    moves: Found
    winners: Found

    @property
    def is_leak(self) -> bool:
        """Whether more is right than chance accounts for."""
        return any(found.low > found.chance for found in (self.moves, self.winners))


def look_for_leak(
    config: RunConfig,
    rows: SplitRows,
    size: int,
    steps: int,
    seed: int,
    feed: Feed = windowed,
    make: Make = Trainer,
) -> Leak:
    """Train on shuffled targets, and see whether those of held-out positions are found.

    Raises StoreError for too few held-out positions, and TrainingError.
    """
    rng, net = np.random.default_rng(seed), config.net
    training, unseen = shuffled(rows.training, rng), shuffled(rows.held_out, rng)
    if len(unseen.cells) < LEAST_HELD_OUT:
        raise StoreError(
            f"{len(unseen.cells)} held-out positions, and {LEAST_HELD_OUT} are needed; take more "
            "games, or those of a run whose replay.held_out is above 0"
        )
    learner = settings_for(config.learner, len(training.cells))
    trainer, sample = make(net, learner, size, seed), feed(training)
    for _ in range(steps):
        trainer.train(sample(learner.batch_rows, rng), size, 0.0)
    shown = _different(with_label(feed(unseen)(_OFTEN * len(unseen.cells), rng)))
    said = answers(net, trainer.published(), shown, size)
    named, wins = moves_named(said.logits, shown.cells), said.value > 0
    moves = _share(right(named, shown, net.half_turn))
    winners = _share(wins == (shown.outcome > 0))
    return Leak(
        len(shown.cells),
        Found(*moves, chance_of_moves(named, shown, net.half_turn)),
        Found(*winners, chance_of_outcomes(wins, shown.outcome)),
    )


def _different(rows: Rows) -> Rows:
    """Return the first row of each position; rows drawn more than once are no new evidence."""
    first: dict[bytes, int] = {}
    for row, cells in enumerate(rows.cells):
        first.setdefault(min(cells.tobytes(), half_turn(cells).tobytes()), row)
    return Rows._make(column[list(first.values())] for column in rows)


def _share(is_right: NDArray[np.bool_]) -> tuple[float, float]:
    found = int(is_right.sum())
    estimate = score_of_games(found, len(is_right) - found, CONFIDENCE)
    return estimate.value, estimate.low
