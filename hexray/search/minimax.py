"""Minimax over a tree of fixed widths, for many games in lockstep.

Ply by ply, every open node of every game keeps its most promising moves by prior, and all their
children are evaluated in one batch; then the values are backed up by negamax.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hexray.config import SearchSettings
from hexray.evaluation import Conversation, Evaluation, Leaves, checked
from hexray.game.board import EMPTY, Boards, play
from hexray.game.frame import mover_cells, swap_moves
from hexray.search.root import SearchResult


class _Open(NamedTuple):
    """The P positions of one ply that are not finished, and what the network says of them."""

    boards: Boards
    seen: NDArray[np.int8]  # [P, A], mover frame
    said: Evaluation


class _Kept(NamedTuple):
    """The K moves kept at one ply, grouped by the open position they are made in."""

    parent: NDArray[np.intp]  # [K] index among the P open positions, rising
    move: NDArray[np.int64]  # [K] mover frame of the parent
    first: NDArray[np.intp]  # [P] where the moves of each parent begin
    is_complete: NDArray[np.bool_]  # [P] every legal move is kept


class _Ply(NamedTuple):
    """The K positions of one ply, finished ones among them, as their player to move sees them."""

    is_open: NDArray[np.bool_]
    value: NDArray[np.float32]
    proven: NDArray[np.int8]


class _RootMoves(NamedTuple):
    """What is known of the moves of G roots, each [G, A] in the mover frame."""

    is_legal: NDArray[np.bool_]
    is_kept: NDArray[np.bool_]
    logits: NDArray[np.float64]  # minus infinity on occupied cells
    gain: NDArray[np.float64]  # value of playing the move; 0 where it is not kept
    proven: NDArray[np.int8]  # +1 the move wins, -1 it loses, 0 not known


def minimax(
    boards: Boards,
    settings: SearchSettings,
    rng: np.random.Generator | None,
    warm: NDArray[np.bool_],
) -> Conversation[SearchResult]:
    """Search ``len(settings.widths)`` plies from every board; the boards are not changed.

    Leaves nothing to the next search: what lies below a move has the widths of later plies, not
    those that its first plies must have.

    Without ``rng`` the children with the highest priors are kept and the best move is played.
    With it, children are drawn from the prior (``width_temperature``), and in the games marked in
    ``warm`` (bool[G]) the move is drawn from the softmax, over the kept moves, of
    ``(c_visit + 1) * c_scale * (value + 1) / 2 / temperature``.

    Finished positions are never evaluated: they are worth -1 to the player to move, and proven.
    A node is proven won when one kept move wins, and lost when all legal moves are kept and lose.
    A proven win is always played; a proven loss only when no other move is left.

    The value is the maximum over the kept moves, and exactly +1 or -1 where proven. The policy is
    the improved policy of Danihelka et al. (2022) with one visit for each kept move.
    """
    nodes = root = yield from _evaluate(boards)
    plies, kept_by_ply = [_root_ply(root)], []
    version = root.said.version
    for width in settings.widths:
        kept = _keep(nodes, width, settings.width_temperature, rng)
        children = _make_children(nodes.boards, kept)
        ply = _new_ply(children)
        plies.append(ply)
        kept_by_ply.append(kept)
        if not ply.is_open.any():
            break
        nodes = yield from _evaluate(children.take(np.flatnonzero(ply.is_open)))
        ply.value[ply.is_open] = nodes.said.value
        version = min(version, nodes.said.version)
    _back_up(plies, kept_by_ply)
    moves = _root_moves(root, plies[1], kept_by_ply[0])
    return SearchResult(
        moves=_choose(moves, settings, rng, warm),
        policy=_improved_policy(moves, root.said.value, settings),
        value=plies[0].value,
        proven=plies[0].proven,
        version=np.full(len(root.seen), version, np.int32),
    )


def _evaluate(boards: Boards) -> Conversation[_Open]:
    seen = mover_cells(boards.cells, boards.to_move)
    leaves = Leaves(seen, boards.size)
    return _Open(boards, seen, checked((yield leaves), leaves))


def _root_ply(root: _Open) -> _Ply:
    count = len(root.seen)
    return _Ply(
        is_open=np.ones(count, np.bool_),
        value=np.zeros(count, np.float32),
        proven=np.zeros(count, np.int8),
    )


def _keep(nodes: _Open, width: int, temperature: float, rng: np.random.Generator | None) -> _Kept:
    """Choose the moves with the highest priors, or draw them without replacement.

    The largest of logit / temperature + Gumbel noise are such a draw (Kool et al. 2019).
    """
    is_legal = nodes.seen == EMPTY
    score = np.where(is_legal, nodes.said.logits, -np.inf)
    if rng is not None and temperature > 0:
        score = score / temperature + rng.gumbel(size=score.shape)
    ranked = np.argsort(-score, axis=1, kind="stable")[:, :width]
    legal_count = is_legal.sum(axis=1)
    count = np.minimum(legal_count, width)
    is_taken = np.arange(ranked.shape[1]) < count[:, None]
    return _Kept(
        parent=np.repeat(np.arange(len(count)), count),
        move=ranked[is_taken],
        first=np.cumsum(count) - count,
        is_complete=count == legal_count,
    )


def _make_children(parents: Boards, kept: _Kept) -> Boards:
    children = parents.take(kept.parent)
    moves = swap_moves(kept.move, children.to_move, children.size)
    play(children, np.arange(len(moves)), moves)
    return children


def _new_ply(children: Boards) -> _Ply:
    """Value finished positions exactly: whoever is to move there has lost."""
    lost = children.winner != EMPTY
    return _Ply(
        is_open=~lost,
        value=np.where(lost, -1, 0).astype(np.float32),
        proven=np.where(lost, -1, 0).astype(np.int8),
    )


def _back_up(plies: list[_Ply], kept_by_ply: list[_Kept]) -> None:
    """Carry values and proofs from the last ply to the root, in place."""
    steps = zip(plies[:-1], plies[1:], kept_by_ply, strict=True)
    for above, below, kept in reversed(list(steps)):
        gain, sure = _seen_from_above(below)
        best_sure = np.maximum.reduceat(sure, kept.first)
        above.value[above.is_open] = np.maximum.reduceat(gain, kept.first)
        above.proven[above.is_open] = np.where((best_sure < 0) & ~kept.is_complete, 0, best_sure)


def _seen_from_above(ply: _Ply) -> tuple[NDArray[np.float32], NDArray[np.int8]]:
    """Return value and proof as the player sees them who moved here: the one change of sign."""
    return -ply.value, -ply.proven


def _root_moves(root: _Open, ply: _Ply, kept: _Kept) -> _RootMoves:
    at = kept.parent, kept.move
    is_legal = root.seen == EMPTY
    is_kept = np.zeros(is_legal.shape, np.bool_)
    gain = np.zeros(is_legal.shape, np.float64)
    proven = np.zeros(is_legal.shape, np.int8)
    is_kept[at] = True
    gain[at], proven[at] = _seen_from_above(ply)
    logits = np.where(is_legal, root.said.logits.astype(np.float64), -np.inf)
    return _RootMoves(is_legal, is_kept, logits, gain, proven)


def _choose(
    moves: _RootMoves,
    settings: SearchSettings,
    rng: np.random.Generator | None,
    warm: NDArray[np.bool_],
) -> NDArray[np.int64]:
    """Play the best move, of equal ones that with the highest prior; warm games draw.

    A winning move comes first, then a kept move that is not lost, then a move not kept.
    """
    is_winning = moves.proven > 0
    is_hopeful = moves.is_kept & (moves.proven == 0)
    may_play = _first_not_empty(
        is_winning, is_hopeful, ~moves.is_kept & moves.is_legal, moves.is_kept
    )
    gain = np.where(may_play, moves.gain, -np.inf)
    is_best = may_play & (gain == gain.max(axis=1, keepdims=True))
    best = np.where(is_best, moves.logits, -np.inf).argmax(axis=1)
    if rng is None or settings.temperature == 0:
        return best
    may_draw = warm & is_hopeful.any(axis=1) & ~is_winning.any(axis=1)
    score = _scaled(moves.gain, settings) / settings.temperature + rng.gumbel(size=gain.shape)
    drawn = np.where(is_hopeful, score, -np.inf).argmax(axis=1)
    return np.where(may_draw, drawn, best)


def _first_not_empty(*masks: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return, for each row, the first of ``masks`` [G, A] with a cell in that row."""
    return np.select([mask.any(axis=1, keepdims=True) for mask in masks], masks, False)


