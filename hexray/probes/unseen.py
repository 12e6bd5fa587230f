"""Positions of games that a network was never trained on, and what it says of them."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hexray.data.archive import Archive
from hexray.data.games import GameBlock, concat_games, take_games
from hexray.data.held_out import held_out
from hexray.data.rows import Rows, rows_of
from hexray.data.store import read_games_file
from hexray.errors import StoreError
from hexray.evaluation import Evaluate, Evaluation, Leaves
from hexray.game.board import Boards, new_boards, play

_AT_ONCE = 2048


class Unseen(NamedTuple):
    """Searched positions of some games, one row each, in order.

    game, ply  int64[R]  the number of the game among ``block``, and of the move in it
    """

    block: GameBlock
    rows: Rows
    game: NDArray[np.int64]
    ply: NDArray[np.int64]


def unseen_games(folder: Path, share: float, size: int, positions: int, every: bool) -> Unseen:
    """Return the newest held-out games of a run or store with so many positions, or with all.

    ``share`` is that of the games held out; ``every`` takes the others too. Games that nobody has
    searched are left out. Raises StoreError where there are none.
    """
    archive = Archive(folder, may_write=False)
    archive.chosen(size)
    store = archive.games(size)
    found: list[GameBlock] = []
    count = 0
    for path in reversed(store.paths()):
        games = read_games_file(path, size)
        wanted = np.ones(len(games.game_id), np.bool_) if every else held_out(games, share)
        wanted &= (games.length > games.opening) & (games.winner != 0)
        found.append(take_games(games, wanted))
        count += len(found[-1].version)
        if count >= positions:
            break
    if not count:
        which = "games" if every else "held-out games"
        raise StoreError(
            f"{folder} has no {which} of {size}x{size}; name others with --games, or take those "
            "trained on too (--every)"
        )
    block = _last(concat_games(found[::-1]), positions)
    plies = (block.length - block.opening).astype(np.int64)
    game = np.repeat(np.arange(len(plies)), plies)
    begin = np.cumsum(plies) - plies
    ply = np.arange(len(game)) - begin[game] + block.opening[game]
    return Unseen(block, rows_of(block), game, ply)


def searched_boards(block: GameBlock) -> Boards:
    """Return the positions before every searched move, game after game, as boards (absolute)."""
    plies = (block.length - block.opening).astype(np.int64)
    first_row = np.cumsum(plies) - plies
    first_move = np.cumsum(block.length, dtype=np.int64) - block.length
    boards, out = new_boards(len(plies), block.size), new_boards(int(plies.sum()), block.size)
    for ply in range(int(block.length.max(initial=0))):
        searched = np.flatnonzero((block.opening <= ply) & (ply < block.length))
        rows = first_row[searched] + ply - block.opening[searched]
        for column, all_games in zip(out, boards, strict=True):
            column[rows] = all_games[searched]
        going = np.flatnonzero(ply < block.length)
        play(boards, going, block.moves[first_move[going] + ply])
    return out


def said_of(cells: NDArray[np.int8], size: int, evaluate: Evaluate) -> Evaluation:
    """Return what a network says of B positions (mover frame), asked part by part, float64."""
    parts = [
        evaluate(Leaves(cells[begin : begin + _AT_ONCE], size))
        for begin in range(0, len(cells), _AT_ONCE)
    ]
    logits = np.concatenate([np.asarray(part.logits, np.float64) for part in parts])
    value = np.concatenate([np.asarray(part.value, np.float64) for part in parts])
    return Evaluation(logits, value, parts[0].version)


def _last(block: GameBlock, positions: int) -> GameBlock:
    """Return the newest games with so many positions, or one game more than that."""
    plies = (block.length - block.opening).astype(np.int64)
    after = np.cumsum(plies[::-1])[::-1] - plies
    return take_games(block, after < positions)
