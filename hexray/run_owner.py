"""Who holds a run folder, and whether that process still lives."""

import json
import os
import socket
from pathlib import Path
from typing import NamedTuple

import psutil

from hexray.files import atomic_write

OWNER_FILE = "lock-owner.json"
_CLOCK_S = 2.0
"""By how much two readings of when a process began may differ, in seconds."""


class Owner(NamedTuple):
    """A process: its number, its machine, when that was started and when it was itself.

    Both times are seconds since 1970; process numbers come again, also after a restart.
    """

    pid: int
    host: str
    booted: float
    began: float

    def __str__(self) -> str:
        """Name it as a person would look for it."""
        return f"process {self.pid} on {self.host}"

    @property
    def is_here(self) -> bool:
        """Whether it was started on this machine."""
        return self.host == socket.gethostname()

    @property
    def is_alive(self) -> bool:
        """Whether it still runs; of a process of another machine nobody here can know."""
        if not self.is_here or abs(psutil.boot_time() - self.booted) > _CLOCK_S:
            return False
        try:
            process = psutil.Process(self.pid)
            began, status = process.create_time(), process.status()
        except psutil.NoSuchProcess:
            return False
        return abs(began - self.began) < _CLOCK_S and status != psutil.STATUS_ZOMBIE


def state_of(owner: Owner | None) -> str:
    """Say what became of a run by who holds its folder: running, elsewhere, died or ended."""
    if owner is None:
        return "ended"
    if not owner.is_here:
        return "elsewhere"
    return "running" if owner.is_alive else "died"


def this_process() -> Owner:
    """Describe this process."""
    began = psutil.Process().create_time()
    return Owner(os.getpid(), socket.gethostname(), psutil.boot_time(), began)


def write_owner(folder: Path, owner: Owner) -> None:
    """Say who holds ``folder``."""
    atomic_write(folder / OWNER_FILE, (json.dumps(owner._asdict(), indent=2) + "\n").encode())


def read_owner(folder: Path) -> Owner | None:
    """Return who holds ``folder`` or died holding it; None where that is not said."""
    try:
        owner = json.loads((folder / OWNER_FILE).read_text(encoding="utf-8"))
        numbers = (float(owner[name]) for name in ("booted", "began"))
        return Owner(int(owner["pid"]), str(owner["host"]), *numbers)
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None
