"""Which move a simulation follows below the root, and what a node's visits say of its policy.

Gumbel: the deterministic rule and the completed Q values of Danihelka et al. (2022), "Policy
improvement by planning with Gumbel", section 5 and appendix D. PUCT: Silver et al. (2018).
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hexray.config import SearchSettings
from hexray.game.kernel import kernel
from hexray.search.tree import Trees

TINY = 1e-30
"""Added to priors, so that a sum of them is never zero."""


class Rule(NamedTuple):
    """The numbers of the selection rule, from SearchSettings."""

    is_puct: bool
    c_visit: float
    c_scale: float
    puct_init: float
    puct_base: float
    unvisited_reduction: float
    connections: bool


def rule_of(settings: SearchSettings) -> Rule:
    """Take from the settings what the kernels need."""
    return Rule(
        is_puct=settings.root == "puct",
        c_visit=settings.c_visit,
        c_scale=settings.c_scale,
        puct_init=settings.puct_init,
        puct_base=settings.puct_base,
        unvisited_reduction=settings.unvisited_reduction,
        connections=settings.connections,
    )


@kernel
def choose(trees: Trees, game: int, node: int, rule: Rule) -> int:
    """Choose the move of a node that is neither won nor lost; refuted moves are left out."""
    if rule.is_puct:
        return _choose_puct(trees, game, node, rule)
    return _choose_gumbel(trees, game, node, rule)


@kernel
def _choose_gumbel(trees: Trees, game: int, node: int, rule: Rule) -> int:
    """Follow the improved policy: the move whose share of visits lags behind it most.

    Only visited moves are looked at one by one. Of the others, whose Q is the mixed value, the
    likeliest lags most.
    """
    if trees.sum[game, node] == 0:
        return _likeliest(trees, game, node)
    mixed, scale = mixed_and_scale(trees, game, node, rule)
    best_q, unvisited_prior, likeliest = -np.inf, 0.0, -1
    for move in range(trees.prior.shape[2]):
        if not is_eligible(trees, game, node, move):
            continue
        if trees.visits[game, node, move] > 0:
            best_q = max(best_q, completed_q(trees, game, node, move, mixed))
            continue
        unvisited_prior += trees.prior[game, node, move] + TINY
        if likeliest < 0 or trees.prior[game, node, move] > trees.prior[game, node, likeliest]:
            likeliest = move
    if likeliest >= 0:
        best_q = max(best_q, mixed)
    unvisited = np.exp(scale * (mixed - best_q)) if likeliest >= 0 else 0.0
    total = unvisited_prior * unvisited
    for move in range(trees.prior.shape[2]):
        if trees.visits[game, node, move] > 0 and is_eligible(trees, game, node, move):
            total += _weight(trees, game, node, move, best_q, scale)
    best, best_lag = likeliest, -np.inf
    if likeliest >= 0:
        best_lag = (trees.prior[game, node, likeliest] + TINY) * unvisited / total
    for move in range(trees.prior.shape[2]):
        if trees.visits[game, node, move] == 0 or not is_eligible(trees, game, node, move):
            continue
        share = trees.visits[game, node, move] / (1.0 + trees.sum[game, node])
        lag = _weight(trees, game, node, move, best_q, scale) / total - share
        if lag > best_lag or (lag == best_lag and move < best):
            best, best_lag = move, lag
    return best


@kernel
def _likeliest(trees: Trees, game: int, node: int) -> int:
    best = -1
    for move in range(trees.prior.shape[2]):
        if not is_eligible(trees, game, node, move):
            continue
        if best < 0 or trees.logits[game, node, move] > trees.logits[game, node, best]:
            best = move
    return best


@kernel
def _weight(trees: Trees, game: int, node: int, move: int, best_q: float, scale: float) -> float:
    """Return prior * exp(scale * (Q - best Q)) of a visited move.

    It cannot overflow, and not all weights are zero even where the prior is.
    """
    q = completed_q(trees, game, node, move, 0.0)
    return (trees.prior[game, node, move] + TINY) * np.exp(scale * (q - best_q))


@kernel
def _choose_puct(trees: Trees, game: int, node: int, rule: Rule) -> int:
    """Weigh the mean value of a move against its prior and how often it was tried."""
    simulations = trees.sum[game, node]
    mean = trees.value[game, node]
    for move in range(trees.prior.shape[2]):
        mean += trees.total[game, node, move]
    unvisited = mean / (1.0 + simulations) - rule.unvisited_reduction
    exploration = (
        np.log((1.0 + simulations + rule.puct_base) / rule.puct_base) + rule.puct_init
    ) * np.sqrt(max(simulations, 1))
    best, best_score = -1, -np.inf
    for move in range(trees.prior.shape[2]):
        if not is_eligible(trees, game, node, move):
            continue
        visits = trees.visits[game, node, move]
        q = trees.total[game, node, move] / visits if visits > 0 else unvisited
        score = q + exploration * trees.prior[game, node, move] / (1.0 + visits)
        if score > best_score:
            best, best_score = move, score
    return best


@kernel
def mixed_and_scale(trees: Trees, game: int, node: int, rule: Rule) -> tuple[float, float]:
    """Return the value of an untried move, and the factor of values before they join a logit.

    The first is v_mix of appendix D, from the network's value and the visited moves. The second
    is (c_visit + most visits) * c_scale for winning probabilities, as in the paper, so half of it
    for values in [-1, 1].
    """
    weight, total, most = 0.0, 0.0, 0
    for move in range(trees.prior.shape[2]):
        visits = trees.visits[game, node, move]
        if visits > 0:
            prior = trees.prior[game, node, move] + TINY
            weight += prior
            total += prior * trees.total[game, node, move] / visits
            most = max(most, visits)
    scale = (rule.c_visit + most) * rule.c_scale * 0.5
    if weight == 0.0:
        return float(trees.value[game, node]), scale
    simulations = trees.sum[game, node]
    mixed = (trees.value[game, node] + simulations * total / weight) / (1.0 + simulations)
    return mixed, scale


@kernel
def completed_q(trees: Trees, game: int, node: int, move: int, mixed: float) -> float:
    """Return a move's certain value, its mean value, or the mixed value if it was never tried."""
    if trees.result[game, node, move] != 0:
        return float(trees.result[game, node, move])
    if trees.visits[game, node, move] > 0:
        return trees.total[game, node, move] / trees.visits[game, node, move]
    return mixed


