"""What processes have used: CPU time and memory, of this one and of all that it started."""

import os
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import NamedTuple

import psutil

PURPOSES = ("search", "network", "training")
"""What the CPU time of a run is meant for; actors count it in a dictionary called ``spent``."""
_MB = 1024**2

Spent = dict[str, float]


class Usage(NamedTuple):
    """CPU time since a process began, in seconds, and its resident memory now, in MB (2**20)."""

    pid: int
    cpu_s: float
    memory_mb: float


def own_usage() -> Usage:
    """Read the usage of this process."""
    return Usage(os.getpid(), time.process_time(), psutil.Process().memory_info().rss / _MB)


class Family:
    """This process and all that descend from it; those that have ended still count."""

    def __init__(self) -> None:
        self._cpu_s: dict[int, float] = {}

    def cpu_s(self) -> float:
        """Return the CPU time of them all since they began, in seconds."""
        self._cpu_s |= _of_family(os.getpid(), _cpu_s)
        return sum(self._cpu_s.values())


def family_memory_mb(pid: int) -> float:
    """Return what a process and all that descend from it hold now, in MB; 0 when it has ended."""
    return sum(_of_family(pid, lambda process: process.memory_info().rss).values()) / _MB


def _of_family(pid: int, read: Callable[[psutil.Process], float]) -> dict[int, float]:
    """Read something of a process and of its descendants, by their numbers."""
    found: dict[int, float] = {}
    with suppress(psutil.NoSuchProcess):
        this = psutil.Process(pid)
        for process in (this, *this.children(recursive=True)):
            with suppress(psutil.NoSuchProcess):  # it ended since it was listed
                found[process.pid] = read(process)
    return found


def _cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system


def totals(readings: Mapping[str, Mapping[str, float]], all_cpu_s: float) -> dict[str, float]:
    """Return metrics of the readings of a run's actors, by their names.

    ``cpu_s/PURPOSE`` and ``cpu_s/replay`` are seconds since the start, ``cpu_s/all`` is
    ``all_cpu_s``: of everything that the driver started, Ray's own processes included, or of the
    actors and the driver on a cluster that was joined; ``memory_mb/NAME`` is what is resident.
    """
    spent = {
        f"cpu_s/{purpose}": sum(reading.get(purpose, 0.0) for reading in readings.values())
        for purpose in PURPOSES
    }
    memory = {f"memory_mb/{name}": reading["memory_mb"] for name, reading in readings.items()}
    return {**spent, "cpu_s/replay": readings["replay"]["cpu_s"], "cpu_s/all": all_cpu_s, **memory}


def shares(before: Mapping[str, float], after: Mapping[str, float]) -> dict[str, float]:
    """Return what part of the CPU time between two ``totals`` went where; the parts sum to 1.

    ``ray`` is what is left: Ray's processes, messages between actors, the driver.
    """
    parts = (*PURPOSES, "replay")
    used = {part: after[f"cpu_s/{part}"] - before[f"cpu_s/{part}"] for part in (*parts, "all")}
    whole = used.pop("all")
    used["ray"] = whole - sum(used.values())
    return {part: seconds / whole for part, seconds in used.items()}
