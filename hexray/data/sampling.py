"""Which rows of the replay window are drawn: any, the newest, or more of the newest."""

from collections.abc import Callable
from functools import partial
from math import ceil

import numpy as np
from numpy.typing import NDArray

from hexray.config import ReplaySettings

Pick = Callable[[int, int, np.random.Generator], NDArray[np.int64]]
"""Maps rows held, rows wanted and rng to the places drawn, from 0 for the oldest row held."""


def picker(settings: ReplaySettings) -> Pick:
    """Return the way of drawing that ``settings.sampling`` names."""
    if settings.sampling == "random":
        return anywhere
    top_share = settings.top_share if settings.sampling == "top_random" else 1.0
    return partial(_from_newest, settings.newest_share, top_share)


def anywhere(held: int, count: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Draw ``count`` of ``held`` places uniformly with replacement."""
    return rng.integers(held, size=count)


def _from_newest(
    newest_share: float, top_share: float, held: int, count: int, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Draw a share of the places from the newest part and the others from the older one.

    Each part is drawn uniformly with replacement. The two are mixed evenly: of any run of n places
    less than one more or fewer than ``top_share * n`` are of the newest part, so the same holds for
    every batch. Where there is no older row all come from the newest part, which has at least one.
    """
    older = held - max(1, ceil(held * newest_share))
    due = np.floor(np.arange(count + 1) * top_share)
    is_newest = np.diff(due) > 0 if older else np.ones(count, np.bool_)
    return rng.integers(np.where(is_newest, older, 0), np.where(is_newest, held, older))
