"""The owner of the games: acknowledges them once they are on disk, and draws training rows."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from math import isqrt
from pathlib import Path

import numpy as np

from hexray.config import ReplaySettings
from hexray.data.checks import check_block
from hexray.data.games import GameBlock, concat_games
from hexray.data.held_out import SplitRows, SplitWindow
from hexray.data.rows import NOTHING_FURTHER, Further, Rows
from hexray.data.sampling import picker
from hexray.data.store import GameStore
from hexray.data.suspects import put_aside
from hexray.errors import StoreError


class Replay:
    """Every game in ``folder`` and the newest rows of them in memory, held-out games apart.

    The windows hold rows in the order of the files, so that a restart finds the same; they carry
    the targets that ``further`` names.
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
        self._sleep = sleep
        self._store = GameStore(folder, size)
        self._window = SplitWindow(settings.window_rows, settings.held_out, size, further)
        self._window.fill(self._store)
        self._pick = picker(settings)
        streams = np.random.SeedSequence([seed, self._store.rows]).spawn(2)
        self._rng, self._measuring_rng = map(np.random.default_rng, streams)
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
        """Draw ``count`` rows to train on by ``replay.sampling``, randomly half turned.

        Raises StoreError while there is no row.
        """
        return self._window.training.sample(count, self._rng, self._pick)

    async def sample_both(self, count: int) -> SplitRows | None:
        """Draw ``count`` rows to train on and as many of held-out games, to be compared.

        None while fewer are held out and there is room for more: too few games to say anything.
        Training draws the same rows whether this is called or not.
        """
        training, held_out = self._window.training, self._window.held_out
        if len(held_out) < min(count, self._window.held_out_rows) or not len(training):
            return None
        return SplitRows(
            *(part.sample(count, self._measuring_rng) for part in (training, held_out))
        )

    async def stats(self) -> dict[str, int]:
        """Count games and rows stored, rows and bytes in memory, commits since the start.

        ``window_rows`` are those to train on, ``held_out_rows`` those held out.
        """
        return {
            "games": self._store.games,
            "rows": self._store.rows,
            "disk_bytes": self._store.size_bytes,
            "window_rows": len(self._window.training),
            "held_out_rows": len(self._window.held_out),
            "window_bytes": self._window.size_bytes,
            "commits": self._commits,
        }

    async def put_aside(self, rows: Rows, reason: str, folder: Path) -> Path:
        """Keep rows that nothing can be learned from in ``folder``, with the ids of their games."""
        newest = self._store.newest(self._settings.window_rows)
        return await asyncio.to_thread(put_aside, folder, rows, reason, newest)

    async def newest_version(self) -> int:
        """Return the highest number of weights in memory, 0 while there is no row."""
        return self._window.newest_version

    async def digest(self) -> str:
        """Return the sha256 of the rows to train on."""
        return self._window.training.digest()

    async def _commit_soon(self) -> None:
        """Gather for a while, then write; what arrives from then on is the next commit's."""
        await self._sleep(self._settings.commit_seconds)
        async with self._writing:
            blocks, self._gathered, self._commit = self._gathered, [], None
            self._window.add(await asyncio.to_thread(self._write, blocks))
            self._commits += 1

    def _write(self, blocks: list[GameBlock]) -> SplitRows:
        return self._window.split(self._store.append(concat_games(blocks)))


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
        self._suspects = folder.parent / "suspects"
        self._setting_aside = asyncio.Lock()  # folders are numbered by those that are there
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

    async def sample_both(self, count: int, board: int) -> SplitRows | None:
        """Draw rows of one board to train on and held-out ones; see ``Replay.sample_both``."""
        return await self._of[board].sample_both(count)

    async def stats(self) -> dict[int, dict[str, int]]:
        """Return what each board's replay counts; see ``Replay.stats``."""
        return {board: await replay.stats() for board, replay in self._of.items()}

    async def put_aside(self, rows: Rows, reason: str) -> Path:
        """Keep rows of any board in ``suspects`` beside the games; see ``Replay.put_aside``."""
        replay = self._of[isqrt(rows.cells.shape[1])]
        async with self._setting_aside:
            return await replay.put_aside(rows, reason, self._suspects)

    async def newest_version(self) -> int:
        """Return the highest number of weights in any window, 0 while all are empty."""
        return max([await replay.newest_version() for replay in self._of.values()])
