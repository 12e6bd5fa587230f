"""Choosing a move by search, with what is known of the position kept from move to move."""

import math
import time
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hexray.config import SearchSettings, candidates_for
from hexray.evaluation import Evaluate, drive, know_nothing
from hexray.game.board import RED, Boards, new_boards, play
from hexray.game.frame import mover_cells, swap_frame, swap_moves
from hexray.game.symmetry import reflect
from hexray.search import Memory, SearchResult, search
from hexray.search.tree import NO_VERSION, NONE, ROOT, Trees

ROUND = 32
"""Simulations between two looks at the clock."""
_MOST_SIMULATIONS = 100_000
_OWN, _OTHER = 1, -1
_UNDECIDED = 8
"""Side of the smallest board whose empty position is not decided at once, with 64 cells."""


class Choice(NamedTuple):
    """What a search says of one position, absolute frame.

    move    the best cell
    value   in [-1, 1], +1 = the player to move wins
    proven  +1 or -1 where the result is certain for the player to move, else 0
    visits  int64[A]    simulations that began with each cell
    values  float64[A]  value of playing each cell for the player to move; 0 without visits
    priors  float64[A]  the network's policy, before any search; 0 where occupied
    """

    move: int
    value: float
    proven: int
    visits: NDArray[np.int64]
    values: NDArray[np.float64]
    priors: NDArray[np.float64]

    def best_first(self) -> list[int]:
        """Order the cells that were tried, ``move`` before all others, these by visits."""
        tried = [int(cell) for cell in np.flatnonzero(self.visits) if cell != self.move]
        return [self.move, *sorted(tried, key=lambda cell: -self.visits[cell])]


class Limit(NamedTuple):
    """When an analysis ends: after so many simulations or seconds, whichever comes first."""

    simulations: int
    seconds: float = math.inf


Report = Callable[[Choice], None]
Choose = Callable[[Boards, float | None, Report], Choice]
"""Chooses a move on one undecided board (G = 1), in so many seconds if they are given, and reports
what it has found so far as it goes on."""


def never() -> bool:
    """Let a search go on to its end."""
    return False


class Thinker:
    """Chooses moves one after another, mostly of one game; each call may be of any position.

    Where a position follows the one before by a move or two, the search goes on with what it knows.
    """

    def __init__(
        self,
        evaluate: Evaluate,
        simulations: int | None,
        clock: Callable[[], float] = time.monotonic,
        most: int = _MOST_SIMULATIONS,
    ) -> None:
        """Make ``simulations`` a move (a Gumbel root), or as many as time allows (PUCT).

        ``most`` bounds the simulations that are kept of one position, and so the memory: 21 bytes
        for each of them and each cell of the board.
        """
        self._evaluate, self._simulations, self._clock = evaluate, simulations, clock
        if simulations is None:
            self._settings = SearchSettings(root="puct", simulations=most, reuse_tree=True)
        else:
            self._settings = SearchSettings(
                simulations=simulations, candidates=candidates_for(simulations), reuse_tree=True
            )
        self._memory: Memory | None = None
        self._seen = np.zeros(0, np.int8)
        self._colour = RED
        self._found: Choice | None = None

    def choose(self, board: Boards, seconds: float | None, report: Report) -> Choice:
        """Search until the simulations are made or the time is up; see ``Choose``.

        With ``seconds`` it is an analysis without another limit. Raises IllegalMove on a decided
        board.
        """
        if self._simulations is None:
            most = self._settings.simulations
            return self.analyse(board, Limit(most, seconds or 0.0), report, never)
        memory = self._follow(board)
        # A second schedule on the same root would outgrow the tree, and say nothing new.
        if self._found is None:
            self._found = self._round(board, memory, self._simulations)
            report(self._found)
        return self._found

    def analyse(
        self, board: Boards, limit: Limit, report: Report, is_stopped: Callable[[], bool]
    ) -> Choice:
        """Search in rounds of ROUND simulations, at least one, and report after each.

        Ends at ``limit``, at a certain result, or after the round in which ``is_stopped`` became
        true; begins no round that would end too late if it took as long as the last. Simulations
        kept from an earlier position count. Only without a fixed number of simulations. Raises
        IllegalMove on a decided board.
        """
        memory = self._follow(board)
        most = min(limit.simulations, self._settings.simulations)
        end = self._clock() + limit.seconds
        while True:
            began = self._clock()
            done = int(memory.trees.sum[0, ROOT]) if memory.is_kept[0] else 0
            found = self._round(board, memory, min(done + ROUND, max(most, done)))
            report(found)
            now = self._clock()
            is_full = memory.trees.sum[0, ROOT] >= most
            if memory.trees.proven[0, ROOT] or is_full or now + (now - began) > end or is_stopped():
                return found

    def line(self, cell: int, length: int) -> list[int]:
        """Return how play would go on from the last position searched, by the most visits.

        At most ``length`` cells in the absolute frame of that position, ``cell`` first, in turn;
        only ``cell`` when it was not tried.
        """
        if self._memory is None:
            raise ValueError("nothing was searched yet; choose or analyse first")
        return _line(self._memory.trees, 0, self._colour, cell, length)

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
        self._seen, self._colour = seen, int(board.to_move[0])
        return self._memory

    def _round(self, board: Boards, memory: Memory, simulations: int) -> Choice:
        budget = np.array([simulations], np.int32)
        conversation = search(board, self._settings, None, np.zeros(1, np.bool_), budget, memory)
        return _choice(board, drive(conversation, self._evaluate), memory)


