"""Read the games of a run: python examples/read_games.py runs/default-5x5-seed0.

Every finished game is in the run folder's ``games/`` with its moves and what the search said.
"""

import json
import sys
from pathlib import Path

from hexray.data.store import GameStore
from hexray.game.board import RED
from hexray.game.notation import move_name


def main(run: str, count: int = 5) -> None:
    """Print how many games there are, who won, and the newest few."""
    size = json.loads((Path(run) / "run.json").read_text())["board"]
    store = GameStore(Path(run) / "games", size, may_write=False)
    blocks = list(store.newest(store.rows))
    red = sum(int((block.winner == RED).sum()) for block in blocks)
    print(f"{store.games} games, {store.rows} searched positions, Red won {red / store.games:.0%}")
    newest = blocks[-1]
    ends = newest.length.cumsum()
    for game_id, end, length in list(zip(newest.game_id, ends, newest.length, strict=True))[
        -count:
    ]:
        moves = newest.moves[end - length : end]
        print(game_id, " ".join(move_name(int(move), size) for move in moves))


if __name__ == "__main__":
    main(sys.argv[1])
