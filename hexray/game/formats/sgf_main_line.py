"""SGF text: the games of a file one after another, each as the properties of its main line.

The main line takes the first variation everywhere. Nothing here knows Hex; nesting of any depth
costs a counter, and a game has a longest length, so that a broken file ends somewhere.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from hexray.game.formats.record import FaultKind

MAX_GAME = 1_000_000
_AHEAD = 100
"""Characters of the longest game."""

TOKEN = re.compile(r"\s*(?:([();])|([A-Za-z]+)|\[((?:[^\\\]]++|\\.)*+)\])", re.DOTALL)
_ESCAPED = re.compile(r"\\(\r\n|\n\r|.)", re.DOTALL)


class Property(NamedTuple):
    """One value of a property; ``node`` counts from 0, ``at`` is where its bracket stands."""

    node: int
    name: str
    text: str
    at: int


class MainLine(NamedTuple):
    """The main line of the game that begins at ``at`` in the text and ends before ``end``."""

    at: int
    end: int
    properties: list[Property]


class Broken(NamedTuple):
    """Where a text ceases to be SGF, and why; nothing after it is read."""

    at: int
    reason: str
    kind: FaultKind = "no game"


class Held:
    """A part of a text, and where it lies in the whole."""

    def __init__(self, text: str = "", line: int = 1, column: int = 1) -> None:
        self.text = text
        self._line, self._column = line, column
        self._starts = [0, *(match.end() for match in re.finditer("\n", text))]

    def place(self, at: int) -> tuple[int, int]:
        """Return line and column, counted from 1, of a character."""
        line = bisect_right(self._starts, at)
        column = at - self._starts[line - 1] + (self._column if line == 1 else 1)
        return self._line + line - 1, column

    def after(self, at: int, more: str) -> "Held":
        """Return what follows from ``at`` on, and ``more`` behind it."""
        return Held(self.text[at:] + more, *self.place(at))


def main_lines(pieces: Iterable[str]) -> Iterator[tuple[Held, MainLine | Broken]]:
    """Yield the games of a text, each with the part that it lies in; no more is held of the text.

    What lies between games is ignored, as the standard has it.
    """
    held, at, coming = Held(), 0, iter(pieces)
    more, is_sgf = next(coming, None), False
    while more is not None or held.text.find("(", at) >= 0:
        begin = held.text.find("(", at)
        if more is not None and (begin < 0 or len(held.text) - begin < MAX_GAME + _AHEAD):
            held, at = held.after(begin if begin >= 0 else len(held.text), more), 0
            more = next(coming, None)
            continue
        at, found = _game(held.text, begin)
        is_sgf = True
        yield held, found
        if isinstance(found, Broken):
            return
    if not is_sgf:
        yield Held(), Broken(0, "this is no SGF; a game begins with (;")


def _game(text: str, begin: int) -> tuple[int, MainLine | Broken]:
    """Read the game that begins with a parenthesis; return where it ends too.

    What follows the first closed variation is a side line, however deep it lies.
    """
    properties: list[Property] = []
    node, name, depth, at, is_main = -1, "", 0, begin, True
    while match := TOKEN.match(text, at, begin + MAX_GAME):
        mark, found, value = match.groups()
        at = match.end()
        if mark == "(":
            depth, name = depth + 1, ""
        elif mark == ")":
            depth, is_main = depth - 1, False
            if depth == 0:
                return at, MainLine(begin, at, properties)
        elif mark == ";":
            node, name = node + is_main, ""
        elif found is not None:
            name = "".join(letter for letter in found if letter.isupper())
        elif not name or node < 0:
            return at, Broken(match.start(3) - 1, "a value without a property")
        elif is_main:
            properties.append(Property(node, name, plain(value), match.start(3) - 1))
    rest = text[at : at + _AHEAD].strip()
    if begin + MAX_GAME < len(text) and (at > begin + MAX_GAME - 2 or rest[:1] in ("", "[")):
        return at, Broken(begin, f"a game longer than {MAX_GAME} characters")
    if rest[:1] in ("", "["):
        return at, Broken(begin, "the game has no end")
    return at, Broken(at, f"{rest[:8]!r} is no SGF")


def plain(value: str) -> str:
    """Return the text of a value as it is meant."""
    return _ESCAPED.sub(_unescaped, value)


def _unescaped(match: re.Match[str]) -> str:
    """Keep the character after a backslash; a line break there is none."""
    return "" if match[1] in ("\n", "\r", "\r\n", "\n\r") else match[1]
