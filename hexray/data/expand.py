"""Positions of whole games, to be trained on from files: L + 1 of a game with L moves.

What a search thought of a move is its policy target. In a game that nothing has searched, and that
others have played, it is the move played; a random stone of self-play is no target, nor is there
one after the last move. Where there is no search, the outcome stands for its value.
"""

from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hexray.data.games import Ended, GameBlock, game_number, take_games
from hexray.data.rows import NOTHING_FURTHER, Further, Rows, final_stones, rows_of
from hexray.game.board import BLUE, RED
from hexray.game.fill_in import filled
from hexray.game.frame import mover_cells, swap_moves

Positions = Literal["all", "searched", "final", "penultimate", "every"]
"""Which positions of a game: all; before searched moves; after the last move; before it; the first
and every so many."""


class PlacedRows(NamedTuple):
    """Rows, and the game and ply that each is of; ply L is the position after the last move.

    rows   R rows
    game   uint64[R]  a hash of the game's id
    ply    int16[R]
    """

    rows: Rows
    game: NDArray[np.uint64]
    ply: NDArray[np.int16]


def expand(
    block: GameBlock,
    positions: Positions = "all",
    every: int = 1,
    further: Further = NOTHING_FURTHER,
) -> PlacedRows:
    """Return the positions of the games that somebody has won, game after game, ply after ply."""
    block = take_games(block, block.winner != 0)
    along = rows_of(_completed(block), further)
    rows = Rows._make(np.concatenate(pair) for pair in zip(along, _ends(block, along), strict=True))
    length = block.length.astype(np.int64)
    games = np.arange(len(length))
    game = np.concatenate([np.repeat(games, length), games])
    ply = np.concatenate([_plies(length), length])
    order = np.lexsort((ply, game))
    game, ply = game[order], ply[order]
    kept = _are_wanted(ply, length[game], block.opening[game], positions, every)
    chosen = order[kept]
    names = np.array([game_number(name) for name in block.game_id], np.uint64)
    return PlacedRows(
        Rows._make(column[chosen] for column in rows),
        names[game[kept]],
        ply[kept].astype(np.int16),
    )


def concat_rows(parts: list[PlacedRows]) -> PlacedRows:
    """Join one or more lots of rows of one board size, in order (a copy)."""
    rows = Rows._make(map(np.concatenate, zip(*(part.rows for part in parts), strict=True)))
    game, ply = (np.concatenate([getattr(p, name) for p in parts]) for name in ("game", "ply"))
    return PlacedRows(rows, game, ply)


def take_rows(placed: PlacedRows, index: NDArray) -> PlacedRows:
    """Return the rows at ``index`` (a copy)."""
    rows = Rows._make(column[index] for column in placed.rows)
    return PlacedRows(rows, placed.game[index], placed.ply[index])


def _are_wanted(
    ply: NDArray, length: NDArray, opening: NDArray, positions: Positions, every: int
) -> NDArray[np.bool_]:
    if positions == "searched":
        return (ply >= opening) & (ply < length)
    if positions == "final":
        return ply == length
    if positions == "penultimate":
        return ply == length - 1
    return ply % (every if positions == "every" else 1) == 0


def _completed(block: GameBlock) -> GameBlock:
    """Return the games with a policy, a value and a version for every move."""
    length, opening = block.length.astype(np.int64), block.opening.astype(np.int64)
    ply, game = _plies(length), np.repeat(np.arange(len(length)), length)
    to_move = np.where(ply % 2, BLUE, RED).astype(np.int8)
    is_searched = ply >= opening[game]
    policy = np.zeros((len(ply), block.size**2), np.float16)
    policy[is_searched] = block.policy
    by_others = (opening == length) & (np.array(block.settings, object) == "")
    played = np.flatnonzero(by_others[game])
    policy[played, swap_moves(block.moves[played], to_move[played], block.size)] = 1
    root_value = (block.winner[game] * to_move).astype(np.float32)
    root_value[is_searched] = block.root_value
    version = np.zeros(len(ply), np.int32)
    version[is_searched] = block.version
    return block._replace(
        opening=np.zeros_like(block.opening), policy=policy, root_value=root_value, version=version
    )


def _ends(block: GameBlock, along: Rows) -> Rows:
    """Return the positions after the last moves, with the further targets that ``along`` has."""
    games, area = len(block.length), block.size**2
    length = block.length.astype(np.int64)
    to_move = np.where(length % 2, BLUE, RED).astype(np.int8)
    stones = mover_cells(final_stones(block), to_move)
    cells = filled(stones, block.size)
    outcome = (block.winner * to_move).astype(np.int8)
    is_owned = (cells == stones) & (block.ended == Ended.JOINED)[:, None]
    return Rows(
        cells=cells,
        policy=np.zeros((games, area), np.float16),
        outcome=outcome,
        root_value=outcome.astype(np.float32),
        version=np.zeros(games, np.int32),
        reply=np.zeros((games, along.reply.shape[1]), np.float16),
        owner=np.where(is_owned, stones, 0).astype(np.int8)[:, : along.owner.shape[1]],
    )


def _plies(length: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.arange(length.sum()) - np.repeat(np.cumsum(length) - length, length)
