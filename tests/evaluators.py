"""Evaluators made by hand, from a plain function of one position in the mover's view."""

import random
import zlib
from collections.abc import Sequence
from functools import cache

import numpy as np
from oracle import Evaluator, winner_of

from hexray.evaluation import Evaluate, Evaluation, Leaves


def hashed(seen: Sequence[int]) -> tuple[list[float], float]:
    """Make up logits and a value that depend on the position alone."""
    return _hashed(bytes(stone + 1 for stone in seen))


@cache
def _hashed(stones: bytes) -> tuple[list[float], float]:
    rng = random.Random(zlib.crc32(stones))
    logits = [float(np.float32(rng.gauss(0, 1.5))) for _ in stones]
    return logits, float(np.float32(rng.uniform(-0.95, 0.95)))


def half_turn_symmetric(seen: Sequence[int]) -> tuple[list[float], float]:
    """Make up logits and a value that turn with the board."""
    (logits, value), (turned, turned_value) = hashed(seen), hashed(seen[::-1])
    both = [one + other for one, other in zip(logits, turned[::-1], strict=True)]
    return both, (value + turned_value) / 2


def row_by_row(evaluator: Evaluator, asked: list[int] | None = None) -> Evaluate:
    """Turn a plain function into an evaluator that refuses finished positions.

    The number of rows of each batch is appended to ``asked``.
    """

    def evaluate(leaves: Leaves) -> Evaluation:
        assert len(leaves.cells) > 0, "an empty batch"
        assert leaves.cells.dtype == np.int8
        rows = leaves.cells.tolist()
        assert all(winner_of(row, leaves.size) == 0 for row in rows), "a finished position"
        if asked is not None:
            asked.append(len(rows))
        said = [evaluator(row) for row in rows]
        return Evaluation(
            logits=np.array([logits for logits, _ in said], np.float32),
            value=np.array([value for _, value in said], np.float32),
            version=0,
        )

    return evaluate
