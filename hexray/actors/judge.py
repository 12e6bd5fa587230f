"""The judge: says how strong the present weights are, against exact truth and held-out games."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hexray.config import JudgeSettings
from hexray.data.held_out import SplitRows
from hexray.evaluation import EvaluateAsync, Evaluation, Leaves, checked, drive_async
from hexray.game.board import EMPTY, new_boards, play
from hexray.play.first_moves import FirstMoves, judge_first_moves
from hexray.play.solved import answers, measure, read_solved, shipped_positions
from hexray.ratings.generalization import Said, generalization


class Judge:
    """Measures one board through the inference server, on solved positions that come with it."""

    def __init__(self, size: int, evaluate: EvaluateAsync) -> None:
        """Read the positions of the board; where none are known, measurements are empty."""
        self._size, self._evaluate = size, evaluate
        path = shipped_positions(size)
        self._solved = None if path is None else read_solved(path)

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

    async def compare(self, rows: SplitRows | None, settings: JudgeSettings) -> dict[str, float]:
        """Return what the raw network makes of held-out games and of those trained on, as metrics.

        ``alarm/gap`` is 1 when the gap passes its bound. Nothing of None.
        """
        if rows is None:
            return {}
        said = Said(await self._raw(rows.training.cells), await self._raw(rows.held_out.cells))
        figures = generalization(rows, said, settings.calibration_bins)
        alarm = {"alarm/gap": float(figures["gap"] > settings.gap_bound)}
        return {f"held_out/{key}": value for key, value in figures.items()} | alarm

    async def first_moves(self, simulations: int) -> FirstMoves:
        """Return what is said of every first move on the empty board."""
        return await drive_async(judge_first_moves(self._size, simulations), self._evaluate)

    async def sample_game(self, simulations: int) -> list[int]:
        """Play one game against itself at full strength; return its moves, absolute frame."""
        board, moves = new_boards(1, self._size), []
        while board.winner[0] == EMPTY:
            _, move = await drive_async(answers(board, simulations), self._evaluate)
            play(board, np.zeros(1, np.intp), move)
            moves.append(int(move[0]))
        return moves

    async def _raw(self, cells: NDArray[np.int8]) -> Evaluation:
        leaves = Leaves(cells, self._size)
        return checked(await self._evaluate(leaves), leaves)


class Judges:
    """A ``Judge`` for each board of a run; the methods are those of ``Judge``."""

    def __init__(self, boards: Sequence[int], evaluate: EvaluateAsync) -> None:
        self._of = {board: Judge(board, evaluate) for board in boards}

    async def measure(
        self, board: int, simulations: int, positions: int | None = None
    ) -> dict[str, float]:
        """Return the accuracies on one board."""
        return await self._of[board].measure(simulations, positions)

    async def compare(
        self, board: int, rows: SplitRows | None, settings: JudgeSettings
    ) -> dict[str, float]:
        """Return what the raw network makes of held-out games of one board."""
        return await self._of[board].compare(rows, settings)

    async def first_moves(self, board: int, simulations: int) -> FirstMoves:
        """Return what is said of every first move on one board."""
        return await self._of[board].first_moves(simulations)

    async def sample_game(self, board: int, simulations: int) -> list[int]:
        """Play one game of one board against itself."""
        return await self._of[board].sample_game(simulations)
