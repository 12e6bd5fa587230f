"""``hexray nets``: the networks of a run, how strong they are, and putting old ones away."""

import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import tyro
from rich.console import Console, JustifyMethod
from rich.table import Table

from hexray.cli.net_facts import described, named
from hexray.errors import CheckpointError, RunFolderError, SettingsError
from hexray.net.checkpoint import newest_checkpoint
from hexray.net.kept import BEST_FILE, best_path
from hexray.net.on_disk import (
    ARCHIVE,
    CHECKPOINTS,
    NetFile,
    fault_of,
    may_go,
    nets_on_disk,
    put_away,
)
from hexray.ratings.ladder_file import read_ladder
from hexray.run_folder import RUN_FILE, refuse_busy, without_run

_COLUMNS: tuple[tuple[str, JustifyMethod], ...] = (
    ("version", "right"),
    ("kind", "left"),
    ("written", "left"),
    ("Elo", "right"),
    ("95 %", "right"),
    ("winner", "right"),
    ("move", "right"),
    ("at", "right"),
    ("MB", "right"),
    ("", "left"),
)
"""Winner and move are accuracies on solved positions, of the version under "at" if not its own."""


def nets(
    run: tyro.conf.Positional[Annotated[Path, tyro.conf.arg(metavar="RUN")]],
    /,
    *,
    validate: bool = False,
    prune: bool = False,
    every: Annotated[int, tyro.conf.arg(metavar="0..")] = 0,
    dry_run: bool = False,
    json_output: Annotated[bool, tyro.conf.arg(name="json")] = False,
) -> int:
    """List the networks of a run with their ratings, check that they are whole, or put some away.

    Ratings and accuracies are those the run has measured; an accuracy is of the version nearest
    to it that was measured. With --prune all but the best, its candidate, the newest of either
    kind and every Nth are moved into RUN/archive, from where they come back by hand:
    ``mv RUN/archive/versions/00000042.safetensors RUN/versions/`` or
    ``mv RUN/archive/checkpoints/00000042 RUN/checkpoints/``. A run that goes on removes what is
    beyond judge.versions and checkpoint.keep, so then copy rather than move. The exit status is 1
    when a network is not whole, or could not be put away.

    Args:
        run: Run folder.
        validate: Load each network and check its hashes and that its numbers are finite.
        prune: Move networks that are not needed into the archive; not while the run goes on.
        every: With --prune, of the older ones every Nth stays; 0 keeps none.
        dry_run: With --prune, only say what would go.
        json_output: Print one line of JSON.
    """
    _check(run, validate, prune, every, dry_run)
    if validate:
        return _validate(run, json_output)
    if prune:
        return _prune(run, every, dry_run, json_output)
    rows = described(run)
    if json_output:
        print(json.dumps([{**row, "written": _utc(row["written"])} for row in rows]))
    else:
        _show(run, rows)
    return 0


def _check(run: Path, validate: bool, prune: bool, every: int, dry_run: bool) -> None:
    if validate and prune:
        raise SettingsError("--validate and --prune are two things; run one after the other")
    if every < 0:
        raise SettingsError(f"--every {every}: use 0 or more")
    if (every or dry_run) and not prune:
        raise SettingsError("--every and --dry-run are for --prune; add it, or leave them out")
    if not (run / RUN_FILE).is_file():
        raise RunFolderError(f"{run} is no run folder; name one, such as runs/default-5x5-seed0")


def _validate(run: Path, json_output: bool) -> int:
    bad, records = 0, []
    for net in nets_on_disk(run):
        fault = fault_of(net)
        bad += bool(fault)
        records.append({**named(net), "fault": fault or None})
        if not json_output:
            print(f"{net.path}: whole" if not fault else f"BAD {fault}", flush=True)
    if json_output:
        print(json.dumps(records))
    elif not records:
        print(f"{run} holds no networks yet")
    return 1 if bad else 0


def _prune(run: Path, every: int, dry_run: bool, json_output: bool) -> int:
    refused: list[str] = []
    if dry_run:
        refuse_busy(run)
        going = _going(run, every)
    else:
        with without_run(run):
            going = _going(run, every)
            for net in going:
                _move(run, net, refused)
    gone = [net for net in going if dry_run or not net.path.exists()]
    if json_output:
        record = {"dry_run": dry_run, "archived": [named(net) for net in gone], "left": refused}
        print(json.dumps(record))
        return 1 if refused else 0
    for net in gone:
        print(f"{'would archive' if dry_run else 'archived'} {net.path.relative_to(run)}")
    for reason in refused:
        print(f"left in place: {reason}")
    saved = _megabytes(sum(net.size_bytes for net in gone))
    left = len(nets_on_disk(run)) - (len(gone) if dry_run else 0)
    where = f" {'would be ' if dry_run else ''}in {run / ARCHIVE}" if gone else ""
    print(f"{len(gone)} networks, {saved}{where}; {left} stay")
    return 1 if refused else 0


def _move(run: Path, net: NetFile, refused: list[str]) -> None:
    try:
        put_away(run, net)
    except CheckpointError as error:
        refused.append(str(error))


def _going(run: Path, every: int) -> list[NetFile]:
    """Return what may be put away: nothing that the run goes on from or that it names by a role.

    Raises FileFormatError or CheckpointError when it cannot be told which those are.
    """
    there = nets_on_disk(run)
    ladder = read_ladder(run)
    roles = {ladder.best, ladder.candidate, ladder.newest}
    if (run / BEST_FILE).exists():
        roles.add(int(best_path(run).stem))
    kept = [net.version for net in there if net.kind == "kept"]
    roles.add(max(kept, default=None))
    checkpoint, _ = newest_checkpoint(run / CHECKPOINTS)

    def is_needed(net: NetFile) -> bool:
        if net.kind == "kept":
            return net.version in roles
        # Newer ones are damaged: whoever looks into that wants to find them where they were.
        return checkpoint is None or net.version >= checkpoint.version or net.version in roles

    return may_go(there, nets_on_disk(run / ARCHIVE), is_needed, every)


def _show(run: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    if not rows:
        print(f"{run} holds no networks yet")
        return
    table = Table(box=None, padding=(0, 1, 0, 0))
    for header, justify in _COLUMNS:
        table.add_column(header, justify=justify, no_wrap=True)
    for row in rows:
        table.add_row(*_line(row))
    Console().print(table, highlight=False)


def _line(row: Mapping[str, Any]) -> list[str]:
    solved = row["solved"] or {"winner_accuracy": None, "move_accuracy": None, "version": None}
    is_rated, is_near = row["elo"] is not None, solved["version"] in (None, row["version"])
    return [
        f"{row['version']}",
        row["kind"],
        time.strftime("%d %b %H:%M", time.localtime(row["written"])),
        f"{row['elo']:+.0f}" if is_rated else "",
        f"{row['low']:+.0f} to {row['high']:+.0f}" if is_rated else "",
        _percent(solved["winner_accuracy"]),
        _percent(solved["move_accuracy"]),
        "" if is_near else f"{solved['version']}",
        f"{row['size_bytes'] / 1e6:,.1f}",
        ", ".join(name for name in ("best", "newest") if row[f"is_{name}"]),
    ]


def _utc(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def _percent(share: float | None) -> str:
    return "" if share is None else f"{share:.1%}"


def _megabytes(size_bytes: int) -> str:
    return f"{size_bytes / 1e6:,.1f} MB"
