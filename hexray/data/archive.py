"""A lasting store: the games of all board sizes, and an index of what came in and what did not.

    games/5x5/games-00000000.parquet   a ``GameStore`` for each board size, as in a run folder
    index.sqlite                       what was imported, and the quarantine (``Index``)

So a run folder can be read as one, too.
"""

from collections.abc import Iterator
from pathlib import Path

from hexray.data.games import GameBlock
from hexray.data.index import Index
from hexray.data.store import GameStore
from hexray.errors import StoreError
from hexray.game.board import MAX_SIZE, MIN_SIZE


class Archive:
    """The store in ``folder``; one process writes at a time."""

    def __init__(self, folder: Path, *, may_write: bool = True) -> None:
        """Open the store, or make it; StoreError when it is to be read and is none."""
        self.folder = folder
        self._may_write = may_write
        self._stores: dict[int, GameStore] = {}
        if not may_write and not (folder / "games").is_dir():
            raise StoreError(f"{folder} holds no games; name a store or a run folder")
        if may_write:
            (folder / "games").mkdir(parents=True, exist_ok=True)

    def sizes(self) -> list[int]:
        """Return the board sizes that there are games of."""
        folders = (self._folder(size) for size in range(MIN_SIZE, MAX_SIZE + 1))
        return [size for size, path in enumerate(folders, MIN_SIZE) if path.is_dir()]

    def chosen(self, board: int | None) -> list[int]:
        """Return the sizes, or the one that is asked for; StoreError when there is none of it."""
        sizes = self.sizes()
        if board is None:
            return sizes
        if board not in sizes:
            there = ", ".join(f"{size}x{size}" for size in sizes) or "none"
            raise StoreError(f"no games of {board}x{board}; there are games of {there}")
        return [board]

    def games(self, size: int) -> GameStore:
        """Return the games on boards of side ``size``; a store that may write makes the folder."""
        if size not in self._stores:
            store = GameStore(self._folder(size), size, may_write=self._may_write)
            self._stores[size] = store
        return self._stores[size]

    def blocks(self) -> Iterator[GameBlock]:
        """Yield all games, by size and in the order they came in."""
        for size in self.sizes():
            yield from self.games(size).blocks()

    def index(self) -> Index:
        """Open the index; to be closed by whoever asks."""
        return Index(self.folder / "index.sqlite")

    def _folder(self, size: int) -> Path:
        return self.folder / "games" / f"{size}x{size}"
