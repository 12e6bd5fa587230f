"""How many random stones a game begins with, and where they lie."""

import numpy as np
import pytest

from hexray.config import SelfplaySettings
from hexray.play.random_stones import random_stones


def drawn(size: int, count: int, **settings: float) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    chosen = SelfplaySettings.model_validate({"random_share": 1.0, **settings})
    return [random_stones(size, chosen, rng) for _ in range(count)]


def near_another(openings: list[np.ndarray], size: int) -> float:
    """Return the share of stones after the first that lie two steps from an earlier one."""
    found = []
    for cells in openings:
        rows, columns = np.divmod(cells, size)
        for place in range(1, len(cells)):
            down, right = rows[place] - rows[:place], columns[place] - columns[:place]
            steps = np.maximum(np.maximum(abs(down), abs(right)), abs(down + right))
            found.append(steps.min() <= 2)
    return float(np.mean(found))


@pytest.mark.parametrize("clusters", [0.0, 1.0])
def test_their_number_follows_the_settings(clusters: float) -> None:
    counts = [len(cells) for cells in drawn(6, 3000, random_clusters=clusters)]
    assert (min(counts), max(counts)) == (0, 18)
    assert abs(np.mean(counts) - 9) < 0.5
    few = drawn(6, 200, random_share=0.0, random_clusters=clusters)
    assert {len(cells) for cells in few} == {1, 2}


def test_no_cell_is_drawn_twice_and_every_cell_comes() -> None:
    openings = drawn(5, 2000, random_clusters=1.0, random_stones=1.0)
    assert all(len(set(cells.tolist())) == len(cells) for cells in openings)
    assert all(cells.min() >= 0 and cells.max() < 25 for cells in openings if len(cells))
    seen = np.bincount(np.concatenate(openings), minlength=25)
    assert seen.min() > 0.7 * seen.mean()


def test_clusters_gather_the_stones() -> None:
    size = 11
    scattered = near_another(drawn(size, 300, random_stones=0.1), size)
    gathered = near_another(drawn(size, 300, random_stones=0.1, random_clusters=1.0), size)
    assert gathered > scattered + 0.15
