"""Checkpoints: folders named by version that hold all that training and playing need.

    00000042/
      weights.safetensors  averaged weights, as they are trained
      served.safetensors   the same with BatchNorm folded, as they are served
      training.pt          network, optimizer and counts of the trainer
      settings.json        the resolved settings of the run
      manifest.json        version, counters, size and sha256 of each file; written last

The folder is written beside, flushed and renamed, so a crash leaves it whole or not at all.
"""

import hashlib
import io
import json
import os
import pickle
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import safetensors.numpy
import safetensors.torch
import torch
from numpy.typing import NDArray
from pydantic import ValidationError
from safetensors import SafetensorError

from hexray.config import RunConfig, explain
from hexray.errors import CheckpointError
from hexray.files import atomic_folder, atomic_write, partial_path
from hexray.net.kept import BEST_SUFFIX, SHIPPED, ServedNet, best_path, read_kept, shipped_path

_SCHEMA = 1
_MANIFEST = "manifest.json"
_FILES = ("weights.safetensors", "served.safetensors", "training.pt", "settings.json")
# What reading raises on content that was made up and given a fitting hash.
_UNREADABLE = (
    pickle.UnpicklingError,
    SafetensorError,
    RuntimeError,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    AssertionError,
    EOFError,
)
_REPLACED = ".replaced"
_NAME = re.compile(r"[0-9]{8,}(\.replaced)?")


class Checkpoint(NamedTuple):
    """What a checkpoint holds.

    version   number of the served weights
    config    settings of the run
    state     for ``Trainer.load_state``
    served    for ``Evaluator.load``, float32
    counters  numbers that the learner keeps, by name
    """

    version: int
    config: RunConfig
    state: dict[str, Any]
    served: dict[str, NDArray[np.float32]]
    counters: dict[str, float]


def save_checkpoint(folder: Path, checkpoint: Checkpoint) -> Path:
    """Write ``checkpoint`` into ``folder`` (made when missing) under its version; return its path.

    One of the same version is replaced, and stands until the new one does. Raises OSError when
    the disk refuses.
    """
    target = folder / f"{checkpoint.version:08d}"
    replaced = target.with_name(target.name + _REPLACED)
    if _is_valid(target):
        _remove(replaced)
        os.rename(target, replaced)
    _remove(target)
    contents = _contents(checkpoint)
    atomic_folder(target, lambda beside: _write(beside, contents))
    _remove(replaced)
    return target


def load_checkpoint(path: Path) -> Checkpoint:
    """Read one checkpoint folder; CheckpointError names the file, what it should be and is.

    Nothing in a checkpoint can run code.
    """
    manifest = _read_manifest(path)
    contents = {name: _read_checked(path / name, manifest) for name in _FILES}
    try:
        config = RunConfig.model_validate_json(contents["settings.json"])
    except ValidationError as error:
        raise CheckpointError(f"{path / 'settings.json'}: {explain(error)}") from error
    try:
        state = torch.load(io.BytesIO(contents["training.pt"]), "cpu", weights_only=True)
        state["average"] = safetensors.torch.load(contents["weights.safetensors"])
        served = safetensors.numpy.load(contents["served.safetensors"])
    except _UNREADABLE as error:
        raise CheckpointError(f"{path} is not readable: {error}") from error
    return Checkpoint(manifest["version"], config, state, served, manifest["counters"])


def newest_checkpoint(folder: Path) -> tuple[Checkpoint | None, list[str]]:
    """Return the newest valid checkpoint of ``folder``, and why each newer one was skipped."""
    skipped = []
    for path in reversed(_numbered(folder)):
        try:
            return load_checkpoint(path), skipped
        except CheckpointError as error:
            skipped.append(str(error))
    return None, skipped


def newest_path(folder: Path) -> Path | None:
    """Return the newest checkpoint of ``folder`` that was written to its end, not yet read."""
    whole = (path for path in reversed(_numbered(folder)) if (path / _MANIFEST).is_file())
    return next(whole, None)


def prune(folder: Path, keep: int, every: int = 0) -> None:
    """Remove what is older than the newest ``keep`` valid checkpoints, and unfinished ones.

    Damaged checkpoints do not count, so the last valid one is never removed. Of the older ones
    those stay whose counter ``saved`` is a multiple of ``every``; 0 keeps none.
    """
    valid = 0
    for path in reversed(_numbered(folder)):
        if valid >= keep:
            if not (every and _saved(path) % every == 0):
                shutil.rmtree(path)
        elif _is_valid(path):
            valid += 1
    for path in folder.glob(partial_path(folder / "*").name):
        shutil.rmtree(path)


