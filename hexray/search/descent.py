"""Simulations on their way down: from a root move to a leaf, a won position or a proven one."""

from numpy.typing import NDArray

from hexray.game.board import EMPTY, Boards, place
from hexray.game.frame import swap_frame, write_mover_cells
from hexray.game.kernel import kernel
from hexray.search.known import Known, settle, settle_root
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
    known: Known,
) -> int:
    """Make one simulation through each given root move; return the number of leaves to evaluate.

    games and first_moves hold ``count`` entries, and no pair of game and move twice.
    Leaves that are won, lost, proven or decided by connections are backed up at once, not counted.
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
                if not joined:
                    write_mover_cells(frontier.stones, colour, size, frontier.cells[rows])
                    if rule.connections:
                        result = settle(frontier.cells[rows], size, known)
                if result != 0:
                    trees.proven[game, node] = result
                    trees.version[game, node] = NO_VERSION
                    back_up(trees, game, node, float(result), True)
                else:
                    _enlist(frontier, rows, game, node, rule, known)
                    rows += 1
                break
            node = below
            if trees.proven[game, node] != 0:
                back_up(trees, game, node, float(trees.proven[game, node]), True)
                break
            move = choose(trees, game, node, rule)
    return rows


@kernel
def _enlist(frontier: Frontier, row: int, game: int, node: int, rule: Rule, known: Known) -> None:
    """Give a leaf its row of the frontier; its cells are there, and just judged."""
    frontier.game[row] = game
    frontier.node[row] = node
    if rule.connections:
        for cell in range(len(known.moves)):
            frontier.lost[row, cell] = not known.moves[cell]


@kernel
def judge_roots(
    trees: Trees, cells: NDArray, size: int, games: NDArray, count: int, known: Known
) -> None:
    """Tell the expanded roots of ``count`` games, cells[count, A], what is known of them.

    Moves that are no better than others count as refuted.
    """
    for index in range(count):
        game = games[index]
        result = settle_root(cells[index], size, known)
        trees.proven[game, ROOT] = result
        for move in range(size * size):
            if cells[index, move] != EMPTY:
                continue
            if result > 0 and known.moves[move]:
                trees.result[game, ROOT, move] = 1
            elif result < 0 or (result == 0 and not known.moves[move]):
                trees.result[game, ROOT, move] = -1
                trees.open[game, ROOT] -= 1


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
