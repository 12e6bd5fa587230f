"""What the thread of searches does: analyse a position, decide on a move, judge a game."""

import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from hexray.analysis.judged import Judged, judge
from hexray.analysis.opinion import Opinion, opinion_of
from hexray.errors import HexrayError
from hexray.evaluation import Evaluate
from hexray.game.board import Boards
from hexray.htp.game import RESIGN, SWAP, Game, point_name
from hexray.play.think import Choice, Limit, Thinker
from hexray.web.searches import Emit, IsStopped

_REPORT_EVERY_S = 0.1


class Wish(NamedTuple):
    """How a move is to be decided on: as ``SWAP`` where that is legal and better, or ``RESIGN``."""

    may_swap: bool = False
    resign_below: float = 0.0


class TimeUp(HexrayError):
    """A game could not be judged to its end in the time that there is."""


def analyse(
    game: Game,
    thinker: Thinker,
    limit: Limit,
    emit: Emit,
    is_stopped: IsStopped,
    clock: Callable[[], float] = time.monotonic,
) -> Opinion:
    """Search the position at the end of ``game``, emit an Opinion now and then, return the last."""
    board = game.seen_by(game.turn)
    emitted_at = -float("inf")

    def report(found: Choice) -> None:
        nonlocal emitted_at
        if clock() - emitted_at >= _REPORT_EVERY_S:
            emitted_at = clock()
            emit(opinion_of(found, board, thinker.line))

    found = thinker.analyse(board, limit, report, is_stopped)
    return opinion_of(found, board, thinker.line)


def decide(
    game: Game, evaluate: Evaluate, limit: Limit, wish: Wish, is_stopped: IsStopped
) -> tuple[str, Opinion]:
    """Return the name of the move to play, and the opinion that it follows from.

    The search begins anew, so that the same request has the same answer, and no game profits from
    another. The position after a swap is the mirror of the one before with the other player to
    move, so whoever is behind swaps.
    """
    thinker = Thinker(evaluate, None, most=limit.simulations)
    opinion = analyse(game, thinker, limit, _unheard, is_stopped)
    point = opinion.candidates[0].cell
    if wish.may_swap and game.may_swap(game.turn) and opinion.winrate < 1 / 2:
        point = SWAP
    elif opinion.winrate < wish.resign_below:
        point = RESIGN
    return point_name(point, game.size), opinion


def judged(
    game: Game,
    evaluate: Evaluate,
    limit: Limit,
    is_stopped: IsStopped,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[Judged]:
    """Judge the moves of a game, each position by ``limit.simulations``; ends when stopped.

    ``limit.seconds`` is for the whole game; raises TimeUp when they do not suffice.
    """
    thinker = Thinker(evaluate, None, most=limit.simulations)
    end, asked = clock() + limit.seconds, 0

    def ask(board: Boards) -> Opinion:
        nonlocal asked
        left_s = end - clock()
        if left_s <= 0:
            raise TimeUp(
                f"{limit.seconds:g} seconds were enough for {asked} of {len(game.plies)} moves; "
                "ask for fewer simulations"
            )
        asked += 1
        found = thinker.analyse(board, Limit(limit.simulations, left_s), _unheard, is_stopped)
        return opinion_of(found, board, thinker.line)

    for verdict in judge(game, ask):
        yield verdict
        if is_stopped():
            return


def _unheard(_: Any) -> None:
    """Take what nobody is told."""
