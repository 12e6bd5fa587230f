"""Boards of Hex in the absolute frame: stones, whose turn it is, and who has joined their sides.

Red (+1) moves first and joins top to bottom, Blue (-1) joins left to right. A board keeps a
union-find forest over its cells and the four edges, so a win is seen the moment it happens.
"""

from collections.abc import Sequence
from math import isqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hexray.errors import IllegalMove, SettingsError
from hexray.game.kernel import kernel
from hexray.game.notation import move_name

RED, BLUE, EMPTY = 1, -1, 0
MIN_SIZE, MAX_SIZE = 2, 19
RING = ((0, 1), (1, 0), (1, -1), (0, -1), (-1, 0), (-1, 1))
"""Rows and columns to the six neighbours of a cell, in one turn: each is next to the one before."""


class Boards(NamedTuple):
    """G boards of one size; the arrays belong to the holder and change in place.

    cells    int8[G, A]       RED, BLUE or EMPTY
    links    int16[G, A + 4]  union-find parents of the cells and of top, bottom, left, right
    to_move  int8[G]          RED or BLUE
    winner   int8[G]          RED or BLUE once a side is joined, EMPTY before
    """

    cells: NDArray[np.int8]
    links: NDArray[np.int16]
    to_move: NDArray[np.int8]
    winner: NDArray[np.int8]

    @property
    def size(self) -> int:
        """The board side N."""
        return isqrt(self.cells.shape[1])

    def take(self, games: NDArray[np.intp]) -> "Boards":
        """Copy the boards with the given indices."""
        return Boards(
            cells=self.cells[games],
            links=self.links[games],
            to_move=self.to_move[games],
            winner=self.winner[games],
        )


def new_boards(count: int, size: int) -> Boards:
    """Make ``count`` empty boards with Red to move."""
    if not MIN_SIZE <= size <= MAX_SIZE:
        raise SettingsError(f"board size {size} is out of range; use {MIN_SIZE} to {MAX_SIZE}")
    area = size * size
    return Boards(
        cells=np.zeros((count, area), np.int8),
        links=np.tile(np.arange(area + 4, dtype=np.int16), (count, 1)),
        to_move=np.full(count, RED, np.int8),
        winner=np.zeros(count, np.int8),
    )


def play(boards: Boards, games: NDArray[np.intp], moves: NDArray[np.integer]) -> None:
    """Play ``moves[i]`` (absolute frame) on board ``games[i]``, in order.

    Raises IllegalMove at the first move that is off the board, on a stone, or after the end;
    the moves before it stay played.
    """
    done = play_kernel(boards, boards.size, np.asarray(games), np.asarray(moves, np.int64))
    if done < len(moves):
        raise IllegalMove(_reason(boards, int(games[done]), int(moves[done])))


def play_sequence(size: int, moves: Sequence[int]) -> Boards:
    """Play a whole sequence from the empty board and return it as one board (G = 1)."""
    board = new_boards(1, size)
    play(board, np.zeros(len(moves), np.intp), np.asarray(moves, np.int64))
    return board


def _reason(boards: Boards, game: int, move: int) -> str:
    size = boards.size
    if not 0 <= move < size * size:
        return f"cell {move} is off the {size}x{size} board; use 0 to {size * size - 1}"
    if boards.winner[game] != EMPTY:
        return f"{move_name(move, size)} comes after the game was won; remove it"
    return f"{move_name(move, size)} is occupied; choose an empty cell"


@kernel
def play_kernel(boards: Boards, size: int, games: NDArray, moves: NDArray) -> int:
    """Play moves until one is illegal; return how many were played."""
    for index in range(len(moves)):
        game, move = games[index], moves[index]
        if move < 0 or move >= size * size:
            return index
        if boards.winner[game] != EMPTY or boards.cells[game, move] != EMPTY:
            return index
        colour = int(boards.to_move[game])
        if place(boards.cells[game], boards.links[game], size, move, colour):
            boards.winner[game] = colour
        boards.to_move[game] = -colour
    return len(moves)


@kernel
def place(cells: NDArray, links: NDArray, size: int, move: int, colour: int) -> bool:
    """Put a stone on one board (``cells[A]``, ``links[A + 4]``); True when it joins its sides."""
    cells[move] = colour
    row, column = move // size, move % size
    if row > 0:
        _join_same(cells, links, move, move - size)
        if column < size - 1:
            _join_same(cells, links, move, move - size + 1)
    if row < size - 1:
        _join_same(cells, links, move, move + size)
        if column > 0:
            _join_same(cells, links, move, move + size - 1)
    if column > 0:
        _join_same(cells, links, move, move - 1)
    if column < size - 1:
        _join_same(cells, links, move, move + 1)
    first_edge = size * size if colour == RED else size * size + 2
    along = row if colour == RED else column
    if along == 0:
        _join(links, move, first_edge)
    if along == size - 1:
        _join(links, move, first_edge + 1)
    return _find(links, first_edge) == _find(links, first_edge + 1)


@kernel
def _join_same(cells: NDArray, links: NDArray, one: int, other: int) -> None:
    if cells[one] == cells[other]:
        _join(links, one, other)


@kernel
def _join(links: NDArray, one: int, other: int) -> None:
    links[_find(links, one)] = _find(links, other)


@kernel
def _find(links: NDArray, node: int) -> int:
    while links[node] != node:
        links[node] = links[links[node]]
        node = links[node]
    return node
