"""Games that are never trained on, so that they can tell learning from learning by heart."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hexray.data.games import MATCH, GameBlock, game_number, take_games
from hexray.data.rows import NOTHING_FURTHER, Further, Rows, rows_of
from hexray.data.store import GameStore
from hexray.data.window import Window

_READ_AHEAD = 1.1
"""Which games are held out is chance; so many times the rows wanted nearly always fill both."""


def is_held_out(game_id: str, share: float) -> bool:
    """Say whether a game is among the ``share`` held out, in [0, 1).

    It depends on the id alone: the same on every machine and after every restart. A larger share
    holds out the same games and more.
    """
    return game_number(game_id) < share * 2**64


def held_out(block: GameBlock, share: float) -> NDArray[np.bool_]:
    """Say for each game whether it is never trained on: a share by its id, and all of matches."""
    return np.array(
        [
            is_held_out(name, share) or source.startswith(MATCH)
            for name, source in zip(block.game_id, block.source, strict=True)
        ],
        np.bool_,
    )


class SplitRows(NamedTuple):
    """The rows of some games, apart: those to train on and those of held-out games."""

    training: Rows
    held_out: Rows


def split_rows(block: GameBlock, share: float, further: Further = NOTHING_FURTHER) -> SplitRows:
    """Return the rows of a checked block, in the order played; each game is on one side only.

    They carry the targets that ``further`` names.
    """
    held = held_out(block, share)
    return SplitRows(*(rows_of(_games(block, side), further) for side in (~held, held)))


class SplitWindow:
    """The newest rows to train on, and in a window of their own those of held-out games.

    ``training`` holds at most ``window_rows`` rows, ``held_out`` at most ``held_out_rows``: as much
    smaller as the share says, so that both reach equally far back.
    """

    def __init__(
        self, window_rows: int, share: float, size: int, further: Further = NOTHING_FURTHER
    ) -> None:
        self._rows, self._share, self._size, self._further = window_rows, share, size, further
        self.held_out_rows = max(1, round(window_rows * share / (1 - share)))
        self._clear()

    def split(self, block: GameBlock) -> SplitRows:
        """Return the rows of a checked block as this window takes them."""
        return split_rows(block, self._share, self._further)

    def add(self, rows: SplitRows) -> None:
        """Copy rows in, oldest first; the oldest rows held make room."""
        self.training.add(rows.training)
        self.held_out.add(rows.held_out)

    def fill(self, store: GameStore) -> None:
        """Hold what one would that was given every game of ``store`` in the order of its files."""
        wanted = int((self._rows + self.held_out_rows) * _READ_AHEAD) + 1
        while True:
            self._clear()
            for block in store.newest(wanted):
                self.add(self.split(block))
            if self._is_full or wanted >= store.rows:
                return
            wanted *= 2

    @property
    def size_bytes(self) -> int:
        """Memory taken, in bytes."""
        return self.training.size_bytes + self.held_out.size_bytes

    @property
    def newest_version(self) -> int:
        """The highest version of the rows held, 0 while there is none."""
        return max(self.training.newest_version, self.held_out.newest_version)

    @property
    def _is_full(self) -> bool:
        is_held_full = self._share == 0 or len(self.held_out) == self.held_out_rows
        return len(self.training) == self._rows and is_held_full

    def _clear(self) -> None:
        self.training = Window(self._rows, self._size)
        self.held_out = Window(self.held_out_rows, self._size)


def _games(block: GameBlock, keep: NDArray[np.bool_]) -> GameBlock:
    return block if keep.all() else take_games(block, keep)
