"""PlayHex's bot API: what its sites ask of a bot, and how they are answered.

Moves are one text, ``g5 swap-pieces g4``; Black is Red, who moves first.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field
from pydantic.alias_generators import to_camel

from hexray import __version__
from hexray.analysis.judged import Judged
from hexray.game.board import EMPTY, MAX_SIZE, RED
from hexray.game.notation import move_name, parse_move
from hexray.htp.game import Game
from hexray.web.nets import Net
from hexray.web.refused import refusal
from hexray.web.requests import Seconds, Simulations, Size, Wire, played

ENGINE = "hexray"
_COLOURS = {True: "black", False: "white"}
_BEST = 4
_DIGITS = 4
_PLIES = MAX_SIZE * MAX_SIZE + 2


class _Asked(Wire):
    """Fields that are meant for other engines are passed over."""

    model_config = ConfigDict(extra="ignore", alias_generator=to_camel)


class _Game(_Asked):
    size: Size
    moves_history: Annotated[str, Field(max_length=_PLIES * 20)] = ""
    current_player: Literal["black", "white"] | None = None
    swap_rule: bool = False


class _Ai(_Asked):
    engine: Annotated[str, Field(max_length=200)] = ENGINE
    simulations: Simulations | None = None
    seconds: Seconds | None = None


class CalculateMove(_Asked):
    """A game whose next move is asked for, and who is to play it."""

    game: _Game
    ai: _Ai = _Ai()


class AnalyzeGame(_Asked):
    """A game whose every move is asked about."""

    size: Size
    moves_history: Annotated[str, Field(max_length=_PLIES * 20)]


def history(size: int, moves: str, field: str) -> Game:
    """Play the moves of a text; Refused names the one that is wrong."""
    return played(size, moves.split(), field)


def game_of(asked: CalculateMove) -> Game:
    """Play the game of a request; Refused when it is over, or another's turn than it says."""
    game = history(asked.game.size, asked.game.moves_history, "game.movesHistory")
    if game.winner != EMPTY:
        raise refusal("the game is over; there is no move to calculate", "game.movesHistory")
    turn = _COLOURS[game.turn == RED]
    said = asked.game.current_player
    if said not in (None, turn):
        reason = f"game.currentPlayer is {said}, but after {len(game.plies)} moves {turn} plays"
        raise refusal(reason, "game.currentPlayer")
    return game


def engine_of(nets: Sequence[Net], asked: CalculateMove) -> Net:
    """Return the network that ``ai.engine`` names by id or name; the first is called ENGINE."""
    engine = asked.ai.engine
    for net in nets:
        if engine in (net.id, net.name):
            return net
    if engine == ENGINE:
        return nets[0]
    known = ", ".join([ENGINE, *(net.id for net in nets)])
    raise refusal(f"ai.engine is {engine!r:.60}; use one of {known}", "ai.engine")


def analysed(verdicts: Sequence[Judged], size: int) -> list[dict[str, Any] | None]:
    """Tell what is found of each move; null where nothing is, as of a resignation.

    ``verdicts`` end with the position after the last move. A swap has no value among the moves.
    """
    return [
        _move(verdict, following.red_winrate, size) for verdict, following in pairwise(verdicts)
    ]


def status_of(nets: Sequence[Net], waiting: int, is_busy: bool) -> dict[str, Any]:
    """Tell who serves here, and whether there is much to do."""
    engines = [{"engine": net.id, "name": net.name, "size": net.board} for net in nets]
    work = {"waiting": waiting, "isBusy": is_busy}
    return {"name": ENGINE, "version": __version__, "engines": engines, **work}


def _move(verdict: Judged, red_after: float, size: int) -> dict[str, Any] | None:
    opinion = verdict.opinion
    if opinion is None or verdict.name == "resign":
        return None
    is_red = opinion.to_move == RED
    best = [
        {
            "move": move_name(found.cell, size),
            "value": round(found.prior, _DIGITS),
            "whiteWin": round(1 - found.winrate if is_red else found.winrate, _DIGITS),
        }
        for found in opinion.candidates[:_BEST]
    ]
    is_cell = verdict.name != "swap-pieces"
    value = float(opinion.policy[parse_move(verdict.name, size)]) if is_cell else 0.0
    return {
        "moveIndex": verdict.ply,
        "color": _COLOURS[is_red],
        "whiteWin": round(1 - verdict.red_winrate, _DIGITS),
        "move": {
            "move": verdict.name,
            "value": round(value, _DIGITS),
            "whiteWin": round(1 - red_after, _DIGITS),
        },
        "bestMoves": best,
    }
