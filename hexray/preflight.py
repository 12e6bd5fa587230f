"""What must be right before a run begins: room, ports, what is stored, the machine."""

import os
import shutil
import socket
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, NamedTuple

import psutil

from hexray.config import RunConfig
from hexray.curriculum import boards_of
from hexray.data.store import GameStore
from hexray.errors import SettingsError, StoreError
from hexray.guard import Guard, Level
from hexray.net.backend import pick_device
from hexray.net.checkpoint import newest_checkpoint
from hexray.placement import wanted_by
from hexray.run_owner import read_owner

PROCESS_MB = 550
"""What a process of a run holds, its window and its batches not counted (docs/reliability.md)."""
RAY_MB = 800
_DASHBOARD_PORT = 8265
_MB = 2**20


class Check(NamedTuple):
    """What was looked at, and what was found; a run that is ``refused`` cannot work."""

    name: str
    verdict: Literal["fine", "warning", "refused"]
    found: str


def preflight(folder: Path, config: RunConfig) -> list[Check]:
    """Look at everything a run in ``folder`` needs; nothing is changed but for a trial file."""
    looks = (_disk, _memory, _object_store, _cpus, _ports, _games, _checkpoint, _gpu, _clock)
    return [_owner(folder), *(look(folder, config) for look in looks)]


def refuse_what_cannot_fit(folder: Path, config: RunConfig) -> None:
    """Raise SettingsError when a run would fill the machine by its settings alone."""
    for check in (_memory(folder, config), _object_store(folder, config)):
        if check.verdict == "refused":
            raise SettingsError(f"{check.name}: {check.found}")


def memory_needs_mb(config: RunConfig) -> dict[str, float]:
    """Return what a run needs on the driver's machine, in MB (2**20), by what it is needed for.

    On a cluster only what is always there counts: driver, replay and judge, and the window.
    """
    is_alone = config.cluster.address is None
    wanted = wanted_by(config)
    processes = wanted.players + wanted.servers + 4 if is_alone else 3
    rows = config.replay.window_rows / (1 - config.replay.held_out)  # held-out ones beside them
    return {
        f"{processes} processes of {PROCESS_MB} MB": processes * PROCESS_MB,
        "Ray": RAY_MB,
        **({"cluster.object_store_mb": config.cluster.object_store_mb} if is_alone else {}),
        **{
            f"a window of {rows:,.0f} rows of {board}x{board}": rows
            * _row_bytes(config, board)
            / _MB
            for board in boards_of(config)
        },
    }


def _row_bytes(config: RunConfig, board: int) -> int:
    """Return the bytes of a row in memory; see ``hexray.data.rows.Rows``."""
    cells = board * board
    reply = 2 * cells if config.learner.opponent_weight else 0
    owner = cells if config.learner.owner_weight else 0
    return cells + 2 * cells + reply + owner + 1 + 4 + 4


def _owner(folder: Path) -> Check:
    owner = read_owner(folder)
    if owner is None:
        return Check("run folder", "fine", f"{folder}, in use by nobody")
    is_free = owner.is_here and not owner.is_alive
    return Check("run folder", "fine" if is_free else "refused", f"{folder}, last held by {owner}")


def _disk(folder: Path, config: RunConfig) -> Check:
    there = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    try:
        with tempfile.NamedTemporaryFile(dir=there) as file:
            file.write(b"0" * 2**16)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        return Check("disk", "refused", f"{there} cannot be written ({error}); name another folder")
    return _guarded("disk", there, config, f"{shutil.disk_usage(there).free / 2**30:.0f} GB free")


def _memory(folder: Path, config: RunConfig) -> Check:
    needs = memory_needs_mb(config)
    needed, there = sum(needs.values()), psutil.virtual_memory().total / _MB
    share = config.guard.memory_critical / 100 if config.guard.mode != "off" else 1.0
    if needed > there * share:
        total = " + ".join(f"{what} {mb:,.0f}" for what, mb in needs.items())
        return Check(
            "memory",
            "refused",
            f"{total} = {needed:,.0f} MB; a run may use {there * share:,.0f} of {there:,.0f} MB "
            "(guard.memory_critical); lower replay.window_rows or selfplay.players",
        )
    return _guarded("memory", folder, config, f"{needed:,.0f} of {there:,.0f} MB needed")


