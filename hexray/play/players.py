"""Who plays in a match, and the players that need no network."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from hexray.config import SearchSettings
from hexray.errors import IllegalMove, SettingsError
from hexray.evaluation import Evaluate, drive
from hexray.game.board import EMPTY, Boards
from hexray.game.frame import mover_cells, swap_moves
from hexray.search import search
from hexray.search.heuristic import Heuristic, check_heuristic, root_scores

_MANY = 1024
_SEARCHED_AT_ONCE = 128


class Player(Protocol):
    """Chooses moves in games of a match."""

    name: str
    at_once: int
    """Games it likes to be asked about together, 1 for an engine process."""

    def choose(self, boards: Boards, histories: Sequence[Sequence[int]]) -> NDArray[np.int64]:
        """Return a move (absolute frame) for each of G undecided positions.

        ``histories[g]`` holds the moves of game g so far.
        """
        ...


def strongest_heuristic() -> Heuristic:
    """Return the setting to measure networks against: about 0.2 s a move on 11x11.

    Resistance is as strong at the same depth and width, and takes two to three times as long.
    """
    return Heuristic("two-distance", depth=8, width=6)


def parse_heuristic(text: str) -> Heuristic:
    """Read ``KIND[:depth=D,width=W]``; ``heuristic`` stands for the strongest setting.

    What is not named is as in the strongest. Raises SettingsError naming the part that is wrong.
    """
    strongest = strongest_heuristic()
    kind, _, rest = text.partition(":")
    found = strongest if kind == "heuristic" else strongest._replace(kind=kind)
    for part in filter(None, rest.split(",")):
        name, _, value = part.partition("=")
        if name not in ("depth", "width") or not value.isascii() or not value.isdigit():
            raise SettingsError(f"{text!r}: {part!r} is no setting; write depth=2 or width=12")
        found = found._replace(**{name: int(value)})
    check_heuristic(found)
    return found


class RandomPlayer:
    """Plays any empty cell."""

    def __init__(self, seed: int) -> None:
        """Begin a stream of moves; the same questions in the same order get the same answers."""
        self.name, self.at_once = "random", _MANY
        self._rng = np.random.default_rng(seed)

    def choose(self, boards: Boards, histories: Sequence[Sequence[int]]) -> NDArray[np.int64]:
        """Return a move for each of G undecided positions."""
        _refuse_finished(boards)
        empty = (self._rng.choice(np.flatnonzero(cells == EMPTY)) for cells in boards.cells)
        return np.fromiter(empty, np.int64, len(boards.cells))


class HeuristicPlayer:
    """Plays the best move that alpha-beta over a classical evaluation finds."""

    def __init__(self, heuristic: Heuristic, seed: int) -> None:
        """Begin a stream of choices among equal moves; raises SettingsError for bad settings."""
        check_heuristic(heuristic)
        kind, depth, width = heuristic
        self.name, self.at_once = f"{kind}:depth={depth},width={width}", 1
        self._heuristic = heuristic
        self._rng = np.random.default_rng(seed)

    def choose(self, boards: Boards, histories: Sequence[Sequence[int]]) -> NDArray[np.int64]:
        """Return a best move for each of G undecided positions, any of equal ones."""
        _refuse_finished(boards)
        views = mover_cells(boards.cells, boards.to_move)
        best = [self._best(cells) for cells in views]
        return swap_moves(np.array(best, np.int64), boards.to_move, boards.size)

    def _best(self, cells: NDArray[np.int8]) -> int:
        scores = root_scores(cells, self._heuristic)
        return int(self._rng.choice(np.flatnonzero(scores == scores.max())))


class NetworkPlayer:
    """Plays what a search with a network finds best, the same in the same position."""

    def __init__(self, name: str, evaluate: Evaluate, settings: SearchSettings) -> None:
        """Search by ``settings``, without noise."""
        self.name, self.at_once = name, _SEARCHED_AT_ONCE
        self._evaluate, self._settings = evaluate, settings

    def choose(self, boards: Boards, histories: Sequence[Sequence[int]]) -> NDArray[np.int64]:
        """Return the best move for each of G undecided positions."""
        cold = np.zeros(len(boards.cells), np.bool_)
        result = drive(search(boards, self._settings, None, cold), self._evaluate)
        return swap_moves(result.moves, boards.to_move, boards.size)


def _refuse_finished(boards: Boards) -> None:
    finished = np.flatnonzero(boards.winner != EMPTY)
    if len(finished):
        raise IllegalMove(f"game {finished[0]} is already won; ask only about games in progress")
