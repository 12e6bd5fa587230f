"""Every finished game on disk: a folder of Parquet files, each written once and never changed.

A file holds the games of one append, as ``game_table`` lays them out.
"""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from hexray.data.checks import check_block
from hexray.data.game_table import REPEATED, from_table, size_and_rows, to_table
from hexray.data.games import GameBlock, take_games
from hexray.data.known import KnownNames
from hexray.errors import DiskRefuses, StoreError
from hexray.files import atomic_write, fsync_folder, partial_path

_FILES = "games-*.parquet"


class _File(NamedTuple):
    path: Path
    rows: int


class GameStore:
    """The games in ``folder``, all on boards of side ``size``; one process writes at a time.

    To be read: ``games`` stored, ``rows`` searched plies of them all, ``size_bytes`` on disk.
    """

    def __init__(
        self,
        folder: Path,
        size: int,
        *,
        may_write: bool = True,
        without: Collection[Path] = (),
    ) -> None:
        """Open or make ``folder`` and read the names and counts of its games.

        Removes what an interrupted write left over; a reader beside a running writer gives
        ``may_write=False`` and changes nothing, and may leave files out (``without``, resolved
        paths). Raises StoreError when a file is damaged, repeats a game, or belongs to another
        board.
        """
        if may_write:
            folder.mkdir(parents=True, exist_ok=True)
            fsync_folder(folder.parent)
        self._folder = folder
        self._size = size
        self._known = KnownNames()
        self._files: list[_File] = []
        self.games = 0
        self.rows = 0
        self.size_bytes = 0
        leftovers = folder.glob(partial_path(folder / _FILES).name) if may_write else ()
        for leftover in leftovers:
            leftover.unlink()
        for path in sorted(folder.glob(_FILES)):
            if path.resolve() not in without:
                self._enter(path)

    def append(self, block: GameBlock) -> GameBlock:
        """Write the games of a checked block that are not stored yet as one new file; return them.

        They are on disk when it returns; of games with one name the first counts. No new game, no
        file. Raises DiskRefuses when the disk does; then none of them is counted, and they can be
        given again.
        """
        if block.size != self._size:
            raise _other_board("the block", block.size, self._folder, self._size)
        new = take_games(block, self._known.are_new(block.game_id))
        if not new.game_id:
            return new
        path = self._next_path()
        try:
            write_games_file(path, new)
        except OSError as error:
            raise DiskRefuses(f"{path} cannot be written ({error}); mend the disk") from error
        self._known.add(new.game_id)
        self._count(path, len(new.game_id), len(new.version))
        return new

    def newest(self, rows: int) -> Iterator[GameBlock]:
        """Yield the newest files that hold at least ``rows`` rows together, oldest first, checked.

        Yields every file when there are fewer rows. The arrays are read-only.
        """
        first, held = len(self._files), 0
        while first > 0 and held < rows:
            first -= 1
            held += self._files[first].rows
        yield from self._read(self._files[first:])

    def paths(self) -> list[Path]:
        """Return the files, oldest first."""
        return [file.path for file in self._files]

    def blocks(self) -> Iterator[GameBlock]:
        """Yield all files, oldest first, checked; the arrays are read-only."""
        yield from self._read(self._files)

    def _read(self, files: Sequence[_File]) -> Iterator[GameBlock]:
        for file in files:
            yield read_games_file(file.path, self._size)

    def _enter(self, path: Path) -> None:
        with _naming(path):
            file = _open(path)
            size, rows = size_and_rows(file.schema_arrow)
            names = file.read(["game_id"], use_threads=False)["game_id"].to_pylist()
        if size != self._size:
            raise _other_board(str(path), size, self._folder, self._size)
        if not self._known.are_new(names).all():
            raise StoreError(f"{path} repeats games of another file or its own; remove the copy")
        self._known.add(names)
        self._count(path, len(names), rows)

    def _count(self, path: Path, games: int, rows: int) -> None:
        self._files.append(_File(path, rows))
        self.games += games
        self.rows += rows
        self.size_bytes += path.stat().st_size

    def _next_path(self) -> Path:
        number = 1 + int(self._files[-1].path.stem.removeprefix("games-")) if self._files else 0
        path = self._folder / f"games-{number:08d}.parquet"
        if path.exists():
            raise StoreError(f"{path} appeared since the store was opened; open the store again")
        return path


def write_games_file(path: Path, block: GameBlock) -> None:
    """Write the games of a checked block, whole or not at all; equal games make equal bytes."""
    atomic_write(path, partial(_write_table, to_table(block)))


def read_unchecked(path: Path) -> GameBlock:
    """Read games as they stand in a file; StoreError when they cannot be read at all."""
    with _naming(path):
        file = _open(path)
        size, _ = size_and_rows(file.schema_arrow)
        return from_table(file.read(use_threads=False), size)


def read_games_file(path: Path, size: int) -> GameBlock:
    """Read games and check them; the arrays are read-only. StoreError names the file."""
    with _naming(path):
        file = _open(path)
        block = from_table(file.read(use_threads=False), size)
        check_block(block)
        _, rows = size_and_rows(file.schema_arrow)
        if len(block.version) != rows:
            raise ValueError(f"{len(block.version)} rows instead of {rows}")
    return block


def _other_board(what: str, size: int, folder: Path, own: int) -> StoreError:
    return StoreError(
        f"{what} is of a {size}x{size} board, but {folder} is opened for {own}x{own}; "
        "use another folder for each board size"
    )


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Turn whatever reading a file raises into a StoreError that names it."""
    try:
        yield
    except (pa.ArrowException, OSError, ValueError, KeyError, StoreError) as error:
        raise StoreError(
            f"{path} is damaged ({error}); restore it, or remove it and lose its games"
        ) from error


def _open(path: Path) -> pq.ParquetFile:
    return pq.ParquetFile(path, page_checksum_verification=True)


def _write_table(table: pa.Table, file: BinaryIO) -> None:
    options: dict[str, Any] = {"use_dictionary": REPEATED}
    pq.write_table(table, file, compression="zstd", write_page_checksum=True, **options)
