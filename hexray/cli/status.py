"""``hexray status`` and ``hexray stop``: look at a run from another terminal, and end it."""

import json
import os
import signal
import time
from pathlib import Path
from typing import Annotated, Any

import tyro
from rich.console import Console
from rich.table import Table

from hexray.config import RunConfig, with_overrides
from hexray.errors import RunFolderError
from hexray.metrics import METRICS_FILE, latest_metrics
from hexray.net.checkpoint import newest_path
from hexray.options import read_settings
from hexray.run_folder import RUN_FILE, SETTINGS_FILE
from hexray.run_owner import OWNER_FILE, Owner, read_owner, state_of
from hexray.usage import family_memory_mb

_POLL_S = 0.2

Run = tyro.conf.Positional[Path]


def status(run: Run, /, json_output: Annotated[bool, tyro.conf.arg(name="json")] = False) -> int:
    """Say whether a run is alive, how far it is, how fast, and how strong; changes nothing.

    Args:
        run: Run folder.
        json_output: Print one line of JSON.
    """
    found = _facts(run)
    if json_output:
        print(json.dumps(found))
    else:
        _show(run, found)
    return 0


def stop(
    run: Run,
    /,
    wait: Annotated[float, tyro.conf.arg(metavar="SECONDS")] = 60.0,
    at_once: bool = False,
) -> int:
    """End a run as Ctrl-C does: it saves a checkpoint, measures and reports what it has reached.

    The exit status is 1 when the run is still there after the time to wait.

    Args:
        run: Run folder.
        wait: Seconds to wait for its end.
        at_once: End it without measuring; the same command goes on from what is on disk.
    """
    owner = _owner(run)
    if owner is None or (owner.is_here and not owner.is_alive):
        print(f"{run} is not running")
        return 0
    if not owner.is_here:
        raise RunFolderError(f"{run} is held by {owner}; call hexray stop there")
    for _ in range(2 if at_once else 1):
        os.kill(owner.pid, signal.SIGTERM)
        time.sleep(_POLL_S)
    began = time.monotonic()
    while owner.is_alive and time.monotonic() - began < wait:
        time.sleep(_POLL_S)
    if owner.is_alive:
        print(f"{owner} was told to end and has not yet, after {wait:g} s; --at-once insists")
        return 1
    print(f"{owner} has ended")
    return 0


def _owner(run: Path) -> Owner | None:
    if not (run / RUN_FILE).is_file():
        raise RunFolderError(f"{run} is no run folder; name one, such as runs/default-5x5-seed0")
    owner = read_owner(run)
    if owner is None and (run / OWNER_FILE).exists():
        raise RunFolderError(f"{run / OWNER_FILE} does not say who holds the run; it is damaged")
    return owner


def _facts(run: Path) -> dict[str, Any]:
    owner, now = _owner(run), time.time()
    config = with_overrides(RunConfig(), read_settings(run / SETTINGS_FILE))
    metrics = latest_metrics(run / METRICS_FILE)
    saved = newest_path(run / "checkpoints")
    measured = run / METRICS_FILE
    return {
        "state": state_of(owner),
        "pid": None if owner is None else owner.pid,
        "host": None if owner is None else owner.host,
        "memory_mb": family_memory_mb(owner.pid) if owner and owner.is_alive else None,
        "minutes": config.minutes,
        "trained_minutes": metrics.get("trained_s", 0.0) / 60,
        "measured_s_ago": now - measured.stat().st_mtime if measured.exists() else None,
        "checkpoint": None if saved is None else saved.name,
        "checkpoint_s_ago": None if saved is None else now - saved.stat().st_mtime,
        "metrics": metrics,
    }


_STATES = {
    "running": "running as process {pid} on {host}",
    "elsewhere": "held by process {pid} on {host}; only there it can be seen whether it runs",
    "died": "process {pid} has died; the same command goes on from the last checkpoint",
    "ended": "ended; the same command with more --minutes trains on",
}
_FIGURES = (
    ("games", "games", "{:,.0f}"),
    ("positions", "positions", "{:,.0f}"),
    ("evaluations_per_s", "evaluations/s", "{:,.0f}"),
    ("batch_fill", "batch fill", "{:.0%}"),
    ("window_rows", "window", "{:,.0f} rows"),
    ("version", "version", "{:,.0f}"),
    ("learner/policy_loss", "policy loss", "{:.3f}"),
    ("learner/value_loss", "value loss", "{:.3f}"),
    ("solved/winner_accuracy", "solved: winner", "{:.1%}"),
    ("solved/move_accuracy", "solved: move", "{:.1%}"),
    ("rating/elo", "rating", "{:+.0f} Elo"),
)


def _show(run: Path, found: dict[str, Any]) -> None:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_row("run", str(run))
    table.add_row("state", _STATES[found["state"]].format(**found))
    table.add_row("trained", f"{found['trained_minutes']:.1f} of {found['minutes']:g} minutes")
    if found["measured_s_ago"] is not None:
        table.add_row("last figures", f"{_ago(found['measured_s_ago'])} ago")
    saved = found["checkpoint"]
    if saved is None:
        table.add_row("checkpoint", "none yet")
    else:
        table.add_row("checkpoint", f"{saved}, {_ago(found['checkpoint_s_ago'])} ago")
    if found["memory_mb"] is not None:
        table.add_row("memory", f"{found['memory_mb']:,.0f} MB")
    for key, name, form in _FIGURES:
        if key in found["metrics"]:
            table.add_row(name, form.format(found["metrics"][key]))
    Console().print(table, highlight=False)


def _ago(seconds: float) -> str:
    minutes, seconds = divmod(max(0, round(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {seconds} s"
