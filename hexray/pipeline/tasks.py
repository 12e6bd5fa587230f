"""What the workers of the pipeline do: plain functions from files to files.

Each writes its files whole or not at all, and then a note of what they are; a task that has left
its note is not done again. The same task makes the same bytes, whoever does it and when.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hexray.config.pipeline import StepSettings
from hexray.data.clean import GameKeys, keys_of
from hexray.data.expand import PlacedRows, expand
from hexray.data.games import GameBlock, take_games
from hexray.data.held_out import held_out
from hexray.data.row_file import read_rows, write_rows
from hexray.data.rows import Further
from hexray.data.shuffle import mixed, split_by_game, spread
from hexray.data.store import read_games_file, write_games_file
from hexray.pipeline.notes import Done, finish

TRAINING, HELD_OUT = "training", "held_out"


def keys_of_file(path: Path, size: int) -> GameKeys:
    """Return the digests of the games of a file."""
    return keys_of(read_games_file(path, size))


def clean(
    folder: Path, name: str, path: Path, size: int, keep: NDArray[np.bool_], share: float
) -> Done:
    """Write the games of a file that are kept into two: to train on, and held out."""
    block = take_games(read_games_file(path, size), keep)
    is_held = held_out(block, share)
    parts: dict[str, GameBlock] = {
        TRAINING: take_games(block, ~is_held),
        HELD_OUT: take_games(block, is_held),
    }
    return finish(folder, name, parts, write_games_file, lambda part: len(part.game_id), {})


def expand_file(
    folder: Path, name: str, path: Path, size: int, steps: StepSettings, further: Further
) -> Done:
    """Write the positions of a file of games."""
    block = read_games_file(path, size)
    placed = expand(block, steps.positions, steps.every, further)
    counts = {"games": len(block.game_id), "games_without_winner": int((block.winner == 0).sum())}
    return finish(folder, name, {"rows": placed}, _writer(size), _count_rows, counts)


def split_examples(
    folder: Path, name: str, path: Path, size: int, share: float, further: Further
) -> Done:
    """Write the rows of a file of positions without games into two: to train on, and held out."""
    placed = read_rows(path, size)
    count, area = placed.rows.cells.shape
    placed = placed._replace(
        rows=placed.rows._replace(
            reply=np.zeros((count, area * further.reply), np.float16),
            owner=np.zeros((count, area * further.owner), np.int8),
        )
    )
    training, held = split_by_game(placed, share)
    parts: dict[str, PlacedRows] = {TRAINING: training, HELD_OUT: held}
    return finish(folder, name, parts, _writer(size), _count_rows, {})


def spread_file(
    folder: Path, name: str, path: Path, size: int, buckets: int, seed: int, weight: float
) -> Done:
    """Write the rows of a file into one part for each bucket."""
    parts = spread(read_rows(path, size), buckets, seed, weight)
    named = {f"{bucket:04d}": part for bucket, part in enumerate(parts)}
    return finish(folder, name, named, _writer(size), _count_rows, {})


def mix_bucket(folder: Path, name: str, paths: list[Path], size: int, seed: int) -> Done:
    """Write the rows of a bucket in their final order."""
    placed = mixed([read_rows(path, size) for path in paths], seed)
    return finish(folder, name, {"rows": placed}, _writer(size), _count_rows, {})


def write_games_done(folder: Path, name: str, block: GameBlock) -> Done:
    """Write games that a task has played."""
    counts = {"positions": len(block.version)}
    return finish(
        folder, name, {"games": block}, write_games_file, lambda part: len(part.game_id), counts
    )


def _writer(size: int) -> Callable[[Path, PlacedRows], None]:
    return lambda path, placed: write_rows(path, placed, size)


def _count_rows(placed: PlacedRows) -> int:
    return len(placed.ply)
