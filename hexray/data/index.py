"""What came into a store and what did not: a small SQLite file beside the games."""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Literal, NamedTuple

from hexray.data.seen import Match, Model, Run, Seen
from hexray.errors import StoreError
from hexray.game.formats.record import Rejected

Kind = Literal["trmph", "sgf", "hexworld", "match", "examples", "hexray"]
"""The format of a source: of a file, or of another store of hexray."""

_VERSION = 2
_PLAYED = """
CREATE TABLE runs (
    source TEXT NOT NULL,
    board INTEGER NOT NULL,
    settings TEXT NOT NULL,
    games INTEGER NOT NULL,
    PRIMARY KEY (source, board, settings)
);
CREATE TABLE models (
    source TEXT NOT NULL,
    board INTEGER NOT NULL,
    version INTEGER NOT NULL,
    plies INTEGER NOT NULL,
    PRIMARY KEY (source, board, version)
);
CREATE TABLE matches (
    source TEXT NOT NULL,
    board INTEGER NOT NULL,
    player TEXT NOT NULL,
    opponent TEXT NOT NULL,
    games INTEGER NOT NULL,
    wins INTEGER NOT NULL,
    PRIMARY KEY (source, board, player, opponent)
);
"""
_SCHEMA = f"""{_PLAYED}
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
    """The index in one file, made when missing; to be closed by whoever opens it."""

    def __init__(self, path: Path) -> None:
        """Open ``path``; StoreError when it is no index or one of another version."""
        self._path = path
        try:
            self._db = sqlite3.connect(path)
            (version,) = self._db.execute("PRAGMA user_version").fetchone()
            missing = {0: _SCHEMA, 1: _PLAYED}.get(version)
            if missing is not None:
                self._db.executescript(f"BEGIN;{missing}PRAGMA user_version = {_VERSION};COMMIT;")
        except sqlite3.Error as error:
            raise StoreError(f"{path} cannot be used ({error}); restore or remove it") from error
        if not 0 <= version <= _VERSION:
            raise StoreError(f"{path} is of version {version}, this hexray reads 1 to {_VERSION}")

    def close(self) -> None:
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

    def add_played(self, source: str, seen: Seen) -> None:
        """Note who played the games of a source, in place of what was noted of it before."""
        tables = (("runs", seen.runs()), ("models", seen.models()), ("matches", seen.matches()))
        with self._db:
            for table, rows in tables:
                self._db.execute(f"DELETE FROM {table} WHERE source = ?", (source,))
                for row in rows:
                    marks = ", ".join("?" * (1 + len(row)))
                    self._db.execute(f"INSERT INTO {table} VALUES ({marks})", (source, *row))

    def sources(self) -> list[Came]:
        """Return what was imported, in order, a source as often as it was given."""
        rows = self._db.execute(
            "SELECT path, format, lines, games, positions, duplicates, rejected FROM sources"
            " ORDER BY id"
        )
        return [Came(*row) for row in rows]

    def runs(self) -> list[tuple[str, Run]]:
        """Return sources and the self-play runs in them."""
        return [(source, Run(*row)) for source, *row in self._rows("runs")]

    def models(self) -> list[tuple[str, Model]]:
        """Return sources and the versions of weights that played in them."""
        return [(source, Model(*row)) for source, *row in self._rows("models")]

    def matches(self) -> list[tuple[str, Match]]:
        """Return sources and the matches in them."""
        return [(source, Match(*row)) for source, *row in self._rows("matches")]

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

    def _rows(self, table: str) -> list[tuple]:
        return self._db.execute(f"SELECT * FROM {table} ORDER BY 1, 2, 3").fetchall()
