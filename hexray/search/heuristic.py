"""Alpha-beta over a classical evaluation of Hex, without a network: a yardstick for networks.

Every position is looked at in the mover frame of the root. Scores are whole numbers, so that equal
moves are exactly equal; a win is WIN less the plies to it, and is seen one ply before it is made:
an empty cell that touches both an own chain or side above and one below.
"""

from math import isqrt, log
from typing import Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray

from hexray.errors import SettingsError
from hexray.game.frame import swap_frame, write_mover_cells
from hexray.game.kernel import kernel
from hexray.search.resistance import Circuit, new_circuit, resistance
from hexray.search.threats import WINS, mark_threats
from hexray.search.two_distance import Distances, new_distances, two_distance

Kind = Literal["two-distance", "resistance"]
WIN = 1_000_000_000
UNSEARCHED = -2 * WIN
"""Value of a move that was not looked at."""
_UNIT = 1000
"""Score of a whole step of two-distance, or of a factor e between the resistances."""
_TWO_DISTANCE = 0
_NEW = -1


class Heuristic(NamedTuple):
    """What a position is judged by, and how far: ``depth`` plies, ``width`` moves at each."""

    kind: Kind
    depth: int
    width: int


class _Work(NamedTuple):
    """Scratch space of a search.

    cells    int8[D + 1, A]   the position at each ply, frame of the root
    order    int64[D + 1, A]  moves to look at, the most promising first
    urgency  float64[A]       how promising each cell is
    seen     int8[A]          a position as one colour sees it
    marks    int8[A]          WINS where one colour wins at once
    stack    int64[A]         cells of a flood still to be left

    and of the position at each ply, int64[D + 1]: moves ``kept`` to look at, those ``made`` of
    them or _NEW, the ``best`` score so far for its mover, and the window ``alpha`` to ``beta``.
    """

    cells: NDArray[np.int8]
    order: NDArray[np.int64]
    urgency: NDArray[np.float64]
    seen: NDArray[np.int8]
    marks: NDArray[np.int8]
    stack: NDArray[np.int64]
    kept: NDArray[np.int64]
    made: NDArray[np.int64]
    best: NDArray[np.int64]
    alpha: NDArray[np.int64]
    beta: NDArray[np.int64]
    circuit: Circuit
    distances: Distances


def root_scores(cells: NDArray[np.int8], heuristic: Heuristic) -> NDArray[np.int64]:
    """Search one undecided position ``cells[A]`` (mover frame); return a score for each move.

    int64[A]: the highest is that of minimax over the moves kept, wherever it stands; all others are
    upper bounds below it, and UNSEARCHED where the width left a move out. A win found is certain
    only against answers that the width kept. Raises SettingsError for an unknown kind, or depth or
    width below 1.
    """
    check_heuristic(heuristic)
    work, size = _new_work(cells, heuristic.depth), isqrt(len(cells))
    scores = np.full(len(cells), UNSEARCHED, np.int64)
    if _threats(work, work.cells[0], size, 1) > 0:
        scores[work.marks == WINS] = WIN - 1
    else:
        _search(work, size, heuristic.depth, heuristic.width, _code(heuristic.kind), scores)
    return scores


def judge(cells: NDArray[np.int8], kind: Kind) -> tuple[int, NDArray[np.float64]]:
    """Return the score of ``cells[A]`` for the mover, unsearched, and the urgency of each cell."""
    work = _new_work(cells, 0)
    score = _judge(work, work.cells[0], isqrt(len(cells)), 1, _code(kind))
    return int(score), work.urgency


def check_heuristic(heuristic: Heuristic) -> None:
    """Raise SettingsError when the kind is unknown, or depth or width are below 1."""
    if heuristic.kind not in get_args(Kind):
        raise SettingsError(
            f"heuristic kind {heuristic.kind!r} is unknown; use one of {', '.join(get_args(Kind))}"
        )
    for name in ("depth", "width"):
        if getattr(heuristic, name) < 1:
            raise SettingsError(f"heuristic {name} {getattr(heuristic, name)} is below 1")


def _code(kind: Kind) -> int:
    return get_args(Kind).index(kind)


def _new_work(cells: NDArray[np.int8], depth: int) -> _Work:
    area = len(cells)
    size = isqrt(area)
    plies = (depth + 1, area)
    work = _Work(
        cells=np.empty(plies, np.int8),
        order=np.empty(plies, np.int64),
        urgency=np.empty(area),
        seen=np.empty(area, np.int8),
        marks=np.empty(area, np.int8),
        stack=np.empty(area, np.int64),
        kept=np.empty(depth + 1, np.int64),
        made=np.empty(depth + 1, np.int64),
        best=np.empty(depth + 1, np.int64),
        alpha=np.empty(depth + 1, np.int64),
        beta=np.empty(depth + 1, np.int64),
        circuit=new_circuit(size),
        distances=new_distances(size),
    )
    work.cells[0] = cells
    return work


