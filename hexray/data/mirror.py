"""A run folder kept a second time in storage that outlives its machine, and brought back from it.

Files have the same names in both. ``metrics.jsonl``, which only grows, is kept in pieces named by
where they begin: ``metrics/000000000000``. Logs of TensorBoard and what keeps others out of a run
folder stay where they are.
"""

import hashlib
import json
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from hexray.data.storage import Storage
from hexray.errors import RunFolderError
from hexray.files import atomic_folder, atomic_write

_RUN = "run.json"
"""First of all: a start that is not counted would give its games the names of another's."""
_METRICS = "metrics.jsonl"
_PIECES = "metrics/"
_MANIFEST = "manifest.json"
_ONCE = re.compile(r"(games/[^/]+/games-\d+\.parquet|suspects/\d+/[^/]+|versions/\d+\.safetensors)")
"""Files that never change once they have their name."""
_CHECKPOINT = re.compile(r"checkpoints/\d+/")
_CHANGING = (
    *(_RUN, "settings.yaml", "ratings.json", "best.json"),
    *("strength.json", "curve.png", "game.svg", "openings.svg"),
)
_PRUNED = re.compile(r"(checkpoints/\d+/.*|versions/.*)")
"""Files that go from storage when they have gone from the run folder."""


class Mirror:
    """A run folder and its second home; ``push`` brings the second up to date."""

    def __init__(self, folder: Path, storage: Storage) -> None:
        """Look at what is in storage.

        Raises StorageError when that cannot be reached, and RunFolderError when it holds another
        run than the folder.
        """
        self._folder, self._storage = folder, storage
        self._there = storage.sizes()
        self._sent: dict[str, bytes] = {}
        if _RUN in self._there and (folder / _RUN).exists():
            theirs, own = storage.get(_RUN), (folder / _RUN).read_bytes()
            if _fields(theirs).get("run_id") != _fields(own).get("run_id"):
                raise RunFolderError(
                    f"storage {storage.url} holds another run than {folder}; name another "
                    "storage.url, or a new run folder to go on with that run"
                )

    def push(self) -> None:
        """Write everything that is new, a checkpoint's manifest last, and remove what was pruned.

        Raises StorageError and OSError; what is in storage then is whole, and older.
        """
        changing = {name: self._content(name) for name in self._changing()}
        for name in (_RUN, *sorted(name for name in changing if name.startswith("settings"))):
            self._put_changed(name, changing.pop(name, None))
        for name in sorted(self._names("versions/*", "games/*/*", "suspects/*/*")):
            if _ONCE.fullmatch(name):
                self._put_once(name)
        for manifest in sorted(self._names(f"checkpoints/*/{_MANIFEST}"), reverse=True):
            if _CHECKPOINT.match(manifest):
                self._put_checkpoint(manifest)
        self._put_metrics()
        for name, content in changing.items():
            self._put_changed(name, content)
        self._prune()

    def _changing(self) -> Iterable[str]:
        return {*_CHANGING, *self._names("settings-*.yaml")}

    def _names(self, *patterns: str) -> list[str]:
        return [
            path.relative_to(self._folder).as_posix()
            for pattern in patterns
            for path in self._folder.glob(pattern)
        ]

    def _content(self, name: str) -> bytes | None:
        """Return what a file of the run holds, nothing when it is not or no longer there."""
        try:
            return (self._folder / name).read_bytes()
        except FileNotFoundError:
            return None

    def _put(self, name: str, content: bytes) -> None:
        self._storage.put(name, content)
        self._there[name] = len(content)

    def _put_changed(self, name: str, content: bytes | None) -> None:
        digest = hashlib.sha256(content or b"").digest()
        if content is not None and self._sent.get(name) != digest:
            self._put(name, content)
            self._sent[name] = digest

    def _put_once(self, name: str) -> None:
        if name in self._sent:
            return
        path = self._folder / name
        size = path.stat().st_size if path.exists() else None  # versions are pruned meanwhile
        content = self._content(name) if self._there.get(name) != size else None
        if content is not None:
            self._put(name, content)
        if size is not None and self._there.get(name) == size:
            self._sent[name] = b""

    def _put_checkpoint(self, manifest: str) -> None:
        """Write the files, then the manifest with their hashes; stop if it is pruned meanwhile."""
        listed = self._content(manifest)
        if listed is None or self._is_there(manifest, listed):
            return
        if manifest in self._there:  # of a checkpoint that was replaced
            self._storage.remove(manifest)
            del self._there[manifest]
        folder = manifest.removesuffix(_MANIFEST)
        for name in sorted(_fields(listed).get("files", ())):
            content = self._content(folder + name)
            if content is None:
                return
            self._put(folder + name, content)
        self._put(manifest, listed)
        self._sent[manifest] = listed

    def _is_there(self, manifest: str, listed: bytes) -> bool:
        if manifest not in self._there:
            return False
        if manifest not in self._sent:
            self._sent[manifest] = self._storage.get(manifest)
        return self._sent[manifest] == listed

    def _put_metrics(self) -> None:
        path = self._folder / _METRICS
        if not path.exists():
            return
        begin = _end_of_pieces(self._there)
        with path.open("rb") as file:
            file.seek(begin)
            new = file.read()
        whole = new[: new.rfind(b"\n") + 1]
        if whole:
            self._put(f"{_PIECES}{begin:012d}", whole)

    def _prune(self) -> None:
        """Remove checkpoints and versions that the run has removed, if it has others."""
        manifests = self._names(f"checkpoints/*/{_MANIFEST}")
        if not any(name in self._there for name in manifests):
            return
        gone = [
            name
            for name in self._there
            if _PRUNED.fullmatch(name) and not (self._folder / name).exists()
        ]
        for name in sorted(gone, key=lambda name: not name.endswith(_MANIFEST)):
            self._storage.remove(name)
            del self._there[name]
            self._sent.pop(name, None)


