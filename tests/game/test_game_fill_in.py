"""Filling dead and captured cells never changes who wins, by exhaustive search and solved truth."""

import random

import numpy as np
import oracle
import pytest
from drawn import drawn
from random_games import random_stones_on

from hexray.game.fill_in import filled
from hexray.game.frame import mover_cells
from hexray.play.solved import read_solved, shipped_positions


def filled_drawing(text: str) -> list[list[int]]:
    """Fill a drawing as Red sees it; return its rows."""
    board = drawn(text)
    return filled(board.cells, board.size)[0].reshape(board.size, -1).tolist()


def _value(cells: list[int], to_move: int, size: int, known: dict) -> int:
    return oracle.winner_of(cells, size) * to_move or oracle.solve(cells, to_move, size, known)


@pytest.mark.parametrize(("size", "count"), [(2, 60), (3, 400), (4, 300)])
@pytest.mark.parametrize("to_move", [oracle.RED, oracle.BLUE])
def test_the_winner_is_the_same_whoever_moves(size: int, count: int, to_move: int) -> None:
    rng, known, fewer = random.Random(size), {}, 0
    for _ in range(count):
        cells = random_stones_on(size, rng, least=0 if size < 4 else 8)
        if oracle.winner_of(cells, size):
            continue
        after = filled(np.array([cells], np.int8), size)[0].tolist()
        assert all(stone == 0 or stone == now for stone, now in zip(cells, after, strict=True))
        assert _value(after, to_move, size, known) == oracle.solve(cells, to_move, size, known)
        fewer += after != cells
    assert fewer > count / 10


@pytest.mark.parametrize(("size", "least"), [(5, 20), (6, 10), (7, 1), (8, 1)])
def test_no_solved_position_is_filled_to_the_wrong_end(size: int, least: int) -> None:
    path = shipped_positions(size)
    assert path is not None
    solved = read_solved(path)
    seen = mover_cells(solved.boards.cells, solved.boards.to_move)
    after, ended = filled(seen, size), 0
    for cells, wins in zip(after.tolist(), solved.wins, strict=True):
        winner = oracle.winner_of(cells, size)
        assert winner in (0, 1 if wins else -1)
        ended += winner != 0
    assert ended >= least
    assert (after == 0).mean() < 0.9 * (seen == 0).mean()


def test_a_stone_on_the_second_row_captures_the_cells_below_it() -> None:
    rows = filled_drawing("""
        . . . . .
         . . . . .
          . . . . .
           . . R . .
            . . . . .
    """)
    assert rows[4][2:4] == [1, 1]
    assert rows[2] == [0, 0, 0, 0, 0]


def test_a_cell_between_four_stones_of_one_colour_in_a_row_is_dead() -> None:
    rows = filled_drawing("""
        . . . . .
         . . B B .
          . B . . .
           . B . . .
            . . . . .
    """)
    assert rows[2][2] != 0


def test_a_cell_between_two_colours_is_dead_to_both() -> None:
    rows = filled_drawing("""
        . . . . . .
         . . R R . .
          . R . B . .
           . B B . . .
            . . . . . .
             . . . . . .
    """)
    assert rows[2][2] == 1


def test_the_pair_of_a_bridge_stays_open() -> None:
    rows = filled_drawing("""
        . . . . . .
         . . . . . .
          . . . R . .
           . . . . . .
            . . R . . .
             . . . . . .
    """)
    assert rows[3][2] == rows[3][3] == 0


def test_an_empty_board_has_nothing_to_fill() -> None:
    for size in range(4, 20):
        assert not filled(np.zeros((1, size * size), np.int8), size).any()


def test_nothing_is_left_to_fill_and_the_boards_given_stay() -> None:
    rng = random.Random(3)
    boards = np.array([random_stones_on(7, rng, least=0) for _ in range(300)], np.int8)
    before = boards.copy()
    once = filled(boards, 7)
    assert np.array_equal(boards, before)
    assert np.array_equal(filled(once, 7), once)
    assert np.array_equal(filled(np.asfortranarray(boards), 7), once)
    singly = [filled(board[None], 7)[0] for board in boards]
    assert np.array_equal(once, singly)


@pytest.mark.parametrize("cell", [-128, -2, 2, 127])
def test_what_is_no_stone_is_refused(cell: int) -> None:
    cells = np.zeros((2, 25), np.int8)
    cells[1, 3] = cell
    with pytest.raises(ValueError, match=f"{cell}.*use -1, 0 and 1"):
        filled(cells, 5)


def test_no_boards_are_no_error() -> None:
    assert filled(np.zeros((0, 25), np.int8), 5).shape == (0, 25)
