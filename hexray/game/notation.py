"""Names of cells: columns are letters from the left, rows numbers from the top, ``a1`` top left."""

import re
from collections.abc import Sequence

from hexray.errors import IllegalMove, OffBoard

_NAME = re.compile(r"([a-zA-Z])([1-9][0-9]?)")


def move_name(move: int, size: int) -> str:
    """Name a cell, e.g. 0 is ``a1`` and 1 is ``b1``."""
    return f"{chr(ord('a') + move % size)}{move // size + 1}"


def parse_move(text: str, size: int) -> int:
    """Return the cell a name stands for.

    Raises IllegalMove when it names none, OffBoard when the board does not have it.
    """
    match = _NAME.fullmatch(text.strip())
    if match is None:
        raise IllegalMove(f"{text!r} is no cell; write a letter and a number, such as c3")
    column, row = ord(match[1].lower()) - ord("a"), int(match[2]) - 1
    if column >= size or row >= size:
        raise OffBoard(f"{text!r} is off the {size}x{size} board")
    return row * size + column


def parse_moves(text: str, size: int) -> list[int]:
    """Parse cells separated by blanks, in the order played."""
    return [parse_move(name, size) for name in text.split()]


def board_text(cells: Sequence[int], size: int) -> str:
    """Draw one board (absolute frame): ``R``, ``B`` and ``.``, each row half a cell further in."""
    marks = {1: "R", -1: "B", 0: "."}
    head = "   " + " ".join(chr(ord("a") + column) for column in range(size))
    rows = [
        f"{' ' * row}{row + 1:2} "
        + " ".join(marks.get(int(cells[row * size + column]), "?") for column in range(size))
        for row in range(size)
    ]
    return "\n".join([head, *rows])
