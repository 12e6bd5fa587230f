"""Play stored games over again with the fast engine and with the slow one, move by move."""

from collections.abc import Iterator

import numpy as np

from hexray.data.games import GameBlock
from hexray.game.board import new_boards, play
from hexray.game.notation import move_name
from hexray.game.slow import SlowBoard


def differences(block: GameBlock) -> Iterator[str]:
    """Yield where the engines differ in stones, turn or winner, the first place of each game.

    The games must be legal. What a game says of its winner is compared at its end.
    """
    games, size = len(block.game_id), block.size
    fast, slow = new_boards(games, size), [SlowBoard(size) for _ in range(games)]
    first = np.cumsum(block.length, dtype=np.int64) - block.length
    going = np.ones(games, np.bool_)
    for ply in range(int(block.length.max(initial=0))):
        now = np.flatnonzero(going & (block.length > ply))
        moves = block.moves[first[now] + ply].astype(np.int64)
        play(fast, now, moves)
        for game, move in zip(now.tolist(), moves.tolist(), strict=True):
            slow[game].play(move)
            found = (fast.cells[game].tolist(), int(fast.to_move[game]), int(fast.winner[game]))
            if found != (slow[game].cells, slow[game].to_move, slow[game].winner):
                going[game] = False
                name = f"game {block.game_id[game]}, move {ply + 1} ({move_name(move, size)})"
                yield f"{name}: the fast engine says {found[1:]}, the slow one {_of(slow[game])}"
    for game in np.flatnonzero(going).tolist():
        if slow[game].winner and slow[game].winner != block.winner[game]:
            name, said = block.game_id[game], block.winner[game]
            yield f"game {name}: won by {slow[game].winner}, but {said} is stored"


def _of(board: SlowBoard) -> tuple[int, int]:
    return board.to_move, board.winner
