"""Finished games as an Arrow table, one game a row: how a file of a store looks.

    game_id     string            unique in the store
    size        int16             board side
    moves       list<int16>       absolute frame, opening included, stones as they lie
    opening     int16             moves before the first searched one; all where none was searched
    winner      int8              +1 Red, -1 Blue, 0 nobody
    ended       string            joined, adjudicated, resigned, forfeited or unfinished
    swapped     bool              the second player took the first stone
    root_value  list<float32>     one a searched ply, mover frame
    policy      binary            float16[searched plies, A], little-endian, mover frame
    version     list<int32>       weights that made each searched ply
    seed        int64             seed of the stream that made the game
    first       string            who made the first move, empty when not known
    second      string            the other
    source      string            a file, a run, a match
    settings    string            hash of the settings that made the game, empty when none did

The table's metadata gives ``hexray.format``, ``hexray.size`` and ``hexray.rows`` (searched plies in
the file). Format 1, of hexray before this table had all columns, is read and never written: it
knows neither swaps, nor names, nor sources.
"""

from collections.abc import Iterable

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from hexray.data.games import Ended, GameBlock

FORMAT = "2"


def _required(name: str, kind: pa.DataType) -> pa.Field:
    return pa.field(name, kind, nullable=False)


def _list_of(kind: pa.DataType) -> pa.DataType:
    return pa.list_(_required("element", kind))


_COLUMNS = {
    "game_id": pa.string(),
    "size": pa.int16(),
    "moves": _list_of(pa.int16()),
    "opening": pa.int16(),
    "winner": pa.int8(),
    "ended": pa.string(),
    "swapped": pa.bool_(),
    "root_value": _list_of(pa.float32()),
    "policy": pa.binary(),
    "version": _list_of(pa.int32()),
    "seed": pa.int64(),
    "first": pa.string(),
    "second": pa.string(),
    "source": pa.string(),
    "settings": pa.string(),
}
_SINCE_2 = ("swapped", "first", "second", "source")
_SCHEMA = pa.schema([_required(*column) for column in _COLUMNS.items()])
_SCHEMAS = {
    FORMAT: _SCHEMA,
    "1": pa.schema([column for column in _SCHEMA if column.name not in _SINCE_2]),
}
REPEATED = ["ended", "first", "second", "source", "settings"]
"""Columns that hold few different values."""

_NAMES = [ended.name.lower() for ended in Ended]


def size_and_rows(schema: pa.Schema) -> tuple[int, int]:
    """Return board side and searched plies of a file of games; ValueError when it is none."""
    facts = schema.metadata or {}
    known = _SCHEMAS.get(facts.get(b"hexray.format", b"").decode())
    if known is None:
        found = facts.get(b"hexray.format")
        raise ValueError(f"it is of format {found}, this hexray reads {sorted(_SCHEMAS)}")
    if not schema.equals(known):
        raise ValueError("its columns are not those of hexray's games")
    return int(facts[b"hexray.size"]), int(facts[b"hexray.rows"])


def to_table(block: GameBlock) -> pa.Table:
    """Return a checked block as a table; ArrowInvalid beyond 2 GiB of policies."""
    games = len(block.game_id)
    moves, plies = _offsets(block.length), _offsets(block.length - block.opening)
    policy_ends = _offsets((block.length - block.opening).astype(np.int64) * 2 * block.size**2)
    policy = pa.py_buffer(np.ascontiguousarray(block.policy, "<f2"))
    columns = {
        **{name: getattr(block, name) for name in _COLUMNS if name in GameBlock._fields},
        "size": np.full(games, block.size, np.int16),
        "moves": _lists("moves", moves, block.moves),
        "ended": [_NAMES[code] for code in block.ended.tolist()],
        "root_value": _lists("root_value", plies, block.root_value),
        "policy": pa.Array.from_buffers(
            pa.binary(), games, [None, policy_ends.buffers()[1], policy]
        ),
        "version": _lists("version", plies, block.version),
    }
    facts = {
        "hexray.format": FORMAT,
        "hexray.size": str(block.size),
        "hexray.rows": str(len(block.version)),
    }
    return pa.table(columns, schema=_SCHEMA.with_metadata(facts))


def from_table(table: pa.Table, size: int) -> GameBlock:
    """Read back what ``to_table`` made; ValueError when the columns do not fit together."""
    column = {name: table[name].combine_chunks() for name in table.column_names}
    sizes = set(column["size"].to_pylist())
    if sizes - {size}:
        raise ValueError(f"games on boards of {sorted(sizes)} in a file of {size}")
    length = column["moves"].value_lengths().to_numpy().astype(np.int16)
    plies = length - column["opening"].to_numpy()
    policy = column["policy"].to_pylist()
    policy_plies = np.array([len(data) for data in policy]) / (2 * size * size)
    for found in (column["root_value"].value_lengths(), column["version"].value_lengths()):
        if not np.array_equal(found, plies):
            raise ValueError("columns differ in their searched plies")
    if not np.array_equal(policy_plies, plies):
        raise ValueError("policies do not fit the searched plies")
    unknown = ("",) * len(length)
    names = {
        name: tuple(column[name].to_pylist()) if name in column else unknown
        for name in ("game_id", "first", "second", "source", "settings")
    }
    is_old = "swapped" not in column
    return GameBlock(
        size=size,
        length=length,
        opening=column["opening"].to_numpy(),
        winner=column["winner"].to_numpy(),
        ended=_codes(column["ended"].to_pylist()),
        swapped=np.zeros(len(length), np.bool_)
        if is_old
        else column["swapped"].to_numpy(zero_copy_only=False),
        seed=column["seed"].to_numpy(),
        moves=column["moves"].flatten().to_numpy(),
        root_value=column["root_value"].flatten().to_numpy(),
        policy=np.frombuffer(b"".join(policy), "<f2").reshape(-1, size * size),
        version=column["version"].flatten().to_numpy(),
        **names,
    )


def _codes(endings: Iterable[str]) -> NDArray[np.int8]:
    try:
        return np.array([_NAMES.index(ending) for ending in endings], np.int8)
    except ValueError as error:
        raise ValueError(f"a game of unknown end ({error})") from error


def _offsets(lengths: NDArray) -> pa.Array:
    """Where each list begins and ends; raises ArrowInvalid beyond 2 GiB."""
    ends = np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])
    return pa.array(ends).cast(pa.int32())


def _lists(name: str, offsets: pa.Array, values: NDArray) -> pa.Array:
    return pa.ListArray.from_arrays(offsets, pa.array(values), type=_SCHEMA.field(name).type)
