"""The game of an HTP session: stones in any order of colours, swap, resignation, undo."""

from typing import NamedTuple

import numpy as np

from hexray.errors import IllegalMove
from hexray.game.board import EMPTY, Boards, new_boards, place
from hexray.game.notation import move_name, parse_move
from hexray.game.symmetry import reflect

SWAP, RESIGN = -1, -2
"""Points that are no cell; a cell is its number in the absolute frame."""
_NAMES = {SWAP: "swap-pieces", RESIGN: "resign"}
_POINTS = {name: point for point, name in _NAMES.items()}


class Ply(NamedTuple):
    """What one colour did: a cell, SWAP or RESIGN."""

    colour: int
    point: int


def parse_point(text: str, size: int) -> int:
    """Return the cell, SWAP or RESIGN that ``text`` names, in any case; IllegalMove otherwise."""
    point = _POINTS.get(text.lower())
    return parse_move(text, size) if point is None else point


def point_name(point: int, size: int) -> str:
    """Name a cell, SWAP or RESIGN."""
    return _NAMES.get(point) or move_name(point, size)


class Game:
    """One board and how it came about.

    ``board`` holds the stones (G = 1); whoever wants to change it takes a copy. Unlike in a match,
    a colour may play twice in a row and after the end, as programs set up positions so.
    """

    def __init__(self, size: int) -> None:
        """Begin with the empty board; SettingsError when the size is out of range."""
        self.size = size
        self.plies: list[Ply] = []
        self.board = new_boards(1, size)

    @property
    def winner(self) -> int:
        """RED or BLUE once a side is joined or the other colour has resigned, else EMPTY."""
        if self.plies and self.plies[-1].point == RESIGN:
            return -self.plies[-1].colour
        return int(self.board.winner[0])

    @property
    def turn(self) -> int:
        """The colour that did not play last, RED at the beginning."""
        return int(self.board.to_move[0])

    def seen_by(self, colour: int) -> Boards:
        """Copy the board with ``colour`` to move."""
        board = self.board.take(np.zeros(1, np.intp))
        board.to_move[0] = colour
        return board

    def may_swap(self, colour: int) -> bool:
        """Say whether ``colour`` may swap: as the second move, after a stone of the other one."""
        return len(self.plies) == 1 and self.plies[0].colour == -colour and self.plies[0].point >= 0

    def play(self, colour: int, point: int) -> None:
        """Play a cell, SWAP or RESIGN; IllegalMove leaves the game as it was."""
        if self.plies and self.plies[-1].point == RESIGN:
            raise IllegalMove("the game was resigned; undo that, or clear the board")
        if point == SWAP:
            if not self.may_swap(colour):
                raise IllegalMove(
                    "swap-pieces is legal only as the second move, after the other colour's stone"
                )
            self.board = _with_stones(reflect(self.board.cells[0]), self.size)
        elif point != RESIGN:
            self._put(colour, point)
        self.board.to_move[0] = -colour
        self.plies.append(Ply(colour, point))

    def undo(self) -> None:
        """Take the last ply back; IllegalMove when there is none."""
        if not self.plies:
            raise IllegalMove("there is no move to undo")
        before = Game(self.size)
        for ply in self.plies[:-1]:
            before.play(*ply)
        self.plies, self.board = before.plies, before.board

    def _put(self, colour: int, cell: int) -> None:
        board, area = self.board, self.size * self.size
        if not 0 <= cell < area:
            raise IllegalMove(f"cell {cell} is off the board; use 0 to {area - 1}")
        if board.cells[0, cell] != EMPTY:
            raise IllegalMove(f"{move_name(cell, self.size)} is occupied; choose an empty cell")
        if place(board.cells[0], board.links[0], self.size, cell, colour):
            board.winner[0] = colour


def _with_stones(cells: np.ndarray, size: int) -> Boards:
    board = new_boards(1, size)
    for cell in np.flatnonzero(cells != EMPTY):
        colour = int(cells[cell])
        if place(board.cells[0], board.links[0], size, int(cell), colour):
            board.winner[0] = colour
    return board
