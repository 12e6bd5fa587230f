"""Games that are decided: which they are, how little they may cost, how often that was wrong."""

import numpy as np
from numpy.typing import NDArray

from hexray.config import SearchSettings, SelfplaySettings
from hexray.game.board import BLUE, EMPTY, RED


class Decided:
    """Gives the decided ones among G games fewer simulations, except those it verifies.

    A verified game is searched in full whatever its values say. It counts for the colour for which
    it was first called decided, and as false when the other colour wins.
    """

    def __init__(self, settings: SelfplaySettings, search: SearchSettings) -> None:
        """Begin with nothing counted; ``begin`` each game before the first search."""
        self._settings, self._full = settings, search.simulations
        self._light = min(settings.decided_simulations, search.simulations)
        self._is_on = self._light > 0 and search.kind == "mcts"
        self._verifies = np.zeros(settings.games, np.bool_)
        self._called = np.zeros(settings.games, np.int8)
        self._counts = _nothing()

    def begin(self, game: int, rng: np.random.Generator) -> None:
        """Draw whether the new game in place ``game`` is verified."""
        self._called[game] = EMPTY
        self._verifies[game] = self._is_on and rng.random() < self._settings.decided_verify

    def simulations(
        self, values: NDArray[np.float32], searched: NDArray[np.integer], to_move: NDArray[np.int8]
    ) -> NDArray[np.int32]:
        """Return the simulations[G] of the coming search; arguments as in ``decided_colours``."""
        simulations = np.full(len(searched), self._full, np.int32)
        if self._is_on:
            colour = decided_colours(values, searched, to_move, self._settings)
            self._called = np.where(self._called == EMPTY, colour, self._called)
            simulations[(colour != EMPTY) & ~self._verifies] = self._light
        return simulations

    def searched(self, simulations: NDArray[np.int32]) -> None:
        """Count the searches made with these simulations[G]."""
        self._counts["light_searches"] += int(np.count_nonzero(simulations < self._full))

    def end(self, games: NDArray[np.intp], winner: NDArray[np.int8]) -> None:
        """Count the ``games`` that have ended, ``winner[G]`` saying who won them."""
        counted = games[self._verifies[games] & (self._called[games] != EMPTY)]
        false = self._called[counted] != winner[counted]
        self._counts["decided_verified"] += len(counted)
        self._counts["decided_false"] += int(np.count_nonzero(false))

    def take_counts(self) -> dict[str, int]:
        """Return what was counted since the last call.

        ``light_searches`` were made with fewer simulations; ``decided_verified`` games were
        called decided, searched in full and ended, ``decided_false`` of them for the other colour.
        """
        counts, self._counts = self._counts, _nothing()
        return counts


def decided_colours(
    values: NDArray[np.float32],
    searched: NDArray[np.integer],
    to_move: NDArray[np.int8],
    settings: SelfplaySettings,
) -> NDArray[np.int8]:
    """Return for which colour each game is decided, EMPTY where it is for neither.

    values[G, P] holds the root values of the plies searched so far, of which game g has
    ``searched[g]``, in the frame of who was to move then; ``to_move[G]`` moves next.
    """
    back = np.arange(1, settings.decided_plies + 1)
    games = np.arange(len(searched))[:, None]
    last = values[games, np.maximum(searched[:, None] - back, 0)]
    for_red = last * np.where(back % 2, -to_move[:, None], to_move[:, None])
    is_long_enough = searched >= settings.decided_plies
    red = is_long_enough & (for_red >= settings.decided_value).all(1)
    blue = is_long_enough & (for_red <= -settings.decided_value).all(1)
    return np.select([red, blue], [RED, BLUE], EMPTY).astype(np.int8)


def _nothing() -> dict[str, int]:
    return {"light_searches": 0, "decided_verified": 0, "decided_false": 0}
