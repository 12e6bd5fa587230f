"""What is known of the networks of a run: their ratings, and how much of the truth they knew."""

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from hexray.errors import FileFormatError
from hexray.metrics import METRICS_FILE, read_metrics
from hexray.net.on_disk import NetFile, nets_on_disk
from hexray.page.found import STRENGTH_FILE
from hexray.ratings.ladder_file import read_ladder
from hexray.ratings.standings import listed

_SOLVED = ("solved/winner_accuracy", "solved/move_accuracy")


class _Solved(NamedTuple):
    """How much of the solved positions a version knew; None where nothing can be measured."""

    version: int
    winner_accuracy: float
    move_accuracy: float | None


def described(run: Path) -> list[dict[str, Any]]:
    """Describe the networks of a run, oldest first; what cannot be read is said on stderr."""
    there = nets_on_disk(run)
    best, ratings = _ratings(run)
    measured = _measured(run, there)
    newest = max((net.version for net in there), default=None)
    rows = []
    for net in there:
        rating = ratings.get(net.version, {})
        nearest = min(
            measured, key=lambda one: (abs(one.version - net.version), -one.version), default=None
        )
        rows.append(
            {
                **named(net),
                "written": net.written,
                "size_bytes": net.size_bytes,
                **{key: rating.get(key) for key in ("elo", "low", "high", "games")},
                "solved": None if nearest is None else nearest._asdict(),
                "is_best": net.kind == "kept" and net.version == best,
                "is_newest": net.version == newest,
            }
        )
    return rows


def named(net: NetFile) -> dict[str, Any]:
    """Name a network: version, kind, path."""
    return {"version": net.version, "kind": net.kind, "path": str(net.path)}


def _ratings(run: Path) -> tuple[int | None, Mapping[int, Mapping[str, Any]]]:
    """Return the best version, and by version what its games say."""
    try:
        ladder = read_ladder(run)
    except FileFormatError as error:
        _tell(error)
        return None, {}
    return ladder.best, {line["version"]: line for line in listed(ladder)}


def _measured(run: Path, there: Sequence[NetFile]) -> list[_Solved]:
    """Return the accuracies a run has measured, by the version that was newest then."""
    path = run / METRICS_FILE
    try:
        found = _from_metrics(read_metrics(path) if path.exists() else [])
        last = _from_strength(run / STRENGTH_FILE, there)
    except FileFormatError as error:
        _tell(error)
        return []
    return found if last is None else [*(one for one in found if one.version != last.version), last]


def _from_metrics(lines: Sequence[Mapping[str, Any]]) -> list[_Solved]:
    found, version = [], None
    for line in lines:
        version = line.get("version", version)
        if version is not None and _SOLVED[0] in line:
            found.append(_Solved(int(version), line[_SOLVED[0]], line.get(_SOLVED[1])))
    return found


def _from_strength(path: Path, there: Sequence[NetFile]) -> _Solved | None:
    """Return what was measured at the end of the last start, if no checkpoint came after it."""
    saved = [net for net in there if net.kind == "checkpoint"]
    strength = _object(path)
    winner = strength.get("winner_accuracy")
    if winner is None or not saved or path.stat().st_mtime < saved[-1].written:
        return None
    return _Solved(saved[-1].version, winner, strength.get("move_accuracy"))


def _object(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    try:
        found = json.loads(path.read_bytes())
    except ValueError as error:
        raise FileFormatError(f"{path}:1:1: {error}; the end of a run writes it anew") from error
    return found if isinstance(found, dict) else {}


def _tell(error: FileFormatError) -> None:
    print(f"hexray: {error}", file=sys.stderr)
