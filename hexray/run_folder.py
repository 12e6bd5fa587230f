"""The folder of a run: who may use it, which board and network it belongs to, its settings."""

import json
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

import yaml
from filelock import FileLock, Timeout

from hexray.config import NetSettings, RunConfig
from hexray.errors import RunFolderBusy, RunFolderError
from hexray.files import atomic_write, partial_path
from hexray.run_owner import OWNER_FILE, read_owner, state_of, this_process, write_owner

SETTINGS_FILE = "settings.yaml"
RUN_FILE = "run.json"
_LOCK_FILE = "lock"
_SCHEMA = 2


class RunFolder:
    """A run folder this process holds until ``close`` or its death.

    path     the folder
    run_id   the name of the run, the same at every start
    starts   how often the run was started, this time included; 1 is a new run
    """

    def __init__(self, path: Path, run_id: str, starts: int, held: ExitStack) -> None:
        self.path = path
        self.run_id = run_id
        self.starts = starts
        self._held = held

    def close(self) -> None:
        """Let other processes use the folder; may be called more than once."""
        self._held.close()

    def __enter__(self) -> "RunFolder":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def open_run_folder(path: Path, config: RunConfig) -> RunFolder:
    """Make the folder of a run or go on with it, and keep other processes out.

    Writes the resolved settings; when they differ from those before, the old ones are kept as
    ``settings-N.yaml``, N being the last start that used them. Raises RunFolderBusy when another
    process holds the folder, and RunFolderError when it belongs to another board or network, is
    damaged, is no run folder, or cannot be written. A folder that is refused is left as it was.
    """
    _refuse_strangers(path)
    try:
        path.mkdir(parents=True, exist_ok=True)
        with ExitStack() as undo:
            _take_lock(path, undo)
            run_id, starts = _record_start(path, config)
            return RunFolder(path, run_id, starts, undo.pop_all())
    except OSError as error:
        raise RunFolderError(
            f"{path} cannot be used: {error.strerror or error}; name another folder"
        ) from error


def refuse_busy(path: Path) -> None:
    """Raise RunFolderBusy when a run holds the folder, here or on another machine."""
    owner = read_owner(path)
    state = state_of(owner)
    if state == "running":
        raise RunFolderBusy(f"{path} is in use by {owner}; end that run first (hexray stop {path})")
    if state == "elsewhere":
        raise RunFolderBusy(
            f"{path} is held by {owner}; end that run there, or remove {path / OWNER_FILE} if it "
            "is no more"
        )


@contextmanager
def without_run(path: Path) -> Iterator[None]:
    """Keep runs out of a run folder for as long as files in it are moved.

    Raises RunFolderBusy when a run holds it.
    """
    refuse_busy(path)
    with ExitStack() as undo:
        _lock(path, undo)
        yield


def _refuse_strangers(path: Path) -> None:
    if path.exists() and not path.is_dir():
        raise RunFolderError(f"{path} is a file; name a new or an empty folder")
    if not path.exists() or (path / RUN_FILE).exists():
        return
    names = [_LOCK_FILE, OWNER_FILE, SETTINGS_FILE, RUN_FILE]
    own = {*names, *(partial_path(path / name).name for name in names)}
    strange = sorted(entry.name for entry in path.iterdir() if entry.name not in own)
    if strange:
        raise RunFolderError(
            f"{path} is not a run folder, yet holds {strange[0]}; name a new or an empty folder"
        )


def _take_lock(path: Path, undo: ExitStack) -> None:
    _lock(path, undo)
    undo.callback((path / OWNER_FILE).unlink, missing_ok=True)
    write_owner(path, this_process())


def _lock(path: Path, undo: ExitStack) -> None:
    lock = FileLock(path / _LOCK_FILE, timeout=0, thread_local=False)
    try:
        lock.acquire()
    except Timeout as error:
        raise RunFolderBusy(
            f"{path} is in use by {read_owner(path) or 'another process'}; end that run (hexray "
            f"stop {path}) or name another folder"
        ) from error
    undo.callback(lock.release)


def _record_start(path: Path, config: RunConfig) -> tuple[str, int]:
    shape = {"board": config.board, "net": config.net.model_dump(mode="json")}
    run: dict[str, Any] = {"run_id": uuid.uuid4().hex[:12], "schema": _SCHEMA, **shape, "starts": 0}
    if (path / RUN_FILE).exists():
        run = _read_run(path / RUN_FILE)
        _check_shape(path, run, shape)
    _write_settings(path, config, run["starts"])
    run["starts"] += 1
    atomic_write(path / RUN_FILE, _json(run))
    return run["run_id"], run["starts"]


def _read_run(file: Path) -> dict[str, Any]:
    try:
        run = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise RunFolderError(f"{file} is damaged ({error}); name a new folder") from error
    schema = run.get("schema") if isinstance(run, dict) else None
    if schema != _SCHEMA:
        raise RunFolderError(
            f"{file} has schema {schema!r}, and this version reads {_SCHEMA}; name a new folder"
        )
    kinds = {"run_id": str, "board": int, "net": dict, "starts": int}
    for key, kind in kinds.items():
        if not isinstance(run.get(key), kind):
            raise RunFolderError(f"{file} is damaged: no {key}; name a new folder")
    return run


def _check_shape(path: Path, run: dict[str, Any], shape: dict[str, Any]) -> None:
    if run["board"] != shape["board"]:
        raise RunFolderError(
            f"{path} holds a run on board {run['board']}, not {shape['board']}; "
            f"use --board {run['board']} or another --run-dir"
        )
    # A setting that was not there when the run began has had its default ever since.
    held = {**NetSettings().model_dump(mode="json"), **run["net"]}
    for key, wanted in shape["net"].items():
        if held[key] != wanted:
            raise RunFolderError(
                f"{path} holds a network with net.{key} = {held[key]}, not {wanted}; "
                f"use --net.{key.replace('_', '-')} {held[key]} or another --run-dir"
            )


def _write_settings(path: Path, config: RunConfig, last_start: int) -> None:
    file = path / SETTINGS_FILE
    text = yaml.safe_dump(config.model_dump(mode="json"), sort_keys=False).encode()
    if last_start and file.exists() and file.read_bytes() != text:
        kept = path / f"settings-{last_start}.yaml"
        if not kept.exists():
            atomic_write(kept, file.read_bytes())
    atomic_write(file, text)


def _json(content: dict[str, Any]) -> bytes:
    return (json.dumps(content, indent=2) + "\n").encode()
