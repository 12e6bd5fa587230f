"""Stored games searched again: new policies and values beside the old ones, never over them.

    revisions/NAME/
      revision.json                      which network and search, of which games; written first
      games/5x5/games-00000012.parquet   the games of the file of that name with their new targets

So a revision is a store of its own (``data.archive``). A file is whole or not there, hence a
revision that was broken off goes on with the files that are missing.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hexray.config import SearchSettings, settings_hash
from hexray.data.archive import Archive
from hexray.data.games import GameBlock, take_games
from hexray.data.store import read_games_file, write_games_file
from hexray.errors import StoreError
from hexray.evaluation import Evaluate, drive
from hexray.files import atomic_write
from hexray.probes.unseen import searched_boards
from hexray.search import search

REVISIONS, MANIFEST_FILE = "revisions", "revision.json"
_AT_ONCE = 256
_ASKED = ("source", "board", "net", "search", "seed", "positions")


class Asked(NamedTuple):
    """What a revision is to be.

    source     run or store whose games are searched again
    net        version and digest of the network, as JSON
    positions  about how many, those of the newest games; 0 takes all
    """

    source: Path
    board: int
    net: Mapping[str, Any]
    search: SearchSettings
    seed: int
    positions: int


class Part(NamedTuple):
    """One file of games: the first ``skip`` are left out, ``games`` and ``positions`` are not."""

    file: str
    sha256: str
    skip: int
    games: int
    positions: int


class Revision(NamedTuple):
    """A revision on disk, whole or begun: its parts, the newest first.

    all_games, all_positions  that the source had when the revision began, searched ones
    """

    folder: Path
    asked: Asked
    parts: list[Part]
    all_games: int
    all_positions: int

    def path(self, part: Part) -> Path:
        """Return where the games of a part are with their new targets."""
        size = self.asked.board
        return self.folder / "games" / f"{size}x{size}" / part.file

    def is_done(self, part: Part) -> bool:
        """Say whether a part is whole."""
        return self.path(part).exists()

    def source(self, part: Part) -> Path:
        """Return where its games are with their old targets."""
        size = self.asked.board
        return self.asked.source / "games" / f"{size}x{size}" / part.file


def open_revision(folder: Path, asked: Asked) -> Revision:
    """Begin a revision, or go on with one that was begun.

    Raises StoreError where the folder holds one of another network or of other settings, and
    where there is nothing to search again.
    """
    manifest = folder / MANIFEST_FILE
    if manifest.exists():
        return _found(folder, asked, manifest)
    if folder.exists() and any(folder.iterdir()):
        raise StoreError(f"{folder} holds something else than a revision; choose another name")
    revision = _planned(folder, asked)
    revision.path(revision.parts[0]).parent.mkdir(parents=True, exist_ok=True)
    counts = {"all_games": revision.all_games, "all_positions": revision.all_positions}
    parts = [part._asdict() for part in revision.parts]
    record = {**_said(asked), "settings": settings_hash(asked.search), **counts, "files": parts}
    atomic_write(manifest, (json.dumps(record, indent=2) + "\n").encode())
    return revision


def search_on(revision: Revision, evaluate: Evaluate, tick: Callable[[int], object]) -> None:
    """Search what is missing, file by file; ``tick`` is told of positions that are done.

    Raises StoreError where a file of the source is not what it was when the revision began.
    """
    for part in revision.parts:
        if revision.is_done(part):
            tick(part.positions)
            continue
        source = revision.source(part)
        if not source.exists() or _digest(source) != part.sha256:
            raise StoreError(
                f"{source} is not the file of which this revision began; restore it, or begin "
                "another revision"
            )
        block = _newest(read_games_file(source, revision.asked.board), part.skip)
        # A stream for each file, so that it does not matter which were done before.
        number = int(Path(part.file).stem.removeprefix("games-"))
        stream = np.random.SeedSequence(revision.asked.seed, spawn_key=(block.size, number))
        rng = np.random.default_rng(stream)
        again = searched_again(block, revision.asked.search, evaluate, rng, tick)
        write_games_file(revision.path(part), again)


def searched_again(
    block: GameBlock,
    settings: SearchSettings,
    evaluate: Evaluate,
    rng: np.random.Generator,
    tick: Callable[[int], object] = lambda _: None,
) -> GameBlock:
    """Search every searched ply anew, as self-play does it; moves and outcomes stay."""
    boards = searched_boards(block)
    count = len(boards.to_move)
    plies = (block.length - block.opening).astype(np.int64)
    begin = np.repeat(np.cumsum(plies) - plies, plies)
    warm = np.arange(count) - begin < settings.temperature_plies
    policy, value = np.empty_like(block.policy), np.empty_like(block.root_value)
    version = np.empty_like(block.version)
    for start in range(0, count, _AT_ONCE):
        at = np.arange(start, min(start + _AT_ONCE, count))
        result = drive(search(boards.take(at), settings, rng, warm[at]), evaluate)
        policy[at], value[at], version[at] = result.policy, result.value, result.version
        tick(len(at))
    return block._replace(
        policy=policy,
        root_value=value,
        version=version,
        settings=(settings_hash(settings),) * len(block.game_id),
    )


def weights_digest(weights: Mapping[str, NDArray[np.float32]]) -> str:
    """Return the sha256 of weights, by name."""
    digest = hashlib.sha256()
    for name in sorted(weights):
        digest.update(name.encode())
        digest.update(np.ascontiguousarray(weights[name]).tobytes())
    return digest.hexdigest()


def _planned(folder: Path, asked: Asked) -> Revision:
    archive = Archive(asked.source, may_write=False)
    archive.chosen(asked.board)
    store = archive.games(asked.board)
    parts, left = [], asked.positions or store.rows
    for path in reversed(store.paths()):
        if left <= 0:
            break
        block = read_games_file(path, asked.board)
        plies = (block.length - block.opening).astype(np.int64)
        if not plies.any():
            continue
        newer = np.cumsum(plies[::-1])[::-1] - plies
        skip = int((newer >= left).sum())
        taken = plies[skip:]
        parts.append(Part(path.name, _digest(path), skip, len(taken), int(taken.sum())))
        left -= parts[-1].positions
    if not parts:
        raise StoreError(f"{asked.source} holds no searched games of {asked.board}x{asked.board}")
    return Revision(folder, asked, parts, store.games, store.rows)


def _found(folder: Path, asked: Asked, manifest: Path) -> Revision:
    try:
        record = json.loads(manifest.read_bytes())
        parts = [Part(**part) for part in record["files"]]
        before = {name: record[name] for name in _ASKED}
        counts = int(record["all_games"]), int(record["all_positions"])
    except (ValueError, TypeError, KeyError) as error:
        raise StoreError(f"{manifest} is damaged ({error!r}); begin another revision") from error
    said = _said(asked)
    for name in _ASKED:
        if before[name] != said[name]:
            raise StoreError(
                f"{folder} is a revision with {name} {before[name]}, not {said[name]}; ask for "
                "the same to go on with it, or give it another --name"
            )
    return Revision(folder, asked, parts, *counts)


def _said(asked: Asked) -> dict[str, Any]:
    said = {**asked._asdict(), "source": str(asked.source.absolute()), "net": dict(asked.net)}
    return {**said, "search": asked.search.model_dump(mode="json")}


def _newest(block: GameBlock, skip: int) -> GameBlock:
    return take_games(block, np.arange(len(block.game_id)) >= skip)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
