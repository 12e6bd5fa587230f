"""Every first move on the empty board, judged: a measure, a table and a picture of strength."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hexray.evaluation import Conversation
from hexray.game.board import new_boards, play
from hexray.game.notation import move_name
from hexray.play.solved import answers, shipped_openings


class FirstMoves(NamedTuple):
    """What is said of each first move, absolute frame.

    value  float32[A]  for Red, who has made the move
    wins   bool[A]     Red wins in truth; None on boards where it is not known
    """

    size: int
    value: NDArray[np.float32]
    wins: NDArray[np.bool_] | None

    @property
    def wrong(self) -> NDArray[np.bool_]:
        """Moves whose winner was not named, bool[A]; none while the truth is not known."""
        if self.wins is None:
            return np.zeros(len(self.value), np.bool_)
        return np.where(self.wins, self.value <= 0, self.value >= 0)

    @property
    def truth(self) -> list[bool] | None:
        """Whether Red wins after each move, where that is known."""
        return None if self.wins is None else self.wins.tolist()

    @property
    def verdict(self) -> str:
        """Say in a sentence how many are judged wrongly."""
        if self.wins is None:
            return f"which first moves win on {self.size}x{self.size} is not known"
        known = "first moves on the empty board judged wrongly: {openings_wrong} of {openings}"
        return known.format(**self.counts)

    @property
    def counts(self) -> dict[str, int]:
        """How many moves there are and how many are judged wrongly; nothing where not known."""
        if self.wins is None:
            return {}
        return {"openings": len(self.value), "openings_wrong": int(self.wrong.sum())}

    def record(self) -> dict[str, Any]:
        """Return values, truth and wrong moves by the names of the moves; null where not known."""
        names = [move_name(move, self.size) for move in range(len(self.value))]
        values = dict(zip(names, self.value.tolist(), strict=True))
        if self.truth is None:
            return {"values": values, "truth": None, "wrong": None}
        wrong = [names[move] for move in np.flatnonzero(self.wrong)]
        truth = dict(zip(names, self.truth, strict=True))
        return {"values": values, "truth": truth, "wrong": wrong}


def judge_first_moves(size: int, simulations: int) -> Conversation[FirstMoves]:
    """Ask for the value of each first move; 0 simulations ask the raw network."""
    known = shipped_openings(size)
    area = size * size
    boards = new_boards(area, size)
    play(boards, np.arange(area), np.arange(area))
    value, _ = yield from answers(boards, simulations)
    return FirstMoves(size, -value, None if known is None else ~known.wins)


def table(moves: FirstMoves) -> str:
    """Write the values on a board of text, each row half a cell further in.

    ``+.93`` is 0.93 for Red; ``!`` marks a value whose sign is wrong.
    """
    size = moves.size
    letters = "".join(f"{chr(ord('a') + column):^6}" for column in range(size))
    lines = [f"   {letters}".rstrip()]
    marked = [
        _short(value) + ("!" if is_wrong else " ")
        for value, is_wrong in zip(moves.value, moves.wrong, strict=True)
    ]
    for row in range(size):
        values = " ".join(marked[row * size : (row + 1) * size])
        lines.append(f"{' ' * 3 * row}{row + 1:2} {values}".rstrip())
    lines.append(f"{' ' * 3 * size}   {letters}".rstrip())
    return "\n".join(lines)


def _short(value: float) -> str:
    """Write a value in four characters."""
    text = f"{value:+.2f}"
    return text[0] + text[2:] if abs(value) < 0.995 else text[:4]
