"""Finished games as blocks of arrays, and the training rows they hold."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class GameBlock(NamedTuple):
    """K finished games on boards of side ``size``; S is the number of searched plies of them all.

    game_id      K unique names
    length       int16[K]       moves of each game, its opening included
    opening      int16[K]       random stones placed before the first searched move
    winner       int8[K]        RED or BLUE
    adjudicated  bool[K]        ended by proof before a side was joined
    seed         int64[K]       seed of the stream that made the game
    moves        int16[sum of length]  absolute frame, game after game
    root_value   float32[S]     value of the search, mover frame
    policy       float16[S, A]  policy target of the search, mover frame
    version      int32[S]       number of the weights that made the ply
    settings     hash of the settings that made the games
    """

    size: int
    game_id: tuple[str, ...]
    length: NDArray[np.int16]
    opening: NDArray[np.int16]
    winner: NDArray[np.int8]
    adjudicated: NDArray[np.bool_]
    seed: NDArray[np.int64]
    moves: NDArray[np.int16]
    root_value: NDArray[np.float32]
    policy: NDArray[np.float16]
    version: NDArray[np.int32]
    settings: str


class Rows(NamedTuple):
    """R training positions, mover frame.

    cells       int8[R, A]     +1 own stones, -1 the opponent's
    policy      float16[R, A]  policy target; a row of zeros means that there is none
    outcome     int8[R]        +1 the player to move won the game, -1 lost it
    root_value  float32[R]     value of the search
    version     int32[R]       number of the weights that made the row
    """

    cells: NDArray[np.int8]
    policy: NDArray[np.float16]
    outcome: NDArray[np.int8]
    root_value: NDArray[np.float32]
    version: NDArray[np.int32]
