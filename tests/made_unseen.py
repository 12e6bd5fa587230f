"""Positions with outcomes and targets whose truth is known, and networks that say given things."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from random_games import random_block

from hexray.data.rows import rows_of
from hexray.evaluation import Evaluate, Evaluation, Leaves
from hexray.probes.unseen import Unseen

SIZE = 5


def unseen(games: int, seed: int) -> Unseen:
    """Take the searched positions of random games as they are."""
    block = random_block(SIZE, games, seed)
    plies = (block.length - block.opening).astype(np.int64)
    game = np.repeat(np.arange(games), plies)
    ply = np.concatenate(
        [np.arange(*ends) for ends in zip(block.opening, block.length, strict=True)]
    )
    return Unseen(block, rows_of(block), game, ply)


def told(positions: Unseen, values: NDArray, logits: NDArray | None = None) -> Evaluate:
    """Make a network that says these values, and these logits, of these positions."""
    known = {cells.tobytes(): row for row, cells in enumerate(positions.rows.cells)}
    said = np.zeros(positions.rows.cells.shape) if logits is None else logits

    def evaluate(leaves: Leaves) -> Evaluation:
        rows = [known[cells.tobytes()] for cells in leaves.cells]
        return Evaluation(said[rows], values[rows], 1)

    return evaluate


def calibrated(games: int, seed: int) -> tuple[Unseen, NDArray[np.float64]]:
    """Draw outcomes from values that are true: of the logit 2 times a normal number."""
    positions = unseen(games, seed)
    rng = np.random.default_rng(seed)
    # The same position has one value, however often it comes.
    _, place = np.unique(positions.rows.cells, axis=0, return_inverse=True)
    logit = (2 * rng.standard_normal(place.max() + 1))[place.ravel()]
    won = rng.random(len(logit)) < 1 / (1 + np.exp(-logit))
    rows = positions.rows._replace(outcome=np.where(won, 1, -1).astype(np.int8))
    return positions._replace(rows=rows), np.tanh(logit / 2)


def scaled(evaluate: Evaluate, factor: float) -> Evaluate:
    """Multiply the logit of the value."""

    def sharper(leaves: Leaves) -> Evaluation:
        said = evaluate(leaves)
        return said._replace(value=np.tanh(factor * np.arctanh(said.value)))

    return sharper


def with_logits(make: Callable[[NDArray[np.int8]], NDArray]) -> Evaluate:
    """Make a network of even values whose logits are a function of the cells."""
    return lambda leaves: Evaluation(make(leaves.cells), np.zeros(len(leaves.cells)), 1)
