"""What tasks of the pipeline leave: files, and a note of them that makes the task done."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from hexray.files import atomic_write
from hexray.pipeline.manifest import Made, sha256_of

_NOTE = ".done.json"


class Done(NamedTuple):
    """What a task made: files by kind, and figures by name."""

    files: dict[str, Made]
    counts: dict[str, int]


def done_before(folder: Path, name: str) -> Done | None:
    """Return what a task has left in ``folder``; None when it has to be done."""
    note = _note(folder, name)
    if not note.is_file():
        return None
    found = json.loads(note.read_bytes())
    files = {kind: Made(*made) for kind, made in found["files"].items()}
    if not all((folder / made.name).is_file() for made in files.values()):
        return None
    return Done(files, found["counts"])


def forget(folder: Path, name: str, done: Done) -> None:
    """Remove what a task has left."""
    _note(folder, name).unlink()
    for made in done.files.values():
        (folder / made.name).unlink()


def notes(folder: Path) -> list[Done]:
    """Return what tasks have left in ``folder``, whichever they are."""
    names = sorted(path.name.removesuffix(_NOTE) for path in folder.glob(f"*{_NOTE}"))
    return [done for name in names if (done := done_before(folder, name)) is not None]


def finish(
    folder: Path,
    name: str,
    parts: Mapping[str, Any],
    write: Callable[[Path, Any], None],
    count: Callable[[Any], int],
    counts: dict[str, int],
) -> Done:
    """Write the parts of a task's work and leave the note; return what was made."""
    files = {}
    for kind, part in parts.items():
        path = folder / f"{name}-{kind}.parquet"
        write(path, part)
        files[kind] = Made(path.name, sha256_of(path), count(part))
    done = Done(files, counts)
    atomic_write(_note(folder, name), json.dumps(done._asdict()).encode())
    return done


def _note(folder: Path, name: str) -> Path:
    return folder / f"{name}{_NOTE}"
