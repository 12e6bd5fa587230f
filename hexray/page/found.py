"""What a run folder holds, read for a page: what is missing is told and stops nothing."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from hexray.config import RunConfig, with_overrides
from hexray.curriculum import boards_of
from hexray.data.store import read_games_file
from hexray.errors import FileFormatError, StoreError
from hexray.events import Event, read_events
from hexray.game.notation import move_name
from hexray.machine import read_machine
from hexray.metrics import METRICS_FILE, read_metrics
from hexray.options import read_settings
from hexray.play.first_moves import FirstMoves
from hexray.ratings.ladder_file import read_ladder
from hexray.ratings.standings import listed
from hexray.run_folder import RUN_FILE, SETTINGS_FILE
from hexray.run_owner import Owner, read_owner

STRENGTH_FILE = "strength.json"


class Game(NamedTuple):
    """A game of self-play: its board, its id, its moves, how many of them are random stones."""

    size: int
    name: str
    moves: list[int]
    opening: int


class Found(NamedTuple):
    """A run as its folder tells it.

    settings    as written, resolved
    newest      the newest value of every metric
    strength    what the last start has measured at its end; empty when it has not ended
    sample      the picture of a game against itself, as SVG; empty when there is none
    missing     what could not be read, in words
    """

    folder: Path
    config: RunConfig
    settings: str
    starts: int
    owner: Owner | None
    machine: dict[str, Any]
    metrics: list[dict[str, Any]]
    newest: dict[str, Any]
    events: list[Event]
    strength: dict[str, Any]
    ratings: list[dict[str, Any]]
    sample: str
    games: list[Game]
    missing: list[str]


def find(folder: Path, games: int = 3) -> Found:
    """Read a run folder, also while the run goes on, with its newest ``games`` of self-play.

    Raises SettingsError or FileFormatError where there are no settings to read.
    """
    missing: list[str] = []
    config = with_overrides(RunConfig(), read_settings(folder / SETTINGS_FILE))
    metrics = _metrics(folder / METRICS_FILE, missing)
    newest: dict[str, Any] = {}
    for line in metrics:
        newest |= line
    strength = _object(folder / STRENGTH_FILE, missing)
    try:
        ratings = listed(read_ladder(folder))
    except FileFormatError as error:
        missing.append(str(error))
        ratings = []
    picture = folder / "game.svg"
    return Found(
        folder=folder,
        config=config,
        settings=(folder / SETTINGS_FILE).read_text(encoding="utf-8"),
        starts=int(_object(folder / RUN_FILE, missing).get("starts", 0)),
        owner=read_owner(folder),
        machine=read_machine(folder),
        metrics=metrics,
        newest=newest,
        events=read_events(folder),
        strength=strength,
        ratings=ratings,
        sample=picture.read_text(encoding="utf-8") if picture.exists() else "",
        games=_newest_games(config, folder / "games", games, missing),
        missing=missing,
    )


def first_moves_of(strength: Mapping[str, Any], size: int) -> FirstMoves | None:
    """Return the first moves that ``strength.json`` tells of; None when it does not."""
    record = strength.get("first_moves")
    names = [move_name(move, size) for move in range(size * size)]
    if not isinstance(record, dict) or set(record.get("values", ())) != set(names):
        return None
    value = np.array([record["values"][name] for name in names], np.float32)
    truth = record.get("truth")
    wins = None if truth is None else np.array([truth[name] for name in names], np.bool_)
    return FirstMoves(size, value, wins)


def _metrics(path: Path, missing: list[str]) -> list[dict[str, Any]]:
    if not path.exists():
        return []
    try:
        return [line for line in read_metrics(path) if "minutes" in line]
    except FileFormatError as error:
        missing.append(str(error))
        return []


def _object(path: Path, missing: list[str]) -> dict[str, Any]:
    if not path.exists():
        return {}
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        missing.append(f"{path.name} is damaged ({error})")
        return {}
    return found if isinstance(found, dict) else {}


def _newest_games(config: RunConfig, folder: Path, count: int, missing: list[str]) -> list[Game]:
    """Return the newest games of the last board that has any, the newest first."""
    for size in reversed(boards_of(config)):
        files = sorted((folder / f"{size}x{size}").glob("games-*.parquet"))
        if not files:
            continue
        try:
            block = read_games_file(files[-1], size)
        except StoreError as error:
            missing.append(str(error))
            return []
        ends = np.cumsum(block.length)
        newest = range(len(ends) - 1, max(-1, len(ends) - 1 - count), -1)
        return [
            Game(
                size,
                block.game_id[index],
                block.moves[ends[index] - block.length[index] : ends[index]].tolist(),
                int(block.opening[index]),
            )
            for index in newest
        ]
    return []
