"""Make solved positions of a small board, by exhaustive search, as hexray/positions/hex4.jsonl.

    python benchmarks/solve_small.py --board 4 --positions 600 > hexray/positions/hex4.jsonl

Stones lie at random or beside another one, as in the files of larger boards. Written from the rules
alone, so that a mistake of hexray's engine cannot hide here.
"""

import json
import random
from collections.abc import Iterator
from functools import cache
from typing import Annotated

import tyro

RED, BLUE = 0, 1
_STEPS = ((-1, 0), (1, 0), (0, -1), (0, 1), (-1, 1), (1, -1))
_CLUSTERED = 0.5


def main(
    board: Annotated[int, tyro.conf.arg(metavar="2..4")] = 4,
    positions: Annotated[int, tyro.conf.arg(metavar="1..")] = 600,
    seed: int = 0,
) -> None:
    """Print positions, one JSON object a line, none twice.

    Args:
        board: Board side; 4 takes a minute.
        positions: How many.
        seed: Of the positions drawn.
    """
    solver, rng, seen = Solver(board), random.Random(seed), set[frozenset[tuple[int, int]]]()
    most = board * board // 2 + 2
    while len(seen) < positions:
        moves = _draw(solver, rng, rng.randint(1, most))
        stones = [sum(1 << move for move in moves[colour::2]) for colour in (RED, BLUE)]
        key = frozenset((move, ply % 2) for ply, move in enumerate(moves))
        if key in seen or solver.is_over(stones[RED], stones[BLUE]):
            continue
        seen.add(key)
        print(json.dumps(_record(solver, board, moves, stones)))


class Solver:
    """Who wins, by trying everything; stones are sets of bits, cell ``row * board + column``."""

    def __init__(self, board: int) -> None:
        self.cells = range(board * board)
        self.beside = [list(_beside(cell, board)) for cell in self.cells]
        near = [sum(1 << other for other in cells) for cells in self.beside]
        row = sum(1 << column for column in range(board))
        column = sum(1 << board * row for row in range(board))
        first, last = (row, column), (row << board * (board - 1), column << (board - 1))

        @cache
        def joined(stones: int, colour: int) -> bool:
            reached, before = stones & first[colour], 0
            while reached != before:
                before = reached
                for cell in self.cells:
                    if reached >> cell & 1:
                        reached |= near[cell] & stones
            return bool(reached & last[colour])

        @cache
        def wins(own: int, other: int, colour: int) -> bool:
            return any(
                joined(own | 1 << cell, colour) or not wins(other, own | 1 << cell, 1 - colour)
                for cell in self.cells
                if not (own | other) >> cell & 1
            )

        self._joined, self._wins = joined, wins

    def is_over(self, red: int, blue: int) -> bool:
        """Say whether a side has joined its edges."""
        return self._joined(red, RED) or self._joined(blue, BLUE)

    def winning_moves(self, own: int, other: int, colour: int) -> list[int]:
        """Return every move with which ``colour``, to move, wins."""
        return [
            cell
            for cell in self.cells
            if not (own | other) >> cell & 1
            and (
                self._joined(own | 1 << cell, colour)
                or not self._wins(other, own | 1 << cell, 1 - colour)
            )
        ]


def _beside(cell: int, board: int) -> Iterator[int]:
    for down, right in _STEPS:
        row, column = cell // board + down, cell % board + right
        if 0 <= row < board and 0 <= column < board:
            yield row * board + column


def _draw(solver: Solver, rng: random.Random, count: int) -> list[int]:
    moves: list[int] = []
    while len(moves) < count:
        free = [cell for cell in solver.cells if cell not in moves]
        near = [cell for cell in free if not set(solver.beside[cell]).isdisjoint(moves)]
        moves.append(rng.choice(near if near and rng.random() < _CLUSTERED else free))
    return moves


def _record(solver: Solver, board: int, moves: list[int], stones: list[int]) -> dict[str, object]:
    mover = len(moves) % 2
    winning = solver.winning_moves(stones[mover], stones[1 - mover], mover)
    names = ("red", "blue")
    return {
        "size": board,
        "moves": _names(moves, board),
        "to_move": names[mover],
        "winner": names[mover if winning else 1 - mover],
        "winning_moves": _names(winning, board),
    }


def _names(cells: list[int], board: int) -> str:
    return " ".join(f"{chr(ord('a') + cell % board)}{cell // board + 1}" for cell in cells)


if __name__ == "__main__":
    tyro.cli(main)