def bring_back(folder: Path, storage: Storage, note: Callable[[str], None]) -> bool:
    """Make a run folder of what is in storage, whole or not at all; say whether there was a run.

    ``folder`` does not exist or is empty. Left out, and told to ``note``, are checkpoints that are
    not whole and damaged files of games. Raises StorageError and OSError.
    """
    there = storage.sizes()
    if _RUN not in there:
        return False
    if folder.exists():
        folder.rmdir()
    atomic_folder(folder, lambda beside: _fill(beside, storage, there, note))
    return True


def _fill(
    folder: Path, storage: Storage, there: dict[str, int], note: Callable[[str], None]
) -> None:
    def fetch(name: str) -> None:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        atomic_write(folder / name, storage.get(name))

    for name in sorted(there):
        is_settings = re.fullmatch(r"settings-\d+\.yaml", name)
        if name in _CHANGING or is_settings or _ONCE.fullmatch(name):
            fetch(name)
            if name.endswith(".parquet") and not _is_parquet(folder / name):
                (folder / name).unlink()
                note(f"{name} in storage is damaged, its games are left out")
        elif _CHECKPOINT.match(name) and name.endswith(f"/{_MANIFEST}"):
            if _fetch_checkpoint(folder, storage, name, there):
                continue
            note(f"{name.removesuffix(_MANIFEST)} in storage is not whole and left out")
    pieces = [storage.get(name) for name in _contiguous(there)]
    if pieces:
        atomic_write(folder / _METRICS, b"".join(pieces))


def _fetch_checkpoint(folder: Path, storage: Storage, manifest: str, there: Iterable[str]) -> bool:
    """Write a checkpoint if every file is what its manifest says; say whether it was."""
    listed, above = storage.get(manifest), manifest.removesuffix(_MANIFEST)
    files: dict[str, Any] = _fields(listed).get("files", {})
    if not files or any(above + name not in there for name in files):
        return False
    contents = {name: storage.get(above + name) for name in files}
    if any(hashlib.sha256(contents[name]).hexdigest() != files[name]["sha256"] for name in files):
        return False

    def fill(beside: Path) -> None:
        for name, content in {**contents, _MANIFEST: listed}.items():
            atomic_write(beside / name, content)

    atomic_folder(folder / above, fill)
    return True


def _fields(text: bytes) -> dict[str, Any]:
    """Read a JSON object; what is none has no fields."""
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _is_parquet(path: Path) -> bool:
    try:
        pq.read_metadata(path)
    except (pa.ArrowException, OSError):
        return False
    return True


def _contiguous(there: dict[str, int]) -> list[str]:
    """Return the pieces of the metrics that follow each other from the beginning."""
    found: list[str] = []
    end = 0
    while (name := f"{_PIECES}{end:012d}") in there and there[name] > 0:
        found.append(name)
        end += there[name]
    return found


def _end_of_pieces(there: dict[str, int]) -> int:
    return sum(there[name] for name in _contiguous(there))
