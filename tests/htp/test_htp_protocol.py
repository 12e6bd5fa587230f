"""Requests and answers of HTP as text, whatever comes in."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hexray.errors import BadRequest
from hexray.game.board import BLUE, RED
from hexray.htp.protocol import (
    MAX_LINE_BYTES,
    Request,
    failure,
    parse_colour,
    parse_request,
    read_lines,
    success,
)


@pytest.mark.parametrize(
    ("line", "request_id", "command", "arguments"),
    [
        (b"name\n", "", "name", ()),
        (b"7 name", "7", "name", ()),
        (b"play B c3\r\n", "", "play", ("B", "c3")),
        (b"  12\tplay\tblack  a1 # a comment\n", "12", "play", ("black", "a1")),
        (b"genmove\x00 b\x07\n", "", "genmove", ("b",)),
        (b"loadsgf spiel\xff.sgf\n", "", "loadsgf", ("spiel\ufffd.sgf",)),
        (b"5\n", "5", "", ()),
        (b"99999999999 name\n", "", "99999999999", ("name",)),
        ("\u0665 name\n".encode(), "", "\u0665", ("name",)),
    ],
)
def test_a_line_is_an_id_a_command_and_arguments(
    line: bytes, request_id: str, command: str, arguments: tuple[str, ...]
) -> None:
    assert parse_request(line) == Request(request_id, command, arguments)


@pytest.mark.parametrize("line", [b"\n", b"\r\n", b"", b" \t \n", b"# 1 quit\n", b"\x00\x01\n"])
def test_blank_lines_and_comments_are_no_requests(line: bytes) -> None:
    assert parse_request(line) is None


@pytest.mark.parametrize("extra", [-1, 0, 1, 2])
def test_a_line_as_long_as_allowed_is_read_whole(extra: int) -> None:
    line = b"x" * (MAX_LINE_BYTES - 1 + extra) + b"\n"
    first, after = read_lines(io.BytesIO(line + b"name\n"))
    assert after == b"name\n"
    if extra <= 0:
        assert first == line
        assert parse_request(first) is not None
    else:
        with pytest.raises(BadRequest):
            parse_request(first)


@given(st.binary(max_size=300))
def test_any_bytes_are_lines_and_requests_of_plain_words(content: bytes) -> None:
    lines = list(read_lines(io.BytesIO(content)))
    assert b"".join(lines) == content
    for line in lines:
        request = parse_request(line)
        if request is not None:
            words = [request.command, *request.arguments]
            assert all("#" not in word and len(word.split()) <= 1 for word in words)
            assert not any(ord(c) < 32 or ord(c) == 127 for word in words for c in word)


def test_answers_begin_with_mark_and_id_and_end_with_one_empty_line() -> None:
    assert success("", "") == "= \n\n"
    assert success("4", "c3") == "=4 c3\n\n"
    assert failure("", "no") == "? no\n\n"
    assert success("", "\na\n\n\nb\r\n") == "= \na\nb\n\n"


@given(st.text(max_size=60))
def test_no_text_ends_an_answer_early(text: str) -> None:
    for answer in (success("3", text), failure("3", text)):
        assert answer.endswith("\n\n")
        assert "\n\n" not in answer[:-1]
        assert "\r" not in answer


@pytest.mark.parametrize(
    ("text", "colour"),
    [("b", RED), ("BLACK", RED), ("Black", RED), ("w", BLUE), ("W", BLUE), ("white", BLUE)],
)
def test_black_is_red_and_white_is_blue(text: str, colour: int) -> None:
    assert parse_colour(text) == colour


@pytest.mark.parametrize("text", ["", "red", "bl", "e", "1"])
def test_other_colours_are_refused_by_name(text: str) -> None:
    with pytest.raises(BadRequest, match=f"'{text}' is no colour"):
        parse_colour(text)
