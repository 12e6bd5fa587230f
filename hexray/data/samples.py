"""Finished games as blocks of arrays, and the training rows they hold."""

from collections.abc import Sequence
from typing import NamedTuple, NoReturn

import numpy as np
from numpy.typing import NDArray

from hexray.errors import IllegalMove, StoreError
from hexray.game.board import BLUE, EMPTY, RED, new_boards, play_sequence
from hexray.game.fill_in import filled
from hexray.game.frame import mover_cells, transposed
from hexray.game.replay import positions_along, replay_games

# A float16 rounds by at most 2**-11 of its value, and to zero below 2**-25.
_SUM_TOLERANCE = 2.0**-10
# A policy that has less than this on the cells left says nothing of them.
_LEAST_SHARE = 0.01


class GameBlock(NamedTuple):
    """K finished games on boards of side ``size``; S is the number of searched plies of them all.

    game_id      K unique names
    length       int16[K]       moves of each game, its opening included
    opening      int16[K]       random stones placed before the first searched move
    winner       int8[K]        RED or BLUE
    adjudicated  bool[K]        ended by proof before a side was joined
    seed         int64[K]       seed of the stream that made the game
    moves        int16[sum of length]  absolute frame, game after game
    root_value   float32[S]     value of the search, mover frame
    policy       float16[S, A]  policy target of the search, mover frame
    version      int32[S]       number of the weights that made the ply
    settings     hash of the settings that made the games
    """

    size: int
    game_id: tuple[str, ...]
    length: NDArray[np.int16]
    opening: NDArray[np.int16]
    winner: NDArray[np.int8]
    adjudicated: NDArray[np.bool_]
    seed: NDArray[np.int64]
    moves: NDArray[np.int16]
    root_value: NDArray[np.float32]
    policy: NDArray[np.float16]
    version: NDArray[np.int32]
    settings: str


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
                               0 on filled and empty cells and everywhere in an adjudicated game

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
    policy = _over_empty(block.policy, cells)
    reply, owner = np.empty((len(cells), 0), np.float16), np.empty((len(cells), 0), np.int8)
    if further.reply:
        reply = _over_empty(_replies(block), cells)
    if further.owner:
        owner = np.where(cells == stones, _owners(block, to_move), 0).astype(np.int8)
    return Rows(cells, policy, outcome, block.root_value, block.version, reply, owner)


def concat_games(blocks: Sequence[GameBlock]) -> GameBlock:
    """Join one or more blocks of one board size and one settings hash, in order (a copy).

    Raises StoreError when sizes or hashes differ.
    """
    kinds = {(block.size, block.settings) for block in blocks}
    if len(kinds) != 1:
        raise StoreError(f"blocks of {sorted(kinds)} cannot be joined; give one size and settings")
    joined = {
        name: np.concatenate([getattr(block, name) for block in blocks])
        for name in GameBlock._fields
        if name not in ("size", "game_id", "settings")
    }
    game_id = tuple(name for block in blocks for name in block.game_id)
    return GameBlock(size=blocks[0].size, game_id=game_id, settings=blocks[0].settings, **joined)


def take_games(block: GameBlock, keep: NDArray[np.bool_]) -> GameBlock:
    """Return the games where ``keep[K]`` is true, in order (a copy)."""
    moved = np.repeat(keep, block.length)
    searched = np.repeat(keep, block.length - block.opening)
    return GameBlock(
        size=block.size,
        game_id=tuple(np.array(block.game_id, object)[keep]),
        length=block.length[keep],
        opening=block.opening[keep],
        winner=block.winner[keep],
        adjudicated=block.adjudicated[keep],
        seed=block.seed[keep],
        moves=block.moves[moved],
        root_value=block.root_value[searched],
        policy=block.policy[searched],
        version=block.version[searched],
        settings=block.settings,
    )


def check_block(block: GameBlock) -> None:
    """Raise StoreError, naming the game and the reason, unless every game is consistent.

    The moves must be legal and lead to the winner, an adjudicated game must not have joined a side,
    a policy must sum to one over empty cells or be all zero, values must lie in [-1, 1].
    """
    _check_shapes(block)
    _check_winners(block)
    _check_plies(block)


def _over_empty(policy: NDArray[np.float16], cells: NDArray[np.int8]) -> NDArray[np.float16]:
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
    games = np.arange(len(block.length))
    final = new_boards(len(games), block.size).cells
    final[np.repeat(games, block.length), block.moves] = _colours(block)
    final[block.adjudicated] = EMPTY
    return mover_cells(final[np.repeat(games, block.length - block.opening)], to_move)


