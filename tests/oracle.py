"""A slow second Hex engine in plain Python, written from the rules alone, to check the fast one.

Boards are lists of 0 (empty), 1 (Red, top to bottom) and -1 (Blue, left to right), row by row.
Nothing here imports hexray, so that a mistake there cannot hide here.
"""

import random
from collections.abc import Callable, Iterator, Sequence

RED, BLUE, EMPTY = 1, -1, 0
STEPS = ((-1, 0), (1, 0), (0, -1), (0, 1), (-1, 1), (1, -1))


def neighbours(cell: int, size: int) -> list[int]:
    """Return the cells that touch ``cell``."""
    row, column = divmod(cell, size)
    around = [(row + down, column + right) for down, right in STEPS]
    return [r * size + c for r, c in around if 0 <= r < size and 0 <= c < size]


def has_joined(cells: Sequence[int], size: int, colour: int) -> bool:
    """Say whether ``colour`` joins its two sides, by flooding from the first of them."""
    first = range(size) if colour == RED else range(0, size * size, size)
    reached = {cell for cell in first if cells[cell] == colour}
    waiting = list(reached)
    while waiting:
        cell = waiting.pop()
        along = cell // size if colour == RED else cell % size
        if along == size - 1:
            return True
        for other in neighbours(cell, size):
            if cells[other] == colour and other not in reached:
                reached.add(other)
                waiting.append(other)
    return False


def winner_of(cells: Sequence[int], size: int) -> int:
    """Return the colour that has joined its sides, or 0; both at once is an AssertionError."""
    winners = [colour for colour in (RED, BLUE) if has_joined(cells, size, colour)]
    assert len(winners) < 2, "both sides are joined"
    return winners[0] if winners else EMPTY


def replay(size: int, moves: Sequence[int]) -> tuple[list[int], int, int]:
    """Play from the empty board, Red first; return cells, side to move and winner.

    An illegal move is a ValueError that says which of ``off``, ``over``, ``occupied`` it is.
    """
    cells, to_move, winner = [EMPTY] * (size * size), RED, EMPTY
    for move in moves:
        if not 0 <= move < size * size:
            raise ValueError("off")
        if winner != EMPTY:
            raise ValueError("over")
        if cells[move] != EMPTY:
            raise ValueError("occupied")
        cells[move] = to_move
        winner = to_move if has_joined(cells, size, to_move) else EMPTY
        to_move = -to_move
    return cells, to_move, winner


def random_game(size: int, rng: random.Random) -> list[int]:
    """Return the moves of a game of random moves, up to and with the one that wins."""
    order = rng.sample(range(size * size), size * size)
    cells, colour = [EMPTY] * (size * size), RED
    for played, move in enumerate(order, start=1):
        cells[move] = colour
        if has_joined(cells, size, colour):
            return order[:played]
        colour = -colour
    raise AssertionError("a full board without a winner")


def random_position(size: int, stones: int, rng: random.Random) -> list[int]:
    """Return ``stones`` random moves after which nobody has won yet."""
    while True:
        moves = rng.sample(range(size * size), stones)
        cells = [EMPTY] * (size * size)
        for ply, move in enumerate(moves):
            cells[move] = BLUE if ply % 2 else RED
        if not has_joined(cells, size, RED) and not has_joined(cells, size, BLUE):
            return moves


def solve(
    cells: Sequence[int], to_move: int, size: int, known: dict[tuple[object, int], int]
) -> int:
    """Return +1 when the player to move wins with best play, else -1; ``known`` remembers."""
    key = (tuple(cells), to_move)
    if key not in known:
        if has_joined(cells, size, -to_move):
            known[key] = -1
        else:
            replies = (solve(after, -to_move, size, known) for after in successors(cells, to_move))
            known[key] = 1 if any(reply == -1 for reply in replies) else -1
    return known[key]


def successors(cells: Sequence[int], to_move: int) -> Iterator[list[int]]:
    """Yield the boards after each legal move, in the order of the cells."""
    for cell, stone in enumerate(cells):
        if stone == EMPTY:
            after = list(cells)
            after[cell] = to_move
            yield after


def mover_cell(cell: int, to_move: int, size: int) -> int:
    """Return where the player ``to_move`` sees ``cell``: Blue sees rows as columns."""
    row, column = divmod(cell, size)
    return cell if to_move == RED else column * size + row


def mover_view(cells: Sequence[int], to_move: int, size: int) -> list[int]:
    """Return the board as ``to_move`` sees it: own stones 1, own sides top and bottom."""
    seen = [EMPTY] * len(cells)
    for cell, stone in enumerate(cells):
        if stone != EMPTY:
            seen[mover_cell(cell, to_move, size)] = 1 if stone == to_move else -1
    return seen


def parse_board(drawing: str) -> list[int]:
    """Read a drawing of ``R``, ``B`` and ``.`` parted by blanks; names and numbers are skipped."""
    stones = {"R": RED, "B": BLUE, ".": EMPTY}
    cells = [stones[mark] for mark in drawing.split() if mark in stones]
    assert round(len(cells) ** 0.5) ** 2 == len(cells), "the drawing is not a square"
    return cells


Evaluator = Callable[[Sequence[int]], tuple[Sequence[float], float]]


def depth_limited(
    cells: Sequence[int],
    to_move: int,
    size: int,
    widths: Sequence[int],
    evaluator: Evaluator,
) -> tuple[float, int]:
    """Return value and proof (1, 0, -1) for the player to move, looking ``len(widths)`` plies.

    ``evaluator`` is given the mover's view and returns a logit for each cell and a value.
    At each ply only the ``widths[ply]`` moves with the highest logits are looked at.
    """
    if winner_of(cells, size) != EMPTY:
        return -1.0, -1
    logits, value = evaluator(mover_view(cells, to_move, size))
    if not widths:
        return value, 0
    legal = [cell for cell in range(size * size) if cells[cell] == EMPTY]
    by_prior = sorted(legal, key=lambda cell: -logits[mover_cell(cell, to_move, size)])
    answers = []
    for cell in by_prior[: widths[0]]:
        after = list(cells)
        after[cell] = to_move
        answers.append(depth_limited(after, -to_move, size, widths[1:], evaluator))
    if any(proof == -1 for _, proof in answers):
        return 1.0, 1
    if len(answers) == len(legal) and all(proof == 1 for _, proof in answers):
        return -1.0, -1
    return max(-value for value, _ in answers), 0
