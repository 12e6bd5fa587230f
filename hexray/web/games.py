"""Games as text: SGF, trmph and HexWorld links, read and written, and bare moves, read."""

import re
from collections.abc import Callable
from typing import Any

from hexray.game.board import BLUE, EMPTY, MAX_SIZE, RED
from hexray.game.formats.hexworld import hexworld_link, read_hexworld_line
from hexray.game.formats.record import AS_WRITTEN, GameRecord, Rejected, says_nothing, size_fault
from hexray.game.formats.sgf import read_sgf, sgf_text
from hexray.game.formats.trmph import read_trmph_line, trmph_line
from hexray.game.formats.written import Fault, Written, record_of, written_by_pieces
from hexray.game.notation import move_name
from hexray.htp.game import RESIGN, SWAP
from hexray.web.refused import refusal
from hexray.web.requests import WriteRequest, played

_COLOURS = {RED: "red", BLUE: "blue", EMPTY: ""}
_WRITERS: dict[str, Callable[[GameRecord], str]] = {
    "sgf": sgf_text,
    "trmph": trmph_line,
    "hexworld": hexworld_link,
}
_BARE = re.compile(r"#?([1-9][0-9]?)(?:\s+|$)(.*)", re.DOTALL)
_MOST_LINE = 4096
"""Characters of a line that is a game, whatever of them is written with percent signs."""
_KINDS = "an SGF file, a line of trmph, a link of HexWorld, or #11 a1 b2"


def read_game(text: str) -> dict[str, Any]:
    """Read the first game of a text in any of the forms; Refused says where it is none."""
    text = text.strip().removeprefix("\ufeff").lstrip()
    if not text:
        raise refusal(f"text is empty; give {_KINDS}", "text")
    if text.startswith("("):
        return _wire(next(read_sgf(text, AS_WRITTEN), None))
    if bare := _BARE.fullmatch(text):
        return _bare(int(bare[1]), bare[2].split())
    numbered = enumerate(text.splitlines(), 1)
    number, line = next((entry for entry in numbered if not says_nothing(entry[1])), (1, ""))
    if len(line) > _MOST_LINE:
        raise refusal(f"line {number} is longer than {_MOST_LINE} characters, and no game", "text")
    if "#" in line:
        return _wire(_link(line, number))
    raise refusal(f"text begins with {text[:20]!r}; give {_KINDS}", "text")


def write_game(request: WriteRequest) -> str:
    """Write a game in the form that is asked for; Refused when there is no such form."""
    if request.format not in _WRITERS:
        forms = ", ".join(_WRITERS)
        raise refusal(f"format is {request.format!r}; use one of {forms}", "format")
    for field in ("first", "second"):
        if not getattr(request, field).isprintable():
            raise refusal(f"{field} holds characters that cannot be printed", field)
    game = played(request.size, request.moves)
    cells = tuple(ply.point for ply in game.plies if ply.point >= 0)
    is_swapped = any(ply.point == SWAP for ply in game.plies)
    has_resigned = bool(game.plies) and game.plies[-1].point == RESIGN
    written = Written(
        game.size,
        cells,
        "pieces" if is_swapped else "none",
        game.winner,
        "resigned" if has_resigned else "unfinished",
        request.first,
        request.second,
    )
    record = record_of(written)
    if isinstance(record, Fault):
        raise refusal(record.reason, "moves")
    return _WRITERS[request.format](record)


def _link(line: str, number: int) -> GameRecord | Rejected | None:
    """Read a line of trmph or a link of HexWorld, which look alike where no address is given."""
    trmph, hexworld = read_trmph_line(line, number), read_hexworld_line(line, number)
    is_hexworld = "hexworld" in line or (isinstance(trmph, Rejected) and ":" in line)
    if isinstance(hexworld, GameRecord) and isinstance(trmph, Rejected):
        return hexworld
    return hexworld if is_hexworld else trmph


def _wire(found: GameRecord | Rejected | None) -> dict[str, Any]:
    if found is None:
        raise refusal(f"text holds no game; give {_KINDS}", "text")
    if isinstance(found, Rejected):
        raise refusal(f"line {found.line}, column {found.column}: {found.reason}", "text")
    game = written_by_pieces(found)
    moves = [move_name(cell, game.size) for cell in game.cells]
    if found.swapped:
        moves.insert(1, "swap-pieces")
    # Who gave up when it was not his turn is told by the result alone.
    if found.ending == "resigned" and game.winner == (RED if len(moves) % 2 else BLUE):
        moves.append("resign")
    return _told(game.size, moves, game.winner, found.first, found.second)


def _bare(size: int, names: list[str]) -> dict[str, Any]:
    if reason := size_fault(size, size):
        raise refusal(reason, "text")
    if len(names) > MAX_SIZE * MAX_SIZE + 2:
        raise refusal(f"text holds {len(names)} moves, more than a game has", "text")
    game = played(size, names, "text")
    return _told(size, [name.lower() for name in names], game.winner, "", "")


def _told(size: int, moves: list[str], winner: int, first: str, second: str) -> dict[str, Any]:
    who = {"first": first, "second": second}
    return {"size": size, "moves": moves, "result": _COLOURS[winner], **who}
