"""The main line of simple SGF files; what is not understood is named with its place."""

import contextlib
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hexray.errors import FileFormatError
from hexray.game.board import BLUE, RED
from hexray.htp.game import RESIGN, SWAP
from hexray.htp.sgf import Opened, read_main_line

HEAD = "(;FF[4]GM[11]SZ[5]"


def _read(tmp_path: Path, text: str) -> Opened:
    path = tmp_path / "game.sgf"
    path.write_text(text, encoding="utf-8")
    return read_main_line(path)


def test_moves_setup_and_the_first_variation_are_read(tmp_path: Path) -> None:
    text = (
        "(;FF[4] GM[11]\nSZ[5:5]AP[x]C[a \\] b ;B[a1\\]]AB[a1][b2]AW[c3]\n"
        ";B[A2](;W[c1];B[resign])(;W[d4]))(;FF[3])"
    )
    line = _read(tmp_path, text)
    assert line.size == 5
    assert line.setup == [(RED, 0), (RED, 6), (BLUE, 12)]
    assert line.moves == [(RED, 5), (BLUE, 2), (RED, RESIGN)]


def test_a_swap_of_pieces_is_a_move_and_the_size_may_be_missing(tmp_path: Path) -> None:
    line = _read(tmp_path, "(;FF[4]GM[11];B[k11];W[swap-pieces])")
    assert line == Opened(11, [], [(RED, 120), (BLUE, SWAP)])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("(;FF[4]GM[1])", "1:10: GM is 1"),
        ("(;FF[4]GM[11]SZ[5:4])", "1:16: a board of 5x4 is rectangular"),
        ("(;FF[4]GM[11]SZ[20])", "a board of 20x20: hexray plays on 2x2 to 19x19"),
        (HEAD + ";B[swap-sides])", "1:21: B: 'swap-sides'"),
        (HEAD + "\n;B[a1];W[pass])", "2:9: W: 'pass'"),
        (HEAD + ";B[f1])", "'f1' is off the 5x5 board"),
        (HEAD + "AE[a1])", "AE is not understood"),
        (HEAD + ";AB[a1])", "AB is not understood"),
        (HEAD + ";[a1])", "a value without a property"),
        (HEAD + ";B[a1]", "1:1: the game has no end"),
        (HEAD + ";B[a1", "1:1: the game has no end"),
        ("", "1:1: this is no SGF"),
        ("hello", "1:1: this is no SGF"),
    ],
)
def test_what_is_not_understood_is_named_with_its_place(
    tmp_path: Path, text: str, message: str
) -> None:
    with pytest.raises(FileFormatError) as caught:
        _read(tmp_path, text)
    assert message in str(caught.value)
    assert "game.sgf:" in str(caught.value)


def test_missing_files_and_folders_are_refused(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none.sgf"):
        with pytest.raises(FileFormatError, match="no such file"):
            read_main_line(path)


def test_a_large_file_is_refused_and_a_long_one_read_in_time(tmp_path: Path) -> None:
    with pytest.raises(FileFormatError, match="longer than 1000000 bytes"):
        _read(tmp_path, HEAD + " " * 1_000_000)
    began = time.perf_counter()
    line = _read(tmp_path, HEAD + "\n;B[a1]" * 140_000 + ")")
    assert len(line.moves) == 140_000
    assert time.perf_counter() - began < 20


@given(st.text("();[]\\ABFGMSWZ14:a\n", max_size=60))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_any_text_is_a_game_or_a_named_error(tmp_path: Path, text: str) -> None:
    path = tmp_path / "game.sgf"
    path.write_text(text, encoding="utf-8")
    with contextlib.suppress(FileFormatError):
        assert 2 <= read_main_line(path).size <= 19
