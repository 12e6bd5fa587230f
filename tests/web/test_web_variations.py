"""Games with their variations, written as SGF and read again."""

import json
import time
from typing import Literal

import numpy as np
import pytest
from drawn_trees import Tree, drawn_tree, main_line, off_the_wire, on_the_wire
from hypothesis import given, settings
from hypothesis import strategies as st

from hexray.game.formats.game_tree import MAX_POSITIONS
from hexray.game.formats.sgf import read_sgf
from hexray.web.games import game_in, text_of
from hexray.web.refused import Refused
from hexray.web.requests import WriteRequest, parsed
from hexray.web.wire import MAX_BODY_BYTES

_ANSWER_S = 20


def written(size: int, tree: Tree, **said: str) -> str:
    """Write a tree as the server does."""
    moves, variations = on_the_wire(tree)
    request = {"size": size, "moves": moves, "variations": variations, "format": "sgf", **said}
    return text_of(parsed(json.dumps(request).encode(), WriteRequest))


def read(text: str) -> Tree:
    """Read a tree as the server does."""
    found = game_in(text)
    return off_the_wire(found["moves"], found["variations"])


@settings(deadline=None, max_examples=150)
@given(st.integers(0, 2**32), st.integers(2, 6), st.integers(0, 60))
def test_any_tree_comes_back_as_it_was_its_order_included(
    seed: int, size: int, positions: int
) -> None:
    tree = drawn_tree(np.random.default_rng(seed), size, positions)
    text = written(size, tree, first="Ann ]\\", second="B(;)")
    found = read(text)
    assert found == tree
    assert game_in(text)["first"] == "Ann ]\\"
    assert game_in(text)["second"] == "B(;)"
    assert written(size, found, first="Ann ]\\", second="B(;)") == text


@settings(deadline=None, max_examples=50)
@given(st.integers(0, 2**32), st.integers(2, 5))
def test_other_programs_see_the_main_line_and_its_result(seed: int, size: int) -> None:
    tree = drawn_tree(np.random.default_rng(seed), size, 40)
    without = {main_line(tree)[:length]: [] for length in range(len(main_line(tree)) + 1)}
    for length, name in enumerate(main_line(tree)):
        without[main_line(tree)[:length]] = [name]
    [whole], [alone] = (list(read_sgf(written(size, one))) for one in (tree, without))
    assert whole == alone


def test_a_tree_is_written_as_the_standard_has_it() -> None:
    tree = off_the_wire(["c3", "swap-pieces", "d2"], ["1 d4 e5 resign", "0 a1 swap-pieces", "4 b5"])
    assert written(5, tree) == (
        "(;FF[4]GM[11]SZ[5](;B[c3](;W[swap-pieces];B[d2])(;W[d4](;B[e5]\n;W[resign])(;B[b5])))"
        "(;B[a1];W[swap-pieces]))\n"
    )


