"""Monte Carlo tree search over G games in lockstep, as a conversation."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hexray.config import SearchSettings
from hexray.evaluation import Conversation, Leaves, checked
from hexray.game.board import Boards
from hexray.game.frame import mover_cells
from hexray.search.descent import descend
from hexray.search.root import (
    SearchResult,
    decide_gumbel,
    decide_puct,
    halving_schedule,
    noise_priors,
    plan_halving,
    plan_puct,
)
from hexray.search.rule import Rule, rule_of
from hexray.search.tree import (
    ROOT,
    Trees,
    back_up_leaves,
    expand,
    new_frontier,
    new_trees,
)


def mcts(
    boards: Boards,
    settings: SearchSettings,
    rng: np.random.Generator | None,
    warm: NDArray[np.bool_],
) -> Conversation[SearchResult]:
    """Search G undecided positions; ``boards`` is only read.

    With ``rng`` it explores as in self-play: Gumbel noise on every move, or Dirichlet noise and,
    in the games where ``warm[G]`` is set, the temperature. Without, it plays its best.

    Asks for one row a game and at most ``settings.simulations`` more: exactly as many, less those
    that end in a won, lost or proven position. All simulations of a round are one batch.
    """
    games, area = boards.cells.shape
    trees = new_trees(games, settings.simulations + 1, area)
    frontier = new_frontier(games * min(settings.candidates, area), area)
    frontier.game[:games] = np.arange(games)
    frontier.node[:games] = ROOT
    frontier.cells[:games] = mover_cells(boards.cells, boards.to_move)
    leaves = Leaves(frontier.cells[:games], boards.size)
    logits, value, version = checked((yield leaves), leaves)
    expand(trees, frontier, games, logits, value)
    rule = rule_of(settings)
    make = _gumbel_root if settings.root == "gumbel" else _puct_root
    root = make(trees, settings, rule, rng, warm)
    chosen = np.empty(len(frontier.game), np.int32)
    moves = np.empty(len(frontier.game), np.int16)
    for turn in range(root.turns):
        count = root.plan(turn, chosen, moves)
        rows = descend(trees, boards, boards.size, chosen, moves, count, rule, frontier)
        if rows:
            leaves = Leaves(frontier.cells[:rows], boards.size)
            logits, value, newer = checked((yield leaves), leaves)
            expand(trees, frontier, rows, logits, value)
            back_up_leaves(trees, frontier, rows)
            version = min(version, newer)
    best, policy, value = root.decide()
    return SearchResult(best, policy, value, trees.proven[:, ROOT].copy(), version)


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
) -> _Root:
    games, _, area = trees.prior.shape
    gumbel = np.zeros((games, area)) if rng is None else rng.gumbel(size=(games, area))
    most = min(settings.candidates, area)
    schedule = halving_schedule(settings.simulations, most)
    considered = np.minimum(trees.open[:, ROOT], most)
    order = np.tile(np.arange(area, dtype=np.int16), (games, 1))
    return _Root(
        turns=schedule.shape[1],
        plan=lambda turn, chosen, moves: plan_halving(
            trees, rule, gumbel, order, considered, schedule, turn, chosen, moves
        ),
        decide=lambda: decide_gumbel(trees, rule, gumbel),
    )


def _puct_root(
    trees: Trees,
    settings: SearchSettings,
    rule: Rule,
    rng: np.random.Generator | None,
    warm: NDArray[np.bool_],
) -> _Root:
    if rng is not None:
        noise_priors(trees, settings, rng)
    return _Root(
        turns=settings.simulations,
        plan=lambda turn, chosen, moves: plan_puct(trees, rule, chosen, moves),
        decide=lambda: decide_puct(trees, warm * settings.temperature, rng),
    )
