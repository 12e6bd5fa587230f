"""What is known of a position before the network is asked: fill-in first, connections after it."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hexray.game.board import EMPTY
from hexray.game.fill_in import Surroundings, fill_in, new_surroundings
from hexray.game.kernel import kernel
from hexray.search.connections import Connections, judge, new_connections


class Known(NamedTuple):
    """Room for one position at a time.

    filled  int8[A]  the position of a root with its dead and captured cells filled
    moves   bool[A]  what the last verdict names; those of ``connections``
    """

    connections: Connections
    around: Surroundings
    filled: NDArray[np.int8]
    moves: NDArray[np.bool_]


def new_known(size: int) -> Known:
    """Make room for positions on boards of one size."""
    connections = new_connections(size)
    filled = np.empty(size * size, np.int8)
    return Known(connections, new_surroundings(size), filled, connections.moves)


@kernel
def settle(cells: NDArray, size: int, known: Known) -> int:
    """Fill ``cells[A]`` (mover frame, won by nobody) in place; return +1, -1 or 0 like ``judge``.

    After 0 ``known.moves`` marks the moves to look at: no other does better, and there is one.
    """
    fill_in(cells, known.around)
    return judge(cells, size, known.connections)


@kernel
def settle_root(cells: NDArray, size: int, known: Known) -> int:
    """Return what ``settle`` does, but leave ``cells`` alone, since a move has to be played.

    After +1 ``known.moves`` marks winning moves, the most direct ones where connections show them.
    """
    result = judge(cells, size, known.connections)
    if result != 0:
        return result
    for cell in range(size * size):
        known.filled[cell] = cells[cell]
    result = settle(known.filled, size, known)
    if result > 0 and not known.moves.any():
        # Captured cells join the mover's sides already: a stone on any of them is as good.
        for cell in range(size * size):
            known.moves[cell] = cells[cell] == EMPTY
    return result
