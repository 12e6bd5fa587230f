"""How fast the bare network is: the bound that self-play is measured against."""

import time
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from hexray.config import InferenceSettings, NetSettings
from hexray.evaluation import Leaves
from hexray.net.evaluator import Evaluator
from hexray.net.trainer import fresh_weights


class Speed(NamedTuple):
    """Evaluations a second of one process, and how they were made."""

    evaluations_per_s: float
    batch_rows: int
    precision: str
    backend: str


def measure_speed(
    net: NetSettings,
    inference: InferenceSettings,
    size: int,
    batches: Sequence[int],
    seconds: float,
) -> list[Speed]:
    """Evaluate random boards for ``seconds`` with each number of rows in ``batches``."""
    largest = inference.model_copy(update={"batch_rows": max(batches)})
    evaluator = Evaluator(net, largest, size)
    evaluator.load(0, fresh_weights(net, seed=0))
    rng = np.random.default_rng(0)
    cells = rng.integers(-1, 2, (max(batches), size * size)).astype(np.int8)
    return [
        Speed(
            _rate(evaluator, Leaves(cells[:rows], size), seconds),
            rows,
            evaluator.precision,
            inference.backend,
        )
        for rows in batches
    ]


def _rate(evaluator: Evaluator, leaves: Leaves, seconds: float) -> float:
    evaluator(leaves)
    calls, start = 0, time.perf_counter()
    while (elapsed := time.perf_counter() - start) < seconds:
        evaluator(leaves)
        calls += 1
    return calls * len(leaves.cells) / elapsed
