"""Searches as conversations: MCTS with a Gumbel or PUCT root, and minimax."""

import numpy as np
from numpy.typing import NDArray

from hexray.config import SearchSettings
from hexray.errors import IllegalMove
from hexray.evaluation import Conversation
from hexray.game.board import EMPTY, Boards
from hexray.search.mcts import mcts
from hexray.search.minimax import minimax
from hexray.search.reuse import Memory
from hexray.search.root import SearchResult

__all__ = ["Memory", "SearchResult", "search"]


def search(
    boards: Boards,
    settings: SearchSettings,
    rng: np.random.Generator | None,
    warm: NDArray[np.bool_],
    simulations: NDArray[np.int32] | None = None,
    memory: Memory | None = None,
) -> Conversation[SearchResult]:
    """Search G undecided positions by the kind that the settings name.

    With ``rng`` it explores as in self-play, ``warm[G]`` telling which games use the temperature;
    without, it plays its best and the same every time. Raises IllegalMove when a game is won.

    Two arguments are for mcts only; minimax ignores them, as its tree has a fixed shape.
    ``simulations[G]`` says how many a game gets, from 1 to ``settings.simulations``, by default all
    of them. ``memory``, made for the same settings, has the trees kept from the positions before.
    Raises ValueError when they do not fit the settings.
    """
    finished = np.flatnonzero(boards.winner != EMPTY)
    if len(finished):
        raise IllegalMove(f"game {finished[0]} is already won; search only games in progress")
    if settings.kind == "minimax":
        return minimax(boards, settings, rng, warm)
    return mcts(boards, settings, rng, warm, simulations, memory)
