"""A lasting store: the games of all board sizes, and an index of what came in and what did not.

    games/5x5/games-00000000.parquet   a ``GameStore`` for each board size, as in a run folder
    index.sqlite                       what was imported, and the quarantine (``Index``)

So a run folder can be read as one, too.
"""

from collections.abc import Collection, Iterator
from contextlib import closing
from pathlib import Path

from hexray.data.games import GameBlock
from hexray.data.index import Index
from hexray.data.store import GameStore
from hexray.errors import StoreError
from hexray.game.board import MAX_SIZE, MIN_SIZE


class Archive:
    """The store in ``folder``; one process writes at a time."""

    def __init__(
        self, folder: Path, *, may_write: bool = True, without: Collection[Path] = ()
    ) -> None:
        """Open the store, or make it; StoreError when it is to be read and is none.

        Who only reads may leave files out (``without``, resolved paths), damaged ones for example.
        """
        self.folder = folder
        self._may_write = may_write
        self._without = without
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
            self._stores[size] = GameStore(
                self._folder(size), size, may_write=self._may_write, without=self._without
            )
        return self._stores[size]

    def blocks(self) -> Iterator[GameBlock]:
        """Yield all games, by size and in the order they came in."""
        for size in self.sizes():
            yield from self.games(size).blocks()

    def index(self) -> closing[Index]:
        """Open the index for a ``with`` block."""
        return closing(Index(self._index))

    @property
    def is_indexed(self) -> bool:
        """Say whether there is an index; a run that was never imported into has none."""
        return self._index.is_file()

    @property
    def _index(self) -> Path:
        return self.folder / "index.sqlite"

    def _folder(self, size: int) -> Path:
        return self.folder / "games" / f"{size}x{size}"
