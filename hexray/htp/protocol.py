"""Requests and answers of HTP as text: one request a line, an empty line after every answer.

HTP is the Go Text Protocol (version 2, Farnebäck 2002) with the moves of Hex. Black is Red: it
moves first and joins top and bottom.
"""

import re
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from hexray.errors import BadRequest
from hexray.game.board import BLUE, RED

MAX_LINE_BYTES = 65_536
_COLOURS = {"b": RED, "black": RED, "w": BLUE, "white": BLUE}
_ID = re.compile(r"[0-9]{1,10}")
# All control characters but the tab, which is a blank.
_CONTROLS = dict.fromkeys([*range(32), 127]) | {9: " "}


class Request(NamedTuple):
    """One request; ``id`` and ``command`` are empty when they are missing."""

    id: str
    command: str
    arguments: tuple[str, ...]


def read_lines(stream: BinaryIO) -> Iterator[bytes]:
    """Yield the lines of ``stream``, of longer ones only the first MAX_LINE_BYTES + 1 bytes."""
    while line := stream.readline(MAX_LINE_BYTES + 1):
        rest = line
        while len(rest) > MAX_LINE_BYTES and not rest.endswith(b"\n"):
            rest = stream.readline(MAX_LINE_BYTES + 1)
        yield line


def parse_request(line: bytes) -> Request | None:
    """Return the request in a line, None when it is blank or a comment.

    Raises BadRequest when it is longer than MAX_LINE_BYTES.
    """
    if len(line) > MAX_LINE_BYTES:
        raise BadRequest(f"the request is longer than {MAX_LINE_BYTES} bytes; shorten it")
    text = line.decode("utf-8", errors="replace").partition("#")[0].translate(_CONTROLS)
    words = text.split()
    if not words:
        return None
    request_id = words.pop(0) if _ID.fullmatch(words[0]) else ""
    command, *arguments = words or [""]
    return Request(request_id, command, tuple(arguments))


def success(request_id: str, text: str) -> str:
    """Return the answer to a request that was done; empty lines of ``text`` are left out.

    The blank after ``=`` is always there: HexGui cannot do without.
    """
    return f"={request_id} {_without_gaps(text)}\n\n"


def failure(request_id: str, message: str) -> str:
    """Return the answer to a request that was not done."""
    return f"?{request_id} {_without_gaps(message)}\n\n"


def parse_colour(text: str) -> int:
    """Return RED or BLUE; BadRequest when ``text`` names neither."""
    colour = _COLOURS.get(text.lower())
    if colour is None:
        raise BadRequest(f"{text!r} is no colour; write black or white")
    return colour


def colour_name(colour: int) -> str:
    """Name RED or BLUE as HTP does."""
    return "black" if colour == RED else "white"


def _without_gaps(text: str) -> str:
    """Leave out lines that would end an answer early, but not a first one that is empty."""
    first, *rest = text.replace("\r", "").split("\n")
    return "\n".join([first, *(line for line in rest if line.strip())])
