"""Trees of many games as arrays: expand leaves, back up values. In the mover frame of each node.

One search holds G trees of at most M nodes. A node's move leads to a child from the opponent's
point of view, so a value changes its sign once on every step up; that happens in ``back_up`` and
nowhere else. Results that are certain (a joined side, or a position all of whose moves are
refuted) travel up the same way, after Winands' MCTS-Solver (2008).
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hexray.game.board import EMPTY
from hexray.game.kernel import kernel

ROOT = 0
NONE = -1
NO_VERSION = 2**31 - 1
"""Stands for the weights of a node that no network has seen: newer than any."""


class Trees(NamedTuple):
    """G trees of up to M nodes with A moves each; every array changes in place.

    used    int32[G]           nodes in use
    parent  int32[G, M]        node above, NONE at the root
    move    int16[G, M]        the parent's move that leads here
    value   float32[G, M]      the network's value
    proven  int8[G, M]         +1 the mover surely wins, -1 surely loses, 0 unknown
    open    int16[G, M]        legal moves that are not refuted
    sum     int32[G, M]        simulations through the node's moves
    version int32[G, M]        the weights that gave value and logits, NO_VERSION if game over
    logits  float32[G, M, A]   -inf where occupied
    prior   float32[G, M, A]   softmax of the logits of moves that are not lost
    child   int32[G, M, A]     node below, NONE while unvisited
    visits  int32[G, M, A]
    total   float32[G, M, A]   sum of the values backed up, seen by the node's mover
    result  int8[G, M, A]      +1 the move surely wins, -1 surely loses, 0 unknown
    """

    used: NDArray[np.int32]
    parent: NDArray[np.int32]
    move: NDArray[np.int16]
    value: NDArray[np.float32]
    proven: NDArray[np.int8]
    open: NDArray[np.int16]
    sum: NDArray[np.int32]
    version: NDArray[np.int32]
    logits: NDArray[np.float32]
    prior: NDArray[np.float32]
    child: NDArray[np.int32]
    visits: NDArray[np.int32]
    total: NDArray[np.float32]
    result: NDArray[np.int8]


class Frontier(NamedTuple):
    """Room for the leaves of one round: which game, which node, and the cells its mover sees.

    ``lost`` marks moves that are known to lose, at least one not (bool[rows, A], mover frame).
    ``stones`` and ``links`` are scratch space for one board on its way down.
    """

    game: NDArray[np.int32]
    node: NDArray[np.int32]
    cells: NDArray[np.int8]
    lost: NDArray[np.bool_]
    stones: NDArray[np.int8]
    links: NDArray[np.int16]


def new_trees(games: int, nodes: int, area: int) -> Trees:
    """Make trees that hold an unexpanded root each."""
    per_game, per_move = (games, nodes), (games, nodes, area)
    trees = Trees(
        used=np.ones(games, np.int32),
        parent=np.full(per_game, NONE, np.int32),
        move=np.empty(per_game, np.int16),
        value=np.empty(per_game, np.float32),
        proven=np.zeros(per_game, np.int8),
        open=np.empty(per_game, np.int16),
        sum=np.empty(per_game, np.int32),
        version=np.empty(per_game, np.int32),
        logits=np.empty(per_move, np.float32),
        prior=np.empty(per_move, np.float32),
        child=np.empty(per_move, np.int32),
        visits=np.empty(per_move, np.int32),
        total=np.empty(per_move, np.float32),
        result=np.empty(per_move, np.int8),
    )
    return trees


def new_frontier(rows: int, area: int) -> Frontier:
    """Make room for up to ``rows`` leaves."""
    return Frontier(
        game=np.empty(rows, np.int32),
        node=np.empty(rows, np.int32),
        cells=np.empty((rows, area), np.int8),
        lost=np.zeros((rows, area), np.bool_),
        stones=np.empty(area, np.int8),
        links=np.empty(area + 4, np.int16),
    )


@kernel
def expand(
    trees: Trees,
    frontier: Frontier,
    rows: int,
    logits: NDArray,
    values: NDArray,
    version: int,
) -> None:
    """Give the first ``rows`` leaves of the frontier their priors, carry their values up.

    logits float32[rows, A] and values float32[rows] are the network's, mover frame.
    """
    for row in range(rows):
        game, node = frontier.game[row], frontier.node[row]
        cells = frontier.cells[row]
        highest = np.float32(-np.inf)  # exp in float32 takes half the time
        for move in range(len(cells)):
            if cells[move] == EMPTY:
                highest = max(highest, logits[row, move])
        total, left = np.float32(0), 0
        for move in range(len(cells)):
            trees.child[game, node, move] = NONE
            trees.visits[game, node, move] = 0
            trees.total[game, node, move] = 0.0
            trees.result[game, node, move] = 0
            trees.logits[game, node, move] = -np.inf
            trees.prior[game, node, move] = 0.0
        for move in range(len(cells)):
            if cells[move] != EMPTY:
                continue
            logit = logits[row, move] - highest
            trees.logits[game, node, move] = logit
            if frontier.lost[row, move]:
                trees.result[game, node, move] = -1
                continue
            left += 1
            weight = np.exp(logit)
            trees.prior[game, node, move] = weight
            total += weight
        for move in range(len(cells)):
            trees.prior[game, node, move] /= total
        trees.value[game, node] = values[row]
        trees.open[game, node] = left
        trees.sum[game, node] = 0
        trees.version[game, node] = version
        back_up(trees, game, node, float(values[row]), False)


@kernel
def back_up(trees: Trees, game: int, node: int, value: float, certain: bool) -> None:
    """Carry the value of a node's mover up to the root; a certain value also proves.

    A move that surely wins proves its node won; a node is lost when its last open move is refuted.
    """
    while node != ROOT:
        move = trees.move[game, node]
        node = trees.parent[game, node]
        value = -value
        trees.visits[game, node, move] += 1
        trees.total[game, node, move] += value
        trees.sum[game, node] += 1
        if not certain:
            continue
        if trees.result[game, node, move] == 0:
            trees.result[game, node, move] = 1 if value > 0 else -1
            if value < 0:
                trees.open[game, node] -= 1
        certain = value > 0 or trees.open[game, node] == 0
        if certain:
            trees.proven[game, node] = 1 if value > 0 else -1


@kernel
def oldest_versions(trees: Trees, version: NDArray) -> None:
    """Write into ``version[G]`` the oldest weights that any node of each tree has seen."""
    for game in range(len(version)):
        version[game] = NO_VERSION
        for node in range(trees.used[game]):
            version[game] = min(version[game], trees.version[game, node])
