"""The main line of a simple SGF file: FF[4], GM[11], moves and setup stones before them."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from hexray.errors import FileFormatError, IllegalMove
from hexray.game.board import BLUE, MAX_SIZE, MIN_SIZE, RED
from hexray.htp.game import Ply, parse_point

_MAX_BYTES = 1_000_000
_DEFAULT_SIZE = "11"
_TOKEN = re.compile(r"\s*(?:([();])|([A-Z]+)|\[((?:\\.|[^\\\]])*)\])", re.DOTALL)
_SIZE = re.compile(r"([0-9]{1,2})(?::([0-9]{1,2}))?")
_MOVES = {"B": RED, "W": BLUE}
_SETUP = {"AB": RED, "AW": BLUE}
# Other values of these mean another game or another notation.
_FIXED = {"FF": "4", "GM": "11"}


class MainLine(NamedTuple):
    """A game: stones that were set up, then moves."""

    size: int
    setup: list[Ply]
    moves: list[Ply]


class _Value(NamedTuple):
    node: int
    name: str
    text: str
    at: int


class _Source(NamedTuple):
    path: Path
    text: str

    def fault(self, at: int, what: str) -> FileFormatError:
        line_start = self.text.rfind("\n", 0, at) + 1
        line = self.text.count("\n", 0, at) + 1
        return FileFormatError(f"{self.path}:{line}:{at - line_start + 1}: {what}")


def read_main_line(path: Path) -> MainLine:
    """Read the first variation of a file's first game; legality is left to who plays it.

    Raises FileFormatError for all that this simple reader does not understand, by its name.
    """
    if not path.is_file():
        raise FileFormatError(f"{path}: no such file")
    with path.open("rb") as file:
        content = file.read(_MAX_BYTES + 1)
    if len(content) > _MAX_BYTES:
        raise FileFormatError(f"{path}: longer than {_MAX_BYTES} bytes; split it")
    source = _Source(path, content.decode("utf-8", errors="replace"))
    values = list(_values(source))
    line = MainLine(_size(values, source), [], [])
    for value in values:
        _add(value, line, source)
    return line


def _values(source: _Source) -> Iterator[_Value]:
    """Yield the values of all properties up to the first ``)``, where the main line ends."""
    node, name, at = -1, "", 0
    while match := _TOKEN.match(source.text, at):
        mark, found, value = match.groups()
        if node < 0 and mark is None:
            break
        if mark == ")":
            return
        if mark == ";":
            node, name = node + 1, ""
        elif found is not None:
            name = found
        elif value is not None:
            begin = match.start(3) - 1
            if not name:
                raise source.fault(begin, "a value without a property")
            yield _Value(node, name, re.sub(r"\\(.)", r"\1", value, flags=re.DOTALL), begin)
        at = match.end()
    raise source.fault(at, "this is no SGF")


def _size(values: list[_Value], source: _Source) -> int:
    root = {value.name: value for value in values if value.node == 0}
    for name, needed in _FIXED.items():
        found = root.get(name, _Value(0, name, "missing", 0))
        if found.text.strip() != needed:
            raise source.fault(found.at, f"{name} is {found.text}; only {name}[{needed}] is read")
    found = root.get("SZ", _Value(0, "SZ", _DEFAULT_SIZE, 0))
    match = _SIZE.fullmatch(found.text.strip())
    if match is None or (match[2] and int(match[1]) != int(match[2])):
        raise source.fault(found.at, f"SZ[{found.text}] is no square board")
    size = int(match[1])
    if not MIN_SIZE <= size <= MAX_SIZE:
        raise source.fault(found.at, f"SZ is {size}; use {MIN_SIZE} to {MAX_SIZE}")
    return size


def _add(value: _Value, line: MainLine, source: _Source) -> None:
    """Add the ply of a move or a setup stone; other properties do not change the board."""
    if value.name == "AE" or (value.name in _SETUP and value.node > 0):
        raise source.fault(value.at, f"{value.name} is not understood here")
    colour = _MOVES.get(value.name) or _SETUP.get(value.name)
    if colour is None:
        return
    try:
        point = parse_point(value.text.strip(), line.size)
    except IllegalMove as error:
        raise source.fault(value.at, f"{value.name}: {error}") from error
    plies = line.moves if value.name in _MOVES else line.setup
    plies.append(Ply(colour, point))
