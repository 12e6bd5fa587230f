"""SGF text: the games of a file one after another, each as the properties of its main line.

The main line takes the first variation everywhere. Nothing here knows Hex; nesting of any depth
costs a counter, and a game has a longest length, so that a broken file ends somewhere.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import NamedTuple

MAX_GAME = 1_000_000
"""Characters of the longest game."""

_TOKEN = re.compile(r"\s*(?:([();])|([A-Za-z]+)|\[((?:\\.|[^\\\]])*)\])", re.DOTALL)
_ESCAPED = re.compile(r"\\(\r\n|\n\r|.)", re.DOTALL)


class Property(NamedTuple):
    """One value of a property; ``node`` counts from 0, ``at`` is where its bracket stands."""

    node: int
    name: str
    text: str
    at: int


class MainLine(NamedTuple):
    """The main line of the game that begins at ``at`` in the text."""

    at: int
    properties: list[Property]


class Broken(NamedTuple):
    """Where a text ceases to be SGF, and why; nothing after it is read."""

    at: int
    reason: str


def main_lines(text: str) -> Iterator[MainLine | Broken]:
    """Yield the games of ``text``; what lies between them is ignored, as the standard has it."""
    at = text.find("(")
    if at < 0:
        yield Broken(0, "this is no SGF; a game begins with (;")
    while at >= 0:
        end, found = _game(text, at)
        yield found
        at = -1 if isinstance(found, Broken) else text.find("(", end)


def line_starts(text: str) -> list[int]:
    """Return where the lines of ``text`` begin, for ``place``."""
    return [0, *(match.end() for match in re.finditer("\n", text))]


def place(starts: Sequence[int], at: int) -> tuple[int, int]:
    """Return line and column, counted from 1, of a character."""
    line = bisect_right(starts, at)
    return line, at - starts[line - 1] + 1


def _game(text: str, begin: int) -> tuple[int, MainLine | Broken]:
    """Read the game that begins with a parenthesis; return where it ends too.

    What follows the first closed variation is a side line, however deep it lies.
    """
    properties: list[Property] = []
    node, name, depth, at, is_main = -1, "", 0, begin, True
    while match := _TOKEN.match(text, at, begin + MAX_GAME):
        mark, found, value = match.groups()
        at = match.end()
        if mark == "(":
            depth, name = depth + 1, ""
        elif mark == ")":
            depth, is_main = depth - 1, False
            if depth == 0:
                return at, MainLine(begin, properties)
        elif mark == ";":
            node, name = node + is_main, ""
        elif found is not None:
            name = "".join(letter for letter in found if letter.isupper())
        elif not name or node < 0:
            return at, Broken(match.start(3) - 1, "a value without a property")
        elif is_main:
            plain = _ESCAPED.sub(_unescaped, value)
            properties.append(Property(node, name, plain, match.start(3) - 1))
    rest = text[at : at + 100].strip()
    if begin + MAX_GAME < len(text) and (at > begin + MAX_GAME - 2 or rest[:1] in ("", "[")):
        return at, Broken(begin, f"a game longer than {MAX_GAME} characters")
    if rest[:1] in ("", "["):
        return at, Broken(begin, "the game has no end")
    return at, Broken(at, f"{rest[:8]!r} is no SGF")


def _unescaped(match: re.Match[str]) -> str:
    """Keep the character after a backslash; a line break there is none."""
    return "" if match[1] in ("\n", "\r", "\r\n", "\n\r") else match[1]
