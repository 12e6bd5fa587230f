"""One finished or broken-off game, whoever wrote it down, and what a text that is none looks like.

How a swap is written differs: the stone changes its colour and is mirrored (swap of pieces), or the
players exchange their colours (swap of sides). A record knows only that there was one: its stones
lie as after a swap of sides, so that they always alternate. A swap of pieces is the same game seen
in the mirror.
"""

from typing import Literal, NamedTuple

import numpy as np

from hexray.game.board import BLUE, EMPTY, MAX_SIZE, MIN_SIZE, RED
from hexray.game.frame import swap_frame
from hexray.game.notation import move_name
from hexray.game.replay import replay_games

Ending = Literal["joined", "resigned", "forfeited", "unfinished"]
Swap = Literal["none", "pieces", "sides"]

MAX_LINE = 65_536
"""Characters of the longest line that may be a game."""


class GameRecord(NamedTuple):
    """One legal game, absolute frame.

    moves    cells in the order played; Red first, then in turn
    winner   RED or BLUE, EMPTY when nobody knows
    ending   joined: by the last move; otherwise nobody has joined his sides
    swapped  the second player took the first stone: he is Red from then on
    first    name of the player who made the first move, empty when not known
    second   name of the other
    """

    size: int
    moves: tuple[int, ...]
    winner: int = EMPTY
    ending: Ending = "unfinished"
    swapped: bool = False
    first: str = ""
    second: str = ""


class Reading(NamedTuple):
    """What a file is taken for where it may not mean what it says.

    swap    a swap is what is written, or of pieces or sides whatever is written: programs have
            written the one where they meant the other
    winner  a game whose moves let another win than is said is rejected, or is that other's
    """

    swap: Literal["as-written", "pieces", "sides"] = "as-written"
    winner: Literal["checked", "found"] = "checked"


AS_WRITTEN = Reading()


class Rejected(NamedTuple):
    """A text that is no game: where it is wrong, counted from 1, why, and the text itself."""

    line: int
    column: int
    reason: str
    text: str

    def message(self, source: str) -> str:
        """Say ``file:line:column: reason``."""
        return f"{source}:{self.line}:{self.column}: {self.reason}"


class Fault(NamedTuple):
    """Why moves are no game: the ply that is wrong, or the number of moves for what follows."""

    ply: int
    reason: str


class Written(NamedTuple):
    """A game as it stands in a file, nothing believed yet.

    cells    of the moves as written, absolute frame, without the swap
    swap     how the second player swapped after the first stone, if he did
    winner   the colour that is said to have won, as written; EMPTY when nothing is said
    ending   how it is said to have ended if no side is joined
    """

    size: int
    cells: tuple[int, ...]
    swap: Swap = "none"
    winner: int = EMPTY
    ending: Ending = "resigned"
    first: str = ""
    second: str = ""


def record_of(game: Written, reading: Reading = AS_WRITTEN) -> GameRecord | Fault:
    """Play ``game`` over again and return it, its winner found and not believed.

    A winner of a game in which no side is joined is kept: his opponent resigned, if nothing else
    is said.
    """
    if game.swap != "none" and reading.swap != "as-written":
        game = game._replace(swap=reading.swap)
    size, is_mirrored = game.size, game.swap == "pieces"
    cells = game.cells
    if game.swap != "none" and not cells:
        return Fault(0, "swap is legal only as the second move")
    if is_mirrored:
        cells = (cells[0], *(_mirror(cell, size) for cell in cells[1:]))
    length = np.array([len(cells)], np.int16)
    legal, joined = replay_games(np.array(cells, np.int64), length, size)
    winner = int(joined[0])
    if legal < len(cells):
        return Fault(legal, _illegal(game, legal, winner))
    said = -game.winner if is_mirrored else game.winner
    if winner == EMPTY:
        ending = game.ending if said else "unfinished"
    elif said in (EMPTY, winner) or reading.winner == "found":
        said, ending = winner, "joined"
    else:
        seen = -winner if is_mirrored else winner
        return Fault(len(cells), f"{_SIDES[-seen]} is named as winner, but {_JOINED[seen]}")
    is_swapped = game.swap != "none"
    return GameRecord(size, cells, said or winner, ending, is_swapped, game.first, game.second)


def written_by_pieces(record: GameRecord) -> Written:
    """Write a record with a swap of pieces, if there was a swap."""
    moves, winner = record.moves, record.winner
    swap: Swap = "none"
    if record.swapped:
        moves = (moves[0], *(_mirror(move, record.size) for move in moves[1:]))
        swap, winner = "pieces", -winner
    return Written(record.size, moves, swap, winner, record.ending, record.first, record.second)


def says_nothing(line: str) -> bool:
    """Say whether a line is blank or a comment, ``# key: value``, in a file of a game a line."""
    text = line.strip()
    return text in ("", "#") or text.startswith(("# ", "#\t"))


def size_fault(columns: int, rows: int) -> str | None:
    """Say why hexray has no board of so many columns and rows; None when it has."""
    if columns != rows:
        return f"a board of {columns}x{rows} is rectangular; hexray plays on square ones"
    if not MIN_SIZE <= columns <= MAX_SIZE:
        return f"a board of {columns}x{rows}: hexray plays on {MIN_SIZE}x{MIN_SIZE} to " + (
            f"{MAX_SIZE}x{MAX_SIZE}"
        )
    return None


_SIDES = {RED: "the first colour", BLUE: "the second colour"}
_JOINED = {RED: "top and bottom are joined", BLUE: "left and right are joined"}


def _illegal(game: Written, ply: int, joined: int) -> str:
    name = move_name(game.cells[ply], game.size)
    if joined == EMPTY:
        return f"{name} is occupied"
    seen = -joined if game.swap == "pieces" else joined
    return f"{name} comes after the end: {_JOINED[seen]}"


def _mirror(cell: int, size: int) -> int:
    """Mirror a cell in the long diagonal, which a swap of pieces does: b1 becomes a2."""
    return int(swap_frame(cell, BLUE, size))
