"""The entropy of a policy over empty cells, and how a change of the weights changes it.

Networks answer in their own number format; softmax and all sums are float64.
"""

import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.func import functional_call, jvp

from hexray.net.loss import NO_LOGIT

Answer = TypeVar("Answer")
Vector = dict[str, Tensor]
"""One tensor for each weight by its name: a gradient, or a direction to go."""


def entropy_change(
    net: nn.Module,
    before: Mapping[str, Tensor],
    after: Mapping[str, Tensor],
    planes: Tensor,
    empty: Tensor,
    draws: int,
    rng: np.random.Generator,
) -> tuple[float, float]:
    """Return what a step does to the mean entropy of B positions in nats: predicted, and exact.

    ``before`` and ``after`` are the weights around the step, by their names; statistics of
    BatchNorm are those of ``net``, which is as it was afterwards. ``planes`` float[B, C, N, N],
    ``empty`` bool[B, N * N]. The prediction is of first order, from ``draws`` moves a position.
    Positions without an empty cell count as unchanged. Costs about as much as four forwards.
    """
    step = {name: after[name] - before[name] for name in before}
    with _as_players_see_it(net), torch.no_grad():
        old, change = policy_along(net, step, planes, empty, before)
        logits = functional_call(net, dict(after), (planes,))[0]
        new = log_policy(logits, empty)
    scores = entropy_scores(old, draw_moves(old, draws, rng))
    predicted = (scores * change).sum(1).mean()
    return float(predicted), float((entropy(new) - entropy(old)).mean())


def log_policy(logits: Tensor, empty: Tensor) -> Tensor:
    """Return log-probabilities float64[B, A] of moves on the cells ``empty`` bool[B, A].

    Elsewhere it is a large negative number, whose exponential is 0.
    """
    return logits.double().masked_fill(~empty, NO_LOGIT).log_softmax(1)


def entropy(log_probability: Tensor) -> Tensor:
    """Return the entropies [B] of ``log_policy`` in nats."""
    return -(log_probability.exp() * log_probability).sum(1)


def policy_along(
    net: nn.Module,
    step: Mapping[str, Tensor],
    planes: Tensor,
    empty: Tensor,
    weights: Mapping[str, Tensor] | None = None,
) -> tuple[Tensor, Tensor]:
    """Return the log-policy float64[B, A], and its derivative as the weights go along ``step``.

    Weights that ``step`` does not name stay. ``weights`` takes the place of the network's own.
    """
    own = dict(net.named_parameters()) if weights is None else weights
    held = {name: own[name].detach() for name in step}

    def answer(weights: Vector) -> Tensor:
        return log_policy(functional_call(net, weights, (planes,))[0], empty)

    with torch.no_grad():
        return _forward_mode(answer, held, dict(step))


def draw_moves(log_probability: Tensor, draws: int, rng: np.random.Generator) -> Tensor:
    """Draw moves int64[B, draws] from ``log_policy``, each independently of the others."""
    most = np.cumsum(log_probability.detach().exp().cpu().numpy(), axis=1)
    total = most[:, -1:]
    chosen = np.minimum(rng.random((len(most), draws)) * total, np.nextafter(total, 0))
    moves = (most[:, None, :] <= chosen[:, :, None]).sum(2)
    return torch.from_numpy(moves).to(log_probability.device)


def entropy_scores(log_probability: Tensor, moves: Tensor) -> Tensor:
    """Return factors c float64[B, A]: sum over a of c grad log pi(a) estimates the entropy's.

    Each of the ``moves`` [B, G] counts with its log-probability less the mean of the others of
    its position. Raises ValueError for fewer than two moves a position.
    """
    draws = moves.shape[1]
    if draws < 2:
        raise ValueError(f"{draws} moves a position; the mean of the others needs two")
    drawn = log_probability.detach().gather(1, moves)
    others = (drawn.sum(1, keepdim=True) - drawn) / (draws - 1)
    return scattered(-(drawn - others) / draws, moves, log_probability.shape[1])


def scattered(factors: Tensor, moves: Tensor, area: int) -> Tensor:
    """Add ``factors`` [B, G] up over the cells of their ``moves`` [B, G], to [B, area]."""
    return factors.new_zeros(len(factors), area).scatter_add_(1, moves, factors)


@contextmanager
def _as_players_see_it(net: nn.Module) -> Iterator[None]:
    """Let ``net`` normalise by its running statistics for a while."""
    was_training = net.training
    net.eval()
    try:
        yield
    finally:
        net.train(was_training)


def _forward_mode(
    function: Callable[[Vector], Answer], at: Vector, along: Vector
) -> tuple[Answer, Answer]:
    """Return what ``function`` makes of ``at``, and its derivative as that goes ``along``."""
    _load_derivatives()
    value, derivative, *_ = jvp(function, (at,), (along,))
    return value, derivative


@cache
def _load_derivatives() -> None:
    # The first time torch compiles some by what it calls deprecated itself.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        jvp(torch.sin, (torch.zeros(1),), (torch.zeros(1),))
