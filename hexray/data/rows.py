"""Training rows: the positions of games, as the network sees them."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hexray.data.games import Ended, GameBlock
from hexray.game.board import BLUE, EMPTY, RED, new_boards
from hexray.game.fill_in import filled
from hexray.game.frame import mover_cells, transposed
from hexray.game.replay import positions_along

# A policy that has less than this on the cells left says nothing of them.
_LEAST_SHARE = 0.01


class Rows(NamedTuple):
    """R training positions, mover frame, as the network sees them: dead and captured cells filled.

    cells       int8[R, A]     +1 own stones, -1 the opponent's
    policy      float16[R, A]  policy target; a row of zeros means that there is none
    outcome     int8[R]        +1 the player to move won the game, -1 lost it
    root_value  float32[R]     value of the search
    version     int32[R]       number of the weights that made the row
    reply       float16[R, A]  policy target of the opponent's next move, as the mover of this row
                               sees it; a row of zeros means that there is none
    owner       int8[R, A]     whose stone is there when the game is over, +1 and -1 as in cells;
                               0 on filled and empty cells and everywhere in a game not played out

    Where reply or owner was not asked for, it is R rows of no cells.
    """

    cells: NDArray[np.int8]
    policy: NDArray[np.float16]
    outcome: NDArray[np.int8]
    root_value: NDArray[np.float32]
    version: NDArray[np.int32]
    reply: NDArray[np.float16]
    owner: NDArray[np.int8]


class Further(NamedTuple):
    """Which targets rows carry beside those that training always has."""

    reply: bool = False
    owner: bool = False


NOTHING_FURTHER = Further()


def rows_of(block: GameBlock, further: Further = NOTHING_FURTHER) -> Rows:
    """Return one row for each searched ply, in the order played; the block is taken as checked.

    What policies say of filled cells is left out. Root value and version are views of the block's
    arrays.
    """
    stones, to_move = positions_along(block.moves, block.length, block.opening, block.size)
    cells = filled(stones, block.size)
    outcome = np.repeat(block.winner, block.length - block.opening) * to_move
    policy = over_empty(block.policy, cells)
    reply, owner = np.empty((len(cells), 0), np.float16), np.empty((len(cells), 0), np.int8)
    if further.reply:
        reply = over_empty(_replies(block), cells)
    if further.owner:
        owner = np.where(cells == stones, _owners(block, to_move), 0).astype(np.int8)
    return Rows(cells, policy, outcome, block.root_value, block.version, reply, owner)


def final_stones(block: GameBlock) -> NDArray[np.int8]:
    """Return the stones after the last move of each game, int8[K, A], absolute frame."""
    final = new_boards(len(block.length), block.size).cells
    final[np.repeat(np.arange(len(block.length)), block.length), block.moves] = _colours(block)
    return final


def over_empty(policy: NDArray[np.float16], cells: NDArray[np.int8]) -> NDArray[np.float16]:
    """Return the shares of a policy on empty cells, to sum to one again; zeros if none are there.

    A row of policy that lies on empty cells alone stays as it is.
    """
    kept = np.where(cells == EMPTY, policy, np.float16(0))
    lost = np.flatnonzero((kept != policy).any(1))
    shares = kept[lost].astype(np.float32)
    total = shares.sum(1, keepdims=True)
    kept[lost] = np.where(total >= _LEAST_SHARE, shares / np.maximum(total, _LEAST_SHARE), 0)
    return kept


def _replies(block: GameBlock) -> NDArray[np.float16]:
    """Return the next ply's policy for each searched ply, zeros for the last one of a game."""
    plies = (block.length - block.opening).astype(np.int64)
    reply = np.zeros_like(block.policy)
    reply[:-1] = transposed(block.policy[1:])
    reply[np.cumsum(plies)[plies > 0] - 1] = 0
    return reply


def _owners(block: GameBlock, to_move: NDArray[np.int8]) -> NDArray[np.int8]:
    """Return the final boards of games played out as the players along them see them."""
    games, final = np.arange(len(block.length)), final_stones(block)
    final[block.ended != Ended.JOINED] = EMPTY
    return mover_cells(final[np.repeat(games, block.length - block.opening)], to_move)


def _colours(block: GameBlock) -> NDArray[np.int8]:
    """Return who played each of the block's moves."""
    first = np.cumsum(block.length, dtype=np.int64) - block.length
    ply = np.arange(len(block.moves)) - np.repeat(first, block.length)
    return np.where(ply % 2, BLUE, RED).astype(np.int8)