def load_net(path: Path) -> ServedNet:
    """Load the network of a checkpoint, of the newest valid one of a folder, or of a run.

    ``RUN@best`` names the best version of a run, a file one that was kept, and ``shipped`` the one
    that comes with hexray. Raises CheckpointError when there is none.
    """
    if str(path) == SHIPPED and not path.exists():
        return read_kept(shipped_path())
    if path.is_file():
        return read_kept(path)
    if not path.exists() and path.name.endswith(BEST_SUFFIX):
        return read_kept(best_path(Path(str(path).removesuffix(BEST_SUFFIX))))
    if not path.exists():
        raise CheckpointError(f"{path}: no such file or folder; name a run folder or a checkpoint")
    if (path / _MANIFEST).exists() or _NAME.fullmatch(path.name):
        found = load_checkpoint(path)
        return ServedNet(found.config, found.version, found.served, [])
    inside = path / "checkpoints"
    newest, skipped = newest_checkpoint(inside if inside.is_dir() else path)
    if newest is None:
        reasons = "".join(f"\n  {reason}" for reason in skipped)
        raise CheckpointError(
            f"{path} holds no valid checkpoint; name a checkpoint, a folder of checkpoints or a "
            f"run folder{reasons}"
        )
    return ServedNet(newest.config, newest.version, newest.served, skipped)


def _contents(checkpoint: Checkpoint) -> dict[str, bytes]:
    state = dict(checkpoint.state)
    average = {name: tensor.cpu().contiguous() for name, tensor in state.pop("average").items()}
    training = io.BytesIO()
    torch.save(state, training)
    contents = {
        "weights.safetensors": safetensors.torch.save(average),
        "served.safetensors": safetensors.numpy.save(checkpoint.served),
        "training.pt": training.getvalue(),
        "settings.json": checkpoint.config.model_dump_json(indent=2).encode(),
    }
    manifest = {
        "schema": _SCHEMA,
        "version": checkpoint.version,
        "counters": checkpoint.counters,
        "files": {name: _digest(content) for name, content in contents.items()},
    }
    return {**contents, _MANIFEST: json.dumps(manifest, indent=2).encode()}


def _remove(folder: Path) -> None:
    if folder.exists():
        shutil.rmtree(folder)


def _write(folder: Path, contents: Mapping[str, bytes]) -> None:
    for name, content in contents.items():
        atomic_write(folder / name, content)


def _numbered(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    named = [path for path in folder.iterdir() if _NAME.fullmatch(path.name)]
    return sorted(named, key=_age)


def _age(path: Path) -> tuple[int, bool]:
    number = path.name.removesuffix(_REPLACED)
    return int(number), number == path.name


def _saved(path: Path) -> float:
    """Return the number of a checkpoint in its run; 0.5, no multiple of any, if it is unknown."""
    try:
        return _read_manifest(path)["counters"].get("saved", 0.5)
    except CheckpointError:
        return 0.5


def _is_valid(path: Path) -> bool:
    try:
        manifest = _read_manifest(path)
        for name in _FILES:
            _read_checked(path / name, manifest)
    except CheckpointError:
        return False
    return True


def _read_manifest(path: Path) -> dict[str, Any]:
    file = path / _MANIFEST
    try:
        manifest = json.loads(_read(file))
    except (ValueError, RecursionError) as error:
        raise CheckpointError(f"{file} is no JSON: {error}") from error
    schema = manifest.get("schema") if isinstance(manifest, dict) else None
    if schema != _SCHEMA:
        raise CheckpointError(f"{file}: schema is {schema!r}, this program reads {_SCHEMA}")
    kinds = {"version": int, "counters": dict, "files": dict}
    for name, kind in kinds.items():
        if not isinstance(manifest.get(name), kind):
            raise CheckpointError(f"{file}: {name} should be {kind.__name__}")
    return manifest


def _read_checked(file: Path, manifest: Mapping[str, Any]) -> bytes:
    content = _read(file)
    expected, found = manifest["files"].get(file.name), _digest(content)
    if expected != found:
        raise CheckpointError(f"{file} is damaged: expected {expected}, found {found}")
    return content


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError) as error:
        raise CheckpointError(f"{file} is missing") from error


def _digest(content: bytes) -> dict[str, Any]:
    return {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
