"""What came into a store and what did not: a small SQLite file beside the games."""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import Literal, NamedTuple, Self

from hexray.errors import StoreError
from hexray.game.formats.record import Rejected

Kind = Literal["trmph", "sgf", "hexworld", "examples", "hexray"]
"""The format of a source: of a file, or of another store of hexray."""

_VERSION = 1
_SCHEMA = """
CREATE TABLE sources (
    id INTEGER PRIMARY KEY,
    path TEXT NOT NULL,
    format TEXT NOT NULL,
    at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP,
    lines INTEGER NOT NULL,
    games INTEGER NOT NULL,
    positions INTEGER NOT NULL,
    duplicates INTEGER NOT NULL,
    rejected INTEGER NOT NULL
);
CREATE TABLE quarantine (
    id INTEGER PRIMARY KEY,
    source TEXT NOT NULL,
    format TEXT NOT NULL,
    line INTEGER NOT NULL,
    column INTEGER NOT NULL,
    reason TEXT NOT NULL,
    text TEXT NOT NULL,
    kind TEXT NOT NULL,
    UNIQUE (source, line, column, reason, text)
);
"""


class Held(NamedTuple):
    """A text in quarantine: its number there, the file it stood in, and what is wrong with it."""

    number: int
    source: str
    kind: Kind
    rejected: Rejected


class Came(NamedTuple):
    """What came of one source: the games stored and those known before, and what is none.

    ``positions`` of the games stored, one more than moves for each; ``lines`` of a file, or games
    of another store.
    """

    path: str
    kind: Kind
    lines: int = 0
    games: int = 0
    positions: int = 0
    duplicates: int = 0
    rejected: int = 0


class Index:
    """The index in one file, made when missing; use it as a context manager."""

    def __init__(self, path: Path) -> None:
        """Open ``path``; StoreError when it is no index or one of another version."""
        self._path = path
        try:
            self._db = sqlite3.connect(path)
            (version,) = self._db.execute("PRAGMA user_version").fetchone()
            if version == 0:
                self._db.executescript(f"BEGIN;{_SCHEMA}PRAGMA user_version = {_VERSION};COMMIT;")
        except sqlite3.Error as error:
            raise StoreError(f"{path} cannot be used ({error}); restore or remove it") from error
        if version not in (0, _VERSION):
            raise StoreError(f"{path} is of version {version}, this hexray reads {_VERSION}")

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the file; what was added is in it already."""
        self._db.close()

    def add_source(self, came: Came) -> None:
        """Note what came of a file."""
        with self._db:
            self._db.execute(
                "INSERT INTO sources (path, format, lines, games, positions, duplicates, rejected)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                came,
            )

    def hold(self, source: str, kind: Kind, rejected: Iterable[Rejected]) -> None:
        """Put texts into quarantine; what is there already stays once."""
        rows = ((source, kind, *found) for found in rejected)
        with self._db:
            self._db.executemany(
                "INSERT OR IGNORE INTO quarantine (source, format, line, column, reason, text,"
                " kind) VALUES (?, ?, ?, ?, ?, ?, ?)",
                rows,
            )

    def held(self) -> Iterator[Held]:
        """Yield what is in quarantine, in the order it came in."""
        with closing(self._db.cursor()) as cursor:
            rows = cursor.execute(
                "SELECT id, source, format, line, column, reason, text, kind FROM quarantine"
                " ORDER BY id"
            )
            for number, source, kind, *rejected in rows:
                yield Held(number, source, kind, Rejected(*rejected))

    def release(self, numbers: Sequence[int]) -> None:
        """Take texts out of quarantine."""
        with self._db:
            self._db.executemany(
                "DELETE FROM quarantine WHERE id = ?", [(number,) for number in numbers]
            )
