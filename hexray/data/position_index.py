"""Find the games that reach a position, whatever the order of its moves, by an index.

The stones after every move of every game are hashed (Zobrist 1970) and the hashes sorted, in a file
beside the games for each file of them: ``index/NxN/games-00000000.npy``. Files of games never
change, so neither do those, and what is missing is made when it is asked for.
"""

from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hexray.data.archive import Archive
from hexray.data.games import GameBlock
from hexray.data.store import read_games_file
from hexray.errors import StoreError
from hexray.files import atomic_write

_ENTRY = np.dtype([("hash", "<u8"), ("game", "<u4"), ("ply", "<u2")])


class Hit(NamedTuple):
    """A game that reaches the position.

    ply   stones on the board then
    next  the move after it, None when it is the last position; of a game found by its half turn,
          the move turned back
    """

    name: str
    source: str
    ply: int
    next: int | None
    winner: int


def find(
    archive: Archive, size: int, red: Sequence[int], blue: Sequence[int], *, turned: bool
) -> Iterator[Hit]:
    """Yield the games in which these stones, and no others, stand on the board at some time.

    With ``turned`` also those that reach the half-turned position. Raises StoreError when no game
    can have such stones.
    """
    if len(red) - len(blue) not in (0, 1) or set(red) & set(blue) or len(set(red)) < len(red):
        raise StoreError(
            f"{len(red)} red and {len(blue)} blue stones: Red has as many as Blue or one more, "
            "each on a cell of its own"
        )
    last = size * size - 1
    wanted = [(set(red), set(blue), False)]
    half = {last - cell for cell in red}, {last - cell for cell in blue}
    if turned and half != wanted[0][:2]:
        wanted.append((*half, True))
    for path in archive.games(size).paths():
        entries = _entries(archive.folder, path, size)
        hits = [
            (int(entry["game"]), int(entry["ply"]), stones)
            for stones in wanted
            for entry in _with_hash(entries, _hash_of(stones[0], stones[1], size))
        ]
        if hits:
            yield from _checked(read_games_file(path, size), hits)


def _with_hash(entries: NDArray, value: np.uint64) -> NDArray:
    begin, end = (np.searchsorted(entries["hash"], value, side=side) for side in ("left", "right"))
    return entries[begin:end]


def _checked(
    block: GameBlock, hits: Sequence[tuple[int, int, tuple[set[int], set[int], bool]]]
) -> Iterator[Hit]:
    """Look at the stones themselves: two positions may share a hash."""
    ends = np.cumsum(block.length, dtype=np.int64)
    for game, ply, (red, blue, is_turned) in sorted(hits, key=lambda hit: hit[:2]):
        moves = block.moves[ends[game] - block.length[game] : ends[game]].tolist()
        if set(moves[:ply:2]) != red or set(moves[1:ply:2]) != blue:
            continue
        then = moves[ply] if ply < len(moves) else None
        if then is not None and is_turned:
            then = block.size**2 - 1 - then
        yield Hit(block.game_id[game], block.source[game], ply, then, int(block.winner[game]))


def _entries(store: Path, games: Path, size: int) -> NDArray:
    """Return the sorted hashes of a file of games, from the index or for the index."""
    path = store / "index" / games.parent.name / f"{games.stem}.npy"
    if path.is_file():
        return np.load(path, mmap_mode="r", allow_pickle=False)
    entries = _hashed(read_games_file(games, size))
    path.parent.mkdir(parents=True, exist_ok=True)
    atomic_write(path, lambda file: np.save(file, entries))
    return entries


def _hashed(block: GameBlock) -> NDArray:
    length = block.length.astype(np.int64)
    game = np.repeat(np.arange(len(length)), length)
    first = np.cumsum(length) - length
    ply = np.arange(len(block.moves)) - first[game]
    stones = _table(block.size)[ply % 2, block.moves]
    # The running exclusive or of the whole file, less that of what came before the game.
    running = np.bitwise_xor.accumulate(stones) if len(stones) else stones
    before = np.concatenate([np.zeros(1, np.uint64), running])[first]
    entries = np.empty(len(stones), _ENTRY)
    entries["hash"] = running ^ before[game]
    entries["game"], entries["ply"] = game, ply + 1
    return np.sort(entries, order="hash", kind="stable")


def _hash_of(red: set[int], blue: set[int], size: int) -> np.uint64:
    table, value = _table(size), np.uint64(0)
    for colour, cells in enumerate((red, blue)):
        for cell in cells:
            value ^= table[colour, cell]
    return value


@cache
def _table(size: int) -> NDArray[np.uint64]:
    """Return a random number for each stone, always the same ones."""
    return np.random.default_rng(size).integers(2**64, size=(2, size * size), dtype=np.uint64)
