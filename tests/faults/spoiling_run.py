"""The training command, with a replay that spoils every third block it draws (F22).

Every block that it spoils has one row whose policy sums to a half.
"""

import sys

import numpy as np

from hexray import crew, loop
from hexray.actors.replay import Replays
from hexray.data.rows import Rows


class SpoilingReplays(Replays):
    """A replay whose memory fails now and then."""

    _drawn = 0

    async def sample(self, count: int, board: int) -> Rows:
        """Draw rows, and spoil one of them each third time."""
        rows = await super().sample(count, board)
        self._drawn += 1
        if self._drawn % 3 == 0:
            rows.policy[7] = np.where(rows.cells[7] == 0, rows.policy[7] / 2, 0)
        return rows


if __name__ == "__main__":
    SpoilingReplays.__name__ = "Replays"
    crew.Replays = SpoilingReplays
    sys.exit(loop.main())
