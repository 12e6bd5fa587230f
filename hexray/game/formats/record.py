"""One finished or broken-off game, whoever wrote it down, and what a text that is none looks like.

How a swap is written differs: the stone changes its colour and is mirrored (swap of pieces), or the
players exchange their colours (swap of sides). A record knows only that there was one: its stones
lie as after a swap of sides, so that they always alternate. A swap of pieces is the same game seen
in the mirror.
"""

from typing import Literal, NamedTuple

from hexray.game.board import EMPTY, MAX_SIZE, MIN_SIZE

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


FaultKind = Literal[
    "no game",
    "off board",
    "repeated cell",
    "after the end",
    "wrong winner",
    "wrong parity",
    "too short",
    "not finite",
    "bad value",
    "bad policy",
    "duplicate",
]
"""What can be wrong with a game or an example; no game is all that cannot be read as one."""


class Rejected(NamedTuple):
    """A text that is no game: where it is wrong, counted from 1, why, and the text itself."""

    line: int
    column: int
    reason: str
    text: str
    kind: FaultKind = "no game"

    def message(self, source: str) -> str:
        """Say ``file:line:column: reason``."""
        return f"{source}:{self.line}:{self.column}: {self.reason}"


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
