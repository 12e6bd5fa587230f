"""What a search says of its roots."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class SearchResult(NamedTuple):
    """What a search says of G positions, mover frame.

    moves    int64[G]       the move to play
    policy   float32[G, A]  policy target; zero on occupied cells, each row sums to one
    value    float32[G]     +1 = the player to move wins
    proven   int8[G]        +1 or -1 where the result is certain, else 0
    version  int            the oldest weights that took part
    """

    moves: NDArray[np.int64]
    policy: NDArray[np.float32]
    value: NDArray[np.float32]
    proven: NDArray[np.int8]
    version: int
