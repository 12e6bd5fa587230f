"""The networks that lie in the folder of a run, whether they are whole, and putting some away.

versions/00000042.safetensors   networks that were kept to play with
checkpoints/00000042/           checkpoints
archive/                        the same two folders with what was put away
"""

import errno
import filecmp
import os
import re
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
import torch

from hexray.errors import CheckpointError
from hexray.files import fsync_folder, partial_path
from hexray.net.checkpoint import load_checkpoint
from hexray.net.kept import ServedNet, kept_path, kept_versions, read_kept
from hexray.net.model import HexNet, copy_weights

ARCHIVE = "archive"
CHECKPOINTS = "checkpoints"
Kind = Literal["kept", "checkpoint"]


class NetFile(NamedTuple):
    """A network on disk: a file that was kept, or the folder of a checkpoint.

    written  seconds since 1970
    """

    version: int
    kind: Kind
    path: Path
    size_bytes: int
    written: float


def nets_on_disk(run: Path) -> list[NetFile]:
    """Return the networks of a run, or of its archive, by version; none of them is read."""
    paths = [kept_path(run, version) for version in kept_versions(run)]
    found = [net for path in paths for net in _found("kept", path)]
    folders = (run / CHECKPOINTS).glob("*")
    named = [path for path in folders if re.fullmatch("[0-9]{8,}", path.name)]
    found += [net for path in named for net in _found("checkpoint", path)]
    return sorted(found, key=lambda net: (net.version, net.kind))


def fault_of(net: NetFile) -> str:
    """Load a network and say what is wrong with it; nothing when it is whole.

    Looked at are the hashes, its version, whether its weights fit its settings, and whether every
    number, of a checkpoint also those that training goes on from, is finite.
    """
    try:
        if net.kind == "kept":
            served, state = read_kept(net.path), {}
        else:
            found = load_checkpoint(net.path)
            served, state = ServedNet(found.config, found.version, found.served, []), found.state
        if served.version != net.version:
            return f"{net.path} holds version {served.version}"
        copy_weights(HexNet(served.config.net, normalised=False).state_dict(), served.weights)
    except CheckpointError as error:
        return str(error)
    for name, numbers in chain(served.weights.items(), _tensors(state, "")):
        if not _is_finite(numbers):
            return f"{net.path}: {name} has numbers that are not finite"
    return ""


def may_go(
    there: Sequence[NetFile],
    gone: Sequence[NetFile],
    is_needed: Callable[[NetFile], bool],
    every: int,
) -> list[NetFile]:
    """Return which of the networks that are ``there`` may be put away.

    Needed ones stay, and of each kind every so manieth by version, the oldest first; 0 keeps none.
    Those already ``gone`` are counted too, so that it is the same ones each time.
    """
    stay = set()
    for kind in ("kept", "checkpoint"):
        versions = sorted({net.version for net in [*there, *gone] if net.kind == kind})
        stay |= {(kind, version) for version in (versions[::every] if every else ())}
    return [net for net in there if not is_needed(net) and (net.kind, net.version) not in stay]


def put_away(run: Path, net: NetFile) -> Path:
    """Move a network into the archive of its run and return where it is now; all or nothing.

    What is there already, the same to the byte, is not kept twice. Raises CheckpointError when
    something else is there, or the archive is on another file system, and OSError.
    """
    target = run / ARCHIVE / net.path.relative_to(run)
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.exists():
        if not _is_same(net.path, target):
            raise CheckpointError(
                f"{target} is another network of the same version; rename one of them"
            )
        _remove(net.path)
    else:
        try:
            os.rename(net.path, target)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            raise CheckpointError(
                f"{target.parent} is on another file system; move {net.path} there by hand"
            ) from error
    for folder in (target.parent, net.path.parent):
        fsync_folder(folder)
    return target


def _found(kind: Kind, path: Path) -> Iterator[NetFile]:
    """Yield what lies at ``path``, unless it goes at this moment, as a run removes old ones."""
    try:
        stats = [file.stat() for file in ([path] if kind == "kept" else path.iterdir())]
        written = max((stat.st_mtime for stat in stats), default=path.stat().st_mtime)
    except (FileNotFoundError, NotADirectoryError):
        return
    yield NetFile(int(path.stem), kind, path, sum(stat.st_size for stat in stats), written)


def _tensors(state: Any, name: str) -> Iterator[tuple[str, Any]]:
    """Yield the tensors in a nested state, by name."""
    if isinstance(state, torch.Tensor):
        yield name, state
    elif isinstance(state, (dict, list, tuple)):
        pairs: Iterable[tuple[Any, Any]] = (
            state.items() if isinstance(state, dict) else enumerate(state)
        )
        for key, part in pairs:
            yield from _tensors(part, f"{name}.{key}" if name else str(key))


def _is_finite(numbers: Any) -> bool:
    if isinstance(numbers, torch.Tensor):
        return bool(torch.isfinite(numbers).all())
    return bool(np.isfinite(numbers).all())


def _is_same(one: Path, other: Path) -> bool:
    """Compare two files, or two folders of files, byte by byte."""
    if one.is_file() or other.is_file():
        return one.is_file() and other.is_file() and filecmp.cmp(one, other, shallow=False)
    names = sorted(path.name for path in one.iterdir())
    if names != sorted(path.name for path in other.iterdir()):
        return False
    return all(_is_same(one / name, other / name) for name in names)


def _remove(path: Path) -> None:
    """Remove a file, or a folder that nobody may find half removed."""
    if path.is_file():
        path.unlink()
        return
    beside = partial_path(path)
    os.rename(path, beside)
    shutil.rmtree(beside)
