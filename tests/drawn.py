"""Positions from drawings, as the boards of the program."""

import numpy as np
from oracle import EMPTY, parse_board, winner_of

from hexray.game.board import RED, Boards, new_boards, place


def boards_from(cells: list[int], to_move: int = RED) -> Boards:
    """Set the stones of ``cells`` on one board (G = 1), whatever their number."""
    size = round(len(cells) ** 0.5)
    boards = new_boards(1, size)
    for cell, stone in enumerate(cells):
        if stone != EMPTY:
            place(boards.cells[0], boards.links[0], size, cell, stone)
    boards.to_move[0] = to_move
    boards.winner[0] = winner_of(cells, size)
    return boards


def drawn(drawing: str, to_move: int = RED) -> Boards:
    """Set up a drawing of ``R``, ``B`` and ``.`` with ``to_move`` to move."""
    return boards_from(parse_board(drawing), to_move)


def together(positions: list[Boards]) -> Boards:
    """Put boards of one size into one batch."""
    return Boards(*(np.concatenate(columns) for columns in zip(*positions, strict=True)))