@kernel
def is_eligible(trees: Trees, game: int, node: int, move: int) -> bool:
    """Say whether a move may be played: a winning one in a won node, any in a lost node."""
    if trees.logits[game, node, move] == -np.inf:
        return False
    proven = trees.proven[game, node]
    if proven == 0:
        return trees.result[game, node, move] >= 0
    return trees.result[game, node, move] == proven


@kernel
def improved_policy(trees: Trees, game: int, node: int, rule: Rule, policy: NDArray) -> float:
    """Write softmax(logits + scaled completed Q) into ``policy[A]``; return the value it expects.

    In a won node only winning moves count, in an undecided one refuted moves do not.
    """
    mixed, scale = mixed_and_scale(trees, game, node, rule)
    highest = -np.inf
    for move in range(len(policy)):
        policy[move] = -np.inf
        if is_eligible(trees, game, node, move):
            q = completed_q(trees, game, node, move, mixed)
            policy[move] = trees.logits[game, node, move] + scale * q
            highest = max(highest, policy[move])
    total, value = 0.0, 0.0
    for move in range(len(policy)):
        policy[move] = np.exp(policy[move] - highest)
        total += policy[move]
        value += policy[move] * completed_q(trees, game, node, move, mixed)
    for move in range(len(policy)):
        policy[move] /= total
    return value / total
