"""How fast games come in: trmph lines of random play, made here, brought into a store.

Prints a Markdown table; the last line is JSON.

    python benchmarks/import_games.py --lines 1000000 --board 11
"""

import json
import tempfile
import time
from pathlib import Path
from typing import Annotated

import numpy as np
import tyro

from hexray.data.archive import Archive
from hexray.data.importing import Import, import_file
from hexray.game.board import EMPTY, RED, new_boards, play
from hexray.game.notation import move_name

_AT_ONCE = 10_000
_Count = Annotated[int, tyro.conf.arg(metavar="1..")]


def main(
    lines: _Count = 1_000_000, board: Annotated[int, tyro.conf.arg(metavar="2..19")] = 11
) -> None:
    """Write lines of random play, import them, and say how long it took and how much memory.

    Args:
        lines: Lines of the file.
        board: Board side.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "random.trmph"
        write_random_games(path, lines, board)
        archive = Archive(Path(folder) / "store")
        began = time.perf_counter()
        with archive.index() as index:
            came = import_file(archive, index, path, Import("trmph"))
        seconds = time.perf_counter() - began
        figures = {
            "lines": came.lines,
            "games": came.games,
            "duplicates": came.duplicates,
            "rejected": came.rejected,
            "seconds": round(seconds, 1),
            "lines_per_s": round(came.lines / seconds),
            "peak_mb": round(peak_mb()),
            "file_mb": round(path.stat().st_size / 1e6),
        }
    print("| " + " | ".join(figures) + " |")
    print("|---" * len(figures) + "|")
    print("| " + " | ".join(f"{value:,}" for value in figures.values()) + " |")
    print(json.dumps(figures))


def write_random_games(path: Path, lines: int, size: int, seed: int = 0) -> None:
    """Write so many finished games of random moves, one a line."""
    rng = np.random.default_rng(seed)
    names = [move_name(cell, size) for cell in range(size * size)]
    with path.open("w", encoding="utf-8") as file:
        for first in range(0, lines, _AT_ONCE):
            count = min(_AT_ONCE, lines - first)
            moves = rng.permuted(np.tile(np.arange(size * size), (count, 1)), axis=1)
            for game, (length, winner) in enumerate(_played(moves, size)):
                text = "".join(names[cell] for cell in moves[game, :length])
                file.write(f"#{size},{text} {'b' if winner == RED else 'r'}\n")


def _played(moves: np.ndarray, size: int) -> list[tuple[int, int]]:
    """Return after how many of its moves each game is over, and who has won."""
    boards, length = new_boards(len(moves), size), np.zeros(len(moves), np.int64)
    while len(going := np.flatnonzero(boards.winner == EMPTY)):
        play(boards, going, moves[going, length[going]])
        length[going] += 1
    return list(zip(length.tolist(), boards.winner.tolist(), strict=True))


def peak_mb() -> float:
    """Return the most memory that this process has had, in megabytes."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return int(status.partition("VmHWM:")[2].split()[0]) / 1000


if __name__ == "__main__":
    tyro.cli(main)
