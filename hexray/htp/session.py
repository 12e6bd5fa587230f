"""What an HTP session holds, a game, its clocks and options, and how it decides on a move."""

import time
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from hexray.errors import BadRequest
from hexray.game.board import BLUE, EMPTY, RED
from hexray.htp.analysis import live_block
from hexray.htp.clock import Clock, TimeSettings, after_move, new_clock, seconds_for
from hexray.htp.game import RESIGN, SWAP, Game
from hexray.play.think import Choice, Choose

_LIVE_EVERY_S = 0.5


class Options(NamedTuple):
    """What a session begins with; the command param_game changes all but ``seconds``.

    seconds       at most so long a move; None where the number of simulations is fixed
    allow_swap    swap as the second player when that is better
    resign_below  give up when the chance of winning is smaller; 0 never does
    live_gfx      show in HexGui how the search for a move goes on
    """

    seconds: float | None = None
    allow_swap: bool = False
    resign_below: float = 0.0
    live_gfx: bool = False


class Session:
    """One game after another; ``game`` and ``options`` may be replaced by whoever holds it."""

    def __init__(
        self,
        choose: Choose,
        size: int,
        options: Options,
        write: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Begin with the empty board; ``write`` is where the blocks for HexGui go."""
        self.game, self.options = Game(size), options
        self._choose, self._write, self._now = choose, write, clock
        self.time: TimeSettings | None = None
        self.clocks: dict[int, Clock] = {}

    def begin(self, game: Game) -> None:
        """Take over another game, both clocks as at its beginning."""
        self.game = game
        self.set_time(self.time)

    def set_time(self, settings: TimeSettings | None) -> None:
        """Set both clocks to the beginning; None takes them away."""
        self.time = settings
        colours = () if settings is None else (RED, BLUE)
        self.clocks = {colour: new_clock(settings) for colour in colours if settings is not None}

    def play(self, colour: int, point: int) -> None:
        """Play a cell, SWAP or RESIGN; IllegalMove leaves the game as it was.

        A resignation before it no longer counts: for HexGui it is no move, and play goes on.
        """
        game = _before_resignation(self.game)
        game.play(colour, point)
        self.game = game

    def undo(self) -> None:
        """Take the last move back, and a resignation after it; IllegalMove when there is none."""
        game = _before_resignation(self.game)
        if game is self.game or game.plies:
            game.undo()
        self.game = game

    def may_swap(self, colour: int) -> bool:
        """Say whether the engine may swap as ``colour``: only as Blue, in answer to a Red stone.

        A lone Blue stone is what HexGui shows an engine after a swap, to which none may answer.
        """
        return self.options.allow_swap and colour == BLUE and self.game.may_swap(colour)

    def generate(self, colour: int) -> int:
        """Decide on a point, play it, and count its time."""
        began = self._now()
        point = self.decide(colour)
        if self.time is not None:
            used_s = self._now() - began
            self.clocks[colour] = after_move(self.clocks[colour], self.time, used_s)
        self.game.play(colour, point)
        return point

    def decide(self, colour: int) -> int:
        """Return the cell, SWAP or RESIGN that ``colour`` plays best, without playing it.

        The position after a swap is the mirror of the one before with the other player to move, so
        whoever is behind swaps.
        """
        found = self.think(colour, self._seconds(colour), self.options.live_gfx)
        if self.may_swap(colour) and found.value < 0:
            return SWAP
        if (found.value + 1) / 2 < self.options.resign_below:
            return RESIGN
        return found.move

    def think(self, colour: int, seconds: float | None, is_live: bool) -> Choice:
        """Search with ``colour`` to move; BadRequest when the game is over."""
        if self.game.winner != EMPTY:
            raise BadRequest("the game is over; undo a move or clear the board")
        shown_at = -float("inf")

        def report(found: Choice) -> None:
            nonlocal shown_at
            if is_live and self._now() - shown_at >= _LIVE_EVERY_S:
                shown_at = self._now()
                self._write(live_block(found, self.game.size))

        return self._choose(self.game.seen_by(colour), seconds, report)

    def _seconds(self, colour: int) -> float | None:
        seconds = self.options.seconds
        if seconds is None or self.time is None:
            return seconds
        empty = int(np.count_nonzero(self.game.board.cells == EMPTY))
        return min(seconds, seconds_for(self.clocks[colour], empty))


def _before_resignation(game: Game) -> Game:
    """Return the game itself, or if it was resigned a new one without that."""
    if not game.plies or game.plies[-1].point != RESIGN:
        return game
    before = Game(game.size)
    for ply in game.plies[:-1]:
        before.play(*ply)
    return before
