"""Networks to play with, one small file each, and which of a run is the best.

    versions/00000042.safetensors   served weights; settings, version and digest as its metadata
    best.json                       the version that is best, and its file

Both lie in the folder of a run. Files are written beside, flushed and renamed.
"""

import hashlib
import json
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import safetensors.numpy
from numpy.typing import NDArray
from pydantic import ValidationError
from safetensors import SafetensorError, safe_open

from hexray.config import RunConfig, explain
from hexray.errors import CheckpointError
from hexray.files import atomic_write

VERSIONS = "versions"
BEST_FILE = "best.json"
BEST_SUFFIX = "@best"
SHIPPED = "shipped"
"""The network that comes with hexray; ``hexray/nets/README.md`` says how it was made."""
_SUFFIX = ".safetensors"
_KEYS = ("version", "settings", "sha256")

Published = tuple[int, Mapping[str, NDArray[np.float32]]]
"""The number of weights, and they themselves."""


class ServedNet(NamedTuple):
    """A network to play with: settings of its run, version, weights for ``Evaluator.load``.

    ``skipped`` says why newer checkpoints were passed over.
    """

    config: RunConfig
    version: int
    weights: Mapping[str, NDArray[np.float32]]
    skipped: list[str]


def shipped_path() -> Path:
    """Return the file of the network that comes with hexray."""
    return Path(str(files("hexray"))) / "nets" / f"{SHIPPED}{_SUFFIX}"


def kept_path(run: Path, version: int) -> Path:
    """Return where a run keeps the network of that version."""
    return run / VERSIONS / f"{version:08d}{_SUFFIX}"


def kept_versions(run: Path) -> list[int]:
    """Return the versions of a run whose networks are kept, oldest first."""
    names = (path.name.removesuffix(_SUFFIX) for path in (run / VERSIONS).glob(f"*{_SUFFIX}"))
    return sorted(int(name) for name in names if name.isascii() and name.isdigit())


def keep_net(run: Path, net: ServedNet) -> Path:
    """Write a network into the folder of its run; return its file. Raises OSError."""
    path = kept_path(run, net.version)
    path.parent.mkdir(exist_ok=True)
    weights = {name: np.ascontiguousarray(array) for name, array in net.weights.items()}
    about = {
        "version": str(net.version),
        "settings": net.config.model_dump_json(),
        "sha256": _digest(weights),
    }
    atomic_write(path, safetensors.numpy.save(weights, about))
    return path


def read_kept(path: Path) -> ServedNet:
    """Read a network that ``keep_net`` wrote; nothing in the file can run code.

    Raises CheckpointError naming the file when it is missing, damaged or something else.
    """
    if not path.is_file():
        raise CheckpointError(f"{path} is missing")
    try:
        with safe_open(path, "np") as file:
            about: dict[str, Any] = file.metadata() or {}
            weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise CheckpointError(
            f"{path} is not readable ({error}); name a run folder, a checkpoint or a kept network"
        ) from error
    missing = [key for key in _KEYS if key not in about]
    if missing or not about["version"].isdigit():
        raise CheckpointError(f"{path} is no network that hexray kept: {missing or 'version'}")
    if _digest(weights) != about["sha256"]:
        raise CheckpointError(f"{path} is damaged: its weights are not those that were written")
    try:
        config = RunConfig.model_validate_json(about["settings"])
    except ValidationError as error:
        raise CheckpointError(f"{path}: {explain(error)}") from error
    return ServedNet(config, int(about["version"]), weights, [])


def point_to_best(run: Path, version: int) -> None:
    """Make a kept version the best of its run. Raises OSError."""
    file = kept_path(run, version).relative_to(run)
    record = {"version": version, "weights": str(file)}
    atomic_write(run / BEST_FILE, (json.dumps(record, indent=2) + "\n").encode())


def best_path(run: Path) -> Path:
    """Return the file of a run's best network; raises CheckpointError when it has none."""
    file = run / BEST_FILE
    try:
        record = json.loads(file.read_bytes())
        version = record["version"]
    except FileNotFoundError as error:
        raise CheckpointError(
            f"{run} has no best network yet ({BEST_FILE} is missing); name the run itself"
        ) from error
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise CheckpointError(f"{file} is damaged ({error!r}); the run writes it anew") from error
    if type(version) is not int or version < 0:
        raise CheckpointError(f"{file}: version is {version!r}; the run writes it anew")
    return kept_path(run, version)


def _digest(weights: Mapping[str, NDArray[np.float32]]) -> str:
    parts = hashlib.sha256()
    for name in sorted(weights):
        array = weights[name]
        parts.update(f"{name} {array.dtype} {array.shape}\n".encode())
        parts.update(array.tobytes())
    return parts.hexdigest()
