"""Look at training rows one by one: what they say, and which checks they pass."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hexray.data.archive import Archive
from hexray.data.expand import PlacedRows, expand, take_rows
from hexray.data.games import game_number
from hexray.data.row_file import read_rows, rows_size
from hexray.data.store import read_games_file
from hexray.errors import StoreError
from hexray.game.notation import board_text, move_name, parse_move
from hexray.game.planes import encode

_SUM_TOLERANCE = 2.0**-9
_SHOWN = 5


class Wanted(NamedTuple):
    """Which rows are looked for; all that is given must hold.

    numbers      of rows, from 0 in the order of the files
    game         id of a game
    value        lowest and highest value of the search
    policy_cell  a cell that has the most of the policy, as the player to move sees it
    issues       only rows that fail a check
    """

    numbers: tuple[int, ...] = ()
    game: str | None = None
    value: tuple[float, float] | None = None
    policy_cell: str | None = None
    issues: bool = False


class Lot(NamedTuple):
    """Rows of one file or block: where they are from, their board, the number of the first."""

    name: str
    size: int
    first: int
    placed: PlacedRows


def lots(paths: Sequence[Path]) -> Iterator[Lot]:
    """Yield the rows of files of rows, of folders of them, and of all games of stores and runs.

    Raises StoreError for what holds none.
    """
    first = 0
    for path in paths:
        found = False
        for name, size, placed in _rows_of(path):
            found = True
            yield Lot(name, size, first, placed)
            first += len(placed.ply)
        if not found:
            raise StoreError(f"{path} holds no rows and no games; name a file, a store or a run")


def chosen(lot: Lot, wanted: Wanted) -> NDArray[np.int64]:
    """Return the places in a lot of the rows that are looked for."""
    rows, count = lot.placed.rows, len(lot.placed.ply)
    keep = np.ones(count, np.bool_)
    if wanted.numbers:
        keep &= np.isin(np.arange(lot.first, lot.first + count), wanted.numbers)
    if wanted.game is not None:
        keep &= lot.placed.game == np.uint64(game_number(wanted.game))
    if wanted.value is not None:
        keep &= (rows.root_value >= wanted.value[0]) & (rows.root_value <= wanted.value[1])
    if wanted.policy_cell is not None:
        cell = parse_move(wanted.policy_cell, lot.size)
        keep &= (rows.policy[:, cell] > 0) & (rows.policy.argmax(1) == cell)
    if wanted.issues:
        keep &= ~np.all(list(checks(lot).values()), axis=0)
    return np.flatnonzero(keep)


def checks(lot: Lot) -> dict[str, NDArray[np.bool_]]:
    """Return by name which rows pass a check."""
    cells, policy = lot.placed.rows.cells, lot.placed.rows.policy.astype(np.float32)
    outcome, value = lot.placed.rows.outcome, lot.placed.rows.root_value
    ply, total = lot.placed.ply, policy.sum(1)
    own, other = (cells == 1).sum(1), (cells == -1).sum(1)
    planes = encode(np.ascontiguousarray(cells), lot.size)
    found: dict[str, Any] = {
        "cells are stones or empty": np.isin(cells, (-1, 0, 1)).all(1),
        "as many stones as moves, or more by fill-in": own + other >= ply,
        "it is his turn by count": (own + other != ply) | (own == ply // 2),
        "planes are 0 or 1": np.isin(planes, (0, 1)).all((1, 2, 3)),
        "policy is finite and not negative": np.isfinite(policy).all(1) & (policy >= 0).all(1),
        "policy sums to one, or is none": (total == 0) | (np.abs(total - 1) < _SUM_TOLERANCE),
        "target is on empty cells": ~((policy > 0) & (cells != 0)).any(1),
        "value is in [-1, 1]": np.abs(value) <= 1,
        "outcome is +1 or -1": np.abs(outcome) == 1,
    }
    return found


def described(lot: Lot, place: int) -> str:
    """Draw a row as the player to move sees it, who joins top and bottom: R his, B the other's.

    A star marks the cell with most of the policy.
    """
    placed = take_rows(lot.placed, np.array([place]))
    rows, policy = placed.rows, placed.rows.policy[0].astype(np.float32)
    board = board_text(rows.cells[0].tolist(), lot.size)
    order = np.argsort(-policy, kind="stable")[:_SHOWN].tolist()
    best = [cell for cell in order if policy[cell] > 0]
    if best:
        board = _starred(board, best[0], lot.size)
    target = ", ".join(f"{move_name(cell, lot.size)} {policy[cell]:.3f}" for cell in best)
    failed = [name for name, holds in checks(lot._replace(placed=placed)).items() if not holds[0]]
    return "\n".join(
        [
            f"row {lot.first + place} of {lot.name}: game {int(placed.game[0]):016x}, "
            f"ply {placed.ply[0]}",
            board,
            f"target {target or 'none'}; outcome {rows.outcome[0]:+d}, value "
            f"{rows.root_value[0]:+.3f}, version {rows.version[0]}",
            f"checks: {'; '.join(f'NOT: {name}' for name in failed) or 'all hold'}",
        ]
    )


def _rows_of(path: Path) -> Iterator[tuple[str, int, PlacedRows]]:
    if path.is_file():
        size = rows_size(path)
        yield str(path), size, read_rows(path, size)
    elif (path / "games").is_dir():
        archive = Archive(path, may_write=False)
        for size in archive.sizes():
            for file in archive.games(size).paths():
                yield str(file), size, expand(read_games_file(file, size))
    else:
        for file in sorted(path.rglob("*.parquet")):
            size = rows_size(file)
            yield str(file), size, read_rows(file, size)


def _starred(board: str, cell: int, size: int) -> str:
    """Put a star where a cell is in a drawing by ``board_text``."""
    row, column = divmod(cell, size)
    lines = board.split("\n")
    line = lines[row + 1]
    at = row + 3 + 2 * column
    lines[row + 1] = line[:at] + "*" + line[at + 1 :]
    return "\n".join(lines)
