"""Training examples of other programs: positions without games, from pickles, into Parquet, once.

A record is a board of two planes (Blue's stones, Red's), a policy over the cells or none, and how
good the position is for Red. Blue moves first and joins top and bottom there: he is RED here.
"""

import hashlib
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hexray.data.expand import PlacedRows
from hexray.data.games import game_number
from hexray.data.row_file import write_rows
from hexray.data.rows import Rows, over_empty
from hexray.data.unpickle import MEMORY_MB, REFUSED
from hexray.errors import FileFormatError
from hexray.game.board import BLUE, EMPTY, RED
from hexray.game.fill_in import filled
from hexray.game.formats.record import Rejected
from hexray.game.frame import mover_cells, transposed

SUFFIXES = (".pkl", ".pkl.gz")
"""How the names of files of examples end."""

FOLDER = "positions"
"""Where a store keeps positions without games, a folder for each board size."""


class Examples(NamedTuple):
    """What came of a file: rows by board size, and what is no example.

    A record counts as a line.
    """

    rows: dict[int, PlacedRows]
    rejected: list[Rejected]
    records: int


def read_example_file(path: Path, memory_mb: int = MEMORY_MB) -> Examples:
    """Read a file of examples in a process that can do nothing else.

    Values are chances of Red in [0, 1], or in [-1, 1] if any of the file is negative. Raises
    FileFormatError when the file is no pickle of plain examples, or unfolds to more memory.
    """
    if not path.is_file():
        raise FileFormatError(f"{path}:1:1: no such file")
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "examples.npz"
        command = [sys.executable, "-m", "hexray.data.unpickle", str(path), str(out)]
        done = subprocess.run(
            [*command, str(memory_mb)], stdin=subprocess.DEVNULL, capture_output=True, text=True
        )
        if done.returncode != 0:
            reason = (done.stderr.strip().splitlines() or ["it used too much"])[-1]
            died = "" if done.returncode == REFUSED else f" (exit status {done.returncode})"
            raise FileFormatError(f"{path}:1:1: no file of examples: {reason}{died}")
        with np.load(out, allow_pickle=False) as columns:
            return _examples(path, dict(columns))


def write_examples(store: Path, path: Path, examples: Examples) -> int:
    """Write the rows into a store under a name that the file's content makes; return how many.

    0 when they are there already.
    """
    digest, written = _digest(path), 0
    for size, placed in examples.rows.items():
        folder = store / FOLDER / f"{size}x{size}"
        folder.mkdir(parents=True, exist_ok=True)
        target = folder / f"rows-{digest}.parquet"
        if not target.exists():
            write_rows(target, placed, size)
            written += len(placed.ply)
    return written


def example_files(store: Path, size: int) -> list[Path]:
    """Return a store's files of positions without games, on boards of side ``size``."""
    return sorted((store / FOLDER / f"{size}x{size}").glob("rows-*.parquet"))


def _examples(path: Path, columns: dict[str, NDArray]) -> Examples:
    kind, reason = _faults(columns)
    rejected = [
        Rejected(int(index) + 1, 1, reason[index], f"record {index + 1}", kind[index])
        for index in np.flatnonzero(reason != "")
    ]
    good = reason == ""
    rows = {
        size: _rows(path, columns, np.flatnonzero(good & (columns["size"] == size)), size)
        for size in np.unique(columns["size"][good]).tolist()
    }
    return Examples(rows, rejected, len(reason))


def _faults(columns: dict[str, NDArray]) -> tuple[NDArray, NDArray]:
    """Return kind and reason of what is wrong with records, whose move it is included."""
    kind, reason = (columns[name].astype(object) for name in ("kind", "reason"))
    blue, red = (columns[name].sum(1, dtype=int) for name in ("blue", "red"))
    turn = np.where(blue == red, 1, np.where(blue == red + 1, -1, 0))
    said = columns["to_move"]
    taken = ((columns["policy"] > 0) & ((columns["blue"] + columns["red"]) > 0)).any(1)
    for wrong, what, why in (
        (turn == 0, "wrong parity", "stones of no game: Blue has as many as Red, or one more"),
        ((said != 0) & (said != turn), "wrong parity", "the player to move has not his turn"),
        (taken, "bad policy", "a policy with mass on an occupied cell"),
    ):
        fresh = (reason == "") & wrong
        kind[fresh], reason[fresh] = what, why
    return kind, reason


def _rows(path: Path, columns: dict[str, NDArray], index: NDArray, size: int) -> PlacedRows:
    area = size * size
    blue, red = (columns[name][index, :area] for name in ("blue", "red"))
    to_move = np.where(blue.sum(1) == red.sum(1), RED, BLUE).astype(np.int8)
    board = np.where(blue, RED, np.where(red, BLUE, EMPTY)).astype(np.int8)
    cells = filled(mover_cells(board, to_move), size)
    policy = columns["policy"][index, :area].astype(np.float16)
    policy = np.where((to_move == BLUE)[:, None], transposed(policy), policy).astype(np.float16)
    value = columns["value"][index]
    if not (columns["value"] < 0).any():
        value = 2 * value - 1
    value = np.where(to_move == RED, -value, value).astype(np.float32)
    return PlacedRows(
        Rows(
            cells=cells,
            policy=over_empty(policy, cells),
            outcome=np.where(value < 0, -1, 1).astype(np.int8),
            root_value=value,
            version=np.zeros(len(index), np.int32),
            reply=np.empty((len(index), 0), np.float16),
            owner=np.empty((len(index), 0), np.int8),
        ),
        _games(path, columns["game"][index], index),
        (blue + red).sum(1).astype(np.int16),
    )


def _games(path: Path, names: NDArray, index: NDArray) -> NDArray[np.uint64]:
    """Hash the games' names, or the file's and the record's number where there is none."""
    named = (
        str(name) or f"{path.name}:{number + 1}" for name, number in zip(names, index, strict=True)
    )
    return np.array([game_number(name) for name in named], np.uint64)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:16]
