"""Games brought into a store, and what is in it then."""

from pathlib import Path
from typing import Any

from hexray.data.archive import Archive
from hexray.data.game_files import Format, format_of
from hexray.data.importing import Import, import_file, records_of
from hexray.data.index import Came
from hexray.game.formats.record import GameRecord


def imported(store: Path, path: Path, kind: Format | None = None, **options: Any) -> Came:
    archive = Archive(store)
    with archive.index() as index:
        return import_file(archive, index, path, Import(kind or format_of(path), **options))


def stored(store: Path) -> list[GameRecord]:
    return [record for block in Archive(store).blocks() for record in records_of(block)]


def quarantined(store: Path) -> list[tuple[int, int, str]]:
    with Archive(store).index() as index:
        return [(one.rejected.line, one.rejected.column, one.rejected.text) for one in index.held()]
