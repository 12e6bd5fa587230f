"""``hexray data replay``: do the engines agree on every stored game?"""

import sys
from pathlib import Path

import rich.console
import tyro
from rich.progress import Progress

from hexray.data.archive import Archive
from hexray.data.replays import differences


def replay(store: tyro.conf.Positional[Path], /, board: int | None = None) -> int:
    """Play stored games over again, move by move, with the fast engine and with a slow one.

    The slow one shares no code with it. Every difference is told; the exit status is then 1.

    Args:
        store: Folder of a store or of a run.
        board: Only games on boards of this side; by default all.
    """
    archive = Archive(store, may_write=False)
    sizes = archive.chosen(board)
    total = sum(archive.games(size).games for size in sizes)
    played, moves, wrong = 0, 0, 0
    with Progress(console=rich.console.Console(stderr=True), transient=True) as progress:
        task = progress.add_task("replaying", total=total)
        for size in sizes:
            for block in archive.games(size).blocks():
                for words in differences(block):
                    wrong += 1
                    print(words, file=sys.stderr)
                played += len(block.game_id)
                moves += len(block.moves)
                progress.update(task, completed=played)
    print(f"{played:,} games, {moves:,} moves, {wrong:,} differences")
    return 1 if wrong else 0
