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
from hexray.files import PARTIAL_SUFFIX, atomic_folder, atomic_write

SCHEMA = 1
MANIFEST = "manifest.json"
FILES = ("weights.safetensors", "served.safetensors", "training.pt", "settings.json")
_NAME = re.compile(r"[0-9]{8,}")


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

    A damaged checkpoint of that version is replaced; a valid one raises CheckpointError, for two
    states must not share a version. Raises OSError when the disk refuses.
    """
    target = folder / f"{checkpoint.version:08d}"
    if target.exists():
        if _fault(target) is None:
            raise CheckpointError(f"{target} exists already; publish a new version first")
        shutil.rmtree(target)
    atomic_folder(target, lambda beside: _write(beside, checkpoint))
    return target


def load_checkpoint(path: Path) -> Checkpoint:
    """Read one checkpoint folder; CheckpointError names the file, what it should be and is.

    Nothing in a checkpoint can run code.
    """
    manifest = _read_manifest(path)
    contents = {name: _read_checked(path / name, manifest) for name in FILES}
    try:
        config = RunConfig.model_validate_json(contents["settings.json"])
    except ValidationError as error:
        raise CheckpointError(f"{path / 'settings.json'}: {explain(error)}") from error
    try:
        state = torch.load(io.BytesIO(contents["training.pt"]), "cpu", weights_only=True)
        average = safetensors.torch.load(contents["weights.safetensors"])
        served = safetensors.numpy.load(contents["served.safetensors"])
    except (pickle.UnpicklingError, SafetensorError, RuntimeError, EOFError) as error:
        raise CheckpointError(f"{path} is not readable: {error}") from error
    state = {**state, "average": average}
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


def prune(folder: Path, keep: int) -> None:
    """Remove all that is older than the newest ``keep`` valid checkpoints, and unfinished ones.

    Damaged checkpoints do not count, so the last valid one is never removed.
    """
    valid = 0
    for path in reversed(_numbered(folder)):
        if valid >= keep:
            shutil.rmtree(path)
        elif _fault(path) is None:
            valid += 1
    for path in folder.glob(f".*{PARTIAL_SUFFIX}"):
        shutil.rmtree(path)


def load_net(path: Path) -> tuple[RunConfig, int, dict[str, NDArray[np.float32]]]:
    """Return settings, version and served weights of a checkpoint, a folder of them, or a run.

    Of several checkpoints the newest valid one is taken. Raises CheckpointError when there is
    none.
    """
    if (path / MANIFEST).exists() or _NAME.fullmatch(path.name):
        found = load_checkpoint(path)
        return found.config, found.version, found.served
    inside = path / "checkpoints"
    newest, skipped = newest_checkpoint(inside if inside.is_dir() else path)
    if newest is None:
        reasons = "".join(f"\n  {reason}" for reason in skipped)
        raise CheckpointError(
            f"{path} holds no valid checkpoint; name a checkpoint, a folder of checkpoints or a "
            f"run folder{reasons}"
        )
    return newest.config, newest.version, newest.served


def _write(folder: Path, checkpoint: Checkpoint) -> None:
    training = io.BytesIO()
    state = dict(checkpoint.state)
    average = {name: tensor.cpu().contiguous() for name, tensor in state.pop("average").items()}
    torch.save(state, training)
    contents = {
        "weights.safetensors": safetensors.torch.save(average),
        "served.safetensors": safetensors.numpy.save(checkpoint.served),
        "training.pt": training.getvalue(),
        "settings.json": checkpoint.config.model_dump_json(indent=2).encode(),
    }
    for name in FILES:
        atomic_write(folder / name, contents[name])
    manifest = {
        "schema": SCHEMA,
        "version": checkpoint.version,
        "counters": dict(checkpoint.counters),
        "files": {name: _digest(content) for name, content in contents.items()},
    }
    atomic_write(folder / MANIFEST, json.dumps(manifest, indent=2).encode())


def _numbered(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    named = [path for path in folder.iterdir() if _NAME.fullmatch(path.name)]
    return sorted(named, key=lambda path: int(path.name))


def _fault(path: Path) -> str | None:
    try:
        manifest = _read_manifest(path)
        for name in FILES:
            _read_checked(path / name, manifest)
    except CheckpointError as error:
        return str(error)
    return None


def _read_manifest(path: Path) -> dict[str, Any]:
    file = path / MANIFEST
    try:
        manifest = json.loads(_read(file))
    except ValueError as error:
        raise CheckpointError(f"{file} is no JSON: {error}") from error
    schema = manifest.get("schema") if isinstance(manifest, dict) else None
    if schema != SCHEMA:
        raise CheckpointError(f"{file}: schema is {schema!r}, this program reads {SCHEMA}")
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