@kernel
def _search(work: _Work, size: int, depth: int, width: int, kind: int, scores: NDArray) -> None:
    """Write a score for each root move looked at; one as good as the best is exact too.

    A loop over plies, as numba's cache cannot keep a function that calls itself.
    """
    ply = 0
    work.alpha[0], work.beta[0], work.made[0] = -WIN, WIN, _NEW
    while True:
        if work.made[ply] == _NEW:
            _enter(work, ply, size, depth, width, kind)
        if work.made[ply] < work.kept[ply]:
            _descend(work, ply)
            ply += 1
        elif ply > 0:
            ply -= 1
            score = -work.best[ply + 1]
            if ply == 0:
                scores[work.order[0, work.made[0] - 1]] = score
            work.best[ply] = max(work.best[ply], score)
            if work.best[ply] >= work.beta[ply]:
                work.made[ply] = work.kept[ply]
        else:
            return


@kernel
def _enter(work: _Work, ply: int, size: int, depth: int, width: int, kind: int) -> None:
    """Score a position that is decided or deep enough, else write the moves to look at.

    Where the opponent would win at once that is one move: against two such cells nothing helps,
    and any is as good as another.
    """
    colour, cells, order = 1 if ply % 2 == 0 else -1, work.cells[ply], work.order[ply]
    work.made[ply] = work.kept[ply] = 0
    work.best[ply] = -WIN
    if _threats(work, cells, size, colour) > 0:
        work.best[ply] = WIN - ply - 1
        return
    losses = _threats(work, cells, size, -colour)
    if ply == depth and losses > 1:
        work.best[ply] = -(WIN - ply - 2)
    elif ply < depth and losses > 0:
        order[0] = _first_threat(work, size, -colour)
        work.kept[ply] = 1
    else:
        score = _judge(work, cells, size, colour, kind)
        if ply == depth:
            work.best[ply] = score
        else:
            work.kept[ply] = _rank(cells, work.urgency, width, order)


@kernel
def _descend(work: _Work, ply: int) -> None:
    """Make the next move and set its window; at the root it lets through what is equally good."""
    below = ply + 1
    for cell in range(work.cells.shape[1]):
        work.cells[below, cell] = work.cells[ply, cell]
    work.cells[below, work.order[ply, work.made[ply]]] = 1 if ply % 2 == 0 else -1
    work.made[ply] += 1
    work.made[below] = _NEW
    work.alpha[below] = -work.beta[ply]
    work.beta[below] = -max(work.alpha[ply], work.best[ply])
    if ply == 0:
        work.beta[below] += 1


@kernel
def _first_threat(work: _Work, size: int, colour: int) -> int:
    """Return the first cell, as ``colour`` sees it, that was marked for him; frame of the root."""
    cell = 0
    while work.marks[cell] != WINS:
        cell += 1
    return swap_frame(cell, colour, size)


@kernel
def _rank(cells: NDArray, urgency: NDArray, width: int, order: NDArray) -> int:
    """Write the most urgent empty cells, at most ``width``; return how many. Uses up urgency."""
    empty = 0
    for cell in range(len(cells)):
        if cells[cell] == 0:
            empty += 1
        else:
            urgency[cell] = -np.inf
    count = min(width, empty)
    for place in range(count):
        best = 0
        for cell in range(1, len(cells)):
            if urgency[cell] > urgency[best]:
                best = cell
        order[place] = best
        urgency[best] = -np.inf
    return count


@kernel
def _threats(work: _Work, cells: NDArray, size: int, colour: int) -> int:
    """Count the cells where ``colour`` would win at once; mark them as he sees them."""
    write_mover_cells(cells, colour, size, work.seen)
    return mark_threats(work.seen, size, work.marks, work.stack)


@kernel
def _judge(work: _Work, cells: NDArray, size: int, colour: int, kind: int) -> int:
    """Return the score for ``colour``; write the urgency of every cell, for either colour."""
    work.urgency[:] = 0.0
    score = 0.0
    for side in (-colour, colour):
        write_mover_cells(cells, side, size, work.seen)
        if kind == _TWO_DISTANCE:
            least, mobility = two_distance(work.seen, size, work.distances)
            score = _UNIT * least - mobility - score
            _add_urgency(work.urgency, work.distances.total, -1.0, side, size)
        else:
            score = _UNIT * log(resistance(work.seen, size, work.circuit)) - score
            _add_urgency(work.urgency, work.circuit.flow, 1.0, side, size)
    return round(-score)


@kernel
def _add_urgency(urgency: NDArray, seen: NDArray, factor: float, colour: int, size: int) -> None:
    """Add what was ``seen`` in the view of ``colour``, in the frame of the root."""
    for cell in range(size * size):
        urgency[swap_frame(cell, colour, size)] += factor * seen[cell]
