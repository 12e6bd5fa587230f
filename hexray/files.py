"""Writing files so that a crash leaves the old content or the new, never half of it."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO


def atomic_write(path: Path, content: bytes | Callable[[BinaryIO], None]) -> None:
    """Write ``content``, or what it writes into the open file, to ``path`` and make it durable.

    It is written to a hidden file beside, flushed to disk and renamed, so readers see the whole
    of it or what was there before. Raises OSError when the disk refuses.
    """
    beside = partial_path(path)
    with open(beside, "wb") as file:
        if callable(content):
            content(file)
        else:
            file.write(content)
        file.flush()
        os.fsync(file.fileno())
    os.replace(beside, path)
    fsync_folder(path.parent)


def atomic_folder(path: Path, fill: Callable[[Path], None]) -> None:
    """Make the folder ``path`` with what ``fill`` writes into it, all at once and durable.

    ``fill`` is given a hidden folder beside and must flush its own files (``atomic_write`` does).
    Raises FileExistsError when ``path`` exists. The parents of ``path`` are made.
    """
    if path.exists():
        raise FileExistsError(f"{path} exists already; remove it or choose another name")
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = partial_path(path)
    if beside.exists():
        shutil.rmtree(beside)
    os.mkdir(beside)
    fill(beside)
    fsync_folder(beside)
    os.rename(beside, path)
    fsync_folder(path.parent)


def strict_json(content: bytes) -> Any:
    """Read JSON as it is defined: without the NaN and infinities that Python would take.

    Raises ValueError or RecursionError where it is none.
    """
    return json.loads(content.decode("utf-8"), parse_constant=_refuse_constant)


def fsync_folder(folder: Path) -> None:
    """Make the names in ``folder`` durable: files made, renamed or removed in it."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def partial_path(path: Path) -> Path:
    """Return where ``path`` is written before it is whole; a crash may leave it behind."""
    return path.with_name(f".{path.name}.partial")


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is no number of JSON")
