"""The main line of an SGF file as plies of a session: set-up stones, then moves."""

from pathlib import Path
from typing import NamedTuple

from hexray.errors import FileFormatError, IllegalMove
from hexray.game.board import BLUE, RED
from hexray.game.formats.sgf import board_size
from hexray.game.formats.sgf_main_line import Broken, MainLine, Property, main_lines
from hexray.htp.game import Ply, parse_point

_MAX_BYTES = 1_000_000
_MOVES = {"B": RED, "W": BLUE}
_SETUP = {"AB": RED, "AW": BLUE}


class Opened(NamedTuple):
    """A game: stones that were set up, then moves."""

    size: int
    setup: list[Ply]
    moves: list[Ply]


def read_main_line(path: Path) -> Opened:
    """Read the main line of a file's first game; legality is left to who plays it.

    Raises FileFormatError for all that a session cannot play, with its place.
    """
    if not path.is_file():
        raise FileFormatError(f"{path}: no such file")
    with path.open("rb") as file:
        content = file.read(_MAX_BYTES + 1)
    if len(content) > _MAX_BYTES:
        raise FileFormatError(f"{path}: longer than {_MAX_BYTES} bytes; split it")
    text = content.decode("utf-8", errors="replace")
    held, game = next(main_lines([text]))
    opened = _open(game)
    if isinstance(opened, Broken):
        line, column = held.place(opened.at)
        raise FileFormatError(f"{path}:{line}:{column}: {opened.reason}")
    return opened


def _open(line: MainLine | Broken) -> Opened | Broken:
    if isinstance(line, Broken):
        return line
    size = board_size(line)
    if isinstance(size, Broken):
        return size
    opened = Opened(size, [], [])
    for value in line.properties:
        if fault := _add(value, opened):
            return Broken(value.at, fault)
    return opened


def _add(value: Property, opened: Opened) -> str | None:
    """Add the ply of a move or a set-up stone, or say why not; others do not change the board."""
    if value.name == "AE" or (value.name in _SETUP and value.node > 0):
        return f"{value.name} is not understood here"
    colour = _MOVES.get(value.name) or _SETUP.get(value.name)
    if colour is None:
        return None
    try:
        point = parse_point(value.text.strip(), opened.size)
    except IllegalMove as error:
        return f"{value.name}: {error}"
    plies = opened.moves if value.name in _MOVES else opened.setup
    plies.append(Ply(colour, point))
    return None
