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
from hexray.search.two_distance import Distances, neighbour, new_distances, two_distance

Kind = Literal["two-distance", "resistance"]
WIN = 1_000_000_000
UNSEARCHED = -2 * WIN
"""Value of a move that was not looked at."""
_UNIT = 1000
"""Score of a whole step of two-distance, or of a factor e between the resistances."""
_TWO_DISTANCE = 0


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
    marks    int8[A]          1 beside the stones joined to the top, 2 to the bottom, 3 both
    stack    int64[A]         cells of a flood still to be left

    and of the position at each ply, int64[D + 1]: ``count`` moves to look at, ``index`` of them
    entered, the ``best`` score so far for its mover, and the window ``alpha`` to ``beta``.
    """

    cells: NDArray[np.int8]
    order: NDArray[np.int64]
    urgency: NDArray[np.float64]
    seen: NDArray[np.int8]
    marks: NDArray[np.int8]
    stack: NDArray[np.int64]
    count: NDArray[np.int64]
    index: NDArray[np.int64]
    best: NDArray[np.int64]
    alpha: NDArray[np.int64]
    beta: NDArray[np.int64]
    circuit: Circuit
    distances: Distances


def root_scores(cells: NDArray[np.int8], heuristic: Heuristic) -> NDArray[np.int64]:
    """Search one undecided position ``cells[A]`` (mover frame); return a score for each move.

    int64[A]: the highest is exact wherever it stands, all others are upper bounds below it, and
    UNSEARCHED where the width left a move out. Raises SettingsError for an unknown kind, or depth
    or width below 1.
    """
    _check(heuristic)
    work = _new_work(cells, heuristic.depth)
    scores = np.full(len(cells), UNSEARCHED, np.int64)
    _search_root(
        work, isqrt(len(cells)), heuristic.depth, heuristic.width, _code(heuristic), scores
    )
    return scores


def judge(cells: NDArray[np.int8], kind: Kind) -> tuple[int, NDArray[np.float64]]:
    """Return the score of ``cells[A]`` for the mover, unsearched, and the urgency of each cell."""
    work = _new_work(cells, 0)
    code = _code(Heuristic(kind, 1, 1))
    score = _judge(work, work.cells[0], isqrt(len(cells)), 1, code)
    return int(score), work.urgency


def _check(heuristic: Heuristic) -> None:
    if heuristic.kind not in get_args(Kind):
        raise SettingsError(
            f"heuristic kind {heuristic.kind!r} is unknown; use one of {', '.join(get_args(Kind))}"
        )
    for name in ("depth", "width"):
        if getattr(heuristic, name) < 1:
            raise SettingsError(f"heuristic {name} {getattr(heuristic, name)} is below 1")


def _code(heuristic: Heuristic) -> int:
    return get_args(Kind).index(heuristic.kind)


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
        count=np.empty(depth + 1, np.int64),
        index=np.empty(depth + 1, np.int64),
        best=np.empty(depth + 1, np.int64),
        alpha=np.empty(depth + 1, np.int64),
        beta=np.empty(depth + 1, np.int64),
        circuit=new_circuit(size),
        distances=new_distances(size),
    )
    work.cells[0] = cells
    return work


@kernel
def _search_root(
    work: _Work, size: int, depth: int, width: int, kind: int, scores: NDArray
) -> None:
    """Write a score for each move looked at; a move as good as the best is exact too."""
    if _mark(work, work.cells[0], size, 1) > 0:
        for cell in range(size * size):
            if work.marks[cell] == 3:
                scores[cell] = WIN - 1
        return
    count = _write_order(work, 0, size, 1, width, kind)
    best = -WIN
    for index in range(count):
        move = work.order[0, index]
        _make(work, 0, move, 1)
        scores[move] = -_negamax(work, size, depth, width, kind, -WIN, 1 - best)
        best = max(best, scores[move])


@kernel
def _negamax(
    work: _Work, size: int, depth: int, width: int, kind: int, alpha: int, beta: int
) -> int:
    """Return the score at ply 1 for its mover; exact between ``alpha`` and ``beta``.

    A loop over plies: numba's cache cannot keep a function that calls itself.
    """
    ply = 1
    work.alpha[ply], work.beta[ply] = alpha, beta
    _enter(work, ply, size, depth, width, kind)
    while True:
        if work.index[ply] < work.count[ply]:
            _make(work, ply, work.order[ply, work.index[ply]], _colour_at(ply))
            work.index[ply] += 1
            work.alpha[ply + 1] = -work.beta[ply]
            work.beta[ply + 1] = -max(work.alpha[ply], work.best[ply])
            ply += 1
            _enter(work, ply, size, depth, width, kind)
        elif ply == 1:
            return work.best[1]
        else:
            ply -= 1
            work.best[ply] = max(work.best[ply], -work.best[ply + 1])
            if work.best[ply] >= work.beta[ply]:
                work.index[ply] = work.count[ply]


@kernel
def _enter(work: _Work, ply: int, size: int, depth: int, width: int, kind: int) -> None:
    """Score a position that is decided or deep enough, else write the moves to look at."""
    colour, cells = _colour_at(ply), work.cells[ply]
    work.index[ply] = work.count[ply] = 0
    if _mark(work, cells, size, colour) > 0:
        work.best[ply] = WIN - ply - 1
    elif ply < depth:
        work.best[ply] = -WIN
        work.count[ply] = _write_order(work, ply, size, colour, width, kind)
    elif _mark(work, cells, size, -colour) > 1:
        work.best[ply] = -(WIN - ply - 2)
    else:
        work.best[ply] = _judge(work, cells, size, colour, kind)


@kernel
def _colour_at(ply: int) -> int:
    return 1 if ply % 2 == 0 else -1


@kernel
def _make(work: _Work, ply: int, move: int, colour: int) -> None:
    for cell in range(work.cells.shape[1]):
        work.cells[ply + 1, cell] = work.cells[ply, cell]
    work.cells[ply + 1, move] = colour


@kernel
def _write_order(work: _Work, ply: int, size: int, colour: int, width: int, kind: int) -> int:
    """Write the moves to look at and return how many: where the opponent would win at once, one.

    Against two such cells nothing helps; the first is as good as any move.
    """
    cells, order = work.cells[ply], work.order[ply]
    if _mark(work, cells, size, -colour) > 0:
        for cell in range(size * size):
            if work.marks[cell] == 3:
                order[0] = swap_frame(cell, -colour, size)
                return 1
    _judge(work, cells, size, colour, kind)
    count = 0
    while count < width:
        best = -1
        for cell in range(size * size):
            if cells[cell] == 0 and (best < 0 or work.urgency[cell] > work.urgency[best]):
                best = cell
        if best < 0 or work.urgency[best] == -np.inf:
            break
        order[count] = best
        work.urgency[best] = -np.inf
        count += 1
    return count


@kernel
def _mark(work: _Work, cells: NDArray, size: int, colour: int) -> int:
    """Mark, in the view of ``colour``, the cells beside his chains; count those that win."""
    seen, marks = work.seen, work.marks
    write_mover_cells(cells, colour, size, seen)
    marks[:] = 0
    _flood_from(work, size, 0, 1)
    _flood_from(work, size, size * size - size, 2)
    count = 0
    for cell in range(size * size):
        if seen[cell] != 0:
            marks[cell] = 0
        elif marks[cell] == 3:
            count += 1
    return count


@kernel
def _flood_from(work: _Work, size: int, first: int, mark: int) -> None:
    """Mark the side that begins at ``first``, and what its chains touch."""
    waiting = 0
    for cell in range(first, first + size):
        work.marks[cell] |= mark
        if work.seen[cell] == 1:
            work.stack[waiting] = cell
            waiting += 1
    while waiting > 0:
        waiting -= 1
        row, column = work.stack[waiting] // size, work.stack[waiting] % size
        for step in range(6):
            other = neighbour(step, row, column, size)
            if other >= 0 and work.marks[other] & mark == 0:
                work.marks[other] |= mark
                if work.seen[other] == 1:
                    work.stack[waiting] = other
                    waiting += 1


@kernel
def _judge(work: _Work, cells: NDArray, size: int, colour: int, kind: int) -> int:
    """Return the score for ``colour``; write the urgency of every cell, for either colour."""
    work.urgency[:] = 0.0
    if kind == _TWO_DISTANCE:
        own, own_mobility = _two_distance(work, cells, size, colour)
        other, other_mobility = _two_distance(work, cells, size, -colour)
        return _UNIT * (other - own) + own_mobility - other_mobility
    own_ohms = _resistance(work, cells, size, colour)
    other_ohms = _resistance(work, cells, size, -colour)
    return int(round(_UNIT * log(other_ohms / own_ohms)))


@kernel
def _two_distance(work: _Work, cells: NDArray, size: int, colour: int) -> tuple[int, int]:
    """Return least total and mobility of ``colour``; take the totals from the urgency."""
    write_mover_cells(cells, colour, size, work.seen)
    found = two_distance(work.seen, size, work.distances)
    _add_urgency(work.urgency, work.distances.total, -1.0, colour, size)
    return found


@kernel
def _resistance(work: _Work, cells: NDArray, size: int, colour: int) -> float:
    """Return the resistance between the sides of ``colour``; add the flow to the urgency."""
    write_mover_cells(cells, colour, size, work.seen)
    ohms = resistance(work.seen, size, work.circuit)
    _add_urgency(work.urgency, work.circuit.flow, 1.0, colour, size)
    return ohms


@kernel
def _add_urgency(
    urgency: NDArray, seen: NDArray, factor: float, colour: int, size: int
) -> None:
    """Add what was ``seen`` in the view of ``colour``, in the frame of the root."""
    for cell in range(size * size):
        urgency[swap_frame(cell, colour, size)] += factor * seen[cell]
