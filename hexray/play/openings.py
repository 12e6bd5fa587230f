"""Openings of matches: each is played twice, colours exchanged, and none comes twice."""

from collections.abc import Sequence
from itertools import permutations
from typing import Literal

import numpy as np

from hexray.errors import SettingsError
from hexray.game.board import new_boards, play
from hexray.game.frame import mover_cells
from hexray.search.heuristic import judge

Kind = Literal["first", "pairs", "balanced"]
_STONES = 2


def draw_openings(kind: Kind, size: int, count: int, seed: int) -> list[tuple[int, ...]]:
    """Return ``count`` different openings of one or two stones (absolute frame).

    ``first``: every first move, in an order drawn from ``seed``, then pairs of moves drawn without
    replacement. ``pairs``: only these, so that no game of one can turn into a game of another.
    ``balanced``: those that the resistance of the board calls closest to even, of two
    that are half turns of each other only one. Raises SettingsError when there are not so many.
    """
    area = size * size
    if kind == "balanced":
        openings = _balanced(size)
    else:
        rng = np.random.default_rng(seed)
        pairs = list(permutations(range(area), _STONES))
        first = [(int(move),) for move in rng.permutation(area)] if kind == "first" else []
        openings = [*first, *(pairs[index] for index in rng.permutation(len(pairs)))]
    if not 0 < count <= len(openings):
        raise SettingsError(
            f"{count} openings: {size}x{size} has {len(openings)} of the kind {kind!r}; "
            "use fewer games, at least two"
        )
    return openings[:count]


def _balanced(size: int) -> list[tuple[int, ...]]:
    area = size * size
    every: list[tuple[int, ...]] = [
        *((move,) for move in range(area)),
        *permutations(range(area), _STONES),
    ]
    once = [opening for opening in every if opening <= _half_turned(opening, area)]
    return sorted(once, key=lambda opening: (abs(_score(opening, size)), opening))


def _half_turned(opening: Sequence[int], area: int) -> tuple[int, ...]:
    return tuple(area - 1 - move for move in opening)


def _score(opening: Sequence[int], size: int) -> int:
    board = new_boards(1, size)
    play(board, np.zeros(len(opening), np.intp), np.array(opening))
    score, _ = judge(mover_cells(board.cells, board.to_move)[0], "resistance")
    return score
