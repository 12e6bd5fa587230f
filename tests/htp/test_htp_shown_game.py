"""A game with a swap is shown with its stones where they lie, and the numbers they came with."""

import pytest

from hexray.game.board import BLUE, RED
from hexray.game.notation import parse_moves
from hexray.game.picture import board_svg
from hexray.game.terminal import board_text
from hexray.htp.game import Game, parse_point
from hexray.htp.shown_game import shown_game


def played(moves: str, size: int = 3) -> Game:
    game = Game(size)
    for ply, name in enumerate(moves.split()):
        game.play(BLUE if ply % 2 else RED, parse_point(name, size))
    return game


@pytest.mark.parametrize(
    ("moves", "numbers", "last"),
    [
        ("", {}, None),
        ("b1", {"b1": 1}, "b1"),
        ("b1 swap-pieces", {"a2": 1}, "a2"),  # row 1, column 2 becomes row 2, column 1
        ("b1 swap-pieces b1 c3", {"a2": 1, "b1": 3, "c3": 4}, "c3"),
        ("b1 c3 resign", {"b1": 1, "c3": 2}, "c3"),
    ],
)
def test_stones_have_the_number_of_their_move(
    moves: str, numbers: dict[str, int], last: str | None
) -> None:
    shown = shown_game(played(moves))
    expected = {parse_moves(name, 3)[0]: number for name, number in numbers.items()}
    assert shown.numbers == expected
    assert shown.last == (None if last is None else parse_moves(last, 3)[0])
    assert {cell for cell in range(9) if shown.cells[cell]} == set(expected)


def test_who_moves_next_has_the_first_stone_of_a_line() -> None:
    assert shown_game(played("b1")).to_move == BLUE
    assert shown_game(played("b1 swap-pieces")).to_move == RED


def test_a_swapped_game_is_drawn() -> None:
    shown = shown_game(played("b1 swap-pieces a1 c1 b2"))
    assert "<title>1. a2</title>" in board_svg(shown)
    assert board_text(shown).split("\n")[1:4] == [
        "1 R . B 1",
        " 2 B(R). 2",
        "  3 . . . 3",
    ]
