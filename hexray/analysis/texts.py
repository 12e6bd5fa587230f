"""One game in any of the notations that people paste, and written in one of them."""

import re
from typing import Literal

from hexray.errors import FileFormatError, IllegalMove
from hexray.game.board import BLUE, RED
from hexray.game.formats.hexworld import hexworld_link, read_hexworld_line
from hexray.game.formats.record import GameRecord, Rejected, says_nothing, size_fault
from hexray.game.formats.sgf import read_sgf, sgf_text
from hexray.game.formats.trmph import read_trmph_line, trmph_line
from hexray.game.formats.written import Fault, Written, record_of, written_by_pieces
from hexray.htp.game import RESIGN, SWAP, Game, parse_point

Notation = Literal["sgf", "trmph", "hexworld"]

KINDS = "give an SGF file, a line of trmph, a link of HexWorld, or #11 a1 b2"

_SIZED = re.compile(r"#?([1-9][0-9]?)(?:\s+|$)(.*)", re.DOTALL)
_MOST_LINE = 4096
"""Characters of a line that is a game, whatever of them is written with percent signs."""
_WRITERS = {"sgf": sgf_text, "trmph": trmph_line, "hexworld": hexworld_link}
_MOVE = re.compile(
    r"\s*(?:[0-9]{1,3}\.)?\s*([a-zA-Z][0-9]{1,2}|swap-pieces|resign)(?=[\s,;]|$)[,;]?"
)


def read_game(text: str, size: int | None = None) -> GameRecord:
    """Read the first game of an SGF file, trmph lines, HexWorld links, or a list of moves.

    A list such as ``a1 b2, c3`` or ``1. a1 2. swap-pieces`` needs the ``size`` of its board, or
    says it before: ``#5 a1 b2``. Raises FileFormatError, and IllegalMove for a move of a list.
    """
    text = bare(text)
    if text.startswith("("):
        found: GameRecord | Rejected | None = next(read_sgf(text), None)
    elif sized := _SIZED.fullmatch(text):
        given = int(sized[1])
        if reason := size_fault(given, given):
            raise FileFormatError(reason)
        found = _listed(sized[2], given)
    elif "#" not in text:
        found = _listed(text, size)
    else:
        found = _link(text)
    if not isinstance(found, GameRecord):
        raise FileFormatError(f"no game; {KINDS}" if found is None else _place(found))
    if size not in (None, found.size):
        raise FileFormatError(f"the game is on {found.size}x{found.size}, not {size}x{size}")
    return found


def bare(text: str) -> str:
    """Leave out what stands around a text and is none of it."""
    return text.strip().removeprefix("\ufeff").lstrip()


def write_game(record: GameRecord, notation: Notation) -> str:
    """Write a game as an SGF file, a trmph line or a HexWorld link."""
    return _WRITERS[notation](record)


def game_of(record: GameRecord) -> Game:
    """Play a record as it was played: a swap as one of pieces, at its end who gave up resigns."""
    written, game = written_by_pieces(record), Game(record.size)
    for number, cell in enumerate(written.cells):
        if number == 1 and record.swapped:
            game.play(BLUE, SWAP)
        game.play(game.turn, cell)
    if record.swapped and len(written.cells) == 1:
        game.play(BLUE, SWAP)
    if record.ending in ("resigned", "forfeited"):
        game.play(-written.winner, RESIGN)
    return game


def record_from(game: Game, first: str = "", second: str = "") -> GameRecord:
    """Return the record of a game whose colours took turns; IllegalMove when they did not."""
    cells = [ply.point for ply in game.plies if ply.point >= 0]
    for number, ply in enumerate(game.plies):
        if ply.colour != (BLUE if number % 2 else RED) and ply.point != RESIGN:
            raise IllegalMove(f"move {number + 1} is not by the colour whose turn it was")
    swap = "pieces" if any(ply.point == SWAP for ply in game.plies) else "none"
    found = record_of(
        Written(game.size, tuple(cells), swap, game.winner, "resigned", first, second)
    )
    if isinstance(found, Fault):
        raise IllegalMove(found.reason)
    return found


def _link(text: str) -> GameRecord | Rejected | None:
    """Read the first line that says something; trmph and HexWorld look alike without address."""
    numbered = enumerate(text.splitlines(), 1)
    number, line = next((entry for entry in numbered if not says_nothing(entry[1])), (1, ""))
    if len(line) > _MOST_LINE:
        raise FileFormatError(f"line {number} is longer than {_MOST_LINE} characters, and no game")
    trmph, hexworld = read_trmph_line(line, number), read_hexworld_line(line, number)
    is_hexworld = "hexworld" in line or (isinstance(trmph, Rejected) and ":" in line)
    if isinstance(hexworld, GameRecord) and isinstance(trmph, Rejected):
        return hexworld
    return hexworld if is_hexworld else trmph


def _place(found: Rejected) -> str:
    return f"line {found.line}, column {found.column}: {found.reason}"


def _listed(text: str, size: int | None) -> GameRecord:
    if size is None:
        raise FileFormatError(f"{text[:20]!r} does not say its board; {KINDS}")
    game, at = Game(size), 0
    while at < len(text):
        match = _MOVE.match(text, at)
        if match is None:
            raise FileFormatError(
                f"{text[at : at + 20].strip()!r} is no move; write c3 or swap-pieces"
            )
        try:
            game.play(game.turn, parse_point(match[1], size))
        except IllegalMove as error:
            message = f"move {len(game.plies) + 1}, {match[1]!r}: {error}"
            raise IllegalMove(message) from error
        at = match.end()
    return record_from(game)
