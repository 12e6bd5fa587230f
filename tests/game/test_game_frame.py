"""The mover frame against a conversion written on its own, and the planes drawn by hand."""

import random

import numpy as np
import oracle
import pytest
from drawn import boards_from, drawn

from hexray.game import planes
from hexray.game.board import BLUE, EMPTY, RED, new_boards, place, play_sequence
from hexray.game.frame import mover_cells, swap_frame, swap_moves, write_mover_cells

SIZES = range(2, 20)


@pytest.mark.parametrize("colour", [RED, BLUE])
@pytest.mark.parametrize("size", SIZES)
def test_converting_a_move_twice_gives_it_back(size: int, colour: int) -> None:
    cells = range(size * size)
    assert [swap_frame(swap_frame(cell, colour, size), colour, size) for cell in cells] == [*cells]


@pytest.mark.parametrize("colour", [RED, BLUE])
@pytest.mark.parametrize("size", SIZES)
def test_a_move_is_converted_as_the_oracle_does(size: int, colour: int) -> None:
    cells = range(size * size)
    expected = [oracle.mover_cell(cell, colour, size) for cell in cells]
    assert [swap_frame(cell, colour, size) for cell in cells] == expected
    colours = np.full(size * size, colour, np.int8)
    assert swap_moves(np.arange(size * size), colours, size).tolist() == expected


@pytest.mark.parametrize("dtype", [np.int16, np.int32, np.int64])
def test_moves_of_any_width_are_converted_without_overflow(dtype: type) -> None:
    moves = np.arange(361, dtype=dtype)
    swapped = swap_moves(moves, np.full(361, BLUE, np.int8), 19)
    assert swapped.dtype == np.int64
    assert swapped.tolist() == [oracle.mover_cell(move, BLUE, 19) for move in range(361)]


@pytest.mark.parametrize("size", SIZES)
def test_boards_are_converted_as_the_oracle_does(size: int) -> None:
    rng = np.random.default_rng(size)
    cells = rng.integers(-1, 2, (12, size * size)).astype(np.int8)
    to_move = rng.choice([RED, BLUE], 12).astype(np.int8)
    expected = [
        oracle.mover_view(row.tolist(), int(colour), size)
        for row, colour in zip(cells, to_move, strict=True)
    ]
    assert mover_cells(cells, to_move).tolist() == expected
    for row, colour, seen in zip(cells, to_move, expected, strict=True):
        for function in (write_mover_cells, write_mover_cells.py_func):
            out = np.full(size * size, 9, np.int8)
            function(row, colour, size, out)
            assert out.tolist() == seen


def test_the_converted_boards_are_a_copy() -> None:
    cells = np.zeros((2, 9), np.int8)
    mover_cells(cells, np.array([RED, BLUE], np.int8))[:] = 1
    assert not cells.any()


def test_blue_on_the_left_edge_sees_itself_on_the_top_edge() -> None:
    boards = drawn("R . .  B . .  . . .", to_move=BLUE)
    seen = mover_cells(boards.cells, boards.to_move)
    assert seen[0].tolist() == oracle.parse_board("B R .  . . .  . . .")


@pytest.mark.parametrize("size", SIZES)
def test_playing_in_the_mover_frame_joins_top_to_bottom_when_the_game_is_won(size: int) -> None:
    rng = random.Random(size)
    for _ in range(4):
        moves = oracle.random_game(size, rng)
        seen = [EMPTY] * size**2
        for ply, move in enumerate(moves):
            colour = BLUE if ply % 2 else RED
            seen[oracle.mover_cell(move, colour, size)] = 1
            absolute = play_sequence(size, moves[: ply + 1])
            own = np.array([colour], np.int8)
            assert mover_cells(absolute.cells, own)[0].tolist() == seen
            assert oracle.has_joined(seen, size, RED) == (absolute.winner[0] == colour)
            assert not oracle.has_joined(seen, size, BLUE)
            seen = oracle.mover_view(seen, BLUE, size)


@pytest.mark.parametrize("function", [planes.encode, lambda cells, size: _by_python(cells, size)])
def test_the_planes_of_a_3x3_board_are_as_drawn(function) -> None:
    cells = np.array([oracle.parse_board("R . B  . R .  B . .")], np.int8)
    encoded = function(cells, 3)
    assert encoded.dtype == np.float32
    assert encoded.shape == (1, 3, 3, 5)
    assert encoded[0].transpose(2, 0, 1).tolist() == [
        [[1, 0, 0], [0, 1, 0], [0, 0, 0]],
        [[0, 0, 1], [0, 0, 0], [1, 0, 0]],
        [[1, 1, 1], [1, 1, 1], [1, 1, 1]],
        [[1, 1, 1], [0, 0, 0], [1, 1, 1]],
        [[1, 0, 1], [1, 0, 1], [1, 0, 1]],
    ]


def _by_python(cells: np.ndarray, size: int) -> np.ndarray:
    out = np.zeros((len(cells), size, size, len(planes.PLANES)), np.float32)
    planes._write.py_func(cells, size, out)
    return out


@pytest.mark.parametrize("size", [2, 7, 19])
def test_a_batch_of_planes_equals_the_planes_one_by_one_whatever_the_memory_order(
    size: int,
) -> None:
    rng = np.random.default_rng(size)
    cells = rng.integers(-1, 2, (6, size * size)).astype(np.int8)
    batch = planes.encode(np.asfortranarray(cells), size)
    for board in range(6):
        np.testing.assert_array_equal(
            batch[board], planes.encode(cells[board : board + 1], size)[0]
        )
        np.testing.assert_array_equal(batch[board : board + 1], _by_python(cells[[board]], size))


def test_planes_of_no_boards_are_empty() -> None:
    assert planes.encode(np.zeros((0, 25), np.int8), 5).shape == (0, 5, 5, 5)


def test_a_board_set_stone_by_stone_equals_the_board_played() -> None:
    played = play_sequence(3, [4, 0, 2])
    stones = boards_from(oracle.parse_board("B . R  . R .  . . ."))
    np.testing.assert_array_equal(played.cells, stones.cells)
    boards = new_boards(1, 3)
    assert not place(boards.cells[0], boards.links[0], 3, 4, RED)
