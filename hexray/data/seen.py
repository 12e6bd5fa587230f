"""Who played the games of a source: runs, the versions of their weights, the players of matches."""

from collections import Counter
from typing import NamedTuple

import numpy as np

from hexray.data.games import MATCH, GameBlock
from hexray.game.board import BLUE, RED


class Run(NamedTuple):
    """Games of self-play on one board with settings of one hash."""

    board: int
    settings: str
    games: int


class Model(NamedTuple):
    """Plies that were searched with one version of the weights of a run."""

    board: int
    version: int
    plies: int


class Match(NamedTuple):
    """Games of two players against each other, and how many of them ``player`` has won."""

    board: int
    player: str
    opponent: str
    games: int
    wins: int


class Seen:
    """Counts blocks of games, whole or in parts; what it returns is in order."""

    def __init__(self) -> None:
        self._runs: Counter[tuple[int, str]] = Counter()
        self._plies: Counter[tuple[int, int]] = Counter()
        self._games: Counter[tuple[int, str, str]] = Counter()
        self._wins: Counter[tuple[int, str, str]] = Counter()

    def add(self, block: GameBlock) -> None:
        """Count the games of a block."""
        size = block.size
        self._runs.update((size, settings) for settings in block.settings if settings)
        for version, plies in zip(*np.unique(block.version, return_counts=True), strict=True):
            self._plies[size, int(version)] += int(plies)
        for game, source in enumerate(block.source):
            if source.startswith(MATCH):
                self._add_match(block, game)

    def runs(self) -> list[Run]:
        """Return the runs, by board and settings."""
        return [Run(*key, games) for key, games in sorted(self._runs.items())]

    def models(self) -> list[Model]:
        """Return the versions, by board and number."""
        return [Model(*key, plies) for key, plies in sorted(self._plies.items())]

    def matches(self) -> list[Match]:
        """Return the matches, by board and names, those of a pair in alphabetical order."""
        return [Match(*key, games, self._wins[key]) for key, games in sorted(self._games.items())]

    def _add_match(self, block: GameBlock, game: int) -> None:
        first, second = block.first[game], block.second[game]
        player, opponent = sorted((first, second))
        key = (block.size, player, opponent)
        colour = BLUE if block.swapped[game] else RED
        if player != first:
            colour = -colour
        self._games[key] += 1
        self._wins[key] += bool(block.winner[game] == colour)
