"""SGF files of Hex: FF[4] GM[11], and the dialects of Little Golem and of old HexGui.

Black plays first and joins top and bottom. ``swap-pieces`` and ``swap-sides`` say how a swap is
meant, but HexGui up to 0.9 wrote the first where it meant the second, and others write ``swap``:
so whoever plays the move after it decides. If that is Black, who played the first stone, the pieces
were swapped. Little Golem names points by two letters, counted from ``aa``.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from hexray.errors import IllegalMove, OffBoard
from hexray.game.board import BLUE, EMPTY, RED
from hexray.game.formats.record import (
    AS_WRITTEN,
    MAX_LINE,
    Ending,
    GameRecord,
    Reading,
    Rejected,
    Swap,
    size_fault,
)
from hexray.game.formats.sgf_main_line import (
    Broken,
    MainLine,
    Property,
    main_lines,
)
from hexray.game.formats.written import Fault, Written, record_of, written_by_pieces
from hexray.game.notation import move_name, parse_move

_DEFAULT_SIZE = "11"
_SIZE = re.compile(r"([0-9]{1,3})(?::([0-9]{1,3}))?")
_LETTERS = re.compile(r"[a-s]{2}")
COLOURS = {"B": RED, "W": BLUE}
_NAMES = {RED: "B", BLUE: "W"}
SWAPS = {"swap-pieces", "swap-sides", "swap"}
GIVES_UP: dict[str, Ending] = {"resign": "resigned", "forfeit": "forfeited"}
_RESULT = re.compile(r"([BW])(?:\+(.*))?", re.IGNORECASE | re.DOTALL)
_FORFEITS = ("f", "forfeit", "t", "time")
_SAID = {"resigned": "+Resign", "forfeited": "+Forfeit", "joined": "+"}
_LINE = 70
_SHOWN = 1000


def read_sgf(text: str, reading: Reading = AS_WRITTEN) -> Iterator[GameRecord | Rejected]:
    """Yield the games of a text, each by its main line, or why one is none.

    Set-up stones are no moves: such a position is no game and is rejected. After a text that is no
    SGF nothing more is read.
    """
    for _, found in read_sgf_lines([text], reading):
        yield found


def read_sgf_lines(
    pieces: Iterable[str], reading: Reading = AS_WRITTEN
) -> Iterator[tuple[int, GameRecord | Rejected]]:
    """Yield what ``read_sgf`` does, each with the line where the game begins or is wrong.

    No more of the text is held than a piece and the longest game.
    """
    for held, found in main_lines(pieces):
        read = found if isinstance(found, Broken) else _read(found, reading)
        line, column = held.place(read.at if isinstance(read, Broken) else found.at)
        if not isinstance(read, Broken):
            yield line, read
            continue
        if isinstance(found, Broken):
            begin = max(0, read.at - column + 1)
            shown = held.text[begin : begin + _SHOWN].partition("\n")[0]
        else:
            shown = held.text[found.at : min(found.end, found.at + MAX_LINE)]
        yield line, Rejected(line, column, read.reason, shown, read.kind)


def sgf_text(record: GameRecord) -> str:
    """Write a game as FF[4], a swap as swap-pieces, with a line break every few moves."""
    game = written_by_pieces(record)
    points = [move_name(cell, game.size) for cell in game.cells]
    if record.swapped:
        points.insert(1, "swap-pieces")
    nodes = [f";{'BW'[ply % 2]}[{point}]" for ply, point in enumerate(points)]
    return wrapped([sgf_head(record), *nodes])


def sgf_head(record: GameRecord) -> str:
    """Write the beginning of a game: its board, who plays, and its result, if anybody knows."""
    game = written_by_pieces(record)
    head = [f"(;FF[4]GM[11]SZ[{game.size}]"]
    if record.first:
        head.append(f"PB[{_escaped(record.first)}]")
    if record.second:
        head.append(f"PW[{_escaped(record.second)}]")
    if game.winner != EMPTY:
        head.append(f"RE[{_NAMES[game.winner]}{_SAID[record.ending]}]")
    return "".join(head)


def wrapped(parts: Sequence[str]) -> str:
    """Join the beginning of a game and its moves, and end it; lines are broken between them."""
    lines, line = [], parts[0]
    for part in parts[1:]:
        if len(line) + len(part) > _LINE:
            lines.append(line)
            line = ""
        line += part
    return "\n".join([*lines, f"{line})\n"])


def board_size(line: MainLine) -> int | Broken:
    """Return the size of a square Hex board, or why there is none."""
    root = _root(line)
    kind = root.get("GM")
    if kind is not None and kind.text.strip() != "11":
        return Broken(kind.at, f"GM is {kind.text}; Hex is GM[11]")
    given = root.get("SZ", Property(0, "SZ", _DEFAULT_SIZE, line.at))
    match = _SIZE.fullmatch(given.text.strip())
    if match is None:
        return Broken(given.at, f"SZ is {given.text!r}; write SZ[11]")
    size = int(match[1])
    reason = size_fault(size, int(match[2] or size))
    return Broken(given.at, reason) if reason else size


def sgf_cell(point: str, size: int) -> int:
    """Return the cell of a point in letters, or by its name; IllegalMove when there is none."""
    if _LETTERS.fullmatch(point):
        column, row = ord(point[0]) - ord("a"), ord(point[1]) - ord("a")
        if column < size and row < size:
            return row * size + column
        raise OffBoard(f"{point!r} is off the {size}x{size} board")
    return parse_move(point, size)


class _Moves(NamedTuple):
    """What the moves of a main line say; ``loser`` gave up by a move."""

    cells: list[int]
    places: list[int]
    swap: Swap
    loser: int
    ending: Ending


def _read(line: MainLine, reading: Reading) -> GameRecord | Broken:
    size = board_size(line)
    if isinstance(size, Broken):
        return size
    root = _root(line)
    moves = _moves(line.properties, size)
    if isinstance(moves, Broken):
        return moves
    winner, ending = -moves.loser, moves.ending
    end = line.properties[-1].at if line.properties else line.at
    if winner == EMPTY and (result := root.get("RE")):
        said = _RESULT.fullmatch(result.text.strip())
        end = result.at
        if said is not None:
            winner = COLOURS[said[1].upper()]
            how = (said[2] or "").strip().lower()
            ending = "forfeited" if how in _FORFEITS else "resigned"
    first, second = (root[name].text if name in root else "" for name in ("PB", "PW"))
    game = Written(size, tuple(moves.cells), moves.swap, winner, ending, first, second)
    found = record_of(game, reading)
    if isinstance(found, Fault):
        return Broken([*moves.places, end][found.ply], found.reason, found.kind)
    return found


def _root(line: MainLine) -> dict[str, Property]:
    return {value.name: value for value in reversed(line.properties) if value.node == 0}


def _moves(properties: list[Property], size: int) -> _Moves | Broken:
    cells: list[int] = []
    places: list[int] = []
    swap: Swap | None = "none"
    loser, ending, wanted = EMPTY, "resigned", ""
    ending: Ending
    for value in properties:
        if value.name in ("AB", "AW", "AE"):
            return Broken(value.at, f"{value.name} sets stones up; only games from the start")
        if value.name not in COLOURS:
            continue
        colour, point = COLOURS[value.name], value.text.strip().lower()
        if loser != EMPTY:
            reason = f"{value.name}[{value.text}] comes after the end of the game"
            return Broken(value.at, reason, "after the end")
        if point in GIVES_UP:
            loser, ending = colour, GIVES_UP[point]
        elif point in SWAPS:
            if len(cells) != 1 or swap != "none" or colour != BLUE:
                return Broken(value.at, "swap is legal only as the second move")
            swap, wanted = None, point
        elif point in ("pass", ""):
            return Broken(value.at, "a pass; hexray plays without")
        else:
            try:
                cells.append(sgf_cell(point, size))
            except IllegalMove as error:
                is_off = isinstance(error, OffBoard)
                return Broken(value.at, str(error), "off board" if is_off else "no game")
            places.append(value.at)
            if swap is None:
                swap = "pieces" if colour == RED else "sides"
            turn = RED if (len(cells) + (swap == "pieces")) % 2 else BLUE
            if colour != turn:
                reason = f"{value.name} plays, but it is the other's turn"
                return Broken(value.at, reason, "wrong parity")
    if swap is None:
        swap = "sides" if wanted == "swap-sides" else "pieces"
    return _Moves(cells, places, swap, loser, ending)


def _escaped(text: str) -> str:
    return re.sub(r"([\]\\])", r"\\\1", text)
