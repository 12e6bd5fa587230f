"""Which games of many sources are kept: each once, and none that is to be skipped."""

import hashlib
from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hexray.data.games import GameBlock

Duplicates = Literal["keep", "drop", "drop-turned"]
"""Games of the same moves: all are kept; the first; the first of those equal up to a half turn."""

Keys = NDArray[np.uint64]
"""uint64[K, 2], one a game: a digest."""


class GameKeys(NamedTuple):
    """Digests of K games: of their ids, of their moves, and of the moves up to a half turn."""

    ids: Keys
    moves: Keys
    turned: Keys


class Kept(NamedTuple):
    """What is kept of the games of all files, and how many were not.

    keep         bool[K] for each file
    repeated     games whose id came before
    duplicates   games whose moves came before
    turned       games whose moves, or those half-turned, came before; duplicates among them
    """

    keep: list[NDArray[np.bool_]]
    repeated: int
    duplicates: int
    turned: int


def keys_of(block: GameBlock) -> GameKeys:
    """Return the digests of the games; a swap makes a game another one."""
    half = (block.size**2 - 1 - block.moves).astype("<i2")
    moves, swapped = block.moves.astype("<i2"), block.swapped.astype(np.int8)
    begin, names, turned = 0, [], []
    for game, end in enumerate(np.cumsum(block.length, dtype=np.int64).tolist()):
        head = bytes([block.size, swapped[game]])
        one, other = (head + column[begin:end].tobytes() for column in (moves, half))
        names.append(_digest(one))
        turned.append(_digest(min(one, other)))
        begin = end
    ids = [_digest(name.encode()) for name in block.game_id]
    return GameKeys(*(_array(digests) for digests in (ids, names, turned)))


def kept_games(files: Sequence[GameKeys], duplicates: Duplicates) -> Kept:
    """Say which games of the files are kept, in their order: ids once, moves as ``duplicates``."""
    if not files:
        return Kept([], 0, 0, 0)
    lengths = [len(file.ids) for file in files]
    ids, moves, turned = (np.concatenate(column) for column in zip(*files, strict=True))
    is_first = _first(ids)
    first_moves, first_turned = (
        _first_among(column, np.flatnonzero(is_first)) for column in (moves, turned)
    )
    keep = {"keep": is_first, "drop": first_moves, "drop-turned": first_turned}[duplicates]
    return Kept(
        keep=np.split(keep, np.cumsum(lengths)[:-1]),
        repeated=int((~is_first).sum()),
        duplicates=int((is_first & ~first_moves).sum()),
        turned=int((is_first & ~first_turned).sum()),
    )


def skipped(count: int, first: int, ranges: Sequence[tuple[int, int]]) -> NDArray[np.bool_]:
    """Say for ``count`` games from number ``first`` on which lie in ``ranges`` (begin, end)."""
    number = np.arange(first, first + count)
    skip = np.zeros(count, np.bool_)
    for begin, end in ranges:
        skip |= (number >= begin) & (number < end)
    return skip


def _first(keys: Keys) -> NDArray[np.bool_]:
    _, first = np.unique(keys, axis=0, return_index=True)
    is_first = np.zeros(len(keys), np.bool_)
    is_first[first] = True
    return is_first


def _first_among(keys: Keys, index: NDArray[np.int64]) -> NDArray[np.bool_]:
    is_first = np.zeros(len(keys), np.bool_)
    is_first[index[_first(keys[index])]] = True
    return is_first


def _digest(data: bytes) -> bytes:
    return hashlib.blake2b(data, digest_size=16).digest()


def _array(digests: Sequence[bytes]) -> Keys:
    return np.frombuffer(b"".join(digests), np.uint64).reshape(-1, 2)
