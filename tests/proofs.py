"""What a search of 4x4 positions has proven, against exhaustive search."""

from collections.abc import Sequence

import oracle

from hexray.search.root import SearchResult


def assert_true(found: SearchResult, games: Sequence[Sequence[int]], size: int) -> None:
    """Every proven value is the exact one, and a move of a won position keeps the win."""
    known: dict[tuple[object, int], int] = {}
    for game, moves in enumerate(games):
        cells, to_move, _ = oracle.replay(size, moves)
        if found.proven[game]:
            assert found.proven[game] == found.value[game]
            assert found.proven[game] == oracle.solve(cells, to_move, size, known)
        if found.proven[game] > 0:
            cells[oracle.mover_cell(int(found.moves[game]), to_move, size)] = to_move
            assert oracle.solve(cells, -to_move, size, known) == -1