@pytest.mark.parametrize(
    ("text", "moves", "variations"),
    [
        # The same move twice is the same position.
        ("(;GM[11]SZ[5];B[c3](;W[d4];B[a1])(;W[d4];B[a2]))", "c3 d4 a1", ["2 a2"]),
        ("(;GM[11]SZ[5](;B[c3])(;B[c3])(;B[d4]))", "c3", ["0 d4"]),
        # Nodes without moves, and what belongs to other programs.
        (
            "(;GM[11]SZ[5];C[( ;B\\]];B[c3]LB[a1:x](;;W[d4])(;N[n](;W[a1])(;W[b1])))",
            "c3 d4",
            ["1 a1", "1 b1"],
        ),
        # A swap of sides in one variation and of pieces in the other.
        (
            "(;GM[11]SZ[5];B[b1](;W[swap-sides];W[c1];B[c2])(;W[swap-pieces];B[a3];W[c2]))",
            "b1 swap-pieces a3 b3",
            ["3 c2"],
        ),
        # HexGui writes the one and means the other; who goes on decides.
        (
            "(;GM[11]SZ[5];B[b1];W[swap-pieces](;W[c1])(;B[c1]))",
            "b1 swap-pieces a3",
            ["2 c1"],
        ),
        # Little Golem's letters.
        ("(;SZ[5];B[bb](;W[cc])(;W[swap]))", "b2 c3", ["1 swap-pieces"]),
        # The loser resigned where the main line ends, and elsewhere.
        (
            "(;GM[11]SZ[5]RE[W+R];B[c3];W[d4](;B[a1];W[a2])(;B[resign]))",
            "c3 d4 a1 a2 resign",
            ["2 resign"],
        ),
        ("(;GM[11]SZ[5]RE[W+R];B[c3](;W[d4])(;W[a1]))", "c3 d4 resign", ["1 a1"]),
        # Over, and then given up: that says nothing new.
        ("(;GM[11]SZ[2](;B[a1];W[b1];B[a2];W[resign])(;B[b1]))", "a1 b1 a2", ["0 b1"]),
    ],
)
def test_variations_are_read_in_every_dialect(text: str, moves: str, variations: list[str]) -> None:
    found = game_in(text)
    assert (found["moves"], found["variations"]) == (moves.split(), variations)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("(;GM[11]SZ[5];B[c3](;W[d4])(;W[c3]))", "line 1, column 31: c3 is occupied"),
        ("(;GM[11]SZ[5];B[c3]\n(;W[d4])\n(;W[c9]))", "line 3, column 4: 'c9' is off the 5x5"),
        ("(;GM[11]SZ[5];B[c3](;W[d4])(;B[a1]))", "line 1, column 31: B plays, but"),
        ("(;GM[11]SZ[5];B[c3](;W[d4])(;AB[a1]))", "line 1, column 32: AB sets stones up"),
        ("(;GM[11]SZ[5];B[c3](;W[d4])(;W[]))", "line 1, column 31: a pass"),
        ("(;GM[11]SZ[5];B[c3];W[d4](;B[a1])(;B[swap]))", "line 1, column 37: swap is legal"),
        ("(;GM[11]SZ[2];B[a1](;W[b1])(;W[b2];B[a2];W[b1]))", "line 1, column 43: b1 comes after"),
        ("(;GM[11]SZ[5];B[c3](;W[resign];B[a1]))", "comes after the end of the game"),
        ("(" * 100_000 + ";GM[11]SZ[5]" + ")" * 100_000, "column 1001: variations are nested"),
        ("(;GM[11]SZ[5];B[c3]" + "(;C[x]" * 100_000 + ")" * 100_001, "more than 1000 deep"),
        ("(;GM[11]SZ[5];B[c3]" + "(;W[a1]" * 100_000 + ")" * 100_001, "it is the other's turn"),
        ("(;GM[11]SZ[5]" + "(;B[a1]" * 100_000, "the game has no end"),
    ],
)
def test_a_variation_that_is_none_is_refused_with_its_place(text: str, reason: str) -> None:
    with pytest.raises(Refused) as caught:
        game_in(text)
    assert reason in str(caught.value)
    assert caught.value.field == "text"


def test_the_largest_tree_fits_a_request_and_is_answered_soon() -> None:
    columns = [chr(ord("a") + column) for column in range(19)]
    # Every other column full but for its foot: nobody has joined anything yet.
    moves = [f"{column}{row}" for row in range(1, 19) for column in columns[::2]]
    others = [f"{column}{row}" for row in range(1, 20) for column in columns[1::2]]
    most = MAX_POSITIONS - 1 - len(moves)
    variations = [f"{at} {name}" for at in range(150, 180) for name in others][:most]
    assert len(variations) == most
    said = {"size": 19, "moves": moves, "variations": variations, "format": "sgf"}
    body = json.dumps(said, separators=(",", ":")).encode()
    assert len(body) < MAX_BODY_BYTES
    began = time.monotonic()
    text = text_of(parsed(body, WriteRequest))
    assert len(json.dumps({"text": text})) < MAX_BODY_BYTES
    found = game_in(text)
    assert time.monotonic() - began < _ANSWER_S
    assert (found["moves"], found["variations"]) == (moves, variations)
    more = {**said, "variations": [*variations, "0 j19"]}
    with pytest.raises(Refused, match="more than 5000 positions"):
        text_of(parsed(json.dumps(more).encode(), WriteRequest))
    with pytest.raises(Refused, match="more than 5000 positions"):
        game_in(text.removesuffix(")\n") + "(;B[a19]))")


