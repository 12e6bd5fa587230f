"""Who plays a match, by the words of the command line."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, closing, nullcontext
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hexray.cli.networks import evaluator_of
from hexray.config import RunConfig, SearchSettings, candidates_for, with_overrides
from hexray.errors import SettingsError
from hexray.game.board import Boards
from hexray.htp.client import EnginePlayer
from hexray.net.checkpoint import load_net
from hexray.play.players import (
    HeuristicPlayer,
    NetworkPlayer,
    Player,
    RandomPlayer,
    parse_heuristic,
)
from hexray.play.think import Thinker

GRAMMAR = """random | heuristic | resistance[:depth=D,width=W] | two-distance[:depth=D,width=W] |
NET[:simulations=N] | NET:seconds=S | minimax:NET[:widths=WxW...] | htp:COMMAND"""
_SIMULATIONS = 64
_HEURISTICS = ("heuristic", "resistance", "two-distance")


class Contestant(NamedTuple):
    """A player to be: ``board`` is the side its network was trained on, if it has one."""

    board: int | None
    open: Callable[[int, int, Path], AbstractContextManager[Player]]
    """Makes the player from board side, seed, and a file for what an engine says on stderr."""


def parse_contestant(text: str, move_seconds: float) -> Contestant:
    """Read one word of GRAMMAR; an engine has ``move_seconds`` for a move.

    Networks are loaded, engines not yet started. Raises SettingsError naming what is wrong.
    """
    kind, _, rest = text.partition(":")
    if text == "random":
        return Contestant(None, lambda size, seed, log: nullcontext(RandomPlayer(seed)))
    if kind == "htp":
        return Contestant(
            None,
            lambda size, seed, log: closing(EnginePlayer(rest, log, move_seconds=move_seconds)),
        )
    if kind in _HEURISTICS:
        heuristic = parse_heuristic(text)
        return Contestant(
            None, lambda size, seed, log: nullcontext(HeuristicPlayer(heuristic, seed))
        )
    return _network(text, rest, "minimax") if kind == "minimax" else _network(text, text, "mcts")


class _TimedPlayer:
    """Thinks so many seconds about each move, one game after another."""

    at_once = 1

    def __init__(self, name: str, thinker: Thinker, seconds: float) -> None:
        self.name, self._thinker, self._seconds = name, thinker, seconds

    def choose(self, boards: Boards, histories: Sequence[Sequence[int]]) -> NDArray[np.int64]:
        """Return a move for each of G undecided positions."""
        each = (boards.take(np.array([game])) for game in range(len(boards.cells)))
        found = [self._thinker.choose(board, self._seconds, lambda _: None) for board in each]
        return np.array([choice.move for choice in found], np.int64)


def _network(text: str, word: str, kind: str) -> Contestant:
    folder, colon, rest = word.rpartition(":")
    name, settings = (folder, rest) if colon and "=" in rest else (word, "")
    search, seconds = _how(text, kind, settings)
    net = load_net(Path(name))

    def make(size: int, seed: int, log: Path) -> AbstractContextManager[Player]:
        evaluator = evaluator_of(net, size)
        if seconds is not None:
            return nullcontext(_TimedPlayer(text, Thinker(evaluator, None), seconds))
        return nullcontext(NetworkPlayer(text, evaluator, search))

    return Contestant(net.config.board, make)


def _how(text: str, kind: str, settings: str) -> tuple[SearchSettings, float | None]:
    """Return the search of a network, and the seconds it has if those are what limits it."""
    name, _, value = settings.partition("=")
    simulations, widths, seconds = _SIMULATIONS, None, None
    try:
        if kind == "minimax" and name == "widths":
            widths = tuple(int(width) for width in value.split("x"))
        elif kind == "mcts" and name == "simulations":
            simulations = int(value)
        elif kind == "mcts" and name == "seconds":
            seconds = float(value)
        elif settings:
            raise SettingsError(f"{text!r}: {settings!r} is no setting of it; write {GRAMMAR}")
    except ValueError as error:
        raise SettingsError(f"{text!r}: {value!r} is no number; write {GRAMMAR}") from error
    if seconds is not None and not 0 < seconds <= 1e6:
        raise SettingsError(f"{text!r}: use more than 0 seconds, at most 1000000")
    search: dict[str, Any] = {"kind": kind, "simulations": simulations}
    search["candidates"] = candidates_for(simulations)
    if widths is not None:
        search["widths"] = widths
    return with_overrides(RunConfig(), {"search": search}).search, seconds
