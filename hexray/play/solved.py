"""Strength without an opponent: positions whose exact value is known."""

import json
from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from hexray.config import measuring
from hexray.errors import FileFormatError, IllegalMove
from hexray.evaluation import Conversation, Leaves
from hexray.game.board import (
    BLUE,
    EMPTY,
    MAX_SIZE,
    MIN_SIZE,
    RED,
    Boards,
    new_boards,
    play,
    play_sequence,
)
from hexray.game.frame import mover_cells, swap_moves
from hexray.game.notation import move_name, parse_moves
from hexray.search import SearchResult, search

GAMES_AT_ONCE = 128
_COLOURS = {"red": RED, "blue": BLUE}


class Solved(NamedTuple):
    """P solved positions of one size.

    wins     bool[P]     the player to move wins
    winning  bool[P, A]  moves that keep the win, absolute frame
    """

    boards: Boards
    wins: NDArray[np.bool_]
    winning: NDArray[np.bool_]

    def first(self, count: int) -> "Solved":
        """Copy the first ``count`` positions, or all if there are fewer."""
        part = np.arange(min(count, len(self.wins)))
        return Solved(self.boards.take(part), self.wins[part], self.winning[part])


class Strength(NamedTuple):
    """How often the truth was found."""

    positions: int
    winner_accuracy: float
    movable: int
    move_accuracy: float

    @property
    def wrong(self) -> int:
        """Positions whose winner was not named."""
        return round(self.positions * (1 - self.winner_accuracy))


def shipped_positions(size: int) -> Path | None:
    """Return the solved positions that come with hexray for this board, if there are any."""
    path = Path(str(resources.files("hexray") / "positions" / f"hex{size}.jsonl"))
    return path if path.exists() else None


def shipped_openings(size: int) -> Solved | None:
    """Return all positions after one move with their truth, if the openings are known."""
    path = Path(str(resources.files("hexray") / "positions" / "openings.jsonl"))
    for line in path.read_text().splitlines():
        record = json.loads(line)
        if record["size"] == size:
            area = size * size
            boards = new_boards(area, size)
            play(boards, np.arange(area), np.arange(area))
            wins = np.ones(area, np.bool_)
            wins[parse_moves(record["winning_first_moves"], size)] = False
            return Solved(boards, wins, np.zeros((area, area), np.bool_))
    return None


def read_solved(path: Path) -> Solved:
    """Read a file of solved positions, one JSON object a line.

    Raises FileFormatError naming file, line and reason at the first bad line, and for a file that
    is empty or mixes sizes.
    """
    if not path.exists():
        raise FileFormatError(f"{path}: no such file")
    parsed = []
    with path.open(encoding="utf-8", errors="replace") as lines:
        for number, line in enumerate(lines, start=1):
            if line.strip():
                try:
                    parsed.append(_parse(_Record.model_validate_json(line), parsed))
                except (ValueError, IllegalMove) as error:
                    raise FileFormatError(f"{path}:{number}:1: {_explain(error)}") from error
    if not parsed:
        raise FileFormatError(f"{path}:1:1: no positions in this file")
    boards, wins, winning = zip(*parsed, strict=True)
    joined = Boards(*(np.concatenate(columns) for columns in zip(*boards, strict=True)))
    return Solved(joined, np.array(wins), np.stack(winning))


def measure(solved: Solved, simulations: int) -> Conversation[Strength]:
    """Ask for the winner and a move of every position; 0 simulations ask the raw network.

    A value of exactly 0 names nobody and counts as wrong. Moves count where the mover can win.
    """
    value, moves = yield from answers(solved.boards, simulations)
    named = np.where(solved.wins, value > 0, value < 0)
    kept = solved.winning[np.arange(len(moves)), moves][solved.winning.any(1)]
    return Strength(
        positions=len(named),
        winner_accuracy=float(named.mean()),
        movable=len(kept),
        move_accuracy=float(kept.mean()) if len(kept) else float("nan"),
    )


def answers(
    boards: Boards, simulations: int
) -> Conversation[tuple[NDArray[np.float32], NDArray[np.int64]]]:
    """Return value[G] (mover frame) and move[G] (absolute frame) for G undecided positions.

    All are searched alike (``measuring``); 0 simulations ask the raw network.
    """
    values, moves = [], []
    for start in range(0, len(boards.cells), GAMES_AT_ONCE):
        part = boards.take(np.arange(start, min(start + GAMES_AT_ONCE, len(boards.cells))))
        if simulations == 0:
            cells = mover_cells(part.cells, part.to_move)
            evaluation = yield Leaves(cells, part.size)
            value = np.asarray(evaluation.value, np.float32)
            best = np.argmax(np.where(cells == EMPTY, evaluation.logits, -np.inf), axis=1)
        else:
            result = yield from _search(part, simulations)
            value, best = result.value, result.moves
        values.append(value)
        moves.append(swap_moves(best, part.to_move, part.size))
    return np.concatenate(values), np.concatenate(moves)


def _search(boards: Boards, simulations: int) -> Conversation[SearchResult]:
    settings = measuring(simulations)
    return search(boards, settings, None, np.zeros(len(boards.cells), np.bool_))


class _Record(BaseModel):
    """One line of a file of solved positions; unknown keys are left alone."""

    model_config = ConfigDict(strict=True)

    size: Annotated[int, Field(ge=MIN_SIZE, le=MAX_SIZE)]
    moves: str
    to_move: Literal["red", "blue"]
    winner: Literal["red", "blue"]
    winning_moves: str


def _parse(
    record: _Record, before: Sequence[tuple[Boards, bool, NDArray[np.bool_]]]
) -> tuple[Boards, bool, NDArray[np.bool_]]:
    size = record.size
    if before and before[0][0].size != size:
        raise ValueError(f"size {size} among positions of size {before[0][0].size}")
    board = play_sequence(size, parse_moves(record.moves, size))
    to_move, winner = _COLOURS[record.to_move], _COLOURS[record.winner]
    if to_move != board.to_move[0]:
        raise ValueError(f"to_move is {record.to_move}, but the moves say otherwise")
    if board.winner[0] != EMPTY:
        raise ValueError("the game is already won")
    winning = np.zeros(size * size, np.bool_)
    for move in parse_moves(record.winning_moves, size):
        if board.cells[0, move] != EMPTY:
            raise ValueError(f"winning move {move_name(move, size)} is occupied")
        winning[move] = True
    if winning.any() != (winner == to_move):
        raise ValueError("winner and winning_moves contradict each other")
    return board, winner == to_move, winning


def _explain(error: Exception) -> str:
    """Return the reason in one line."""
    if not isinstance(error, ValidationError):
        return str(error)
    first = error.errors()[0]
    return " ".join((*(str(part) for part in first["loc"]), first["msg"]))
