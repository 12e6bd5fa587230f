"""Engines with answers known in advance, and sessions written by hand."""

from pathlib import Path

import numpy as np

from hexray.game.board import EMPTY, Boards
from hexray.play.think import Choice, Report


class First:
    """Chooses the first empty cell, and says what it was asked."""

    def __init__(self, value: float = 0.25) -> None:
        self.value = value
        self.asked: list[tuple[int, float | None]] = []

    def __call__(self, board: Boards, seconds: float | None, report: Report) -> Choice:
        self.asked.append((int(board.to_move[0]), seconds))
        empty = np.flatnonzero(board.cells[0] == EMPTY)
        visits = np.zeros(len(board.cells[0]), np.int64)
        visits[empty[:2]] = (3, 5)[: len(empty)]
        values = np.zeros(len(visits))
        values[empty[:2]] = (self.value, -0.5)[: len(empty)]
        found = Choice(int(empty[0]), self.value, 0, visits, values, visits / visits.sum())
        report(found)
        return found


def read_transcript(path: Path) -> tuple[list[str], str]:
    """Return the requests of a session written by hand, and all that is to be answered.

    ``> `` is a request, ``< `` a line of an answer, ``<`` the empty line after it.
    """
    requests, answers = [], ""
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("> "):
            requests.append(line.removeprefix("> "))
        elif line.startswith("< "):
            answers += line.removeprefix("< ") + "\n"
        elif line == "<":
            answers += "\n"
    return requests, answers
