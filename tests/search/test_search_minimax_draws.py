"""The random choices of minimax in self-play.

Each frequency is compared with its probability by Hoeffding's inequality: with n draws, one of k
frequencies is off by more than sqrt(ln(2 k / 1e-7) / 2 n) less than once in ten million runs.
"""

import itertools
from collections.abc import Sequence

import numpy as np
import pytest
from drawn import drawn, together
from evaluators import hashed, row_by_row
from numpy.typing import NDArray

from hexray.config import SearchSettings
from hexray.evaluation import Evaluate, Evaluation, Leaves, drive
from hexray.game.board import Boards, new_boards
from hexray.search.minimax import minimax
from hexray.search.root import SearchResult

DRAWS = 20_000
LOGITS = np.array([0.0, 1.0, -1.0, 0.5, 2.0, 0.0, 1.5, -0.5, 0.3])
VALUES = np.array([0.0, -0.5, 0.2, 0.9, -0.9, 0.4, 0.6, -0.2, 0.1])


def _search(
    boards: Boards, evaluate: Evaluate, warm: bool | Sequence[bool], seed: int, **settings: object
) -> SearchResult:
    is_warm = np.broadcast_to(np.array(warm), len(boards.cells))
    asked = SearchSettings.model_validate({"kind": "minimax", **settings})
    return drive(minimax(boards, asked, np.random.default_rng(seed), is_warm), evaluate)


def _first_stones(cells: NDArray[np.int8]) -> NDArray[np.intp]:
    """Return, of 3x3 boards with one stone of Red seen by Blue, the cell Red played."""
    row, column = np.divmod(cells.argmin(axis=1), 3)
    return column * 3 + row


def _fixed(leaves: Leaves) -> Evaluation:
    """Give an empty board LOGITS and the position after move m the value -VALUES[m]."""
    value = np.where(leaves.cells.any(axis=1), -VALUES[_first_stones(leaves.cells)], 0.0)
    logits = np.tile(LOGITS.astype(np.float32), (len(leaves.cells), 1))
    return Evaluation(logits, value.astype(np.float32), 0)


def _kept_by(temperature: float, width: int, seed: int) -> NDArray[np.intp]:
    """Return the moves kept at DRAWS empty 3x3 boards, [DRAWS, width]."""
    batches: list[NDArray[np.int8]] = []

    def evaluate(leaves: Leaves) -> Evaluation:
        batches.append(leaves.cells)
        return _fixed(leaves)

    boards = new_boards(DRAWS, 3)
    _search(boards, evaluate, False, seed, widths=(width,), width_temperature=temperature)
    return _first_stones(batches[1]).reshape(DRAWS, width)


def _softmax(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.exp(scores) / np.exp(scores).sum()


def _assert_drawn_from(outcomes: NDArray[np.integer], chances: NDArray[np.float64]) -> None:
    frequencies = np.bincount(outcomes, minlength=len(chances)) / len(outcomes)
    tolerance = np.sqrt(np.log(2 * len(chances) / 1e-7) / (2 * len(outcomes)))
    np.testing.assert_allclose(frequencies, chances, rtol=0, atol=tolerance)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_one_kept_child_is_drawn_from_the_prior_at_the_temperature(temperature: float) -> None:
    kept = _kept_by(temperature, width=1, seed=1)[:, 0]
    _assert_drawn_from(kept, _softmax(LOGITS / temperature))


def test_two_kept_children_are_drawn_without_replacement() -> None:
    chance = _softmax(LOGITS)
    pairs = _kept_by(1.0, width=2, seed=2)
    expected = np.zeros(81)
    for one, other in itertools.permutations(range(9), 2):
        expected[one * 9 + other] = chance[one] * chance[other] / (1 - chance[one])
    _assert_drawn_from(pairs[:, 0] * 9 + pairs[:, 1], expected)


def test_at_width_temperature_zero_the_likeliest_are_kept() -> None:
    kept = _kept_by(0.0, width=3, seed=3)
    assert (kept == np.argsort(-LOGITS)[:3]).all()


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_warm_games_draw_the_move_from_the_values_of_the_kept(temperature: float) -> None:
    found = _search(
        new_boards(DRAWS, 3),
        _fixed,
        True,
        4,
        widths=(9,),
        temperature=temperature,
        c_visit=3.0,
        c_scale=0.5,
    )
    _assert_drawn_from(found.moves, _softmax((3 + 1) * 0.5 * (VALUES + 1) / 2 / temperature))


def test_only_kept_moves_are_drawn() -> None:
    found = _search(
        new_boards(500, 3), _fixed, True, 5, widths=(3,), width_temperature=0.0, c_scale=0.0
    )
    assert set(found.moves.tolist()) == set(np.argsort(-LOGITS)[:3].tolist())


def test_cold_games_beside_warm_ones_play_the_best_move() -> None:
    warm = np.arange(400) % 2 == 0
    found = _search(new_boards(400, 3), _fixed, warm, 6, widths=(9,), c_visit=0.0)
    assert (found.moves[~warm] == VALUES.argmax()).all()
    assert len(set(found.moves[warm].tolist())) > 3


def test_at_temperature_zero_warm_games_play_the_best_move() -> None:
    found = _search(new_boards(200, 3), _fixed, True, 7, widths=(9,), temperature=0.0, c_visit=0.0)
    assert (found.moves == VALUES.argmax()).all()


def test_without_a_stream_nothing_is_drawn() -> None:
    settings = SearchSettings(kind="minimax", widths=(3,))
    found = drive(minimax(new_boards(200, 3), settings, None, np.ones(200, np.bool_)), _fixed)
    best = np.argsort(-LOGITS)[:3]
    assert (found.moves == best[VALUES[best].argmax()]).all()


def test_a_warm_game_takes_a_proven_win() -> None:
    boards = together([drawn("B R .  . R .  B . .")] * 500)
    found = _search(boards, row_by_row(hashed), True, 8, widths=(9,), c_scale=0.0)
    assert (found.moves == 7).all()


def test_a_warm_game_avoids_a_proven_loss() -> None:
    boards = together([drawn("R . R  B B .  . . .")] * 500)
    found = _search(boards, row_by_row(hashed), True, 9, widths=(9, 9), c_scale=0.0)
    assert (found.moves == 5).all()


def test_the_same_seed_gives_the_same_search_and_another_seed_another() -> None:
    one, same, other = (
        _search(new_boards(50, 5), row_by_row(hashed), True, seed, widths=(4, 3))
        for seed in (10, 10, 11)
    )
    for left, right in zip(one, same, strict=True):
        np.testing.assert_array_equal(left, right)
    assert (one.moves != other.moves).any()
    assert (one.policy != other.policy).any()
