"""One game in any of the notations that people paste, and written in one of them."""

import re
from typing import Literal

from hexray.errors import FileFormatError, IllegalMove
from hexray.game.board import BLUE, RED
from hexray.game.formats.hexworld import hexworld_link, read_hexworld_line
from hexray.game.formats.record import GameRecord, Rejected
from hexray.game.formats.sgf import read_sgf, sgf_text
from hexray.game.formats.trmph import read_trmph_line, trmph_line
from hexray.game.formats.written import Fault, Written, record_of, written_by_pieces
from hexray.htp.game import RESIGN, SWAP, Game, parse_point

Notation = Literal["sgf", "trmph", "hexworld"]

_WRITERS = {"sgf": sgf_text, "trmph": trmph_line, "hexworld": hexworld_link}
_MOVE = re.compile(
    r"\s*(?:[0-9]{1,3}\.)?\s*([a-zA-Z][0-9]{1,2}|swap-pieces|resign)(?=[\s,;]|$)[,;]?"
)


def read_game(text: str, size: int | None = None) -> GameRecord:
    """Read the first game of an SGF file, a trmph line, a HexWorld link, or a list of moves.

    Moves such as ``a1 b2, c3`` or ``1. a1 2. swap-pieces`` need the ``size`` of their board.
    Raises FileFormatError, and IllegalMove for a move of a list.
    """
    line = text.strip()
    if line.startswith("("):
        found: GameRecord | Rejected | None = next(read_sgf(line), None)
    elif "#" not in line:
        return _listed(line, size)
    elif "hexworld" in line or ":" in line.partition("#")[2]:
        found = read_hexworld_line(line, 1)
    else:
        found = read_trmph_line(line, 1)
    if not isinstance(found, GameRecord):
        raise FileFormatError("no game in it" if found is None else found.message("game"))
    if size not in (None, found.size):
        raise FileFormatError(f"the game is on {found.size}x{found.size}, not {size}x{size}")
    return found


def write_game(record: GameRecord, notation: Notation) -> str:
    """Write a game as an SGF file, a trmph line or a HexWorld link."""
    return _WRITERS[notation](record)


def game_of(record: GameRecord) -> Game:
    """Play a record as it was played: a swap as one of pieces, at its end who gave up resigns."""
    written, game = written_by_pieces(record), Game(record.size)
    for number, cell in enumerate(written.cells):
        if number == 1 and record.swapped:
            game.play(BLUE, SWAP)
        game.play(_turn(game), cell)
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


def _turn(game: Game) -> int:
    return BLUE if len(game.plies) % 2 else RED


def _listed(text: str, size: int | None) -> GameRecord:
    if size is None:
        raise FileFormatError(f"{text[:40]!r} has no size of the board; name it, or write #11,a1b2")
    game, at = Game(size), 0
    while at < len(text):
        match = _MOVE.match(text, at)
        if match is None:
            raise FileFormatError(f"game:1:{at + 1}: {text[at : at + 8]!r} is no move, such as c3")
        game.play(_turn(game), parse_point(match[1], size))
        at = match.end()
    return record_from(game)
