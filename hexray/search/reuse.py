"""What one search leaves for the next: the subtree below the move that was played."""

import numpy as np
from numpy.typing import NDArray

from hexray.config import SearchSettings
from hexray.game.kernel import kernel
from hexray.search.tree import NONE, ROOT, Trees, new_trees


class Memory:
    """The trees of G games, in which one search follows another; they are allocated only once.

    A search takes ``trees`` on where ``is_kept[G]``, and begins anew where it is not. After every
    search ``follow`` says what was played. A search that is broken off leaves nothing.
    """

    def __init__(self, games: int, area: int, settings: SearchSettings) -> None:
        """Make room for searches by ``settings`` of G games on boards of A cells, none begun."""
        self._reuses = settings.reuse_tree
        self.trees = new_trees(games, most_nodes(settings), area)
        self.is_kept = np.zeros(games, np.bool_)
        self._number = np.empty(self.trees.parent.shape[1], np.int32)

    def follow(self, moves: NDArray[np.int64], goes_on: NDArray[np.bool_]) -> None:
        """Keep what lies below the moves[G] played (mover frame) in the games that go on.

        Nothing is kept where the move was never tried or the position after it is proven, nor
        without ``search.reuse_tree``.
        """
        goes_on = self.is_kept & goes_on & self._reuses
        _follow(self.trees, moves, goes_on, self.is_kept, self._number)


def most_nodes(settings: SearchSettings) -> int:
    """Return how many nodes a tree can come to have, when searches follow each other or not.

    A tree has at most one node more than its root has simulations, since each of them passes the
    root and adds at most one node. So a subtree below a move of v visits, the first of which made
    its root, comes with at most v - 1 simulations. Let S be settings.simulations.

    A search that begins anew makes S simulations, and PUCT only fills up to S: S + 1 nodes do.
    Gumbel makes S at most on top of the K kept, but none through a move that has S visits. So no
    move comes to have more than the greater of S and K, and the next K is less by one: starting
    from 0, it is never more than S - 1. A root so has 2S - 1 simulations at most, a tree 2S nodes.
    """
    most = settings.simulations
    return 2 * most if settings.reuse_tree and settings.root == "gumbel" else most + 1


@kernel
def _follow(
    trees: Trees, moves: NDArray, goes_on: NDArray, is_kept: NDArray, number: NDArray
) -> None:
    for game in range(len(moves)):
        is_kept[game] = False
        if not goes_on[game]:
            continue
        top = trees.child[game, ROOT, moves[game]]
        if top != NONE and trees.proven[game, top] == 0:
            _lift(trees, game, top, number)
            is_kept[game] = True


@kernel
def _lift(trees: Trees, game: int, top: int, number: NDArray) -> None:
    """Make node ``top`` the root and move its subtree together; ``number[M]`` is scratch space.

    One rising pass does: a child comes after its parent, and a node moves only towards the front,
    into a place that was read before.
    """
    for node in range(top):
        number[node] = NONE
    number[top] = ROOT
    _copy(trees, game, top, ROOT)
    trees.parent[game, ROOT] = NONE
    used = 1
    for node in range(top + 1, trees.used[game]):
        above = number[trees.parent[game, node]]
        number[node] = NONE
        if above == NONE:
            continue
        number[node] = used
        _copy(trees, game, node, used)
        trees.parent[game, used] = above
        trees.child[game, above, trees.move[game, used]] = used
        used += 1
    trees.used[game] = used


@kernel
def _copy(trees: Trees, game: int, source: int, target: int) -> None:
    trees.move[game, target] = trees.move[game, source]
    trees.value[game, target] = trees.value[game, source]
    trees.proven[game, target] = trees.proven[game, source]
    trees.open[game, target] = trees.open[game, source]
    trees.sum[game, target] = trees.sum[game, source]
    trees.version[game, target] = trees.version[game, source]
    for move in range(trees.prior.shape[2]):
        trees.logits[game, target, move] = trees.logits[game, source, move]
        trees.prior[game, target, move] = trees.prior[game, source, move]
        trees.child[game, target, move] = trees.child[game, source, move]
        trees.visits[game, target, move] = trees.visits[game, source, move]
        trees.total[game, target, move] = trees.total[game, source, move]
        trees.result[game, target, move] = trees.result[game, source, move]
