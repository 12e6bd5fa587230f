"""The owner of the games: acknowledges them once they are on disk, and draws training rows."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import numpy as np

from hexray.config import ReplaySettings
from hexray.data.samples import (
    NOTHING_FURTHER,
    Further,
    GameBlock,
    Rows,
    check_block,
    concat_games,
    rows_of,
)
from hexray.data.sampling import picker
from hexray.data.store import GameStore
from hexray.data.window import Window
from hexray.errors import StoreError


class Replay:
    """Every game in ``folder`` and the newest rows of them in memory.

    The window holds rows in the order of the files, so that a restart finds the same window; they
    carry the targets that ``further`` names.
    Draws depend on ``seed`` and on the rows stored at the start: a restart after more games goes
    on with other draws, two starts from the same folder draw alike.
    """

    def __init__(
        self,
        folder: Path,
        size: int,
        settings: ReplaySettings,
        seed: int,
        further: Further = NOTHING_FURTHER,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._size = size
        self._settings = settings
        self._further = further
        self._sleep = sleep
        self._store = GameStore(folder, size)
        self._window = Window(settings.window_rows, size)
        for block in self._store.newest(settings.window_rows):
            self._window.add(rows_of(block, further))
        self._pick = picker(settings)
        self._rng = np.random.default_rng([seed, self._store.rows])
        self._gathered: list[GameBlock] = []
        self._commit: asyncio.Task[None] | None = None
        self._writing = asyncio.Lock()
        self._commits = 0

    async def append(self, block: GameBlock) -> tuple[str, ...]:
        """Store a block and return its game ids once all its games are on disk.

        A game that is stored already is acknowledged again and kept once. Raises StoreError when
        the block is bad or of another board: nothing of it is stored, and other blocks are not
        held up. Raises StoreError too when the disk fails: send the block again.
        """
        if block.size != self._size:
            raise StoreError(
                f"games of a {block.size}x{block.size} board came to a replay of "
                f"{self._size}x{self._size}; use one board size in a run"
            )
        await asyncio.to_thread(check_block, block)
        self._gathered.append(block)
        if self._commit is None:
            self._commit = asyncio.create_task(self._commit_soon())
        await asyncio.shield(self._commit)
        return block.game_id

    async def sample(self, count: int) -> Rows:
        """Draw ``count`` rows of the window by ``replay.sampling``, randomly half turned.

        Raises StoreError while there is no row.
        """
        return self._window.sample(count, self._rng, self._pick)

    async def stats(self) -> dict[str, int]:
        """Count games and rows stored, rows and bytes of the window, commits since the start."""
        return {
            "games": self._store.games,
            "rows": self._store.rows,
            "disk_bytes": self._store.size_bytes,
            "window_rows": len(self._window),
            "window_bytes": self._window.size_bytes,
            "commits": self._commits,
        }

    async def newest_version(self) -> int:
        """Return the highest number of weights in the window, 0 while it is empty."""
        return self._window.newest_version

    async def digest(self) -> str:
        """Return the sha256 of the window."""
        return self._window.digest()

    async def _commit_soon(self) -> None:
        """Gather for a while, then write; what arrives from then on is the next commit's."""
        await self._sleep(self._settings.commit_seconds)
        async with self._writing:
            blocks, self._gathered, self._commit = self._gathered, [], None
            for settings in dict.fromkeys(block.settings for block in blocks):
                group = [block for block in blocks if block.settings == settings]
                self._window.add(await asyncio.to_thread(self._write, group))
                self._commits += 1

    def _write(self, blocks: list[GameBlock]) -> Rows:
        return rows_of(self._store.append(concat_games(blocks)), self._further)


class Replays:
    """A ``Replay`` for each board of a run, in a folder of its own."""

    def __init__(
        self,
        folder: Path,
        boards: Sequence[int],
        settings: ReplaySettings,
        seed: int,
        further: Further = NOTHING_FURTHER,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._of = {
            board: Replay(folder / f"{board}x{board}", board, settings, seed, further)
            for board in boards
        }

    async def append(self, block: GameBlock) -> tuple[str, ...]:
        """Store a block with the games of its board; see ``Replay.append``."""
        if block.size not in self._of:
            raise StoreError(
                f"games of a {block.size}x{block.size} board came to a replay of "
                f"{sorted(self._of)}; use the boards of the run"
            )
        return await self._of[block.size].append(block)

    async def sample(self, count: int, board: int) -> Rows:
        """Draw ``count`` rows of one board; see ``Replay.sample``."""
        return await self._of[board].sample(count)

    async def stats(self) -> dict[int, dict[str, int]]:
        """Return what each board's replay counts; see ``Replay.stats``."""
        return {board: await replay.stats() for board, replay in self._of.items()}

    async def newest_version(self) -> int:
        """Return the highest number of weights in any window, 0 while all are empty."""
        return max([await replay.newest_version() for replay in self._of.values()])
