"""Boards in a terminal equal drawings made by hand, and colours add nothing but colour."""

import re

import oracle
import pytest

from hexray.errors import SettingsError
from hexray.game.board import BLUE
from hexray.game.notation import parse_move, parse_moves
from hexray.game.shown import Mark, Shown, after_moves
from hexray.game.terminal import board_text, has_circles, wants_colour

ESCAPE = re.compile(r"\x1b\[[0-9;]*m")


def by_name(size: int, marks: dict[str, Mark]) -> dict[int, Mark]:
    return {parse_move(name, size): mark for name, mark in marks.items()}


def lines_of(shown: Shown, *, circles: bool = False) -> list[str]:
    return board_text(shown, circles=circles).split("\n")


# Blue has answered b2 at a3; it is the last move.
THREE = after_moves(3, parse_moves("b2 a3", 3), title="a game")
# Red joins b1, b2, a3; the stone on c3 is no part of it.
JOINED = Shown(3, oracle.parse_board("B R .  . R B  R . R"), last=4)


def test_3x3_by_hand() -> None:
    assert lines_of(THREE) == [
        "a game",
        " a b c",
        "1 . . . 1",
        " 2 . R . 2",
        "  3(B). . 3",
        "     a b c",
    ]


def test_3x3_with_circles_by_hand() -> None:
    assert lines_of(THREE, circles=True)[2:5] == ["1 . . . 1", " 2 . ● . 2", "  3(○). . 3"]


def test_a_last_move_at_the_end_of_a_row_by_hand() -> None:
    assert lines_of(after_moves(3, [5], title=""))[2] == " 2 . .(R)2"


def test_a_chain_by_hand() -> None:
    assert lines_of(JOINED) == [
        " a b c",
        "1 B # . 1",
        " 2 .(#)B 2",
        "  3 # . R 3",
        "     a b c",
        "Red has joined top and bottom: b1 b2 a3",
    ]


def test_blues_chain_by_hand() -> None:
    shown = Shown(3, oracle.parse_board("R . B  B B .  . R R"))
    assert lines_of(shown)[1:4] == ["1 R . # 1", " 2 # # . 2", "  3 . R R 3"]
    assert lines_of(shown, circles=True)[1:4] == ["1 ● . ◇ 1", " 2 ◇ ◇ . 2", "  3 . ● ● 3"]
    assert lines_of(shown)[-1] == "Blue has joined left and right: a2 b2 c1"


def test_5x5_with_marks_a_line_and_shares_by_hand() -> None:
    heat = [0.0] * 25
    heat[0], heat[6], heat[13], heat[24] = 0.25, 0.5, 0.2, 0.05
    shown = Shown(
        5,
        after_moves(5, parse_moves("c3 b4 a5", 5), title="").cells,
        last=parse_move("a5", 5),
        heat=heat,
        marks=by_name(5, {"d3": Mark("61%", 1), "b2": Mark("100%", 2), "c3": Mark("?!")}),
        line=parse_moves("d3 d2 e1", 5),
        to_move=BLUE,
        legend="Blue wins with 61%",
    )
    assert lines_of(shown) == [
        " a   b   c   d   e",
        "1  25  .   .   .   b3 1",
        "  2  .  100  .   r2  .  2",
        "    3  .   .   R  61%  .  3",
        "      4  .   B   .   .   .  4",
        "        5 (R)  .   .   .   5  5",
        "             a   b   c   d   e",
        "1. d3 61%, 2. b2 100%, c3 ?!",
        "line, Blue first: d3 d2 e1",
        "policy: b2 50%, a1 25%, d3 20%, e5 5%",
        "Blue wins with 61%",
    ]


def test_a_large_board_has_ranks_and_the_rest_in_words() -> None:
    ranks = {f"a{rank}": Mark(f"{50 - rank}%", rank) for rank in range(1, 11)}
    marks = by_name(13, {**ranks, "b1": Mark("A")})
    shown = Shown(13, [0] * 169, marks=marks, line=parse_moves("c1 d1", 13))
    lines = lines_of(shown)
    assert lines[1] == " 1 1 A r b . . . . . . . . . 1"
    assert [line.split()[1] for line in lines[2:11]] == [*"23456789", "+"]
    said = " ".join(lines[15:])
    assert "1. a1 49%, 2. a2 48%" in said
    assert "10. a10 40%, b1 A" in said
    assert "line, Red first: c1 d1" in said


@pytest.mark.parametrize("size", range(2, 20))
@pytest.mark.parametrize("is_full", [False, True])
def test_no_line_is_longer_than_80_columns_and_columns_lean_by_half_a_cell(
    size: int, is_full: bool
) -> None:
    area = size * size
    cells = [0] * area
    marks = {cell: Mark("100%", cell + 1) for cell in range(area)} if is_full else {}
    heat = [1 / area] * area if is_full else None
    shown = Shown(size, cells, heat=heat, marks=marks, line=range(size if is_full else 0))
    lines = lines_of(shown)
    assert max(map(len, lines)) <= 80
    half = 2 if is_full and size <= 12 else 1
    above, below = lines[0], lines[size + 1]
    assert below == " " * (half * (size + 1)) + above
    plain = lines_of(Shown(size, cells, heat=[0] * area if half == 2 else None))
    for column in range(size):
        at = above.index(chr(ord("a") + column))
        places = [at + half * (row + 1) for row in range(size)]
        assert all(plain[row + 1][place] == "." for row, place in enumerate(places))


@pytest.mark.parametrize("size", [2, 5, 12, 13, 19])
@pytest.mark.parametrize("circles", [False, True])
def test_colours_add_no_character_and_no_colours_means_no_codes(size: int, circles: bool) -> None:
    shown = Shown(
        size,
        [1, -1, *[0] * (size * size - 2)],
        last=1,
        heat=[0.25] * size * size,
        marks={2: Mark("61%", 1)},
        line=[3],
    )
    plain = board_text(shown, circles=circles)
    painted = board_text(shown, colour=True, circles=circles)
    assert "\x1b" not in plain
    assert ESCAPE.sub("", painted) == plain
    assert painted.count("\x1b[0m") == len(ESCAPE.findall(painted)) / 2
    stone = "●" if circles else "R"
    assert re.search(rf"\x1b\[1;31m *{stone} *\x1b\[0m", painted)


def test_a_hostile_title_cannot_steer_the_terminal() -> None:
    assert "\x1b" not in board_text(Shown(2, [0] * 4, "\x1b[2J\x07\n"))
    with pytest.raises(SettingsError, match="control characters"):
        board_text(Shown(2, [0] * 4, marks={0: Mark("\x1b")}))


@pytest.mark.parametrize(
    ("is_terminal", "environment", "wanted"),
    [
        (True, {}, True),
        (False, {}, False),
        (True, {"NO_COLOR": "1"}, False),
        (True, {"NO_COLOR": ""}, True),
        (True, {"TERM": "dumb"}, False),
        (True, {"TERM": "xterm"}, True),
    ],
)
def test_colours_are_wanted_on_terminals_unless_somebody_objects(
    is_terminal: bool, environment: dict[str, str], wanted: bool
) -> None:
    assert wants_colour(is_terminal, environment) is wanted


@pytest.mark.parametrize(
    ("encoding", "has"),
    [("utf-8", True), ("ascii", False), ("latin-1", False), (None, False), ("no-such", False)],
)
def test_circles_need_an_encoding_that_has_them(encoding: str | None, has: bool) -> None:
    assert has_circles(encoding) is has
