"""The compiled parts alone, on one thread: the rules, and the search with a free evaluator."""

import time
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hexray.config import SearchSettings
from hexray.evaluation import drive, know_nothing
from hexray.game.board import EMPTY, Boards, new_boards, play
from hexray.game.frame import mover_cells
from hexray.game.kernel import kernel
from hexray.search import Memory, search
from hexray.search.known import Known, new_known, settle

_GAMES = 1024


class RulesSpeed(NamedTuple):
    """Games of random moves to the end, many in lockstep."""

    board: int
    playouts_per_s: float
    ns_per_move: float


class SearchSpeed(NamedTuple):
    """Searches of positions with 2 * (board - 1) random stones, many at once, by the tree alone.

    ``us_per_judgement`` is what fill-in and virtual connections add for a new position.
    """

    board: int
    us_per_simulation: float
    us_per_judgement: float
    simulations_per_s: float
    moves_per_s: float


def measure_rules(size: int, seconds: float) -> RulesSpeed:
    """Play random games for ``seconds``; the drawing of moves is not counted."""
    rng = np.random.default_rng(0)
    _playouts(size, rng)
    games, moves, spent_s = 0, 0, 0.0
    while spent_s < seconds:
        played, playing_s = _playouts(size, rng)
        games, moves, spent_s = games + _GAMES, moves + played, spent_s + playing_s
    return RulesSpeed(size, games / spent_s, spent_s / moves * 1e9)


def _playouts(size: int, rng: np.random.Generator) -> tuple[int, float]:
    area = size * size
    orders = rng.permuted(np.tile(np.arange(area), (_GAMES, 1)), axis=1)
    start = time.perf_counter()
    played = sum(_plies(new_boards(_GAMES, size), orders, area))
    return played, time.perf_counter() - start


def _plies(boards: Boards, orders: NDArray, plies: int) -> Iterator[int]:
    """Play up to ``plies`` moves in every game that is not over; yield the number of each ply."""
    for ply in range(plies):
        going = np.flatnonzero(boards.winner == EMPTY)
        if not len(going):
            return
        play(boards, going, orders[going, ply])
        yield len(going)


def measure_search(
    size: int, settings: SearchSettings, games: int, seconds: float, seed: int = 0
) -> SearchSpeed:
    """Search ``games`` positions at once, again and again, with an evaluator that costs nothing."""
    rng = np.random.default_rng(seed)
    boards = _midgame(size, games, rng)
    settings = settings.model_copy(update={"connections": False})
    memory, nothing = Memory(games, size * size, settings), np.zeros(games, np.bool_)
    searches, start = -1, 0.0
    while (elapsed := time.perf_counter() - start) < seconds or searches < 1:
        drive(search(boards, settings, rng, nothing, memory=memory), know_nothing)
        memory.is_kept[:] = False
        searches += 1
        start = start or time.perf_counter()  # the first search finds the kernels
    moves_per_s = searches * games / elapsed
    per_s = moves_per_s * settings.simulations
    return SearchSpeed(size, 1e6 / per_s, _judging_us(boards, seconds), per_s, moves_per_s)


def _judging_us(boards: Boards, seconds: float) -> float:
    cells = mover_cells(boards.cells, boards.to_move)
    known, rounds, start = new_known(boards.size), -1, 0.0
    while (elapsed := time.perf_counter() - start) < seconds or rounds < 1:
        _judge_all(cells, boards.size, known)
        rounds += 1
        start = start or time.perf_counter()  # the first round finds the kernels
    return elapsed / rounds / len(cells) * 1e6


@kernel
def _judge_all(cells: NDArray, size: int, known: Known) -> None:
    for game in range(len(cells)):
        for cell in range(size * size):
            known.filled[cell] = cells[game, cell]
        settle(known.filled, size, known)


def _midgame(size: int, games: int, rng: np.random.Generator) -> Boards:
    """Put down at random as many stones as leave both sides one short of joining theirs."""
    area = size * size
    orders = rng.permuted(np.tile(np.arange(area), (games, 1)), axis=1)
    boards = new_boards(games, size)
    for _ in _plies(boards, orders, 2 * size - 2):
        continue
    return boards
