"""What files of games hold: faults by kind, lengths, winners, first moves; nothing is changed."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from hexray.data.archive import Archive
from hexray.data.checks import GameFault, check_shapes, faults_of
from hexray.data.clean import keys_of
from hexray.data.examples import SUFFIXES, read_example_file
from hexray.data.game_files import format_of, opened
from hexray.data.games import GameBlock, take_games
from hexray.data.imported import read_blocks
from hexray.data.store import read_unchecked
from hexray.errors import FileFormatError, StoreError
from hexray.game.board import RED
from hexray.game.formats.record import FaultKind, Rejected

_TEXTS = (".trmph", ".sgf", ".hsgf", ".hexworld", ".jsonl")
_TOLD = 20


class FileAudit(NamedTuple):
    """What one file holds; ``told`` are the first faults, in words, but for duplicates."""

    path: str
    games: int
    examples: int
    faults: Counter[FaultKind]
    told: list[str]

    @property
    def rate(self) -> float:
        """The share of its games that are at fault, 0 to 1."""
        wrong = self.faults.total() - self.faults["duplicate"]
        return wrong / max(1, self.games + self.examples + wrong)


class Audit:
    """The sum over files; games with a fault count in nothing but the faults.

    files     a ``FileAudit`` each
    lengths   by board side, how many games have so many moves
    winners   by board side, how many games each colour (RED, BLUE) or nobody (EMPTY) has won
    openings  by board side, how many games begin at each cell, and of these Red has won
    swapped   games with a swap
    examples  positions without games
    """

    def __init__(self) -> None:
        self.files: list[FileAudit] = []
        self.lengths: dict[int, Counter[int]] = {}
        self.winners: dict[int, Counter[int]] = {}
        self.openings: dict[int, Counter[int]] = {}
        self.opening_wins: dict[int, Counter[int]] = {}
        self.swapped = self.examples = 0
        self._seen: set[bytes] = set()

    @property
    def faults(self) -> Counter[FaultKind]:
        """How many games have each kind of fault; duplicates are good games that came before."""
        return sum((+file.faults for file in self.files), Counter())

    @property
    def games(self) -> int:
        """Games without a fault; duplicates among them."""
        return sum(file.games for file in self.files)

    def add(self, path: Path) -> None:
        """Read a file; one that cannot be read at all counts as one fault."""
        found = FileAudit(str(path), 0, 0, Counter(), [])
        try:
            for block, rejected in _parts(path):
                found = self._added(found, block, rejected)
        except (FileFormatError, StoreError) as error:
            found.faults["no game"] += 1
            found.told.append(str(error))
        self.files.append(found)

    def _added(
        self, file: FileAudit, found: GameBlock | int, rejected: list[Rejected]
    ) -> FileAudit:
        for one in rejected:
            _note(file, one.kind, one.message(file.path))
        if isinstance(found, int):
            self.examples += found
            return file._replace(examples=file.examples + found)
        bad = np.zeros(len(found.game_id), np.bool_)
        for fault in faults_of(found):
            bad[fault.game] = True
            _note(file, fault.kind, _message(file, found, fault))
        good = take_games(found, ~bad)
        self._count(file, good)
        return file._replace(games=file.games + len(good.game_id))

    def _count(self, file: FileAudit, block: GameBlock) -> None:
        size = block.size
        for name in ("lengths", "winners", "openings", "opening_wins"):
            getattr(self, name).setdefault(size, Counter())
        self.lengths[size].update(block.length.tolist())
        self.winners[size].update(block.winner.tolist())
        begun = block.length > 0
        first = block.moves[(np.cumsum(block.length, dtype=np.int64) - block.length)[begun]]
        self.openings[size].update(first.tolist())
        self.opening_wins[size].update(first[block.winner[begun] == RED].tolist())
        self.swapped += int(block.swapped.sum())
        for key in keys_of(block).moves:
            digest = key.tobytes()
            file.faults["duplicate"] += digest in self._seen
            self._seen.add(digest)


def files_below(path: Path) -> Iterator[Path]:
    """Yield the files of games in a folder, a store or a run; a file is itself."""
    if not path.is_dir():
        yield path
        return
    if (path / "games").is_dir():
        archive = Archive(path, may_write=False)
        for size in archive.sizes():
            yield from sorted((path / "games" / f"{size}x{size}").glob("*.parquet"))
        return
    for inside in sorted(path.rglob("*")):
        name = inside.name.removesuffix(".gz")
        if inside.is_file() and (name.endswith((*_TEXTS, ".parquet", ".pkl"))):
            yield inside


def excluded(audit: Audit, most: float) -> list[str]:
    """Return the files in which more than the share ``most`` of the games are at fault."""
    return [file.path for file in audit.files if file.rate > most]


def _parts(path: Path) -> Iterator[tuple[GameBlock | int, list[Rejected]]]:
    """Yield blocks not yet checked, or a number of examples, and what is none of them."""
    if path.suffix == ".parquet":
        block = read_unchecked(path)
        check_shapes(block)
        yield block, []
    elif path.name.endswith(SUFFIXES):
        examples = read_example_file(path)
        yield examples.records - len(examples.rejected), examples.rejected
    else:
        with opened(path) as file:
            for found in read_blocks(file, format_of(path), keep_equal=True):
                yield 0, found.rejected
                for block in found.blocks:
                    yield block, []


def _note(file: FileAudit, kind: FaultKind, words: str) -> None:
    file.faults[kind] += 1
    if len(file.told) < _TOLD:
        file.told.append(words)


def _message(file: FileAudit, block: GameBlock, fault: GameFault) -> str:
    name, source = block.game_id[fault.game], block.source[fault.game]
    return f"{file.path}: game {name} ({source}): {fault.reason}"
