"""Stores of games for tests."""

from pathlib import Path

from hexray.data.games import GameBlock
from hexray.data.store import GameStore

FIRST = "games-00000000.parquet"


def stored(folder: Path, *blocks: GameBlock) -> GameStore:
    """A store that was given ``blocks``, one append each."""
    store = GameStore(folder, blocks[0].size)
    for block in blocks:
        store.append(block)
    return store


def everything(store: GameStore) -> list[GameBlock]:
    return list(store.newest(store.rows + 1))
