"""The newest training rows in memory, drawn by row."""

import hashlib

import numpy as np
from numpy.typing import NDArray

from hexray.data.rows import Rows
from hexray.data.sampling import Pick, anywhere
from hexray.errors import SettingsError, StoreError
from hexray.game.symmetry import half_turn


class Window:
    """A ring of at most ``capacity_rows`` rows; room is taken once, when the first row arrives.

    All rows carry the further targets that the first ones do.
    """

    def __init__(self, capacity_rows: int, size: int) -> None:
        if capacity_rows < 1:
            raise SettingsError(f"a window of {capacity_rows} rows holds nothing; use 1 or more")
        self._capacity = capacity_rows
        self._area = size * size
        self._ring: Rows | None = None
        self._oldest = 0
        self._held = 0

    def __len__(self) -> int:
        """The number of rows held."""
        return self._held

    @property
    def size_bytes(self) -> int:
        """Memory taken, in bytes."""
        return sum(column.nbytes for column in self._ring or ())

    @property
    def newest_version(self) -> int:
        """The highest version of the rows held, 0 while there is none."""
        if self._ring is None:
            return 0
        return max(int(part.max()) for part in self._in_order(self._ring.version) if len(part))

    def add(self, rows: Rows) -> None:
        """Copy ``rows`` in, oldest first; the oldest rows held make room."""
        if rows.cells.shape[1] != self._area:
            raise StoreError(
                f"rows of {rows.cells.shape[1]} cells do not fit a window of {self._area}; "
                "use one board size"
            )
        count = min(len(rows.outcome), self._capacity)
        if count == 0:
            return
        if self._ring is None:
            self._ring = Rows._make(
                np.empty((self._capacity, *column.shape[1:]), column.dtype) for column in rows
            )
        start = (self._oldest + self._held) % self._capacity
        before_end = min(count, self._capacity - start)
        for ring, column in zip(self._ring, rows, strict=True):
            newest = column[len(column) - count :]
            ring[start : start + before_end] = newest[:before_end]
            ring[: count - before_end] = newest[before_end:]
        dropped = max(0, self._held + count - self._capacity)
        self._oldest = (self._oldest + dropped) % self._capacity
        self._held += count - dropped

    def sample(self, count: int, rng: np.random.Generator, pick: Pick = anywhere) -> Rows:
        """Draw ``count`` rows as ``pick`` says, each given a half turn or not (a copy).

        Depends on the rows held and their order only. Raises StoreError when there is none.
        """
        if self._ring is None:
            raise StoreError("the window holds no rows; add games before drawing from it")
        slot = (pick(self._held, count, rng) + self._oldest) % self._capacity
        drawn = Rows._make(column[slot] for column in self._ring)
        turned = rng.integers(2, size=count).astype(np.bool_)
        for boards in (drawn.cells, drawn.policy, drawn.reply, drawn.owner):
            boards[turned] = half_turn(boards[turned])
        return drawn

    def digest(self) -> str:
        """Return the sha256 of the rows held, oldest first: equal rows in equal order agree."""
        sha = hashlib.sha256(f"{self._area} {self._held}".encode())
        for column in self._ring or ():
            for part in self._in_order(column):
                sha.update(part.tobytes())
        return sha.hexdigest()

    def _in_order(self, column: NDArray) -> tuple[NDArray, NDArray]:
        end = self._oldest + self._held
        return column[self._oldest : end], column[: max(0, end - self._capacity)]
