"""Moves drawn from the policy, and what each of them is worth to the player who makes it.

All boards are of the mover frame with dead and captured cells filled, as the network sees them.
"""

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from hexray.game.board import RING
from hexray.game.fill_in import filled
from hexray.game.frame import transposed
from hexray.net.entropy import draw_moves
from hexray.net.model import HexNet
from hexray.probes.entropy.policy import log_policies

Reward = Literal["search", "outcome"]


def rewards_of(
    net: HexNet,
    cells: NDArray[np.int8],
    moves: Tensor,
    size: int,
    reward: Reward,
    rng: np.random.Generator,
) -> NDArray[np.float64]:
    """Return rewards float64[B, G] of ``moves`` int64[B, G] for who makes them, in [-1, 1].

    ``search``: the network's value after the move, seen by its maker, and +1 or -1 where the
    stones decide the game. ``outcome``: the end of one game that the policy plays out from there.
    """
    drawn = moves.numpy()
    if reward == "outcome":
        after = children(np.repeat(cells, drawn.shape[1], 0), drawn.reshape(-1), size)
        return -played_out(net, after, size, rng).reshape(drawn.shape)
    # The same move of the same position is asked about once.
    numbers = np.arange(len(cells))[:, None] * cells.shape[1] + drawn
    distinct, back = np.unique(numbers, return_inverse=True)
    at, move = np.divmod(distinct, cells.shape[1])
    return -_values(net, children(cells[at], move, size), size)[back].reshape(drawn.shape)


def children(cells: NDArray[np.int8], moves: NDArray[np.int64], size: int) -> NDArray[np.int8]:
    """Return boards int8[B, A] after one move each, as the player sees them who moves next."""
    placed = cells.copy()
    placed[np.arange(len(cells)), moves] = 1
    return filled(-transposed(placed), size)


def decided(cells: NDArray[np.int8], size: int) -> NDArray[np.int8]:
    """Say who has joined his edges, int8[B]: +1 the mover, -1 the opponent, 0 nobody."""
    own, other = has_joined(cells, size), has_joined(-transposed(cells), size)
    return own.astype(np.int8) - other.astype(np.int8)


def has_joined(cells: NDArray[np.int8], size: int) -> NDArray[np.bool_]:
    """Say whether the mover's stones join the first row to the last one, bool[B]."""
    own = np.zeros((len(cells), size + 2, size + 2), np.bool_)
    own[:, 1:-1, 1:-1] = (cells == 1).reshape(-1, size, size)
    reached = np.zeros_like(own)
    reached[:, 1] = own[:, 1]
    while True:
        # No stone lies on the rim, so nothing is carried from one side to the other.
        spread = reached.copy()
        for down, right in RING:
            spread |= np.roll(reached, (down, right), (1, 2))
        spread &= own
        if (spread == reached).all():
            return np.asarray(reached[:, size].any(1))
        reached = spread


def played_out(
    net: HexNet, cells: NDArray[np.int8], size: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Play one game from each board by moves drawn from the policy.

    Returns float64[B], +1 where the player wins who moves first, -1 otherwise.
    """
    ends, boards, sign = np.zeros(len(cells)), cells, 1
    games = np.arange(len(cells))
    while True:
        winner = decided(boards, size)
        over = winner != 0
        ends[games[over]] = sign * winner[over]
        games, boards = games[~over], boards[~over]
        if not len(games):
            return ends
        policy, _, _ = log_policies(net, boards, size)
        boards = children(boards, draw_moves(policy, 1, rng)[:, 0].numpy(), size)
        sign = -sign


def _values(net: HexNet, cells: NDArray[np.int8], size: int) -> NDArray[np.float64]:
    """Return the values of boards for the player to move, exact where a side is joined."""
    winner = decided(cells, size)
    return np.where(winner != 0, winner, log_policies(net, cells, size)[2])
