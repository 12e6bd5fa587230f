"""Training rows on disk: a Parquet file of positions, one a row.

    game        uint64             a hash of the game's id
    ply         int16              stones on the board; after the last move, its length
    cells       binary(A)          int8, mover frame, dead and captured cells filled
    policy      binary(2 A)        float16, mover frame, zeros for none
    outcome     int8               +1 the player to move won, -1 lost
    root_value  float              value of the search, or the outcome
    version     int32              weights that made the row
    reply       binary(2 A), null  float16; null where it was not asked for
    owner       binary(A), null    int8; the same

The metadata gives ``hexray.rows.format`` and ``hexray.size``.
"""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from hexray.data.expand import PlacedRows
from hexray.data.rows import Rows
from hexray.errors import StoreError
from hexray.files import atomic_write

_FORMAT = "1"
_BOARDS = {"cells": "i1", "policy": "<f2", "reply": "<f2", "owner": "i1"}
_PLAIN = {
    "game": pa.uint64(),
    "ply": pa.int16(),
    "outcome": pa.int8(),
    "root_value": pa.float32(),
    "version": pa.int32(),
}


def write_rows(path: Path, placed: PlacedRows, size: int) -> None:
    """Write rows of boards of side ``size``, whole or not at all; equal rows make equal bytes."""
    columns = {**placed.rows._asdict(), "game": placed.game, "ply": placed.ply}
    area = size * size
    further = {name: columns[name].shape[1] > 0 for name in ("reply", "owner")}
    schema = _schema(size, **further)
    table = pa.table(
        {
            name: pa.array(columns[name], _PLAIN[name])
            if name in _PLAIN
            else _packed(np.ascontiguousarray(columns[name], _BOARDS[name]), area)
            for name in schema.names
        },
        schema=schema,
    )
    atomic_write(
        path,
        lambda file: pq.write_table(
            table, file, compression="zstd", use_dictionary=False, write_page_checksum=True
        ),
    )


def read_rows(path: Path, size: int) -> PlacedRows:
    """Read a file of rows; StoreError, naming it, when it is damaged or of another board."""
    try:
        table = pq.read_table(path, use_threads=False, page_checksum_verification=True)
        further = {name: not pa.types.is_null(table[name].type) for name in ("reply", "owner")}
        if not table.schema.equals(_schema(size, **further), check_metadata=True):
            raise ValueError(f"it is no file of rows of {size}x{size}")
        columns = {
            name: table[name].combine_chunks().to_numpy()
            if name in _PLAIN
            else _unpacked(table[name].combine_chunks(), _BOARDS[name])
            for name in table.column_names
        }
        game, ply = columns.pop("game"), columns.pop("ply")
        return PlacedRows(Rows(**columns), game, ply)
    except (pa.ArrowException, OSError, ValueError, KeyError, TypeError) as error:
        raise StoreError(f"{path} is damaged ({error}); remove it, to make it again") from error


def rows_size(path: Path) -> int:
    """Return the board side of a file of rows; StoreError when it is none."""
    try:
        facts = pq.read_schema(path).metadata or {}
        if facts.get(b"hexray.rows.format") != _FORMAT.encode():
            raise ValueError(f"it holds no rows of format {_FORMAT}")
        return int(facts[b"hexray.size"])
    except (pa.ArrowException, OSError, ValueError, KeyError) as error:
        raise StoreError(f"{path} is no file of rows ({error}); name another") from error


def _schema(size: int, *, reply: bool, owner: bool) -> pa.Schema:
    held = {"cells": True, "policy": True, "reply": reply, "owner": owner}
    boards = {
        name: pa.binary(size * size * np.dtype(_BOARDS[name]).itemsize) if held[name] else pa.null()
        for name in _BOARDS
    }
    kinds = {**_PLAIN, **boards}
    facts = {"hexray.rows.format": _FORMAT, "hexray.size": str(size)}
    return pa.schema([pa.field(name, kind) for name, kind in kinds.items()], metadata=facts)


def _packed(column: NDArray, area: int) -> pa.Array:
    """Return [R, A] as R pieces of bytes, [R, 0] as R times nothing."""
    if column.shape[1] == 0:
        return pa.nulls(len(column))
    kind = pa.binary(area * column.itemsize)
    return pa.FixedSizeBinaryArray.from_buffers(kind, len(column), [None, pa.py_buffer(column)])


def _unpacked(column: pa.Array, dtype: str) -> NDArray:
    if pa.types.is_null(column.type):
        return np.empty((len(column), 0), dtype)
    width = column.type.byte_width
    data = np.frombuffer(column.buffers()[1] or b"", np.uint8)
    begin = column.offset * width
    cells = width // np.dtype(dtype).itemsize
    return data[begin : begin + len(column) * width].view(dtype).reshape(len(column), cells)
