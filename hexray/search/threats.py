"""Cells that win at once: empty, beside a chain from the one side and a chain from the other."""

from numpy.typing import NDArray

from hexray.game.kernel import kernel

WINS = 3
"""Mark of a winning cell."""
_FROM_TOP, _FROM_BOTTOM = 1, 2


@kernel
def mark_threats(cells: NDArray, size: int, marks: NDArray, stack: NDArray) -> int:
    """Return how many empty cells join top and bottom for the stones +1 of ``cells[A]``.

    Those are WINS in ``marks`` (int8[A]), all others less; ``stack[A]`` is scratch space.
    """
    marks[:] = 0
    _flood(cells, size, 0, _FROM_TOP, marks, stack)
    _flood(cells, size, size * size - size, _FROM_BOTTOM, marks, stack)
    count = 0
    for cell in range(size * size):
        if cells[cell] != 0:
            marks[cell] = 0
        elif marks[cell] == WINS:
            count += 1
    return count


@kernel
def _flood(
    cells: NDArray, size: int, first: int, mark: int, marks: NDArray, stack: NDArray
) -> None:
    """Mark the side that begins at ``first``, and what its chains touch."""
    waiting = 0
    for cell in range(first, first + size):
        marks[cell] |= mark
        if cells[cell] == 1:
            stack[waiting] = cell
            waiting += 1
    while waiting > 0:
        waiting -= 1
        row, column = stack[waiting] // size, stack[waiting] % size
        for step in range(6):
            other = neighbour(step, row, column, size)
            if other >= 0 and marks[other] & mark == 0:
                marks[other] |= mark
                if cells[other] == 1:
                    stack[waiting] = other
                    waiting += 1


@kernel
def neighbour(step: int, row: int, column: int, size: int) -> int:
    """Return the cell next to one in one of six directions, -1 off the board."""
    if step == 0:
        column += 1
    elif step == 1:
        row += 1
    elif step == 2:
        row, column = row + 1, column - 1
    elif step == 3:
        column -= 1
    elif step == 4:
        row -= 1
    else:
        row, column = row - 1, column + 1
    if row < 0 or column < 0 or row >= size or column >= size:
        return -1
    return row * size + column
