"""Choosing a move by search, with what is known of the position kept from move to move."""

import time
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hexray.config import SearchSettings, candidates_for
from hexray.evaluation import Evaluate, drive, know_nothing
from hexray.game.board import Boards, new_boards, play
from hexray.game.frame import mover_cells, swap_moves
from hexray.game.symmetry import reflect
from hexray.search import Memory, SearchResult, search
from hexray.search.tree import ROOT

ROUND = 32
"""Simulations between two looks at the clock."""
_MOST_SIMULATIONS = 100_000
_OWN, _OTHER = 1, -1


class Choice(NamedTuple):
    """What a search says of one position, absolute frame.

    move    the best cell
    value   in [-1, 1], +1 = the player to move wins
    visits  int64[A]    simulations that began with each cell
    values  float64[A]  value of playing each cell for the player to move; 0 without visits
    """

    move: int
    value: float
    visits: NDArray[np.int64]
    values: NDArray[np.float64]


Report = Callable[[Choice], None]
Choose = Callable[[Boards, float | None, Report], Choice]
"""Chooses a move on one undecided board (G = 1), in so many seconds if they are given, and reports
what it has found so far as it goes on."""


class Thinker:
    """Chooses moves one after another, mostly of one game; each call may be of any position.

    Where a position follows the one before by a move or two, the search goes on with what it knows.
    """

    def __init__(
        self,
        evaluate: Evaluate,
        simulations: int | None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Make ``simulations`` a move (a Gumbel root), or as many as time allows (PUCT)."""
        self._evaluate, self._simulations, self._clock = evaluate, simulations, clock
        if simulations is None:
            self._settings = SearchSettings(
                root="puct", simulations=_MOST_SIMULATIONS, reuse_tree=True
            )
        else:
            self._settings = SearchSettings(
                simulations=simulations, candidates=candidates_for(simulations), reuse_tree=True
            )
        self._memory: Memory | None = None
        self._seen = np.zeros(0, np.int8)
        self._found: Choice | None = None

    def choose(self, board: Boards, seconds: float | None, report: Report) -> Choice:
        """Search until the simulations are made or the time is up; see ``Choose``.

        With ``seconds`` it makes rounds of ROUND simulations, at least one, and begins none that
        would end too late if it took as long as the last. Raises IllegalMove on a decided board.
        """
        memory = self._follow(board)
        if self._simulations is not None:
            # A second schedule on the same root would outgrow the tree, and say nothing new.
            if self._found is None:
                self._found = self._round(board, memory, self._simulations)
                report(self._found)
            return self._found
        end = self._clock() + (seconds or 0.0)
        while True:
            began = self._clock()
            done = int(memory.trees.sum[0, ROOT]) if memory.is_kept[0] else 0
            found = self._round(board, memory, min(done + ROUND, _MOST_SIMULATIONS))
            report(found)
            now = self._clock()
            is_full = memory.trees.sum[0, ROOT] >= _MOST_SIMULATIONS
            if memory.trees.proven[0, ROOT] or is_full or now + (now - began) > end:
                return found

    def _follow(self, board: Boards) -> Memory:
        """Keep what is known of this position."""
        seen = mover_cells(board.cells, board.to_move)[0]
        if self._memory is None or len(seen) != len(self._seen):
            self._memory = Memory(1, len(seen), self._settings)
            moves = None
        else:
            moves = moves_between(self._seen, seen)
        if moves is None:
            self._memory.is_kept[:] = False
        for move in moves or []:
            self._memory.follow(np.array([move]), np.ones(1, np.bool_))
        if moves != []:
            self._found = None
        self._seen = seen
        return self._memory

    def _round(self, board: Boards, memory: Memory, simulations: int) -> Choice:
        budget = np.array([simulations], np.int32)
        conversation = search(board, self._settings, None, np.zeros(1, np.bool_), budget, memory)
        return _choice(board, drive(conversation, self._evaluate), memory)


def warm_up(simulations: int | None) -> None:
    """Compile the search, which would else cost the first moves their time."""
    thinker = Thinker(know_nothing, simulations and ROUND)
    board = new_boards(1, 3)
    for _ in range(2):
        found = thinker.choose(board, 0.0, lambda _: None)
        play(board, np.zeros(1, np.intp), np.array([found.move]))


def moves_between(before: NDArray[np.int8], after: NDArray[np.int8]) -> list[int] | None:
    """Return the moves, none to two, that lead from one position to another; None if none do.

    Positions are cells [A] as their players to move see them; so is each move.
    """
    if np.array_equal(before, after):
        return []
    for has_turned, now in ((True, reflect(after)), (False, after)):
        changed = np.flatnonzero(before != now)
        if before[changed].any():
            continue
        own, other = changed[now[changed] == _OWN], changed[now[changed] == _OTHER]
        if len(own) == 1 and len(other) == (0 if has_turned else 1):
            size = round(len(before) ** 0.5)
            return [int(own[0]), *(int(cell % size * size + cell // size) for cell in other)]
    return None


def _choice(board: Boards, result: SearchResult, memory: Memory) -> Choice:
    trees, area = memory.trees, board.cells.shape[1]
    cells = swap_moves(np.arange(area), board.to_move, board.size)
    visits, result_of = trees.visits[0, ROOT], trees.result[0, ROOT]
    mean = trees.total[0, ROOT] / np.maximum(visits, 1)
    # A cell's own number in the other frame is its place here: the map is its own inverse.
    return Choice(
        move=int(cells[result.moves[0]]),
        value=float(result.value[0]),
        visits=visits[cells].astype(np.int64),
        values=np.where(result_of != 0, result_of, mean)[cells].astype(np.float64),
    )
