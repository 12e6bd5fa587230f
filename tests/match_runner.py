"""A match between two engines over pipes, by the Hex text protocol; nothing of hexray is in it.

It keeps the board itself, by the slow engine, and trusts no answer: moves must be legal, boards and
results of both programs its own.
"""

import re
import subprocess
from collections.abc import Sequence
from typing import NamedTuple

import oracle
from oracle import BLUE, EMPTY, RED

SWAP = "swap-pieces"
_NAMES = {RED: "black", BLUE: "white"}
_SCORES = {RED: "B+", BLUE: "W+", EMPTY: "cannot score"}
_STONES = {".": EMPTY, "B": RED, "W": BLUE}


class Refused(Exception):
    """A program answered a request with an error."""


class Program:
    """An engine at the other end of two pipes, for as long as the context lasts."""

    def __init__(self, command: Sequence[str]) -> None:
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self._number = 0

    def ask(self, request: str) -> str:
        """Return the text of an answer that has the right form; Refused with that of an error."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._number += 1
        self._process.stdin.write(f"{self._number} {request}\n")
        self._process.stdin.flush()
        lines = []
        while (line := self._process.stdout.readline()) != "\n":
            assert line.endswith("\n"), f"{request!r}: the program has ended"
            lines.append(line)
        found = re.fullmatch(r"([=?])([0-9]+) (.*)\n", "".join(lines), re.DOTALL)
        assert found, f"{request!r}: {lines} is no answer"
        assert int(found[2]) == self._number
        if found[1] == "?":
            raise Refused(found[3])
        return found[3]

    def quit(self) -> int:
        """Ask the program to end, and return its status."""
        self.ask("quit")
        return self._process.wait()

    def __enter__(self) -> "Program":
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()


class Start(NamedTuple):
    """Where a game begins: a board, the moves of its opening, whether the engines may swap."""

    size: int
    opening: list[int]
    may_swap: bool


class Result(NamedTuple):
    winner: int
    moves: list[str]


def play_game(programs: dict[int, Program], start: Start) -> Result:
    """Play a game, ``programs[RED]`` moving first; what is against the rules is AssertionError."""
    for program in programs.values():
        program.ask(f"boardsize {start.size} {start.size}")
        program.ask(f"param_game allow_swap {start.may_swap:d}")
    cells, moves = [EMPTY] * start.size**2, []
    while (winner := oracle.winner_of(cells, start.size)) == EMPTY:
        colour = BLUE if len(moves) % 2 else RED
        if len(moves) < len(start.opening):
            move = _cell_name(start.opening[len(moves)], start.size)
            hearers = [RED, BLUE]
        else:
            move = programs[colour].ask(f"genmove {_NAMES[colour]}")
            hearers = [-colour]
        cells = _after(cells, colour, move, start, len(moves))
        moves.append(move)
        for hearer in hearers:
            programs[hearer].ask(f"play {_NAMES[colour]} {move}")
        for program in programs.values():
            assert program.ask("final_score") == _SCORES[oracle.winner_of(cells, start.size)]
    for program in programs.values():
        assert board_of(program.ask("showboard")) == cells
    return Result(winner, moves)


def board_of(drawing: str) -> list[int]:
    """Read the stones of a drawing, row by row."""
    rows = drawing.strip("\n").split("\n")[1:]
    return [_STONES[mark] for row in rows for mark in row.split()[1:]]


def _after(cells: list[int], colour: int, move: str, start: Start, ply: int) -> list[int]:
    if move == SWAP:
        assert (start.may_swap, ply) == (True, 1), "a swap is legal only as the second move"
        (stone,) = (cell for cell, found in enumerate(cells) if found != EMPTY)
        row, column = divmod(stone, start.size)
        after = [EMPTY] * len(cells)
        after[column * start.size + row] = colour
        return after
    assert re.fullmatch(r"[a-z][1-9][0-9]?", move), f"{move!r} is no move"
    row, column = int(move[1:]) - 1, ord(move[0]) - ord("a")
    assert max(row, column) < start.size, f"{move} is off the board"
    cell = row * start.size + column
    assert cells[cell] == EMPTY, f"{move} is occupied"
    return [colour if at == cell else found for at, found in enumerate(cells)]


def _cell_name(cell: int, size: int) -> str:
    return f"{chr(ord('a') + cell % size)}{cell // size + 1}"
