"""Blocks of trmph lines say exactly what their lines say one by one."""

import random
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle import random_game, replay

from hexray.game.board import BLUE, RED
from hexray.game.formats.record import GameRecord, Rejected
from hexray.game.formats.trmph import read_trmph_line, trmph_line
from hexray.game.formats.trmph_block import Lines, read_trmph_block

PREFIXES = (
    *("#", "trmph.com/hex/board#", "www.trmph.com/hex/board#", "http://trmph.com/hex/board#"),
    *("https://www.trmph.com/hex/board#", "https:/trmph.com/hex/board#", "wwwtrmph.com/hex/board#"),
    *("httpstrmph.com/hex/board#", "  #", "\t#", "ttp://trmph.com/hex/board#", "x#"),
)
NOISE = "#,ab zA09 1r2\t\x00é:./"


def by_line(found: Lines) -> dict[int, GameRecord | Rejected]:
    """Return what a block found as records, by the number of the line."""
    games, result = found.games, dict[int, GameRecord | Rejected](found.others)
    ends = np.cumsum(games.length)
    for k, line in enumerate(games.line.tolist()):
        winner = int(games.winner[k])
        ending = "joined" if games.joined[k] else "resigned" if winner else "unfinished"
        moves = tuple(games.moves[ends[k] - games.length[k] : ends[k]].tolist())
        swapped = bool(games.swapped[k])
        result[line] = GameRecord(int(games.size[k]), moves, winner, ending, swapped)
    for rejected in found.rejected:
        result[rejected.line] = rejected
    assert len(result) == len(games.line) + len(found.others) + len(found.rejected)
    return result


@st.composite
def lines(draw: st.DrawFn) -> str:
    """Draw a line of a game, often changed somewhere."""
    rng = random.Random(draw(st.integers(0, 2**32)))
    size = draw(st.sampled_from([2, 3, 4, 5, 6, 9, 10, 11, 19]))
    moves = random_game(size, rng)
    moves = moves[: draw(st.integers(0, len(moves)))] if draw(st.booleans()) else moves
    winner = replay(size, moves)[2] or draw(st.sampled_from([RED, BLUE, 0]))
    record = GameRecord(size, tuple(moves), winner, swapped=bool(moves) and draw(st.booleans()))
    text = draw(st.sampled_from(PREFIXES)) + trmph_line(record)[1:]
    for _ in range(draw(st.sampled_from([0, 0, 1, 1, 2]))):
        at = rng.randrange(len(text) + 1)
        text = text[:at] + rng.choice(NOISE) + text[at + rng.randrange(2) :]
    return text + draw(st.sampled_from(["", "\r", " ", "# a comment", " b", "r"]))


@settings(deadline=None, max_examples=200)
@given(st.lists(lines(), max_size=5), st.booleans())
def test_a_block_says_what_its_lines_say(several: list[str], ends: bool) -> None:
    text = "\n".join(several) + "\n" * ends
    expected = {}
    for number, line in enumerate(text.split("\n"), start=7):
        if (found := read_trmph_line(line, number)) is not None:
            expected[number] = found
    assert by_line(read_trmph_block(text.encode(), 7)) == expected


def test_bytes_that_are_no_text_reject_their_line_alone() -> None:
    good = b"#3,b1a1b2c1b3 b\n"
    found = by_line(read_trmph_block(good + b"#3,a1\xff\xfe\n" + good + b"#3,a1 # \xff\n", 1))
    assert [type(found[line]) for line in (1, 2, 3, 4)] == [
        *(GameRecord, Rejected, GameRecord, GameRecord)
    ]


def test_no_text_holds_no_games() -> None:
    assert by_line(read_trmph_block(b"", 1)) == {}
    assert by_line(read_trmph_block(b"\n\n# board: 11x11\n", 1)) == {}


def test_a_line_of_a_hundred_megabytes_is_rejected_in_time() -> None:
    text = b"#19," + b"a1" * 50_000_000
    began = time.perf_counter()
    (rejected,) = read_trmph_block(text, 1).rejected
    assert time.perf_counter() - began < 2
    assert "longer than" in rejected.reason


@pytest.mark.parametrize("size", [5, 11])
def test_ten_thousand_changed_lines_are_told_apart_at_speed(size: int) -> None:
    rng, games, text = random.Random(size), [], []
    for _ in range(100):
        moves = random_game(size, rng)
        games.append(trmph_line(GameRecord(size, tuple(moves), replay(size, moves)[2])))
    for line in games * 100:
        at = rng.randrange(len(line))
        text.append(line[:at] + rng.choice(NOISE) + line[at + rng.randrange(2) :])
    block = "\n".join(text).encode()
    read_trmph_block(block[:1000], 1)
    began = time.process_time()
    found = read_trmph_block(block, 1)
    seconds = time.process_time() - began
    assert by_line(found) == {
        number: read
        for number, line in enumerate(text, start=1)
        if (read := read_trmph_line(line, number)) is not None
    }
    assert len(found.rejected) > 5000
    assert seconds < 10_000 / 50_000 * 4