def _improved_policy(
    moves: _RootMoves, own_value: NDArray[np.floating], settings: SearchSettings
) -> NDArray[np.float32]:
    """Return softmax(logits + scaled completed Q) over the moves that are not lost.

    A move not kept is worth v_mix (Danihelka et al. 2022, appendix D). Where a move wins, the
    winning moves share all evenly; where all lose, the policy is the prior.
    """
    kept_prior = _softmax(np.where(moves.is_kept, moves.logits, -np.inf))
    visits = moves.is_kept.sum(axis=1)
    v_mix = (own_value + visits * (kept_prior * moves.gain).sum(axis=1)) / (1 + visits)
    completed = np.where(moves.is_kept, moves.gain, v_mix[:, None])
    support = _first_not_empty(moves.is_legal & (moves.proven >= 0), moves.is_legal)
    improved = _softmax(np.where(support, moves.logits + _scaled(completed, settings), -np.inf))
    is_winning = moves.proven > 0
    wins = is_winning.sum(axis=1, keepdims=True)
    return np.where(wins > 0, is_winning / np.maximum(wins, 1), improved).astype(np.float32)


def _scaled(gain: NDArray[np.float64], settings: SearchSettings) -> NDArray[np.float64]:
    """Scale values in [-1, 1] to logits, as the paper does where no move has two visits."""
    return (settings.c_visit + 1) * settings.c_scale * (gain + 1) / 2


def _softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    weights = np.exp(logits - logits.max(axis=1, keepdims=True))
    return weights / weights.sum(axis=1, keepdims=True)
