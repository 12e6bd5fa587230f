"""Finished games as blocks of arrays, whoever played them."""

import hashlib
from collections.abc import Sequence
from enum import IntEnum
from itertools import compress
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hexray.errors import StoreError

MATCH = "match:"
"""Games whose source begins so are of matches, and never trained on."""


class Ended(IntEnum):
    """How a game ended; in all but the first nobody has joined his sides."""

    JOINED = 0
    ADJUDICATED = 1
    RESIGNED = 2
    FORFEITED = 3
    UNFINISHED = 4


class GameBlock(NamedTuple):
    """K games on boards of side ``size``; S is the number of searched plies of them all.

    game_id      K unique names
    length       int16[K]       moves of each game, its opening included
    opening      int16[K]       moves before the first searched one; all, where nothing was searched
    winner       int8[K]        RED or BLUE; EMPTY in unfinished games that nobody has won
    ended        int8[K]        as in ``Ended``
    swapped      bool[K]        the second player took the first stone: he is Red from then on
    seed         int64[K]       seed of the stream that made the game
    moves        int16[sum of length]  absolute frame, game after game, stones as they lie
    root_value   float32[S]     value of the search, mover frame
    policy       float16[S, A]  policy target of the search, mover frame
    version      int32[S]       number of the weights that made the ply
    first        K names of who made the first move, empty when not known
    second       K names of the other
    source       where each game comes from: a file, a run, a match
    settings     hash of the settings that made each game, empty when none did
    """

    size: int
    game_id: tuple[str, ...]
    length: NDArray[np.int16]
    opening: NDArray[np.int16]
    winner: NDArray[np.int8]
    ended: NDArray[np.int8]
    swapped: NDArray[np.bool_]
    seed: NDArray[np.int64]
    moves: NDArray[np.int16]
    root_value: NDArray[np.float32]
    policy: NDArray[np.float16]
    version: NDArray[np.int32]
    first: tuple[str, ...]
    second: tuple[str, ...]
    source: tuple[str, ...]
    settings: tuple[str, ...]


def concat_games(blocks: Sequence[GameBlock]) -> GameBlock:
    """Join one or more blocks of one board size, in order (a copy).

    Raises StoreError when sizes differ.
    """
    sizes = {block.size for block in blocks}
    if len(sizes) != 1:
        raise StoreError(f"blocks of sizes {sorted(sizes)} cannot be joined; give one size")
    columns: Any = zip(*(block[1:] for block in blocks), strict=True)
    return GameBlock(blocks[0].size, *map(_joined, columns))


def take_games(block: GameBlock, keep: NDArray[np.bool_]) -> GameBlock:
    """Return the games where ``keep[K]`` is true, in order (a copy)."""
    moved = np.repeat(keep, block.length)
    searched = np.repeat(keep, block.length - block.opening)
    by_row = {"moves": moved, "root_value": searched, "policy": searched, "version": searched}
    kept: dict[str, Any] = {
        name: _kept(getattr(block, name), by_row.get(name, keep)) for name in GameBlock._fields[1:]
    }
    return GameBlock(block.size, **kept)


def game_number(name: str) -> int:
    """Return the hash of a game's id, 64 bits, by which rows know it and games are held out."""
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "big")


def _joined(parts: Sequence) -> Any:
    if isinstance(parts[0], tuple):
        return tuple(name for part in parts for name in part)
    return np.concatenate(parts)


def _kept(column: NDArray | tuple[str, ...], keep: NDArray[np.bool_]) -> NDArray | tuple[str, ...]:
    if isinstance(column, tuple):
        return tuple(compress(column, keep))
    return column[keep]
