"""Policy targets as labels: the best move, how many can be right, what chance makes of it."""

from collections import defaultdict

import numpy as np
from numpy.typing import NDArray

from hexray.data.rows import Rows, over_empty
from hexray.game.board import EMPTY
from hexray.game.symmetry import half_turn


def with_label(rows: Rows) -> Rows:
    """Return the rows that have a policy target (copies)."""
    known = (rows.policy > 0).any(axis=1)
    return Rows._make(column[known] for column in rows)


def best_moves(rows: Rows, is_tied: bool) -> NDArray[np.bool_]:
    """Return bool[R, A]: the moves with the largest share of the target, several where it is equal.

    ``is_tied``: the network answers a board and its half turn alike, so that on a board that is
    its own half turn it cannot prefer a move to the one opposite; both count for either.
    """
    policy = rows.policy.astype(np.float32)
    if is_tied:
        turned = half_turn(policy)
        same = (rows.cells == half_turn(rows.cells)).all(axis=1, keepdims=True)
        policy = np.where(same, policy + turned, policy)
    return (policy == policy.max(axis=1, keepdims=True)) & (policy > 0)


def most_right(rows: Rows, is_tied: bool) -> float:
    """Return the largest share of rows of which any answer to positions names a best move.

    It is below 1 where the same position comes with different targets.
    """
    best = best_moves(rows, is_tied)
    by_position: dict[bytes, NDArray[np.int64]] = defaultdict(
        lambda: np.zeros(rows.cells.shape[1], np.int64)
    )
    for cells, moves in zip(rows.cells, best, strict=True):
        key, turned = cells.tobytes(), half_turn(cells).tobytes()
        is_turned = is_tied and turned < key
        by_position[turned if is_turned else key] += half_turn(moves) if is_turned else moves
    return sum(int(count.max()) for count in by_position.values()) / len(best)


def moves_named(logits: NDArray, cells: NDArray[np.int8]) -> NDArray[np.int64]:
    """Return the empty cell with the largest logit of each row, int64[R]."""
    return np.where(cells == EMPTY, logits, -np.inf).argmax(axis=1)


def right(named: NDArray[np.int64], rows: Rows, is_tied: bool) -> NDArray[np.bool_]:
    """Say for each row whether the move named is a best one."""
    return best_moves(rows, is_tied)[np.arange(len(named)), named]


def shuffled(rows: Rows, rng: np.random.Generator) -> Rows:
    """Give each position the targets of another (copies).

    What a target says of occupied cells is left out, and rows of which nothing is left.
    """
    order = rng.permutation(len(rows.cells))
    given = rows._replace(
        policy=over_empty(rows.policy[order], rows.cells),
        outcome=rows.outcome[order],
        root_value=rows.root_value[order],
    )
    return with_label(given)


def chance_of_moves(named: NDArray[np.int64], rows: Rows, is_tied: bool) -> float:
    """Return how often moves are best ones when each row may have the target of any row.

    That is the mean over all pairs of a row and a target that leaves something on its empty cells.
    """
    chances = []
    for row, move in enumerate(named):
        cells = np.broadcast_to(rows.cells[row], rows.cells.shape)
        given = with_label(rows._replace(cells=cells, policy=over_empty(rows.policy, cells)))
        chances.append(best_moves(given, is_tied)[:, move].mean())
    return float(np.mean(chances))


def chance_of_outcomes(wins: NDArray[np.bool_], outcome: NDArray[np.int8]) -> float:
    """Return how often a winner is named rightly when each row may have the outcome of any row."""
    named, won = wins.mean(), (outcome > 0).mean()
    return float(named * won + (1 - named) * (1 - won))