def _colours(block: GameBlock) -> NDArray[np.int8]:
    """Return who played each of the block's moves."""
    first = np.cumsum(block.length, dtype=np.int64) - block.length
    ply = np.arange(len(block.moves)) - np.repeat(first, block.length)
    return np.where(ply % 2, BLUE, RED).astype(np.int8)


def _check_shapes(block: GameBlock) -> None:
    games = len(block.game_id)
    if len(set(block.game_id)) != games or "" in block.game_id:
        raise StoreError(f"block of {games} games has empty or repeated game ids; make them unique")
    for name, dtype in (
        ("length", np.int16),
        ("opening", np.int16),
        ("winner", np.int8),
        ("adjudicated", np.bool_),
        ("seed", np.int64),
    ):
        _check_array(block, name, dtype, (games,))
    bad = (block.opening < 0) | (block.opening > block.length)
    if bad.any():
        _fail(block, int(np.argmax(bad)), "its opening is longer than the game or negative")
    moves = int(block.length.sum(dtype=np.int64))
    plies = moves - int(block.opening.sum(dtype=np.int64))
    _check_array(block, "moves", np.int16, (moves,))
    _check_array(block, "root_value", np.float32, (plies,))
    _check_array(block, "policy", np.float16, (plies, block.size**2))
    _check_array(block, "version", np.int32, (plies,))


def _check_array(block: GameBlock, name: str, dtype: type, shape: tuple[int, ...]) -> None:
    array = getattr(block, name)
    if array.dtype != dtype or array.shape != shape:
        first = block.game_id[0] if block.game_id else "none"
        raise StoreError(
            f"block of {len(block.game_id)} games (the first is {first}): {name} is "
            f"{array.dtype}{list(array.shape)}, it must be {np.dtype(dtype)}{list(shape)}"
        )


def _check_winners(block: GameBlock) -> None:
    played, joined = replay_games(block.moves, block.length, block.size)
    if played < len(block.moves):
        _fail_illegal(block, played)
    expected = np.where(block.adjudicated, EMPTY, block.winner)
    for game in np.flatnonzero((joined != expected) | (np.abs(block.winner) != 1))[:1]:
        names = {RED: "Red", BLUE: "Blue", EMPTY: "nobody"}
        claim = names.get(int(block.winner[game]), str(block.winner[game]))
        ended = "by adjudication" if block.adjudicated[game] else "by joining the sides"
        found = names[int(joined[game])]
        _fail(block, game, f"winner is {claim} {ended}, but its moves let {found} join the sides")


def _fail_illegal(block: GameBlock, played: int) -> NoReturn:
    ends = np.cumsum(block.length, dtype=np.int64)
    game = int(np.searchsorted(ends, played, side="right"))
    first = int(ends[game] - block.length[game])
    try:
        play_sequence(block.size, block.moves[first : played + 1].tolist())
    except IllegalMove as error:
        _fail(block, game, f"move {played - first + 1} is illegal: {error}")
    raise AssertionError("a move was refused once and allowed the next time")


def _check_plies(block: GameBlock) -> None:
    policy = block.policy.astype(np.float32)
    _refuse(block, ~np.isfinite(block.root_value), "root value is not finite")
    _refuse(block, np.abs(block.root_value) > 1, "root value is outside [-1, 1]")
    _refuse(block, np.any(~np.isfinite(policy), axis=1), "policy is not finite")
    _refuse(block, np.any(policy < 0, axis=1), "policy is negative somewhere")
    cells, _ = positions_along(block.moves, block.length, block.opening, block.size)
    occupied = np.any((policy > 0) & (cells != 0), axis=1)
    _refuse(block, occupied, "policy has mass on an occupied cell")
    total = policy.sum(axis=1)
    uneven = (total != 0) & (np.abs(total - 1) > _SUM_TOLERANCE)
    _refuse(block, uneven, "policy does not sum to one")


def _refuse(block: GameBlock, bad: NDArray[np.bool_], reason: str) -> None:
    """Raise StoreError for the first searched ply that is ``bad``, if there is one."""
    if not bad.any():
        return
    row = int(np.argmax(bad))
    ends = np.cumsum(block.length - block.opening, dtype=np.int64)
    game = int(np.searchsorted(ends, row, side="right"))
    ply = int(block.length[game] - (ends[game] - row)) + 1
    _fail(block, game, f"at move {ply} its {reason}")


def _fail(block: GameBlock, game: int, reason: str) -> NoReturn:
    raise StoreError(f"game {block.game_id[game]}: {reason}; leave the game out")
