"""The fast boards against the slow engine, at every size."""

import itertools
import random

import numpy as np
import oracle
import pytest
from drawn import boards_from, drawn
from numpy.typing import NDArray

from hexray.errors import IllegalMove, SettingsError
from hexray.game.board import (
    BLUE,
    EMPTY,
    RED,
    new_boards,
    place,
    play,
    play_kernel,
    play_sequence,
)
from hexray.game.symmetry import half_turn, reflect

SIZES = range(2, 20)


def _games(size: int, seed: int) -> list[list[int]]:
    rng = random.Random(1000 * size + seed)
    return [oracle.random_game(size, rng) for _ in range(max(4, min(500, 40_000 // size**3)))]


def _repeated(count: int, game: int = 0) -> NDArray[np.intp]:
    return np.full(count, game, np.intp)


@pytest.mark.parametrize("size", SIZES)
def test_random_games_are_won_at_the_move_and_by_the_side_the_oracle_says(size: int) -> None:
    for moves in _games(size, seed=0):
        before, after = play_sequence(size, moves[:-1]), play_sequence(size, moves)
        cells, to_move, winner = oracle.replay(size, moves)
        assert before.winner[0] == EMPTY
        assert after.winner[0] == winner
        assert after.to_move[0] == to_move
        assert after.cells[0].tolist() == cells


@pytest.mark.parametrize("size", SIZES)
def test_a_batch_of_games_equals_the_games_one_by_one(size: int) -> None:
    games = _games(size, seed=1)
    batch = new_boards(len(games), size)
    turns = [
        (game, moves[ply])
        for ply in range(size**2)
        for game, moves in enumerate(games)
        if ply < len(moves)
    ]
    play(batch, *(np.array(column) for column in zip(*turns, strict=True)))
    for game, moves in enumerate(games):
        alone = play_sequence(size, moves)
        for together, single in zip(batch.take(_repeated(1, game)), alone, strict=True):
            np.testing.assert_array_equal(together, single)


def _winners_of_full_board(cells: list[int]) -> list[int]:
    size = round(len(cells) ** 0.5)
    boards = new_boards(1, size)
    joins = [
        (stone, place(boards.cells[0], boards.links[0], size, cell, stone))
        for cell, stone in enumerate(cells)
    ]
    return sorted({stone for stone, joined in joins if joined})


@pytest.mark.parametrize("size", [2, 3])
def test_every_full_board_has_exactly_the_one_winner_of_the_oracle(size: int) -> None:
    for cells in itertools.product((RED, BLUE), repeat=size * size):
        assert _winners_of_full_board([*cells]) == [oracle.winner_of(cells, size)]


@pytest.mark.parametrize("size", range(4, 20))
def test_random_full_boards_have_exactly_the_one_winner_of_the_oracle(size: int) -> None:
    rng = random.Random(size)
    for _ in range(30):
        cells = rng.choices((RED, BLUE), k=size * size)
        assert _winners_of_full_board(cells) == [oracle.winner_of(cells, size)]


@pytest.mark.parametrize("size", [2, 3, 7, 19])
def test_two_stones_are_linked_exactly_where_the_oracle_has_neighbours(size: int) -> None:
    inner = [
        row * size + column for row in range(1, size - 1) for column in range(1, size - 1)
    ] or [0]
    for one in inner if size < 10 else inner[:40]:
        for other in set(range(size * size)) - {one}:
            boards = new_boards(1, size)
            links = boards.links[0]
            for cell in (one, other):
                place(boards.cells[0], links, size, cell, RED)
            root_one, root_other = _root(links, one), _root(links, other)
            both_top = one < size and other < size
            is_linked = other in oracle.neighbours(one, size) or both_top
            assert (root_one == root_other) == is_linked, (one, other)


def _root(links: NDArray[np.int16], node: int) -> int:
    while links[node] != node:
        node = int(links[node])
    return node


@pytest.mark.parametrize(
    ("drawing", "winner"),
    [
        (". R  R .", RED),
        ("R .  . R", EMPTY),
        (". B  B .", BLUE),
        ("B .  . B", EMPTY),
    ],
)
def test_on_2x2_b1_touches_a2_and_a1_does_not_touch_b2(drawing: str, winner: int) -> None:
    cells = oracle.parse_board(drawing)
    boards = new_boards(1, 2)
    joins = [
        place(boards.cells[0], boards.links[0], 2, cell, stone)
        for cell, stone in enumerate(cells)
        if stone
    ]
    assert joins == [False, winner != EMPTY]


@pytest.mark.parametrize(
    ("moves", "message"),
    [
        ([9], "cell 9 is off the 3x3 board; use 0 to 8"),
        ([-1], "cell -1 is off the 3x3 board; use 0 to 8"),
        ([2**40], f"cell {2**40} is off the 3x3 board; use 0 to 8"),
        ([4, 4], "b2 is occupied; choose an empty cell"),
        ([4, 5, 4], "b2 is occupied; choose an empty cell"),
        ([1, 0, 4, 3, 7, 8], "c3 comes after the game was won; remove it"),
        ([1, 0, 4, 3, 7, 7], "b3 comes after the game was won; remove it"),
    ],
)
def test_an_illegal_move_says_what_is_wrong(moves: list[int], message: str) -> None:
    with pytest.raises(IllegalMove) as caught:
        play_sequence(3, moves)
    assert str(caught.value) == message


def test_moves_before_an_illegal_one_stay_played_and_later_ones_do_not() -> None:
    boards = new_boards(2, 3)
    with pytest.raises(IllegalMove):
        play(boards, np.array([0, 1, 0, 1]), np.array([4, 4, 4, 5]))
    assert boards.cells.tolist() == [[0, 0, 0, 0, RED, 0, 0, 0, 0]] * 2
    assert boards.to_move.tolist() == [BLUE, BLUE]


@pytest.mark.parametrize("size", [-1, 0, 1, 20])
def test_a_size_out_of_range_is_refused_with_its_value(size: int) -> None:
    with pytest.raises(SettingsError, match=rf"size {size} is out of range; use 2 to 19"):
        new_boards(1, size)


def test_taken_boards_are_copies() -> None:
    boards = new_boards(2, 3)
    copy = boards.take(np.array([1, 1]))
    play(copy, np.array([0]), np.array([4]))
    assert not boards.cells.any()
    assert not copy.cells[1].any()
    np.testing.assert_array_equal(boards.links, new_boards(2, 3).links)


def test_no_games_and_no_moves_are_played_in_silence() -> None:
    boards = new_boards(0, 5)
    play(boards, _repeated(0), np.array([], np.int64))
    assert boards.cells.shape == (0, 25)


@pytest.mark.parametrize("size", SIZES)
def test_the_half_turn_keeps_the_winner_and_the_reflection_exchanges_it(size: int) -> None:
    for moves in _games(size, seed=2)[:5]:
        won = play_sequence(size, moves)
        turned = boards_from(half_turn(won.cells)[0].tolist())
        mirrored = boards_from(reflect(won.cells)[0].tolist())
        assert _winner_by_links(turned) == won.winner[0]
        assert _winner_by_links(mirrored) == -won.winner[0]


def _winner_by_links(boards) -> int:
    links, area = boards.links[0], boards.cells.shape[1]
    if _root(links, area) == _root(links, area + 1):
        return RED
    return BLUE if _root(links, area + 2) == _root(links, area + 3) else EMPTY


def test_the_half_turn_and_the_reflection_undo_themselves() -> None:
    cells = np.random.default_rng(3).integers(-1, 2, (20, 49)).astype(np.int8)
    np.testing.assert_array_equal(half_turn(half_turn(cells)), cells)
    np.testing.assert_array_equal(reflect(reflect(cells)), cells)


def test_a_drawn_position_is_reflected_as_by_hand() -> None:
    cells = drawn("R R .  . B .  . . .").cells
    assert reflect(cells)[0].tolist() == oracle.parse_board("B . .  B R .  . . .")


@pytest.mark.parametrize("size", [2, 5, 8])
def test_the_kernels_equal_their_python_functions(size: int) -> None:
    for moves in _games(size, seed=4)[:20]:
        fast, slow = new_boards(1, size), new_boards(1, size)
        hostile = [*moves[:3], moves[0], *moves[3:]]
        games = _repeated(len(hostile))
        counts = [
            function(boards, size, games, np.array(hostile))
            for function, boards in ((play_kernel, fast), (play_kernel.py_func, slow))
        ]
        assert counts[0] == counts[1] == 3
        for one, other in zip(fast, slow, strict=True):
            np.testing.assert_array_equal(one, other)
        for cell in range(size * size):
            joins = [
                function(boards.cells[0], boards.links[0], size, cell, BLUE)
                for function, boards in ((place, fast), (place.py_func, slow))
            ]
            assert joins[0] == joins[1]
