"""Every finished game on disk: a folder of Parquet files, each written once and never changed.

A file holds the games of one append, one game a row:

    game_id     string            unique in the folder
    size        int16             board side
    moves       list<int16>       absolute frame, opening included
    opening     int16             random stones placed before the first searched move
    winner      int8              +1 Red, -1 Blue
    ended       string            joined or adjudicated
    root_value  list<float32>     one a searched ply, mover frame
    policy      binary            float16[searched plies, A], little-endian, mover frame
    version     list<int32>       weights that made each searched ply
    seed        int64             seed of the stream that made the game
    settings    string            hash of the settings, the same in the whole file

The file's key-value metadata gives ``hexray.format``, ``hexray.size`` and ``hexray.rows`` (searched
plies in the file).
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from hexray.data.samples import GameBlock, check_block, take_games
from hexray.errors import StoreError
from hexray.files import atomic_write, fsync_folder, partial_path

_FORMAT = "1"
_FILES = "games-*.parquet"


def _required(name: str, kind: pa.DataType) -> pa.Field:
    return pa.field(name, kind, nullable=False)


def _list_of(kind: pa.DataType) -> pa.DataType:
    return pa.list_(_required("element", kind))


_SCHEMA = pa.schema(
    [
        _required("game_id", pa.string()),
        _required("size", pa.int16()),
        _required("moves", _list_of(pa.int16())),
        _required("opening", pa.int16()),
        _required("winner", pa.int8()),
        _required("ended", pa.string()),
        _required("root_value", _list_of(pa.float32())),
        _required("policy", pa.binary()),
        _required("version", _list_of(pa.int32())),
        _required("seed", pa.int64()),
        _required("settings", pa.string()),
    ]
)


class _File(NamedTuple):
    path: Path
    rows: int


class GameStore:
    """The games in ``folder``, all on boards of side ``size``; one process writes at a time.

    To be read: ``games`` stored, ``rows`` searched plies of them all, ``size_bytes`` on disk.
    """

    def __init__(self, folder: Path, size: int, *, may_write: bool = True) -> None:
        """Open or make ``folder`` and read the names and counts of its games.

        Removes what an interrupted write left over; a reader beside a running writer gives
        ``may_write=False`` and changes nothing. Raises StoreError when a file is damaged, repeats
        a game, or belongs to another board.
        """
        if may_write:
            folder.mkdir(parents=True, exist_ok=True)
            fsync_folder(folder.parent)
        self._folder = folder
        self._size = size
        self._known: set[bytes] = set()
        self._files: list[_File] = []
        self.games = 0
        self.rows = 0
        self.size_bytes = 0
        leftovers = folder.glob(partial_path(folder / _FILES).name) if may_write else ()
        for leftover in leftovers:
            leftover.unlink()
        for path in sorted(folder.glob(_FILES)):
            self._enter(path)

    def append(self, block: GameBlock) -> GameBlock:
        """Write the games of a checked block that are not stored yet as one new file; return them.

        They are on disk when it returns; of games with one name the first counts. No new game, no
        file. Raises StoreError when the disk refuses; then none of them is counted, and they can be
        given again.
        """
        if block.size != self._size:
            raise _other_board("the block", block.size, self._folder, self._size)
        new = take_games(block, self._is_new(block))
        if not new.game_id:
            return new
        path = self._next_path()
        try:
            atomic_write(path, partial(_write_table, _to_table(new)))
        except OSError as error:
            raise StoreError(f"{path} cannot be written ({error}); mend the disk") from error
        self._known.update(map(_digest, new.game_id))
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
        for file in self._files[first:]:
            with _naming(file.path):
                block = _from_table(_open(file.path).read(use_threads=False), self._size)
                check_block(block)
                if len(block.version) != file.rows:
                    raise ValueError(f"{len(block.version)} rows instead of {file.rows}")
            yield block

    def _enter(self, path: Path) -> None:
        with _naming(path):
            file = _open(path)
            facts = file.schema_arrow.metadata or {}
            size, rows = int(facts[b"hexray.size"]), int(facts[b"hexray.rows"])
            names = file.read(["game_id"], use_threads=False)["game_id"].to_pylist()
        if size != self._size:
            raise _other_board(str(path), size, self._folder, self._size)
        digests = set(map(_digest, names))
        if len(digests) != len(names) or not self._known.isdisjoint(digests):
            raise StoreError(f"{path} repeats games of another file or its own; remove the copy")
        self._known |= digests
        self._count(path, len(names), rows)

    def _count(self, path: Path, games: int, rows: int) -> None:
        self._files.append(_File(path, rows))
        self.games += games
        self.rows += rows
        self.size_bytes += path.stat().st_size

    def _is_new(self, block: GameBlock) -> NDArray[np.bool_]:
        fresh: set[bytes] = set()
        keep = np.zeros(len(block.game_id), np.bool_)
        for game, name in enumerate(block.game_id):
            digest = _digest(name)
            keep[game] = digest not in self._known and digest not in fresh
            fresh.add(digest)
        return keep

    def _next_path(self) -> Path:
        number = 1 + int(self._files[-1].path.stem.removeprefix("games-")) if self._files else 0
        path = self._folder / f"games-{number:08d}.parquet"
        if path.exists():
            raise StoreError(f"{path} appeared since the store was opened; open the store again")
        return path


def _digest(name: str) -> bytes:
    return hashlib.blake2b(name.encode(), digest_size=16).digest()


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
    file = pq.ParquetFile(path, page_checksum_verification=True)
    if not file.schema_arrow.equals(_SCHEMA):
        raise ValueError("its columns are not those of hexray's games")
    if (file.schema_arrow.metadata or {}).get(b"hexray.format") != _FORMAT.encode():
        raise ValueError(f"it is not of format {_FORMAT}")
    return file


def _write_table(table: pa.Table, file: BinaryIO) -> None:
    pq.write_table(table, file, compression="zstd", use_dictionary=False, write_page_checksum=True)


def _to_table(block: GameBlock) -> pa.Table:
    games = len(block.game_id)
    moves, plies = _offsets(block.length), _offsets(block.length - block.opening)
    policy_ends = _offsets((block.length - block.opening).astype(np.int64) * 2 * block.size**2)
    policy = pa.py_buffer(np.ascontiguousarray(block.policy, "<f2"))
    columns = {
        "game_id": block.game_id,
        "size": np.full(games, block.size, np.int16),
        "moves": _lists("moves", moves, block.moves),
        "opening": block.opening,
        "winner": block.winner,
        "ended": np.where(block.adjudicated, "adjudicated", "joined"),
        "root_value": _lists("root_value", plies, block.root_value),
        "policy": pa.Array.from_buffers(
            pa.binary(), games, [None, policy_ends.buffers()[1], policy]
        ),
        "version": _lists("version", plies, block.version),
        "seed": block.seed,
        "settings": [block.settings] * games,
    }
    facts = {
        "hexray.format": _FORMAT,
        "hexray.size": str(block.size),
        "hexray.rows": str(len(block.version)),
    }
    return pa.table(columns, schema=_SCHEMA.with_metadata(facts))


def _offsets(lengths: NDArray) -> pa.Array:
    """Where each list begins and ends; raises ArrowInvalid beyond 2 GiB."""
    ends = np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])
    return pa.array(ends).cast(pa.int32())


def _lists(name: str, offsets: pa.Array, values: NDArray) -> pa.Array:
    return pa.ListArray.from_arrays(offsets, pa.array(values), type=_SCHEMA.field(name).type)


def _from_table(table: pa.Table, size: int) -> GameBlock:
    """Read back what _to_table made; ValueError when the columns do not fit together."""
    column = {name: table[name].combine_chunks() for name in table.column_names}
    settings = set(column["settings"].to_pylist())
    sizes = set(column["size"].to_pylist())
    ended = column["ended"].to_pylist()
    if len(settings) != 1 or sizes != {size} or not {"joined", "adjudicated"}.issuperset(ended):
        raise ValueError(f"settings {settings}, sizes {sizes}, endings {set(ended)}")
    length = column["moves"].value_lengths().to_numpy().astype(np.int16)
    policy = column["policy"].to_pylist()
    plies = length - column["opening"].to_numpy()
    policy_plies = np.array([len(data) for data in policy]) / (2 * size * size)
    for found in (column["root_value"].value_lengths(), column["version"].value_lengths()):
        if not np.array_equal(found, plies):
            raise ValueError("columns differ in their searched plies")
    if not np.array_equal(policy_plies, plies):
        raise ValueError("policies do not fit the searched plies")
    return GameBlock(
        size=size,
        game_id=tuple(column["game_id"].to_pylist()),
        length=length,
        opening=column["opening"].to_numpy(),
        winner=column["winner"].to_numpy(),
        adjudicated=np.array([end == "adjudicated" for end in ended], np.bool_),
        seed=column["seed"].to_numpy(),
        moves=column["moves"].flatten().to_numpy(),
        root_value=column["root_value"].flatten().to_numpy(),
        policy=np.frombuffer(b"".join(policy), "<f2").reshape(-1, size * size),
        version=column["version"].flatten().to_numpy(),
        settings=settings.pop(),
    )
