"""What happens at the root: sequential halving, noise, and the decision at the end."""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hexray.config import SearchSettings
from hexray.game.kernel import kernel
from hexray.search.rule import (
    Rule,
    choose,
    completed_q,
    improved_policy,
    is_eligible,
    mixed_value,
    q_scale,
)
from hexray.search.tree import ROOT, Trees


class SearchResult(NamedTuple):
    """What a search says of G positions, mover frame.

    moves    int64[G]       the move to play
    policy   float32[G, A]  policy target; zero on occupied cells, each row sums to one
    value    float32[G]     +1 = the player to move wins
    proven   int8[G]        +1 or -1 where the result is certain, else 0
    version  int            the oldest weights that took part
    """

    moves: NDArray[np.int64]
    policy: NDArray[np.float32]
    value: NDArray[np.float32]
    proven: NDArray[np.int8]
    version: int


@lru_cache
def halving_schedule(simulations: int, candidates: int) -> NDArray[np.int16]:
    """Say how many candidates get a simulation in each round of sequential halving.

    Row k of the table is the schedule of a root with k candidates: every round visits the best
    few once, and each row sums to ``simulations``. Danihelka et al. (2022), figure 1.
    """
    schedules = [_halving(simulations, count) for count in range(1, candidates + 1)]
    rounds = max(len(schedule) for schedule in schedules)
    table = np.zeros((candidates + 1, rounds), np.int16)
    for count, schedule in enumerate(schedules, start=1):
        table[count, : len(schedule)] = schedule
    table.flags.writeable = False
    return table


