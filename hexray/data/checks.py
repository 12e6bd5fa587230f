"""Whether games are consistent: legal moves that lead to the winner, policies and values."""

from collections.abc import Iterator
from typing import Any, NamedTuple, NoReturn

import numpy as np
from numpy.typing import NDArray

from hexray.data.games import Ended, GameBlock, take_games
from hexray.errors import IllegalMove, StoreError
from hexray.game.board import BLUE, EMPTY, RED, play_sequence
from hexray.game.formats.record import FaultKind
from hexray.game.replay import positions_along, replay_games

# A float16 rounds by at most 2**-11 of its value, and to zero below 2**-25.
_SUM_TOLERANCE = 2.0**-10


class GameFault(NamedTuple):
    """What is wrong with one game of a block: its number there, the kind, and why."""

    game: int
    kind: FaultKind
    reason: str


def check_block(block: GameBlock) -> None:
    """Raise StoreError, naming the game and the reason, unless every game is consistent.

    The moves must be legal and lead to the winner, in a game that ended otherwise nobody may have
    joined his sides, a policy must sum to one over empty cells or be all zero, values must lie in
    [-1, 1].
    """
    check_shapes(block)
    for fault in faults_of(block):
        _fail(block, fault.game, fault.reason)


def faults_of(block: GameBlock) -> Iterator[GameFault]:
    """Yield what is wrong with the games of a block of the right shapes, the first of each game.

    Illegal moves come first, then winners, then what was searched; the whole block is checked for
    the one before anything is said of the next.
    """
    good, legal = block, np.ones(len(block.game_id), np.bool_)
    played, joined = replay_games(block.moves, block.length, block.size)
    if played < len(block.moves):
        illegal = list(_move_faults(block))
        yield from illegal
        legal[[fault.game for fault in illegal]] = False
        good = take_games(block, legal)
        _, joined = replay_games(good.moves, good.length, good.size)
    place, told = np.flatnonzero(legal), set[int]()
    for fault in (*_winner_faults(good, joined), *_ply_faults(good)):
        if fault.game not in told:
            told.add(fault.game)
            yield fault._replace(game=int(place[fault.game]))


def check_shapes(block: GameBlock) -> None:
    """Raise StoreError unless the arrays of a block fit each other."""
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


def _move_faults(block: GameBlock) -> Iterator[GameFault]:
    """Find the games with an illegal move: each stops the replay, which goes on behind it."""
    begin, moves, length = 0, block.moves, block.length
    ends = np.cumsum(length, dtype=np.int64)
    while begin < len(length):
        first = int(ends[begin] - length[begin])
        played, _ = replay_games(moves[first:], length[begin:], block.size)
        if first + played == len(moves):
            return
        game = int(np.searchsorted(ends, first + played, side="right"))
        of_game = int(ends[game] - length[game])
        yield _illegal(block, game, moves[of_game : first + played + 1].tolist())
        begin = game + 1


def _illegal(block: GameBlock, game: int, moves: list[int]) -> GameFault:
    """Say why the last of ``moves`` is illegal after those before it."""
    kind: FaultKind = "repeated cell"
    if not 0 <= moves[-1] < block.size**2:
        kind = "off board"
    elif play_sequence(block.size, moves[:-1]).winner[0] != EMPTY:
        kind = "after the end"
    try:
        play_sequence(block.size, moves)
    except IllegalMove as error:
        return GameFault(game, kind, f"move {len(moves)} is illegal: {error}")
    raise AssertionError("a move was refused once and allowed the next time")


def _winner_faults(block: GameBlock, joined: NDArray[np.int8]) -> Iterator[GameFault]:
    codes = list(Ended)
    is_open = block.ended == Ended.UNFINISHED
    for game in np.flatnonzero(~np.isin(block.ended, codes)).tolist():
        reason = f"its end is {block.ended[game]}, none of 0 to {codes[-1]}"
        yield GameFault(game, "no game", reason)
    expected = np.where(block.ended == Ended.JOINED, block.winner, EMPTY)
    named = np.abs(block.winner) == ~is_open
    for game in np.flatnonzero((joined != expected) | ~named).tolist():
        names = {RED: "Red", BLUE: "Blue", EMPTY: "nobody"}
        claim = names.get(int(block.winner[game]), str(block.winner[game]))
        end = block.ended[game]
        how = Ended(end).name.lower() if end in codes else str(end)
        reason = f"winner is {claim} ({how}), but its moves let {names[int(joined[game])]} join"
        is_short = end == Ended.JOINED and joined[game] == EMPTY
        yield GameFault(game, "too short" if is_short else "wrong winner", f"{reason} the sides")
    for game in np.flatnonzero(is_open & (block.opening < block.length)).tolist():
        reason = "it is unfinished, so its searched moves have no outcome to learn"
        yield GameFault(game, "no game", reason)
    for game in np.flatnonzero(block.swapped & (block.length == 0)).tolist():
        yield GameFault(game, "no game", "it is swapped before its first move")


def _ply_faults(block: GameBlock) -> Iterator[GameFault]:
    policy = block.policy.astype(np.float32)
    cells, _ = positions_along(block.moves, block.length, block.opening, block.size)
    is_finite: Any = np.isfinite(policy).all(axis=1)
    total = np.where(is_finite[:, None], policy, 0).sum(axis=1)
    value = block.root_value
    checks: list[tuple[Any, FaultKind, str]] = [
        (~np.isfinite(value), "not finite", "root value is not finite"),
        (np.abs(value) > 1, "bad value", "root value is outside [-1, 1]"),
        (~is_finite, "not finite", "policy is not finite"),
        ((policy < 0).any(axis=1), "bad policy", "policy is negative somewhere"),
        (
            ((policy > 0) & (cells != 0)).any(axis=1),
            "bad policy",
            "policy has mass on an occupied cell",
        ),
        (
            (total != 0) & (np.abs(total - 1) > _SUM_TOLERANCE),
            "bad policy",
            "policy does not sum to one",
        ),
    ]
    ends = np.cumsum(block.length - block.opening, dtype=np.int64)
    for wrong, kind, reason in checks:
        for row in np.flatnonzero(wrong).tolist():
            game = int(np.searchsorted(ends, row, side="right"))
            ply = int(block.length[game] - (ends[game] - row)) + 1
            yield GameFault(game, kind, f"at move {ply} its {reason}")


def _fail(block: GameBlock, game: int, reason: str) -> NoReturn:
    raise StoreError(f"game {block.game_id[game]}: {reason}; leave the game out")
