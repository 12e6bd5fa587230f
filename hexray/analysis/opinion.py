"""What a search thinks of one position, as people read it: chances, moves and lines."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hexray.game.board import RED, Boards
from hexray.game.notation import move_name
from hexray.play.think import Choice

_DIGITS = 4


class Candidate(NamedTuple):
    """A move that was tried, absolute frame.

    winrate  chance of the player to move, in [0, 1]
    prior    share that the network gives it before any search
    line     how play would go on, ``cell`` first, in turn
    """

    cell: int
    visits: int
    winrate: float
    prior: float
    line: list[int]


class Opinion(NamedTuple):
    """A position as a search sees it, absolute frame; chances are in [0, 1].

    winrate     chance of the player to move
    proven      +1 or -1 where the result is certain for the player to move, else 0
    candidates  moves that were tried, the one to play first, then by visits
    policy      float64[A], the network's own, before any search
    """

    size: int
    to_move: int
    winrate: float
    proven: int
    simulations: int
    candidates: list[Candidate]
    policy: NDArray[np.float64]

    @property
    def red_winrate(self) -> float:
        """The chance of Red."""
        return self.winrate if self.to_move == RED else 1 - self.winrate


def opinion_of(
    found: Choice,
    board: Boards,
    line: Callable[[int, int], list[int]],
    *,
    top: int = 10,
    length: int = 12,
) -> Opinion:
    """Tell what was found on ``board`` (G = 1): ``top`` moves, lines of at most ``length`` cells.

    ``line`` is ``Thinker.line``.
    """
    visits, values, cells = found.visits, found.values, found.best_first()
    if found.proven < 0 and not visits.any():
        # Every move loses; what the network would play resists, the first cell of the board not.
        cells = [int(np.argmax(found.priors))]
    candidates = [
        Candidate(
            cell=cell,
            visits=int(visits[cell]),
            # A certain result may be known of a move that was never tried.
            winrate=_chance(float(values[cell] if visits[cell] else found.value)),
            prior=float(found.priors[cell]),
            line=line(cell, length),
        )
        for cell in cells[:top]
    ]
    return Opinion(
        size=board.size,
        to_move=int(board.to_move[0]),
        winrate=_chance(found.value),
        proven=found.proven,
        simulations=int(visits.sum()),
        candidates=candidates,
        policy=found.priors,
    )


def as_json(opinion: Opinion) -> dict[str, Any]:
    """Write an opinion in plain JSON, its cells as names; ``policy`` holds A shares, row by row."""
    size = opinion.size
    return {
        "size": size,
        "toMove": "red" if opinion.to_move == RED else "blue",
        "winrate": round(opinion.winrate, _DIGITS),
        "redWinrate": round(opinion.red_winrate, _DIGITS),
        "proven": opinion.proven,
        "simulations": opinion.simulations,
        "moves": [
            {
                "move": move_name(found.cell, size),
                "order": order,
                "visits": found.visits,
                "winrate": round(found.winrate, _DIGITS),
                "prior": round(found.prior, _DIGITS),
                "line": [move_name(cell, size) for cell in found.line],
            }
            for order, found in enumerate(opinion.candidates)
        ],
        "policy": [round(float(share), _DIGITS) for share in opinion.policy],
    }


def _chance(value: float) -> float:
    """Turn a value in [-1, 1] into a chance in [0, 1]."""
    return (value + 1) / 2
