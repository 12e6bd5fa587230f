"""Rows that nothing should be learned from: what is wrong with them, and of which games they are.

suspects/0001/
  rows.npz       the rows, an array for each column of ``Rows``
  report.json    why they were put aside, which of them are at fault, the ids of their games
"""

import json
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hexray.data.games import GameBlock
from hexray.data.rows import Rows, rows_of
from hexray.files import atomic_folder, atomic_write
from hexray.game.symmetry import half_turn

# Policy targets are float16: a row of 361 rounded shares strays from one by at most this.
POLICY_SUM_TOLERANCE = 0.01


def row_faults(rows: Rows) -> dict[str, NDArray[np.bool_]]:
    """Return what can be wrong with rows, and bool[R] of which it is true."""
    faults = {
        **_policy_faults("policy", rows.policy, rows.cells),
        "its outcome is neither 1 nor -1": abs(rows.outcome) != 1,
        "its root_value is not in [-1, 1]": ~(abs(rows.root_value) <= 1),
    }
    if rows.reply.shape[1]:
        faults |= _policy_faults("reply", rows.reply, rows.cells)
    if rows.owner.shape[1]:
        kept = (rows.owner == 0) | (rows.cells == 0) | (rows.owner == rows.cells)
        faults["its owner is not -1, 0 or 1, or not that of a stone"] = (
            ~kept | (abs(rows.owner) > 1)
        ).any(axis=1)
    return faults


def put_aside(folder: Path, rows: Rows, reason: str, blocks: Iterable[GameBlock]) -> Path:
    """Keep rows in a new folder in ``folder``, with the ids of those of ``blocks`` they come from.

    Named are the games of the rows that are at fault, or of all when none is by itself.
    """
    at_fault = np.logical_or.reduce(list(row_faults(rows).values()))
    suspected = Rows._make(column[at_fault] for column in rows) if at_fault.any() else rows
    report = {
        "reason": reason,
        "rows": len(rows.outcome),
        "rows_at_fault": np.flatnonzero(at_fault).tolist(),
        "games": games_of(suspected, blocks),
    }
    taken = [int(path.name) for path in folder.glob("[0-9]*")] if folder.exists() else []
    path = folder / f"{max(taken, default=0) + 1:04d}"

    def fill(beside: Path) -> None:
        columns = rows._asdict()
        atomic_write(beside / "rows.npz", lambda file: np.savez_compressed(file, **columns))
        text = json.dumps(report, indent=2) + "\n"
        atomic_write(beside / "report.json", text.encode())

    atomic_folder(path, fill)
    return path


def games_of(rows: Rows, blocks: Iterable[GameBlock]) -> list[str]:
    """Return the ids of the games that rows come from, in the order of ``blocks``.

    A row is found by its position, turned or not, by its version, and by what else of it may still
    be right: its policy or its root value.
    """
    wanted: dict[bytes, list[int]] = {}
    for row, (cells, turned) in enumerate(zip(rows.cells, half_turn(rows.cells), strict=True)):
        for board in (cells, turned):
            wanted.setdefault(_key(board, rows.version[row]), []).append(row)
    found = []
    for block in blocks:
        own = rows_of(block)
        game = np.repeat(np.arange(len(block.length)), block.length - block.opening)
        keys = map(_key, own.cells, own.version)
        hits = [
            place
            for place, key in enumerate(keys)
            if any(_is_alike(own, place, rows, row) for row in wanted.get(key, ()))
        ]
        found += [block.game_id[index] for index in np.unique(game[hits])]
    return found


def _key(cells: NDArray[np.int8], version: np.int32) -> bytes:
    return cells.tobytes() + int(version).to_bytes(8, "little", signed=True)


def _is_alike(own: Rows, place: int, rows: Rows, row: int) -> bool:
    if own.root_value[place] == rows.root_value[row]:
        return True
    policy = rows.policy[row]
    return any(
        np.array_equal(own.policy[place], each) for each in (policy, half_turn(policy[None])[0])
    )


def _policy_faults(
    name: str, policy: NDArray[np.float16], cells: NDArray[np.int8]
) -> dict[str, NDArray[np.bool_]]:
    sums = policy.sum(axis=1, dtype=np.float32)
    off_by = np.minimum(abs(sums), abs(sums - 1))
    misplaced = (policy < 0) | ((policy != 0) & (cells != 0))
    return {
        f"its {name} does not sum to 0 or 1": ~(off_by <= POLICY_SUM_TOLERANCE),
        f"its {name} is negative or on a stone": misplaced.any(axis=1),
    }