def _halving(simulations: int, candidates: int) -> list[int]:
    phases = max(1, int(np.ceil(np.log2(candidates))))
    rounds, left, width = [], simulations, candidates
    while left > 0:
        for _ in range(max(1, simulations // (phases * width))):
            rounds.append(min(width, left))
            left -= rounds[-1]
            if left == 0:
                return rounds
        width = max(min(2, candidates), width // 2)
    return rounds


@kernel
def plan_halving(
    trees: Trees,
    rule: Rule,
    gumbel: NDArray,
    order: NDArray,
    considered: NDArray,
    schedule: NDArray,
    turn: int,
    games: NDArray,
    moves: NDArray,
) -> int:
    """List the root moves that get a simulation in round ``turn``; return how many.

    order int16[G, A] holds each game's moves, the candidates first; whenever fewer candidates
    go on, they are ranked anew. Games whose root is proven take no part.
    """
    count = 0
    for game in range(len(order)):
        width = schedule[considered[game], turn]
        if trees.proven[game, ROOT] != 0 or width == 0:
            continue
        if turn == 0:
            _rank(trees, game, rule, gumbel, order, len(order[game]), width)
        elif width < schedule[considered[game], turn - 1]:
            before = schedule[considered[game], turn - 1]
            _rank(trees, game, rule, gumbel, order, before, width)
        for rank in range(width):
            games[count] = game
            moves[count] = order[game, rank]
            count += 1
    return count


@kernel
def plan_puct(trees: Trees, rule: Rule, games: NDArray, moves: NDArray) -> int:
    """List one root move for every game whose root is not proven; return how many."""
    count = 0
    for game in range(len(trees.proven)):
        if trees.proven[game, ROOT] == 0:
            games[count] = game
            moves[count] = choose(trees, game, ROOT, rule)
            count += 1
    return count


@kernel
def _rank(
    trees: Trees, game: int, rule: Rule, gumbel: NDArray, order: NDArray, among: int, best: int
) -> None:
    """Bring the ``best`` highest scores of the first ``among`` moves to the front, in order."""
    mixed = mixed_value(trees, game, ROOT)
    scale = q_scale(trees, game, ROOT, rule)
    for rank in range(best):
        top, top_score = rank, -np.inf
        for index in range(rank, among):
            move = order[game, index]
            score = _score(trees, game, move, gumbel, mixed, scale)
            if score > top_score:
                top, top_score = index, score
        order[game, rank], order[game, top] = order[game, top], order[game, rank]


@kernel
def _score(
    trees: Trees, game: int, move: int, gumbel: NDArray, mixed: float, scale: float
) -> float:
    q = completed_q(trees, game, ROOT, move, mixed)
    return trees.logits[game, ROOT, move] + gumbel[game, move] + scale * q


def decide_gumbel(
    trees: Trees, rule: Rule, gumbel: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.float32]]:
    """Return moves[G], the improved policy[G, A] and the values[G] it expects.

    The move is the one visited most, the best score among equals.
    """
    moves = np.empty(len(gumbel), np.int64)
    policy = np.empty(gumbel.shape, np.float32)
    value = np.empty(len(gumbel), np.float32)
    _decide_gumbel(trees, rule, gumbel, moves, policy, value)
    return moves, policy, value


@kernel
def _decide_gumbel(
    trees: Trees, rule: Rule, gumbel: NDArray, moves: NDArray, policy: NDArray, value: NDArray
) -> None:
    for game in range(len(moves)):
        value[game] = improved_policy(trees, game, ROOT, rule, policy[game])
        if trees.proven[game, ROOT] != 0:
            value[game] = trees.proven[game, ROOT]
        mixed = mixed_value(trees, game, ROOT)
        scale = q_scale(trees, game, ROOT, rule)
        most, best_score = -1, -np.inf
        for move in range(policy.shape[1]):
            if not is_eligible(trees, game, ROOT, move):
                continue
            visits = trees.visits[game, ROOT, move]
            score = _score(trees, game, move, gumbel, mixed, scale)
            if visits > most or (visits == most and score > best_score):
                most, best_score = visits, score
                moves[game] = move


def decide_puct(
    trees: Trees, temperature: NDArray[np.floating], rng: np.random.Generator | None
) -> tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.float32]]:
    """Return moves[G], the policy of visits[G, A] and the mean values[G].

    A move is drawn with probability proportional to visits ** (1 / temperature[G]); temperature
    0 plays the most visited. Refuted moves are left out unless there is no other.
    """
    visits = trees.visits[:, ROOT].astype(np.float64)
    legal = trees.logits[:, ROOT] > -np.inf
    result, proven = trees.result[:, ROOT], trees.proven[:, ROOT, None]
    eligible = legal & np.where(proven == 0, result >= 0, result == proven)
    weight = (visits + np.where(visits.sum(1, keepdims=True) == 0, 1.0, 1e-9)) * eligible
    policy = (weight / weight.sum(1, keepdims=True)).astype(np.float32)
    mean = trees.total[:, ROOT].sum(1) / np.maximum(trees.sum[:, ROOT], 1)
    value = np.where(trees.proven[:, ROOT] != 0, trees.proven[:, ROOT], mean)
    moves = np.argmax(weight, axis=1)
    warm = np.flatnonzero(temperature > 0)
    if rng is not None and len(warm):
        chosen = weight[warm]
        heat = np.log(chosen, where=chosen > 0, out=np.full(chosen.shape, -np.inf))
        noise = rng.gumbel(size=heat.shape)
        moves[warm] = np.argmax(heat / temperature[warm, None] + noise, axis=1)
    return moves, policy, value.astype(np.float32)


def noise_priors(trees: Trees, settings: SearchSettings, rng: np.random.Generator) -> None:
    """Mix Dirichlet noise into the root priors (Silver et al. 2018, parameters per legal move)."""
    legal = trees.logits[:, ROOT] > -np.inf
    shape = np.where(legal, settings.dirichlet_total / legal.sum(1, keepdims=True), 0.0)
    gamma = rng.standard_gamma(shape)
    noise = gamma / np.maximum(gamma.sum(1, keepdims=True), 1e-30)
    share = settings.dirichlet_share
    trees.prior[:, ROOT] = (1 - share) * trees.prior[:, ROOT] + share * noise
