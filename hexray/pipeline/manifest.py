"""What a step of the pipeline has made: written last, so a step with a manifest is whole."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from hexray.errors import PipelineError
from hexray.files import atomic_write

NAME = "manifest.json"
_SCHEMA = 1


class Made(NamedTuple):
    """A file that a step made: its name in the folder, its hash, and games or rows in it."""

    name: str
    sha256: str
    items: int


class Manifest(NamedTuple):
    """What a step made.

    step    its name
    key     hash of the settings it depends on and of the manifests it was made from
    counts  figures by name
    files   what it made, by kind, in order
    """

    step: str
    key: str
    counts: dict[str, Any]
    files: dict[str, list[Made]]

    @property
    def digest(self) -> str:
        """The hash of all of it, which the next step depends on."""
        return hashlib.sha256(_text(self).encode()).hexdigest()


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Say that the step in ``folder`` is whole."""
    atomic_write(folder / NAME, _text(manifest).encode())


def read_manifest(folder: Path) -> Manifest | None:
    """Return what a step made; None while it is not whole. PipelineError when it is damaged."""
    path = folder / NAME
    if not path.is_file():
        return None
    try:
        found = json.loads(path.read_bytes())
        if found.pop("schema") != _SCHEMA:
            raise ValueError(f"it is not of schema {_SCHEMA}")
        files = {kind: [Made(*made) for made in some] for kind, some in found.pop("files").items()}
        return Manifest(files=files, **found)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise PipelineError(
            f"{path} is damaged ({error}); remove {folder}, to make the step again"
        ) from error


def sha256_of(path: Path) -> str:
    """Return the sha256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def key_of(facts: Mapping[str, Any]) -> str:
    """Return a hash of settings and digests."""
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:16]


def _text(manifest: Manifest) -> str:
    return json.dumps({"schema": _SCHEMA, **manifest._asdict()}, indent=1, sort_keys=True) + "\n"
