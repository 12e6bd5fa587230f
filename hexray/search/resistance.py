"""The electrical resistance between two sides of the board, and the current through each cell.

Anshelevich, "A hierarchical approach to computer Hex" (Artificial Intelligence 134, 2002; the
program Hexy): a cell is a resistor, nothing for an own stone, 1 for an empty cell, infinite for
the opponent's. Neighbours are wired, and so are the ends of a bridge, the simplest of the virtual
connections that Hexy and Wolve (Arneson, Hayward and Henderson, "Wolve wins Hex tournament", ICGA
Journal 31, 2008) add to the circuit: from an own stone to any cell, and from any cell to a side.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hexray.game.kernel import kernel

STONE = 1e-4
"""Resistance of an own stone: not nothing, so that the equations keep their narrow band."""
_LEAK = 1e-9
"""Conductance from every cell to the second side; gives islands a voltage."""
_WIRES, _BRIDGES = 6, 3


class Circuit(NamedTuple):
    """Scratch space for one circuit of A cells; with ``flow`` as a result.

    wire    float64[A, 6]   conductance to the later neighbours and bridge partners
    top     float64[A]      conductance to the first side, whose voltage is 1
    bottom  float64[A]      conductance to the second side, whose voltage is 0
    band    float64[A, 2N]  the equations' matrix: ``band[i, k]`` is row i, column i + k
    volt    float64[A]      right side of the equations, then their solution
    flow    float64[A]      share of the current that goes through the cell, 0 to 1
    """

    wire: NDArray[np.float64]
    top: NDArray[np.float64]
    bottom: NDArray[np.float64]
    band: NDArray[np.float64]
    volt: NDArray[np.float64]
    flow: NDArray[np.float64]


def new_circuit(size: int) -> Circuit:
    """Make room for circuits on boards of one size."""
    area = size * size
    return Circuit(
        wire=np.empty((area, _WIRES)),
        top=np.empty(area),
        bottom=np.empty(area),
        band=np.empty((area, 2 * size)),
        volt=np.empty(area),
        flow=np.empty(area),
    )


@kernel
def resistance(cells: NDArray, size: int, circuit: Circuit) -> float:
    """Return the resistance between top and bottom for the stones +1 of ``cells[A]``.

    Writes the share of the current through each cell into ``circuit.flow``.
    """
    _connect(cells, size, circuit)
    _write_equations(size, circuit)
    _solve(circuit.band, circuit.volt)
    current = 0.0
    for cell in range(size * size):
        current += circuit.top[cell] * (1.0 - circuit.volt[cell])
    _write_flow(size, circuit, current)
    return 1.0 / current


@kernel
def _connect(cells: NDArray, size: int, circuit: Circuit) -> None:
    """Write the conductance of every wire."""
    for cell in range(size * size):
        row, column = cell // size, cell % size
        for wire in range(_WIRES):
            circuit.wire[cell, wire] = 0.0
            other = partner(wire, row, column, size)
            if other >= 0 and _is_wired(cells, wire, cell, other, size):
                circuit.wire[cell, wire] = _conductance(cells[cell], cells[other])
        circuit.top[cell] = circuit.bottom[cell] = 0.0
        if row == 0 or (row == 1 and column < size - 1 and _are_empty(cells, cell - size, 1)):
            circuit.top[cell] = _conductance(cells[cell], 2)
        if row == size - 1 or (
            row == size - 2 and column > 0 and _are_empty(cells, cell + size, -1)
        ):
            circuit.bottom[cell] = _conductance(cells[cell], 2)


@kernel
def partner(wire: int, row: int, column: int, size: int) -> int:
    """Return the cell at the other end of a wire, -1 off the board.

    0 to 2 are the neighbours to the right, below and below left; 3 to 5 the ends of bridges.
    """
    if wire == 0:
        down, right = 0, 1
    elif wire == 1:
        down, right = 1, 0
    elif wire == 2:
        down, right = 1, -1
    elif wire == 3:
        down, right = 1, 1
    elif wire == 4:
        down, right = 2, -1
    else:
        down, right = 1, -2
    row, column = row + down, column + right
    if row >= size or column < 0 or column >= size:
        return -1
    return row * size + column


@kernel
def _is_wired(cells: NDArray, wire: int, cell: int, other: int, size: int) -> bool:
    """Say whether neighbours, or a stone and what it has a bridge to, let current through."""
    if wire < _BRIDGES:
        return True
    if cells[cell] + cells[other] < 1:
        return False
    if wire == 3:
        return _are_empty(cells, cell + 1, size - 1)
    if wire == 4:
        return _are_empty(cells, cell + size - 1, 1)
    return _are_empty(cells, cell - 1, size)


@kernel
def _are_empty(cells: NDArray, cell: int, step: int) -> bool:
    return cells[cell] == 0 and cells[cell + step] == 0


@kernel
def _conductance(one: int, other: int) -> float:
    """Return the conductance between two stones or cells; 2 stands for an own side."""
    if one < 0 or other < 0:
        return 0.0
    return 1.0 / (_ohms(one) + _ohms(other))


@kernel
def _ohms(stone: int) -> float:
    if stone == 0:
        return 1.0
    return STONE if stone == 1 else 0.0


@kernel
def _write_equations(size: int, circuit: Circuit) -> None:
    """Write Kirchhoff's law of currents for every cell."""
    band = circuit.band
    for cell in range(size * size):
        for offset in range(2 * size):
            band[cell, offset] = 0.0
    for cell in range(size * size):
        circuit.volt[cell] = circuit.top[cell]
        band[cell, 0] += circuit.top[cell] + circuit.bottom[cell] + _LEAK
        row, column = cell // size, cell % size
        for wire in range(_WIRES):
            conductance = circuit.wire[cell, wire]
            if conductance > 0.0:
                other = partner(wire, row, column, size)
                band[cell, 0] += conductance
                band[other, 0] += conductance
                band[cell, other - cell] -= conductance


@kernel
def _solve(band: NDArray, right: NDArray) -> None:
    """Solve a symmetric positive definite banded system in place by elimination."""
    area, width = band.shape
    for pivot in range(area):
        for step in range(1, min(width, area - pivot)):
            if band[pivot, step] != 0.0:
                factor = band[pivot, step] / band[pivot, 0]
                for offset in range(step, width):
                    band[pivot + step, offset - step] -= factor * band[pivot, offset]
                right[pivot + step] -= factor * right[pivot]
    for pivot in range(area - 1, -1, -1):
        rest = right[pivot]
        for step in range(1, min(width, area - pivot)):
            rest -= band[pivot, step] * right[pivot + step]
        right[pivot] = rest / band[pivot, 0]


@kernel
def _write_flow(size: int, circuit: Circuit, current: float) -> None:
    """Write half of all that flows into and out of each cell, as a share of the current."""
    volt, flow = circuit.volt, circuit.flow
    for cell in range(size * size):
        flow[cell] = circuit.top[cell] * (1.0 - volt[cell]) + circuit.bottom[cell] * volt[cell]
    for cell in range(size * size):
        row, column = cell // size, cell % size
        for wire in range(_WIRES):
            if circuit.wire[cell, wire] > 0.0:
                other = partner(wire, row, column, size)
                through = circuit.wire[cell, wire] * abs(volt[cell] - volt[other])
                flow[cell] += through
                flow[other] += through
    for cell in range(size * size):
        flow[cell] /= 2.0 * current
