"""Simulations on their way down: from a root move to a leaf, a won position or a proven one."""

from numpy.typing import NDArray

from hexray.game.board import EMPTY, Boards, place
from hexray.game.frame import swap_frame, write_mover_cells
from hexray.game.kernel import kernel
from hexray.search.bridges import Bridges, decided
from hexray.search.rule import Rule, choose
from hexray.search.tree import NO_VERSION, NONE, ROOT, Frontier, Trees, back_up


@kernel
def descend(
    trees: Trees,
    boards: Boards,
    size: int,
    games: NDArray,
    first_moves: NDArray,
    count: int,
    rule: Rule,
    frontier: Frontier,
    bridges: Bridges,
) -> int:
    """Make one simulation through each given root move; return the number of leaves to evaluate.

    games and first_moves hold ``count`` entries, and no pair of game and move twice.
    Leaves that are won, lost, proven or decided by bridges are backed up at once and not counted.
    """
    rows = 0
    for index in range(count):
        game = games[index]
        _copy(boards.cells[game], frontier.stones)
        _copy(boards.links[game], frontier.links)
        colour = int(boards.to_move[game])
        node, move = ROOT, first_moves[index]
        while True:
            cell = swap_frame(move, colour, size)
            joined = place(frontier.stones, frontier.links, size, cell, colour)
            colour = -colour
            below = trees.child[game, node, move]
            if below == NONE:
                node = _grow(trees, game, node, move)
                result = -1 if joined else 0
                if rule.bridges and not joined:
                    result = decided(frontier.stones, size, colour, bridges)
                if result != 0:
                    trees.proven[game, node] = result
                    trees.version[game, node] = NO_VERSION
                    back_up(trees, game, node, float(result), True)
                else:
                    write_mover_cells(frontier.stones, colour, size, frontier.cells[rows])
                    frontier.game[rows] = game
                    frontier.node[rows] = node
                    rows += 1
                break
            node = below
            if trees.proven[game, node] != 0:
                back_up(trees, game, node, float(trees.proven[game, node]), True)
                break
            move = choose(trees, game, node, rule)
    return rows


@kernel
def decide_roots(
    trees: Trees, boards: Boards, size: int, games: NDArray, count: int, bridges: Bridges
) -> None:
    """Prove the expanded roots of the first ``count`` games that bridges decide."""
    for index in range(count):
        game = games[index]
        colour = int(boards.to_move[game])
        result = decided(boards.cells[game], size, colour, bridges)
        trees.proven[game, ROOT] = result
        for move in range(size * size):
            cell = swap_frame(move, colour, size)
            if boards.cells[game, cell] == EMPTY and (result < 0 or bridges.wins[cell]):
                trees.result[game, ROOT, move] = result
        if result < 0:
            trees.open[game, ROOT] = 0


@kernel
def _copy(source: NDArray, target: NDArray) -> None:
    for index in range(len(source)):
        target[index] = source[index]


@kernel
def _grow(trees: Trees, game: int, node: int, move: int) -> int:
    new = trees.used[game]
    trees.used[game] = new + 1
    trees.parent[game, new] = node
    trees.move[game, new] = move
    trees.proven[game, new] = 0
    trees.child[game, node, move] = new
    return new
