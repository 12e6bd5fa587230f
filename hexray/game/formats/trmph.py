"""trmph lines: ``#13,a4g7e9 b``, one game a line, with or without the address before it.

``b`` says that the first player won, who joins top and bottom, ``r`` the other; old files write 1
and 2. A second move on the first one's cell is a swap of pieces, which has brought the stone there.
"""

import re

from hexray.errors import IllegalMove
from hexray.game.board import BLUE, EMPTY, RED
from hexray.game.formats.record import (
    AS_WRITTEN,
    MAX_LINE,
    FaultKind,
    GameRecord,
    Reading,
    Rejected,
    says_nothing,
    size_fault,
)
from hexray.game.formats.written import Fault, Written, record_of, written_by_pieces
from hexray.game.frame import swap_frame
from hexray.game.notation import move_name, parse_move

_LINE = re.compile(
    r"(\s*(?:(?:https?://)?(?:www\.)?trmph\.com/hex/board)?#)"
    r"([1-9][0-9]?),"
    r"((?:[a-zA-Z][1-9][0-9]?)*)"
    r"(?:\s+([br12]))?"
    r"\s*(?:#.*)?"
)
_MOVE = re.compile(r"[a-zA-Z][1-9][0-9]?")
_WINNERS = {"b": RED, "1": RED, "r": BLUE, "2": BLUE, None: EMPTY}
_TOKENS = {RED: " b", BLUE: " r", EMPTY: ""}


def read_trmph_line(
    line: str, number: int, reading: Reading = AS_WRITTEN
) -> GameRecord | Rejected | None:
    """Read one line; None when it is blank or a comment."""
    return None if says_nothing(line) else _read(line.strip("\r\n"), number, reading)


def trmph_line(record: GameRecord) -> str:
    """Write a game as one line without its end; how it ended and who played is left out."""
    game = written_by_pieces(record)
    cells = game.cells
    if record.swapped:
        there = int(swap_frame(cells[0], BLUE, game.size))
        cells = (there, there, *cells[1:])
    moves = "".join(move_name(cell, game.size) for cell in cells)
    return f"#{game.size},{moves}{_TOKENS[game.winner]}"


def _read(text: str, number: int, reading: Reading) -> GameRecord | Rejected:
    def rejected(at: int, reason: str, kind: FaultKind = "no game") -> Rejected:
        return Rejected(number, at + 1, reason, text, kind)

    if len(text) > MAX_LINE:
        return Rejected(number, MAX_LINE + 1, f"longer than {MAX_LINE} characters", text[:MAX_LINE])
    match = _LINE.fullmatch(text)
    if match is None:
        return rejected(*_misfit(text))
    size = int(match[2])
    if reason := size_fault(size, size):
        return rejected(match.start(2), reason)
    cells, places = [], []
    for move in _MOVE.finditer(match[3]):
        places.append(match.start(3) + move.start())
        try:
            cells.append(parse_move(move[0], size))
        except IllegalMove as error:
            return rejected(places[-1], str(error), "off board")
    is_swapped = len(cells) > 1 and cells[0] == cells[1]
    if is_swapped:
        # The stone lies where a swap of pieces has brought it; it was played at the mirror cell.
        there = cells[0] if reading.swap == "sides" else int(swap_frame(cells[0], BLUE, size))
        cells[:2], places[:2] = [there], [places[0]]
    places.append(match.start(4) if match[4] else len(text))
    swap = "pieces" if is_swapped else "none"
    found = record_of(Written(size, tuple(cells), swap, _WINNERS[match[4]]), reading)
    if isinstance(found, Fault):
        return rejected(places[found.ply], found.reason, found.kind)
    return found


def _misfit(text: str) -> tuple[int, str]:
    """Say where a line ceases to be one, and why."""
    head = re.match(r"\s*(?:(?:https?://)?(?:www\.)?trmph\.com/hex/board)?#", text)
    if head is None:
        return 0, "no trmph line; write #13,a4g7e9 b"
    size = re.compile(r"[1-9][0-9]?,").match(text, head.end())
    if size is None:
        return head.end(), "no board size and comma after #"
    moves = re.compile(r"(?:[a-zA-Z][1-9][0-9]?)*").match(text, size.end())
    at = moves.end() if moves else size.end()
    rest = text[at:]
    if not rest[0].isspace():
        return at, f"{rest[:8]!r} is no move; write a letter and a number, such as c3"
    at += len(rest) - len(rest.lstrip())
    return at, f"{rest.lstrip()[:8]!r} is no winner; write b or r"