@pytest.mark.parametrize(
    ("variations", "reason"),
    [
        (["9 d4"], "variations[0]: '9 d4'; write a position, 0 to 3"),
        (["x"], "variations[0]: 'x'; write a position"),
        ([""], "variations[0]: ''; write a position"),
        (["0"], "variations[0]: '0'; write a position"),
        (["-1 a1"], "variations[0]: '-1 a1'; write a position"),
        (["\u0661 a1"], "write a position"),
        (["9" * 4356], "write a position"),
        (["0 c3"], "variations[0]: c3 follows position 0 already"),
        (["0 C3"], "variations[0]: C3 follows position 0 already"),
        (["1 d4", "1 d4 a1"], "variations[1]: d4 follows position 1 already"),
        (["3 a1"], "variations[0]: nothing else follows position 3"),
        (["0 a1", "1 d4 d4"], "variations[1]: d4: d4 is occupied"),
        (["1 z9"], "variations[0]: 'z9' is off the 5x5 board"),
        (["2 swap-pieces"], "variations[0]: swap-pieces: swap-pieces is legal only"),
        (["0 resign a1"], "variations[0]: a1: a1 comes after the end of the game"),
    ],
)
def test_variations_that_cannot_be_written_are_refused(variations: list[str], reason: str) -> None:
    request = WriteRequest(
        size=5, moves=["c3", "swap-pieces", "d2"], variations=variations, format="sgf"
    )
    with pytest.raises(Refused) as caught:
        text_of(request)
    assert reason in str(caught.value)
    assert caught.value.field == "variations"
    assert len(str(caught.value)) < 300


def test_a_line_of_trmph_cannot_hold_variations() -> None:
    request = WriteRequest(size=5, moves=["c3"], variations=["0 d4"], format="trmph")
    with pytest.raises(Refused, match="trmph holds no variations; use sgf"):
        text_of(request)


@pytest.mark.parametrize("moves", [["c3", "d4"], ["c3", "swap-pieces", "d4"]])
@pytest.mark.parametrize("result", ["red", "blue"])
@pytest.mark.parametrize("variations", [[], ["1 a1"]])
def test_a_result_that_the_moves_do_not_show_is_kept(
    moves: list[str], result: Literal["red", "blue"], variations: list[str]
) -> None:
    request = WriteRequest(size=5, moves=moves, variations=variations, result=result, format="sgf")
    text = text_of(request)
    assert f"RE[{'B' if result == 'red' else 'W'}+Resign]" in text
    assert game_in(text)["result"] == result


def test_what_the_moves_show_is_the_result_whatever_is_said() -> None:
    moves = ["a1", "b1", "a2"]
    assert "RE[B+]" in text_of(WriteRequest(size=2, moves=moves, result="blue", format="sgf"))
    resigned = WriteRequest(size=2, moves=["a1", "resign"], result="blue", format="sgf")
    assert "RE[B+Resign]" in text_of(resigned)


@pytest.mark.parametrize("name", ["Ann\nLee", "\tAnn ", "A" * 5000, "Ann \u202e", "\ud800"])
def test_whatever_players_are_called_a_game_that_is_read_can_be_written(name: str) -> None:
    found = game_in(f"(;GM[11]SZ[5]PB[{name}]PW[{name}];B[c3](;W[d4])(;W[a1]))")
    del found["result"]
    text = text_of(WriteRequest(**found, format="sgf"))
    assert game_in(text)["first"] == found["first"]