def warm_up(simulations: int | None, size: int) -> None:
    """Compile the search of boards of side ``size``, which would else cost the first moves time.

    What is known of connections is compiled once for each 64 cells, and on boards of the first 64
    only a large one is not decided at once.
    """
    thinker = Thinker(know_nothing, simulations and ROUND)
    board = new_boards(1, max(size, _UNDECIDED))
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


def choose_many(
    boards: Boards, simulations: int, evaluate: Evaluate
) -> list[tuple[Choice, Callable[[int, int], list[int]]]]:
    """Search G undecided positions together, their leaves in common batches.

    Returns what was found of each, and what ``Thinker.line`` is for it. Takes 21 bytes for each
    position, simulation and cell. Raises IllegalMove when a game is won.
    """
    games, area = boards.cells.shape
    settings = SearchSettings(root="puct", simulations=simulations)
    memory, cold = Memory(games, area, settings), np.zeros(games, np.bool_)
    result = drive(search(boards, settings, None, cold, memory=memory), evaluate)
    return [
        (
            _choice(boards, result, memory, game),
            partial(_line, memory.trees, game, int(boards.to_move[game])),
        )
        for game in range(games)
    ]


def _line(trees: Trees, game: int, colour: int, cell: int, length: int) -> list[int]:
    size, line, node = math.isqrt(trees.prior.shape[2]), [cell], ROOT
    while len(line) < length:
        node = int(trees.child[game, node, swap_frame(line[-1], colour, size)])
        # A position that was certain at once was never given moves.
        if node == NONE or trees.version[game, node] == NO_VERSION or not trees.sum[game, node]:
            break
        colour = -colour
        line.append(swap_frame(_main_move(trees, game, node), colour, size))
    return line


def _main_move(trees: Trees, game: int, node: int) -> int:
    """Return the most visited move of a node; one that surely wins first, refuted ones last."""
    visits, result = trees.visits[game, node], trees.result[game, node].astype(np.int64)
    return int(np.argmax(visits + result * _MOST_SIMULATIONS))


def _choice(boards: Boards, result: SearchResult, memory: Memory, game: int = 0) -> Choice:
    trees, area = memory.trees, boards.cells.shape[1]
    cells = swap_moves(np.arange(area), boards.to_move[game : game + 1], boards.size)
    visits, result_of = trees.visits[game, ROOT], trees.result[game, ROOT]
    mean = trees.total[game, ROOT] / np.maximum(visits, 1)
    weights = np.exp(trees.logits[game, ROOT].astype(np.float64))  # the highest logit is 0
    # A cell's own number in the other frame is its place here: the map is its own inverse.
    return Choice(
        move=int(cells[result.moves[game]]),
        value=float(result.value[game]),
        proven=int(result.proven[game]),
        visits=visits[cells].astype(np.int64),
        values=np.where(result_of != 0, result_of, mean)[cells].astype(np.float64),
        priors=(weights / weights.sum())[cells],
    )