def _object_store(_: Path, config: RunConfig) -> Check:
    wanted, shared = config.cluster.object_store_mb, Path("/dev/shm")
    if config.cluster.address is not None:
        return Check("object store", "fine", f"that of the cluster at {config.cluster.address}")
    if not shared.exists():
        return Check("object store", "fine", f"{wanted} MB")
    free = shutil.disk_usage(shared).free / _MB
    if wanted > free:
        return Check(
            "object store",
            "refused",
            f"cluster.object_store_mb is {wanted}, and {shared} has {free:,.0f} MB left; lower it, "
            "or give the container more (docker run --shm-size)",
        )
    return Check("object store", "fine", f"{wanted} of {free:,.0f} MB in {shared}")


def _cpus(_: Path, config: RunConfig) -> Check:
    cores = os.cpu_count() or 1
    wanted = wanted_by(config)
    busy = wanted.players + wanted.servers + 1
    found = f"{busy} busy processes on {cores} cores"
    if config.cluster.address is None and busy > 4 * cores:
        return Check("cores", "warning", f"{found}; fewer selfplay.players make as many games")
    return Check("cores", "fine", found)


def _ports(_: Path, config: RunConfig) -> Check:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", 0))
        except OSError as error:
            return Check("ports", "refused", f"no port of 127.0.0.1 can be had: {error}")
    with socket.socket() as probe:
        is_taken = probe.connect_ex(("127.0.0.1", _DASHBOARD_PORT)) == 0
    if is_taken and config.cluster.dashboard and config.cluster.address is None:
        found = f"{_DASHBOARD_PORT} is in use, so the dashboard will have another one"
        return Check("ports", "warning", found)
    return Check("ports", "fine", "free ones are there")


def _games(folder: Path, config: RunConfig) -> Check:
    counts = {}
    for board in boards_of(config):
        path = folder / "games" / f"{board}x{board}"
        if path.exists():
            try:
                counts[board] = GameStore(path, board, may_write=False).games
            except StoreError as error:
                return Check("games", "refused", str(error))
    found = ", ".join(f"{games:,} of {board}x{board}" for board, games in counts.items())
    return Check("games", "fine", found or "none yet")


def _checkpoint(folder: Path, _: RunConfig) -> Check:
    found, skipped = newest_checkpoint(folder / "checkpoints")
    if found is None and skipped:
        return Check("checkpoint", "refused", f"none is valid: {skipped[0]}")
    if found is None:
        return Check("checkpoint", "fine", "none yet, training begins with fresh weights")
    text = f"version {found.version}, after {found.counters['trained_s'] / 60:.1f} minutes"
    return Check(
        "checkpoint", "warning" if skipped else "fine", "; skipped: ".join([text, *skipped])
    )


def _gpu(_: Path, __: RunConfig) -> Check:
    device = pick_device()
    if device.type == "cpu" and shutil.which("nvidia-smi"):
        return Check("GPU", "warning", "there is a driver, but PyTorch finds no GPU: CPUs are used")
    return Check("GPU", "fine", "none, CPUs are used" if device.type == "cpu" else str(device))


def _clock(folder: Path, _: RunConfig) -> Check:
    ahead_s = max((path.stat().st_mtime for path in _files(folder)), default=0.0) - time.time()
    if ahead_s > 60:
        found = f"{ahead_s:,.0f} s behind the newest file of the run; dates will be misleading"
        return Check("clock", "warning", found)
    return Check("clock", "fine", time.strftime("%Y-%m-%d %H:%M:%S %Z"))


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.glob("*") if path.is_file())


def _guarded(name: str, folder: Path, config: RunConfig, found: str) -> Check:
    """Say what the guard of the run would say now."""
    for reading in Guard(config.guard, folder).look():
        if reading.name == name and reading.level is not Level.FINE:
            return Check(name, "warning", f"{found}; {reading}: the run would hold back")
    return Check(name, "fine", found)
