"""What probes of training are asked: a run, games and a board, and how many of something."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import tyro

from hexray.config import RunConfig
from hexray.errors import SettingsError
from hexray.game.board import MAX_SIZE, MIN_SIZE
from hexray.net.checkpoint import Checkpoint
from hexray.probes.material import load_training, run_of

Run = tyro.conf.Positional[Annotated[Path, tyro.conf.arg(metavar="RUN")]]
Games = Annotated[Path | None, tyro.conf.arg(metavar="DIR")]
Board = Annotated[int | None, tyro.conf.arg(metavar="2..19")]
Count = Annotated[int, tyro.conf.arg(metavar="1..")]


class Material(NamedTuple):
    """What a probe works on: a checkpoint, the folder of its games, the side of the board."""

    found: Checkpoint
    games: Path
    size: int


def material(run: Path, games: Path | None, board: int | None) -> Material:
    """Load the checkpoint of a run; games and board are its own unless others are named."""
    found = load_training(run)
    return Material(found, games or run_of(run), side(board, found.config))


def side(board: int | None, config: RunConfig) -> int:
    """Return the side asked for, or the run's; SettingsError for one that Hex is not played on."""
    if board is None:
        return config.board
    if not MIN_SIZE <= board <= MAX_SIZE:
        raise SettingsError(f"--board {board}: use {MIN_SIZE} to {MAX_SIZE}")
    return board


def at_least(least: int, **counts: int) -> None:
    """Raise SettingsError for an option below ``least``."""
    for name, count in counts.items():
        if count < least:
            raise SettingsError(f"--{name} {count}: use {least} or more")


def asked_for(probe: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a probe was asked, by name, as YAML takes it."""
    plain = {
        name: str(value) if isinstance(value, Path) else value for name, value in arguments.items()
    }
    return {"probe": probe, **plain}
