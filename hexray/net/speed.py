"""How fast the bare network is: the bound that self-play is measured against."""

import time
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
    is_compiled: bool


def measure_speed(
    net: NetSettings, inference: InferenceSettings, size: int, seconds: float
) -> Speed:
    """Evaluate random boards in batches of ``inference.batch_rows`` for ``seconds``."""
    evaluator = Evaluator(net, inference, size)
    evaluator.load(0, fresh_weights(net, seed=0))
    rng = np.random.default_rng(0)
    cells = rng.integers(-1, 2, (inference.batch_rows, size * size)).astype(np.int8)
    evaluator(Leaves(cells, size))
    batches, start = 0, time.perf_counter()
    while (elapsed := time.perf_counter() - start) < seconds:
        evaluator(Leaves(cells, size))
        batches += 1
    return Speed(batches * len(cells) / elapsed, len(cells), evaluator.precision, inference.compile)
