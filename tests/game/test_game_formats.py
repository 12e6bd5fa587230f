"""Formats of games: each writes what it reads, all say the same, nothing wrong gets in."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from drawn_records import known_to, records
from hypothesis import given, settings

from hexray.game.board import RED
from hexray.game.formats.hexworld import hexworld_link, read_hexworld_line
from hexray.game.formats.match import match_line, read_match_line
from hexray.game.formats.record import GameRecord, Rejected
from hexray.game.formats.sgf import read_sgf, sgf_text
from hexray.game.formats.trmph import read_trmph_line, trmph_line
from hexray.game.notation import parse_moves

DATA = Path(__file__).parent.parent / "data" / "formats"


def of_lines(
    read: Callable[[str, int], GameRecord | Rejected | None],
) -> Callable[[str], Iterator[GameRecord | Rejected]]:
    """Read the text of a format of a game a line."""
    return lambda text: (
        found
        for number, line in enumerate(text.splitlines(), start=1)
        if (found := read(line, number)) is not None
    )


READERS: dict[str, Callable[[str], Iterator[GameRecord | Rejected]]] = {
    "trmph": of_lines(read_trmph_line),
    "hexworld": of_lines(read_hexworld_line),
    "sgf": read_sgf,
    "match": of_lines(read_match_line),
}
WRITERS: dict[str, Callable[[GameRecord], str]] = {
    "trmph": trmph_line,
    "hexworld": hexworld_link,
    "sgf": sgf_text,
    "match": match_line,
}
# By pieces: B b1, W swap, B d4, W b2, B d3, W c2, B c4, W d2, and the second player has joined
# left and right. In the mirror the stones alternate and he is Red.
SWAPPED = GameRecord(
    4, tuple(parse_moves("b1 d4 b2 c4 b3 d3 b4", 4)), RED, "joined", True, "one", "two"
)


def one(text: str, name: str) -> GameRecord | Rejected:
    """Read exactly one game."""
    (found,) = READERS[name](text)
    return found


@pytest.mark.parametrize("to", WRITERS)
@pytest.mark.parametrize("through", WRITERS)
@settings(deadline=None)
@given(record=records())
def test_a_game_comes_back_through_any_two_formats(
    through: str, to: str, record: GameRecord
) -> None:
    between = one(WRITERS[through](record), through)
    assert between == known_to(through, record)
    assert one(WRITERS[to](between), to) == known_to(to, known_to(through, record))


@pytest.mark.parametrize(
    ("file", "games"),
    [
        ("little_golem.hsgf", 1),
        ("hexgui_0_9.sgf", 1),
        ("two_games.sgf", 2),
        ("swapped.trmph", 3),
        ("links.hexworld", 4),
    ],
)
def test_every_dialect_tells_the_same_game(file: str, games: int) -> None:
    name = {".trmph": "trmph", ".hexworld": "hexworld"}.get((DATA / file).suffix, "sgf")
    found = list(READERS[name]((DATA / file).read_text(encoding="utf-8")))
    assert found == [known_to(name, SWAPPED)] * games


def test_a_swap_is_written_as_each_format_has_it() -> None:
    assert trmph_line(SWAPPED) == "#4,a2a2d4b2d3c2c4d2 r"
    assert hexworld_link(SWAPPED) == "https://hexworld.org/board/#4,b1:sd4b2d3c2c4d2"
    assert sgf_text(SWAPPED) == (
        "(;FF[4]GM[11]SZ[4]PB[one]PW[two]RE[W+];B[b1];W[swap-pieces];B[d4]\n"
        ";W[b2];B[d3];W[c2];B[c4];W[d2])\n"
    )


def test_who_gives_up_after_a_swap_is_told_by_his_colour_on_the_board() -> None:
    for text in ("#4,b1:sd4:rb", "#4,b1:Sd4:rw"):
        record = one(text, "hexworld")
        assert record == GameRecord(4, (1, 15), RED, "resigned", True)
    for text in (";B[b1];W[swap-pieces];B[d4];B[resign]", ";B[b1];W[swap-sides];W[d4];W[resign]"):
        record = one(f"(;GM[11]SZ[4]{text})", "sgf")
        assert record == GameRecord(4, (1, 15), RED, "resigned", True)


@pytest.mark.parametrize(
    ("name", "text", "column", "reason"),
    [
        ("trmph", "13,a1b2", 1, "no trmph line"),
        ("trmph", "http://trmph.com/hex/bord#13,a1", 1, "no trmph line"),
        ("trmph", "#a1b2", 2, "no board size and comma"),
        ("trmph", "#1,a1", 2, "a board of 1x1: hexray plays on 2x2 to 19x19"),
        ("trmph", "#20,a1", 2, "a board of 20x20"),
        ("trmph", "#3,a1b0", 6, "'b0' is no move"),
        ("trmph", "#3,a1b\x00", 6, "is no move"),
        ("trmph", "#3,a1b\ufffd2", 6, "is no move"),
        ("trmph", "#3,a1d1 b", 6, "'d1' is off the 3x3 board"),
        ("trmph", "#3,a1b2a1 b", 8, "a1 is occupied"),
        ("trmph", "#3,a1b2c3c3", 10, "c3 is occupied"),
        ("trmph", "#3,b1a1b2c1b3c3 b", 14, "c3 comes after the end: top and bottom are joined"),
        ("trmph", "#3,b1a1b2c1b3 r", 15, "the second colour is named as winner, but top and"),
        ("trmph", "#4,a2a2d4b2d3c2c4d2 b", 21, "the first colour is named as winner, but left"),
        ("trmph", "#4,a2a2d4b2d3c2c4d2a4", 20, "a4 comes after the end: left and right"),
        ("trmph", "#3,a1b2 x", 9, "'x' is no winner; write b or r"),
        ("hexworld", "https://hexworld.org/#3,a1", 1, "no HexWorld link"),
        ("hexworld", "#3x4,a1", 2, "a board of 3x4 is rectangular"),
        ("hexworld", "#1", 2, "a board of 1x1"),
        ("hexworld", "#3,a1:p", 6, "a pass"),
        ("hexworld", "#3,a1b2:s", 8, "swap is legal only as the second move"),
        ("hexworld", "#3,:s", 4, "swap is legal only as the second move"),
        ("hexworld", "#3,a1:s:s", 8, "swap is legal only as the second move"),
        ("hexworld", "#3,a1:rwb2", 9, "b2 comes after the end of the game"),
        ("hexworld", "#3,a1,b2,c3", 9, "a third comma"),
        ("hexworld", "#3,a1%20%62%32a1", 15, "a1 is occupied"),
        ("hexworld", "#3,a1d2", 6, "'d2' is off the 3x3 board"),
        ("hexworld", "#3,a1?", 6, "'?' is no move"),
        ("hexworld", "#3,b1a1b2c1b3:rb", 17, "the second colour is named as winner, but top"),
        ("sgf", "(;GM[1]SZ[3];B[a1])", 5, "GM is 1; Hex is GM[11]"),
        ("sgf", "(;GM[11]SZ[3:4];B[a1])", 11, "a board of 3x4 is rectangular"),
        ("sgf", "(;GM[11]SZ[big];B[a1])", 11, "SZ is 'big'"),
        ("sgf", "(;GM[11]SZ[3];B[a1];W[a1])", 22, "a1 is occupied"),
        ("sgf", "(;GM[11]SZ[3];B[a1];W[d4])", 22, "'d4' is off the 3x3 board"),
        ("sgf", "(;GM[11]SZ[3];B[a1];B[b2])", 22, "B plays, but it is the other's turn"),
        ("sgf", "(;GM[11]SZ[3];W[a1])", 16, "W plays, but it is the other's turn"),
        ("sgf", "(;GM[11]SZ[3]AB[a1];W[b2])", 16, "AB sets stones up"),
        ("sgf", "(;GM[11]SZ[3];B[a1];W[pass])", 22, "a pass"),
        ("sgf", "(;GM[11]SZ[3];B[a1];W[b2];B[swap])", 28, "swap is legal only as the second"),
        ("sgf", "(;GM[11]SZ[3];B[a1];W[resign];B[b2])", 32, "B[b2] comes after the end"),
        ("sgf", "(;GM[11]SZ[3]RE[W+];B[b1];W[a1];B[b2];W[c1];B[b3])", 16, "the second colour is"),
        ("sgf", "(;GM[11]SZ[3];[a1])", 15, "a value without a property"),
        ("sgf", "(;GM[11]SZ[3];B[a1]", 1, "the game has no end"),
        ("sgf", "(;GM[11]SZ[3];B[a1", 1, "the game has no end"),
        ("sgf", "(;GM[11]SZ[3];B{a1})", 16, "'{a1})' is no SGF"),
        ("match", "[3]", 1, "no JSON object; write one with board, moves"),
        ("match", '{"board": 3', 12, "no JSON object (Expecting ',' delimiter)"),
        ("match", "[" * 60_000, 1, "no JSON object"),
        ("match", '{"board": 1%s}' % ("0" * 5000), 1, "no JSON object (Exceeds the limit"),
        ("match", '{"board": "3"}', 1, "board is '3'; write a whole number"),
        ("match", '{"board": true}', 1, "board is True; write a whole number"),
        ("match", '{"board": 3, "moves": "a1"}', 1, "winner is missing"),
        (
            "match",
            '{"board": 3, "moves": "a1", "winner": "green", "ended": "joined"}',
            1,
            "winner is 'green'; write 'red', 'blue', ''",
        ),
        (
            "match",
            '{"board": 3, "moves": "a1", "winner": "", "ended": "", "red": "\\ud800"}',
            1,
            "which is no Unicode",
        ),
        (
            "match",
            '{"board": 99, "moves": "a1", "winner": "", "ended": "unfinished"}',
            1,
            "a board of 99x99",
        ),
        (
            "match",
            '{"board": 3, "moves": "a1 b2 d4", "winner": "", "ended": "unfinished"}',
            30,
            "'d4' is off the 3x3 board",
        ),
        (
            "match",
            '{"board": 3, "moves": "a1 b2 a1", "winner": "", "ended": "unfinished"}',
            30,
            "a1 is occupied",
        ),
        (
            "match",
            '{"board": 3, "moves": "a1 b2", "winner": "red", "ended": "joined"}',
            29,
            "red has won, it says, but no side is joined",
        ),
        (
            "match",
            '{"board": 3, "moves": "b1 a1 b2 c1 b3", "winner": "blue", "ended": "resigned"}',
            38,
            "the second colour is named as winner, but top",
        ),
        (
            "match",
            '{"board": 3, "moves": "", "winner": "", "ended": "unfinished", "swapped": true}',
            14,
            "swap is legal only as the second move",
        ),
        ("sgf", "hello", 1, "this is no SGF"),
        ("sgf", "", 1, "this is no SGF"),
    ],
)
def test_what_is_no_game_is_rejected_where_it_is_wrong(
    name: str, text: str, column: int, reason: str
) -> None:
    found = one(text, name)
    assert isinstance(found, Rejected)
    assert reason in found.reason
    assert (found.line, found.column) == (1, column)
    assert found.message("file") == f"file:1:{column}: {found.reason}"


@pytest.mark.parametrize("name", ["trmph", "hexworld", "match"])
def test_a_bad_line_costs_nothing_but_itself(name: str) -> None:
    good = WRITERS[name](SWAPPED)
    found = list(READERS[name](f"{good}\n\n# a comment\nnonsense\n{good}\n"))
    assert [type(game) for game in found] == [GameRecord, Rejected, GameRecord]
    assert isinstance(found[1], Rejected)
    assert (found[1].line, found[1].text) == (4, "nonsense")


def test_a_bad_game_of_an_sgf_file_costs_nothing_but_itself() -> None:
    good = sgf_text(SWAPPED)
    found = list(read_sgf(f"{good}(;GM[11]SZ[3]\n;B[a1];W[a1]){good}"))
    assert [type(game) for game in found] == [GameRecord, Rejected, GameRecord]
    assert isinstance(found[1], Rejected)
    assert (found[1].line, found[1].column) == (4, 9)


def test_variations_of_any_depth_are_passed_over() -> None:
    deep = "(;GM[11]SZ[3];B[a1](;W[b2]" + "(;C[deeper]" * 50_000 + ")" * 50_002
    assert one(deep, "sgf") == GameRecord(3, (0, 4))
    side = "(;GM[11]SZ[3];B[a1](;W[b2])" + "(;W[c3]" * 100_000 + ")" * 100_001
    assert one(side, "sgf") == GameRecord(3, (0, 4))


def test_what_is_too_long_is_said_to_be() -> None:
    for name, text in (
        ("trmph", "#19," + "a1" * 50_000_000),
        ("hexworld", "#19," + "a1" * 50_000_000),
        ("sgf", "(;GM[11]SZ[3]C[" + "a" * 100_000_000),
        ("sgf", "(" * 100_000_000),
    ):
        found = one(text, name)
        assert isinstance(found, Rejected)
        assert "longer than" in found.reason
        assert len(found.text) <= 65_536
