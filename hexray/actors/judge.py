"""The judge: says how strong the present weights are, against exact truth."""

import math
from collections.abc import Sequence

import numpy as np

from hexray.evaluation import EvaluateAsync, drive_async
from hexray.game.board import EMPTY, new_boards, play
from hexray.play.solved import (
    answers,
    measure,
    read_solved,
    shipped_openings,
    shipped_positions,
)


class Judge:
    """Measures one board through the inference server, on solved positions that come with it."""

    def __init__(self, size: int, evaluate: EvaluateAsync) -> None:
        """Read the positions of the board; where none are known, measurements are empty."""
        self._size, self._evaluate = size, evaluate
        path = shipped_positions(size)
        self._solved = None if path is None else read_solved(path)
        self._openings = shipped_openings(size)

    async def measure(self, simulations: int, positions: int | None = None) -> dict[str, float]:
        """Return the accuracies over the first ``positions`` solved positions (None: all).

        An accuracy over no position at all is left out.
        """
        if self._solved is None:
            return {}
        part = self._solved if positions is None else self._solved.first(positions)
        strength = await drive_async(measure(part, simulations), self._evaluate)
        figures = strength._asdict().items()
        return {key: float(value) for key, value in figures if not math.isnan(value)}

    async def openings(self, simulations: int) -> dict[str, float]:
        """Return how many first moves on the empty board are judged wrongly, and of how many."""
        if self._openings is None:
            return {}
        strength = await drive_async(measure(self._openings, simulations), self._evaluate)
        return {"openings": strength.positions, "openings_wrong": strength.wrong}

    async def sample_game(self, simulations: int) -> list[int]:
        """Play one game against itself at full strength; return its moves, absolute frame."""
        board, moves = new_boards(1, self._size), []
        while board.winner[0] == EMPTY:
            _, move = await drive_async(answers(board, simulations), self._evaluate)
            play(board, np.zeros(1, np.intp), move)
            moves.append(int(move[0]))
        return moves


class Judges:
    """A ``Judge`` for each board of a run; the methods are those of ``Judge``."""

    def __init__(self, boards: Sequence[int], evaluate: EvaluateAsync) -> None:
        self._of = {board: Judge(board, evaluate) for board in boards}

    async def measure(
        self, board: int, simulations: int, positions: int | None = None
    ) -> dict[str, float]:
        """Return the accuracies on one board."""
        return await self._of[board].measure(simulations, positions)

    async def openings(self, board: int, simulations: int) -> dict[str, float]:
        """Return how many first moves on one board are judged wrongly, and of how many."""
        return await self._of[board].openings(simulations)

    async def sample_game(self, board: int, simulations: int) -> list[int]:
        """Play one game of one board against itself."""
        return await self._of[board].sample_game(simulations)
