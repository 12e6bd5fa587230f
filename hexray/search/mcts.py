"""Monte Carlo tree search over G games in lockstep, as a conversation."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hexray.config import SearchSettings
from hexray.evaluation import Conversation, Leaves, checked
from hexray.game.board import Boards
from hexray.game.frame import mover_cells
from hexray.search.descent import descend, judge_roots
from hexray.search.known import new_known
from hexray.search.reuse import Memory, most_nodes
from hexray.search.root import (
    SearchResult,
    decide_gumbel,
    decide_puct,
    noise_priors,
    plan_halving,
    plan_puct,
    schedules,
)
from hexray.search.rule import Rule, rule_of
from hexray.search.tree import (
    ROOT,
    Frontier,
    Trees,
    expand,
    new_frontier,
    oldest_versions,
)


def mcts(
    boards: Boards,
    settings: SearchSettings,
    rng: np.random.Generator | None,
    warm: NDArray[np.bool_],
    simulations: NDArray[np.int32] | None = None,
    memory: Memory | None = None,
) -> Conversation[SearchResult]:
    """Search G undecided positions; ``boards`` is only read.

    With ``rng`` it explores as in self-play: Gumbel noise on every move, or Dirichlet noise and,
    in the games where ``warm[G]`` is set, the temperature. Without, it plays its best.

    Makes ``simulations[G]`` in each game, by default ``settings.simulations`` in all, less what
    ``memory`` has kept: PUCT counts every kept simulation, Gumbel those that its schedule asks
    for. Asks for one row a simulation, less those that end in a won, lost or proven position, and
    for one more in a game that begins anew. All simulations of a round are one batch.
    """
    games, area = boards.cells.shape
    budget = _checked(simulations, settings, games)
    frontier = new_frontier(games * min(settings.candidates, area), area)
    if memory is None:
        memory = Memory(games, area, settings)
    trees, fresh = memory.trees, _begin(memory, settings, games, area)
    rule, known = rule_of(settings), new_known(boards.size)
    if len(fresh):
        frontier.game[: len(fresh)] = fresh
        frontier.node[: len(fresh)] = ROOT
        frontier.cells[: len(fresh)] = mover_cells(boards.cells[fresh], boards.to_move[fresh])
        yield from _evaluate(trees, frontier, len(fresh), boards.size)
    if rule.connections:
        judge_roots(trees, frontier.cells, boards.size, fresh, len(fresh), known)
    make = _gumbel_root if settings.root == "gumbel" else _puct_root
    root = make(trees, settings, rule, rng, warm, budget)
    chosen = np.empty(len(frontier.game), np.int32)
    moves = np.empty(len(frontier.game), np.int16)
    for turn in range(root.turns):
        count = root.plan(turn, chosen, moves)
        rows = descend(trees, boards, boards.size, chosen, moves, count, rule, frontier, known)
        if rows:
            yield from _evaluate(trees, frontier, rows, boards.size)
    best, policy, value = root.decide()
    version = np.empty(games, np.int32)
    oldest_versions(trees, version)
    memory.is_kept[:] = True
    return SearchResult(best, policy, value, trees.proven[:, ROOT].copy(), version)


def _checked(
    simulations: NDArray[np.int32] | None, settings: SearchSettings, games: int
) -> NDArray[np.int32]:
    most = settings.simulations
    if simulations is None:
        return np.full(games, most, np.int32)
    if simulations.min() < 1 or simulations.max() > most:
        raise ValueError(f"simulations {simulations} do not all lie between 1 and {most}")
    return simulations


def _begin(memory: Memory, settings: SearchSettings, games: int, area: int) -> NDArray[np.intp]:
    """Clear the trees that were not kept; return their games."""
    trees, fresh = memory.trees, np.flatnonzero(~memory.is_kept)
    needed = games, most_nodes(settings), area
    if trees.prior.shape != needed:
        raise ValueError(
            f"the memory has room for (games, nodes, cells) {trees.prior.shape}, this search "
            f"needs {needed}; make one for these games and settings"
        )
    kept = int(trees.sum[memory.is_kept, ROOT].max(initial=0))
    if settings.root == "gumbel" and kept > needed[1] - settings.simulations - 1:
        raise ValueError(
            f"a tree has {kept} simulations at its root and no room for {settings.simulations} "
            "more; tell the memory by follow what was played"
        )
    # Should the conversation be broken off, leaves that are not evaluated stay in the trees.
    memory.is_kept[:] = False
    trees.used[fresh] = 1
    trees.proven[fresh, ROOT] = 0
    return fresh


def _evaluate(trees: Trees, frontier: Frontier, rows: int, size: int) -> Conversation[None]:
    leaves = Leaves(frontier.cells[:rows], size)
    logits, value, version = checked((yield leaves), leaves)
    expand(trees, frontier, rows, logits, value, int(version))


class _Root(NamedTuple):
    """A root rule: ``plan`` lists the moves of a round, ``decide`` gives moves, policy, value."""

    turns: int
    plan: Callable[[int, NDArray, NDArray], int]
    decide: Callable[[], tuple[NDArray, NDArray, NDArray]]


def _gumbel_root(
    trees: Trees,
    settings: SearchSettings,
    rule: Rule,
    rng: np.random.Generator | None,
    warm: NDArray[np.bool_],
    simulations: NDArray[np.int32],
) -> _Root:
    games, _, area = trees.prior.shape
    gumbel = np.zeros((games, area)) if rng is None else rng.gumbel(size=(games, area))
    schedule = schedules(simulations, min(settings.candidates, area), trees.open[:, ROOT])
    stayed = np.zeros((games, area), np.int32)
    order = np.tile(np.arange(area, dtype=np.int16), (games, 1))
    return _Root(
        turns=schedule.shape[1],
        plan=lambda turn, chosen, moves: plan_halving(
            trees, rule, gumbel, order, stayed, schedule, turn, chosen, moves
        ),
        decide=lambda: decide_gumbel(trees, rule, gumbel, stayed),
    )


def _puct_root(
    trees: Trees,
    settings: SearchSettings,
    rule: Rule,
    rng: np.random.Generator | None,
    warm: NDArray[np.bool_],
    simulations: NDArray[np.int32],
) -> _Root:
    if rng is not None:
        noise_priors(trees, settings, rng)
    return _Root(
        turns=int((simulations - trees.sum[:, ROOT]).max()),
        plan=lambda turn, chosen, moves: plan_puct(trees, rule, simulations, chosen, moves),
        decide=lambda: decide_puct(trees, warm * settings.temperature, rng),
    )
