"""Alpha-beta against plain minimax, exact play near the end, and bridges that hold."""

import random
from collections.abc import Sequence

import numpy as np
import oracle
import pytest
from numpy.typing import NDArray

from hexray.errors import SettingsError
from hexray.game.notation import parse_move
from hexray.search.heuristic import (
    UNSEARCHED,
    WIN,
    Heuristic,
    Kind,
    check_heuristic,
    judge,
    root_scores,
)

each_kind = pytest.mark.parametrize("kind", ["two-distance", "resistance"])


def _positions(size: int, count: int, seed: int, stones: Sequence[int]) -> list[NDArray[np.int8]]:
    """Make random positions as their player to move sees them."""
    rng = random.Random(seed)
    made = []
    for _ in range(count):
        moves = oracle.random_position(size, rng.choice(stones), rng)
        cells, to_move, _ = oracle.replay(size, moves)
        made.append(np.array(oracle.mover_view(cells, to_move, size), np.int8))
    return made


def _wins(cells: list[int], size: int, colour: int) -> list[int]:
    """Return the cells where a stone of ``colour`` joins his sides."""
    empty = [cell for cell in range(size * size) if cells[cell] == 0]
    after = [[*cells[:cell], colour, *cells[cell + 1 :]] for cell in empty]
    joined = [oracle.has_joined(one, size, colour) for one in after]
    return [cell for cell, is_won in zip(empty, joined, strict=True) if is_won]


def _plain(cells: list[int], size: int, colour: int, ply: int, heuristic: Heuristic) -> int:
    """Return the score for ``colour``, looking at every move that the width allows."""
    if _wins(cells, size, colour):
        return WIN - ply - 1
    if ply < heuristic.depth:
        return max(_answers(cells, size, colour, ply, heuristic).values())
    if len(_wins(cells, size, -colour)) > 1:
        return -(WIN - ply - 2)
    return judge(np.array(oracle.mover_view(cells, colour, size), np.int8), heuristic.kind)[0]


def _answers(
    cells: list[int], size: int, colour: int, ply: int, heuristic: Heuristic
) -> dict[int, int]:
    scores = {}
    for move in _moves(cells, size, colour, heuristic):
        after = [*cells[:move], colour, *cells[move + 1 :]]
        scores[move] = -_plain(after, size, -colour, ply + 1, heuristic)
    return scores


def _moves(cells: list[int], size: int, colour: int, heuristic: Heuristic) -> list[int]:
    if threats := _wins(cells, size, -colour):
        transposed = [oracle.mover_cell(cell, -colour, size) for cell in threats]
        return [oracle.mover_cell(min(transposed), -colour, size)]
    seen = np.array(oracle.mover_view(cells, colour, size), np.int8)
    urgency = judge(seen, heuristic.kind)[1]
    empty = [cell for cell in range(size * size) if cells[cell] == 0]
    ranked = sorted(empty, key=lambda cell: -urgency[oracle.mover_cell(cell, colour, size)])
    return ranked[: heuristic.width]


@each_kind
@pytest.mark.parametrize(("depth", "width"), [(1, 9), (2, 4), (3, 3), (4, 2)])
def test_alpha_beta_finds_what_plain_minimax_finds(kind: Kind, depth: int, width: int) -> None:
    heuristic = Heuristic(kind, depth, width)
    for cells in _positions(5, 12, depth, range(16)):
        if _wins(cells.tolist(), 5, 1):
            continue
        expected = _answers(cells.tolist(), 5, 1, 0, heuristic)
        found = root_scores(cells, heuristic)
        best = max(expected.values())
        assert found.max() == best
        assert set(np.flatnonzero(found > UNSEARCHED).tolist()) == set(expected)
        for move, score in expected.items():
            assert score <= found[move]
            assert (found[move] == best) == (score == best)


@each_kind
def test_a_win_in_one_is_found_whatever_the_width(kind: Kind) -> None:
    found = 0
    for cells in _positions(5, 60, 9, range(10, 20)):
        wins = _wins(cells.tolist(), 5, 1)
        scores = root_scores(cells, Heuristic(kind, 1, 1))
        assert (scores.max() == WIN - 1) == bool(wins)
        if wins:
            assert np.flatnonzero(scores == scores.max()).tolist() == wins
            found += 1
    assert found > 5


@each_kind
def test_a_win_of_the_opponent_in_one_is_stopped_whatever_the_width(kind: Kind) -> None:
    found = 0
    for cells in _positions(5, 120, 10, range(10, 20)):
        wins, threats = (_wins(cells.tolist(), 5, colour) for colour in (1, -1))
        if not wins and len(threats) == 1:
            scores = root_scores(cells, Heuristic(kind, 1, 1))
            assert np.flatnonzero(scores > UNSEARCHED).tolist() == threats
            found += 1
    assert found > 5


@each_kind
def test_a_search_to_the_end_solves_positions_of_4x4(kind: Kind) -> None:
    for cells in _positions(4, 60, 11, range(7, 15)):
        truth = oracle.solve(cells.tolist(), 1, 4, {})
        best = root_scores(cells, Heuristic(kind, 16, 16)).max()
        assert np.sign(best) == truth
        assert abs(best) > WIN - 17


@each_kind
@pytest.mark.parametrize(
    ("intrusion", "answer"), [("c2", "b2"), ("b2", "c2"), ("b4", "a4"), ("a4", "b4")]
)
def test_a_bridge_is_held_at_depth_2(kind: Kind, intrusion: str, answer: str) -> None:
    cells = np.array(
        oracle.parse_board("""
            . . R . .
             . . . . .
              . R . . .
               . . . . .
                R B . . .
        """),
        np.int8,
    )
    cells[parse_move(intrusion, 5)] = -1
    scores = root_scores(cells, Heuristic(kind, 2, 12))
    assert scores.argmax() == parse_move(answer, 5)
    assert np.sum(scores == scores.max()) == 1


@pytest.mark.parametrize(
    ("heuristic", "message"),
    [
        (("voltage", 1, 1), "kind 'voltage' is unknown; use one of two-distance, resistance"),
        (("resistance", 0, 1), "depth 0 is below 1"),
        (("resistance", 1, -2), "width -2 is below 1"),
    ],
)
def test_bad_settings_are_refused(heuristic: tuple, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        check_heuristic(Heuristic(*heuristic))
