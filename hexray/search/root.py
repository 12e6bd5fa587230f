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
    mixed_and_scale,
)
from hexray.search.tree import ROOT, Trees


class SearchResult(NamedTuple):
    """What a search says of G positions, mover frame.

    moves    int64[G]       the move to play
    policy   float32[G, A]  policy target; zero on occupied cells, each row sums to one
    value    float32[G]     +1 = the player to move wins
    proven   int8[G]        +1 or -1 where the result is certain, else 0
    version  int32[G]       the oldest weights that took part
    """

    moves: NDArray[np.int64]
    policy: NDArray[np.float32]
    value: NDArray[np.float32]
    proven: NDArray[np.int8]
    version: NDArray[np.int32]


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


def schedules(
    simulations: NDArray[np.integer], candidates: int, open_moves: NDArray[np.integer]
) -> NDArray[np.int16]:
    """Return the halving schedule [G, T] of every game for its simulations[G].

    A game has no more candidates than open_moves[G]. Games of fewer than T rounds end in zeros.
    """
    considered = np.minimum(open_moves, candidates)
    tables = [(count, halving_schedule(count, candidates)) for count in set(simulations.tolist())]
    chosen = np.zeros((len(simulations), max(table.shape[1] for _, table in tables)), np.int16)
    for count, table in tables:
        games = np.flatnonzero(simulations == count)
        chosen[games, : table.shape[1]] = table[considered[games]]
    return chosen


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
    stayed: NDArray,
    schedule: NDArray,
    turn: int,
    games: NDArray,
    moves: NDArray,
) -> int:
    """List the root moves that get a simulation in round ``turn``; return how many.

    order int16[G, A] holds each game's moves, the candidates first; whenever fewer candidates
    go on, they are ranked anew. stayed int32[G, A] counts the rounds that each move was part of.
    Every round gives one visit, so a move that an earlier search has visited often enough is
    left out until the schedule has caught up. Games whose root is proven take no part.
    """
    count = 0
    for game in range(len(order)):
        width = schedule[game, turn]
        if trees.proven[game, ROOT] != 0 or width == 0:
            continue
        if turn == 0:
            _rank(trees, game, rule, gumbel, order, len(order[game]), width, True)
        elif width < schedule[game, turn - 1]:
            _rank(trees, game, rule, gumbel, order, schedule[game, turn - 1], width, False)
        for rank in range(width):
            move = order[game, rank]
            stayed[game, move] += 1
            if trees.visits[game, ROOT, move] <= turn:
                games[count] = game
                moves[count] = move
                count += 1
    return count


@kernel
def plan_puct(
    trees: Trees, rule: Rule, simulations: NDArray, games: NDArray, moves: NDArray
) -> int:
    """List one root move for every game that goes on; return how many.

    A game goes on until its root is proven or has ``simulations[G]``, kept ones included.
    """
    count = 0
    for game in range(len(simulations)):
        if trees.proven[game, ROOT] == 0 and trees.sum[game, ROOT] < simulations[game]:
            games[count] = game
            moves[count] = choose(trees, game, ROOT, rule)
            count += 1
    return count


@kernel
def _rank(
    trees: Trees,
    game: int,
    rule: Rule,
    gumbel: NDArray,
    order: NDArray,
    among: int,
    best: int,
    by_prior: bool,
) -> None:
    """Bring the ``best`` highest scores of the first ``among`` moves to the front, in order.

    ``by_prior`` takes all moves that are not refuted for equally good, whatever an earlier search
    has found: only so are the candidates a draw from the policy.
    """
    mixed, scale = mixed_and_scale(trees, game, ROOT, rule)
    for rank in range(best):
        top, top_score = rank, -np.inf
        for index in range(rank, among):
            move = order[game, index]
            if not by_prior:
                score = _score(trees, game, move, gumbel, mixed, scale)
            elif trees.result[game, ROOT, move] < 0:
                score = -np.inf
            else:
                score = trees.logits[game, ROOT, move] + gumbel[game, move] + scale * mixed
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
    trees: Trees, rule: Rule, gumbel: NDArray[np.float64], stayed: NDArray[np.int32]
) -> tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.float32]]:
    """Return moves[G], the improved policy[G, A] and the values[G] it expects.

    The move is the best score among those that stayed[G, A] the most rounds of halving. Visits
    would not tell: an earlier search may have visited most a move that fell out in the first round
    or that was no candidate at all.
    """
    moves = np.empty(len(gumbel), np.int64)
    policy = np.empty(gumbel.shape, np.float32)
    value = np.empty(len(gumbel), np.float32)
    _decide_gumbel(trees, rule, gumbel, stayed, moves, policy, value)
    return moves, policy, value


@kernel
def _decide_gumbel(
    trees: Trees,
    rule: Rule,
    gumbel: NDArray,
    stayed: NDArray,
    moves: NDArray,
    policy: NDArray,
    value: NDArray,
) -> None:
    for game in range(len(moves)):
        value[game] = improved_policy(trees, game, ROOT, rule, policy[game])
        if trees.proven[game, ROOT] != 0:
            value[game] = trees.proven[game, ROOT]
        mixed, scale = mixed_and_scale(trees, game, ROOT, rule)
        most, best_score = -1, -np.inf
        for move in range(policy.shape[1]):
            if not is_eligible(trees, game, ROOT, move):
                continue
            rounds = stayed[game, move]
            score = _score(trees, game, move, gumbel, mixed, scale)
            if rounds > most or (rounds == most and score > best_score):
                most, best_score = rounds, score
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
