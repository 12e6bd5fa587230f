"""Whether games are consistent: legal moves that lead to the winner, policies and values."""

from typing import NoReturn

import numpy as np
from numpy.typing import NDArray

from hexray.data.games import Ended, GameBlock
from hexray.errors import IllegalMove, StoreError
from hexray.game.board import BLUE, EMPTY, RED, play_sequence
from hexray.game.replay import positions_along, replay_games

# A float16 rounds by at most 2**-11 of its value, and to zero below 2**-25.
_SUM_TOLERANCE = 2.0**-10


def check_block(block: GameBlock) -> None:
    """Raise StoreError, naming the game and the reason, unless every game is consistent.

    The moves must be legal and lead to the winner, in a game that ended otherwise nobody may have
    joined his sides, a policy must sum to one over empty cells or be all zero, values must lie in
    [-1, 1].
    """
    _check_shapes(block)
    _check_winners(block)
    _check_plies(block)


def _check_shapes(block: GameBlock) -> None:
    games = len(block.game_id)
    if len(set(block.game_id)) != games or "" in block.game_id:
        raise StoreError(f"block of {games} games has empty or repeated game ids; make them unique")
    for name, dtype in (
        ("length", np.int16),
        ("opening", np.int16),
        ("winner", np.int8),
        ("ended", np.int8),
        ("swapped", np.bool_),
        ("seed", np.int64),
    ):
        _check_array(block, name, dtype, (games,))
    for name in ("first", "second", "source", "settings"):
        if len(getattr(block, name)) != games:
            raise StoreError(f"{_block(block)}: {name} names {len(getattr(block, name))} games")
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
        raise StoreError(
            f"{_block(block)}: {name} is {array.dtype}{list(array.shape)}, "
            f"it must be {np.dtype(dtype)}{list(shape)}"
        )


def _block(block: GameBlock) -> str:
    first = block.game_id[0] if block.game_id else "none"
    return f"block of {len(block.game_id)} games (the first is {first})"


def _check_winners(block: GameBlock) -> None:
    played, joined = replay_games(block.moves, block.length, block.size)
    if played < len(block.moves):
        _fail_illegal(block, played)
    codes = list(Ended)
    for game in np.flatnonzero(~np.isin(block.ended, codes))[:1]:
        _fail(block, game, f"its end is {block.ended[game]}, none of 0 to {codes[-1]}")
    is_open = block.ended == Ended.UNFINISHED
    expected = np.where(block.ended == Ended.JOINED, block.winner, EMPTY)
    named = np.abs(block.winner) == ~is_open
    for game in np.flatnonzero((joined != expected) | ~named)[:1]:
        names = {RED: "Red", BLUE: "Blue", EMPTY: "nobody"}
        claim = names.get(int(block.winner[game]), str(block.winner[game]))
        end, found = Ended(block.ended[game]).name.lower(), names[int(joined[game])]
        _fail(block, game, f"winner is {claim} ({end}), but its moves let {found} join the sides")
    for game in np.flatnonzero(is_open & (block.opening < block.length))[:1]:
        _fail(block, game, "it is unfinished, so its searched moves have no outcome to learn")
    for game in np.flatnonzero(block.swapped & (block.length == 0))[:1]:
        _fail(block, game, "it is swapped before its first move")


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
