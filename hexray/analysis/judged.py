"""A game judged move by move: who was ahead, what every move cost, and what was better."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from hexray.analysis.opinion import Opinion
from hexray.game.board import EMPTY, RED, Boards
from hexray.htp.game import RESIGN, Game, Ply, point_name

Ask = Callable[[Boards], Opinion]
"""Gives an opinion of one undecided board (G = 1)."""

MARKS = ((0.4, "blunder"), (0.2, "mistake"), (0.1, "inaccuracy"))
"""What a move is called that costs at least so much of the chance of winning."""


class Judged(NamedTuple):
    """A move of a game, or the position after the last one (``name`` and ``best`` are empty).

    ply          moves before it
    colour       who moves
    name         what was played: a cell, swap-pieces or resign
    red_winrate  Red's chance before it, in [0, 1]
    best         what the search would have played
    loss         chance of winning that the mover gave away, in [0, 1]
    mark         one of MARKS, or empty
    opinion      of the position before it; None where the game was over
    """

    ply: int
    colour: int
    name: str
    red_winrate: float
    best: str
    loss: float
    mark: str
    opinion: Opinion | None


def judge(game: Game, ask: Ask) -> Iterator[Judged]:
    """Go through a game, a position after the other, and yield each move once it is judged.

    A move is worth what is found of the position after it, and one that the search itself would
    have played costs nothing. That somebody did not swap is never marked: nobody says whether he
    might. Last comes the position at the end, with no move.
    """
    now = Game(game.size)
    opinion = _opinion(now, RED, ask)
    for number, ply in enumerate(game.plies):
        if opinion is not None and opinion.to_move != ply.colour:
            opinion = _opinion(now, ply.colour, ask)  # one colour moved twice in a row
        before = _red_winrate(now, opinion)
        now.play(*ply)
        following = game.plies[number + 1].colour if number + 1 < len(game.plies) else -ply.colour
        after = _opinion(now, following, ask)
        yield _judged(number, ply, before, opinion, _red_winrate(now, after), game.size)
        opinion = after
    yield Judged(len(game.plies), game.turn, "", _red_winrate(now, opinion), "", 0.0, "", opinion)


def mark_of(loss: float) -> str:
    """Name what a move is that costs ``loss`` of the chance of winning; empty when it is fine."""
    return next((mark for least, mark in MARKS if loss >= least), "")


def _opinion(game: Game, colour: int, ask: Ask) -> Opinion | None:
    return ask(game.seen_by(colour)) if game.winner == EMPTY else None


def _red_winrate(game: Game, opinion: Opinion | None) -> float:
    if opinion is None:
        return 1.0 if game.winner == RED else 0.0
    return opinion.red_winrate


def _judged(
    number: int, ply: Ply, before: float, opinion: Opinion | None, after: float, size: int
) -> Judged:
    name = point_name(ply.point, size)
    if opinion is None or ply.point == RESIGN:
        # Who resigns gives away what was left; that is for him to say.
        return Judged(number, ply.colour, name, before, "", 0.0, "", opinion)
    best = opinion.candidates[0].cell
    own_before, own_after = (before, after) if ply.colour == RED else (1 - before, 1 - after)
    loss = 0.0 if ply.point == best else max(0.0, own_before - own_after)
    return Judged(
        number, ply.colour, name, before, point_name(best, size), loss, mark_of(loss), opinion
    )
