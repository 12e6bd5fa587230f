"""The kernels' benchmarks play what they say they play."""

import numpy as np
import pytest

from hexray.config import SearchSettings
from hexray.game.board import EMPTY
from hexray.throughput.kernels import _midgame, _playouts, measure_rules, measure_search


@pytest.mark.parametrize("size", [2, 5, 11])
def test_positions_to_search_are_as_full_as_they_can_be_and_not_won(size: int) -> None:
    boards = _midgame(size, 200, np.random.default_rng(1))
    assert (np.count_nonzero(boards.cells, axis=1) == 2 * size - 2).all()
    assert (boards.winner == EMPTY).all()


def test_a_playout_ends_when_a_side_is_joined() -> None:
    moves, seconds = _playouts(3, np.random.default_rng(0))
    # A win takes three stones of one colour, five moves; nine fill the board.
    assert 5 * 1024 <= moves <= 9 * 1024
    assert seconds > 0


def test_the_figures_of_the_rules_belong_together() -> None:
    speed = measure_rules(5, 0.05)
    moves_a_game = 1e9 / speed.ns_per_move / speed.playouts_per_s
    assert 9 <= moves_a_game <= 25


def test_the_figures_of_the_search_belong_together() -> None:
    speed = measure_search(5, SearchSettings(simulations=8, candidates=4), 16, 0.05)
    assert speed.simulations_per_s == pytest.approx(8 * speed.moves_per_s)
    assert speed.us_per_simulation == pytest.approx(1e6 / speed.simulations_per_s)
