"""Names of cells and drawings of boards."""

import string

import pytest
from oracle import parse_board

from hexray.errors import IllegalMove
from hexray.game.notation import board_text, move_name, parse_move, parse_moves


@pytest.mark.parametrize("size", range(2, 20))
def test_every_cell_is_found_again_by_its_name(size: int) -> None:
    names = [move_name(move, size) for move in range(size * size)]
    assert len(set(names)) == size * size
    assert [parse_move(name, size) for name in names] == list(range(size * size))
    assert parse_moves(" ".join(names), size) == list(range(size * size))


def test_columns_are_letters_from_the_left_and_rows_numbers_from_the_top() -> None:
    assert [move_name(move, 3) for move in (0, 1, 2, 3, 8)] == ["a1", "b1", "c1", "a2", "c3"]
    assert move_name(360, 19) == "s19"


@pytest.mark.parametrize("text", ["B3", " b3", "b3 ", "\tb3\n"])
def test_case_and_blanks_around_a_name_do_not_matter(text: str) -> None:
    assert parse_move(text, 5) == 11


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "a", "1", "a0", "a01", "a00", "aa1", "1a", "a1b2", "a 1", "a-1", "a+1", "a1.0"),
        *(
            "a100",
            "a1\x00",
            "\x00a1",
            "a\n1",
            "swap",
            "a1a1",
            "a1,",
            "\uff411",
            "a\uff11",
            "a\u00b2",
            "a\u0661",
            "\u00e91",
        ),
        *("\u212a1", "\u017f1", "\u0430" + "1", "a1\u0301", "a" * 100_000, "a" + "1" * 100_000),
    ],
)
def test_what_is_no_name_is_refused_by_its_text(text: str) -> None:
    with pytest.raises(IllegalMove, match="is no cell; write a letter and a number, such as c3"):
        parse_move(text, 19)


@pytest.mark.parametrize("text", ["f1", "a6", "z99", "z1", "a99", "Z9"])
def test_a_name_off_the_board_is_refused_with_the_size(text: str) -> None:
    with pytest.raises(IllegalMove) as caught:
        parse_move(text, 5)
    assert str(caught.value) == f"'{text}' is off the 5x5 board"


def test_one_bad_name_in_a_sequence_is_the_one_reported() -> None:
    with pytest.raises(IllegalMove, match="'zz' is no cell"):
        parse_moves("a1 b2 zz c3", 5)


def test_no_names_are_no_moves() -> None:
    assert parse_moves("  \n ", 5) == []


def test_a_board_is_drawn_as_by_hand() -> None:
    assert board_text(parse_board("R . B  . R .  B . ."), 3).split("\n") == [
        "   a b c",
        " 1 R . B",
        "  2 . R .",
        "   3 B . .",
    ]


@pytest.mark.parametrize("size", [2, 9, 10, 19])
def test_a_drawing_is_read_back_and_its_columns_are_named(size: int) -> None:
    cells = [(cell * 7) % 3 - 1 for cell in range(size * size)]
    text = board_text(cells, size)
    assert parse_board(text) == cells
    assert text.split("\n")[0].split() == list(string.ascii_lowercase[:size])
