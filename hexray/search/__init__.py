"""Searches as conversations: MCTS with a Gumbel or PUCT root, and minimax."""

import numpy as np
from numpy.typing import NDArray

from hexray.config import SearchSettings
from hexray.evaluation import Conversation
from hexray.game.board import Boards
from hexray.search.mcts import mcts
from hexray.search.minimax import minimax
from hexray.search.root import SearchResult

__all__ = ["SearchResult", "search"]


def search(
    boards: Boards,
    settings: SearchSettings,
    rng: np.random.Generator | None,
    warm: NDArray[np.bool_],
) -> Conversation[SearchResult]:
    """Search G undecided positions by the kind that the settings name.

    With ``rng`` it explores as in self-play, ``warm[G]`` telling which games use the temperature;
    without, it plays its best and the same every time.
    """
    kinds = {"mcts": mcts, "minimax": minimax}
    return kinds[settings.kind](boards, settings, rng, warm)
