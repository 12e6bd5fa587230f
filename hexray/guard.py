"""Looks at the machine, and says how much of the time a run may work on it."""

import math
import os
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from enum import IntEnum
from pathlib import Path
from typing import NamedTuple

import psutil

from hexray.config import GuardSettings

Probe = Callable[[], float]

_NEAR = 0.8
"""Of the way from warn to critical, from which a run all but stops."""
_GPU_SECONDS = 5.0


class Level(IntEnum):
    """How bad it is."""

    FINE = 0
    WARN = 1
    NEAR = 2
    CRITICAL = 3


SHARES = {Level.FINE: 1.0, Level.WARN: 0.5, Level.NEAR: 0.1, Level.CRITICAL: 0.0}
"""The share of the time in which self-play and training may go on."""


class Reading(NamedTuple):
    """What was found of one thing; ``value`` is no number when it could not be read.

    The settings ``critical`` and ``warn`` are named as in ``GuardSettings``, without their ending.
    """

    name: str
    value: float
    warn: float
    critical: float
    limit: str
    fault: str = ""

    @property
    def level(self) -> Level:
        """Say how bad it is by itself."""
        if not self.value < self.critical:  # nor is what is no number
            return Level.CRITICAL
        if self.value < self.warn:
            return Level.FINE
        way = (self.value - self.warn) / (self.critical - self.warn)
        return Level.NEAR if way >= _NEAR else Level.WARN

    def __str__(self) -> str:
        """Say it to a person, with the setting that says so."""
        if self.fault:
            return f"{self.name} cannot be read ({self.fault})"
        return (
            f"{self.name} is at {self.value:.3g}, warn {self.warn:.3g} and critical "
            f"{self.critical:.3g} by guard.{self.limit}_critical"
        )


class Guard:
    """Remembers what was critical until it is fine again."""

    def __init__(
        self, settings: GuardSettings, folder: Path, probes: Mapping[str, Probe] | None = None
    ) -> None:
        """Watch the disk of ``folder`` and this machine; ``probes`` replace what reads them."""
        self._limits = _limits(settings)
        self._probes = _probes(folder) if probes is None else probes
        self._stopped: set[str] = set()

    def look(self) -> list[Reading]:
        """Read everything that counts."""
        return [self._read(name, *limits) for name, limits in self._limits.items()]

    def level(self, readings: Sequence[Reading]) -> Level:
        """Say how bad it is in all; critical lasts until what was is fine."""
        for reading in readings:
            if reading.level is Level.CRITICAL:
                self._stopped.add(reading.name)
            elif reading.level is Level.FINE:
                self._stopped.discard(reading.name)
        if self._stopped:
            return Level.CRITICAL
        return max((reading.level for reading in readings), default=Level.FINE)

    def _read(self, name: str, warn: float, critical: float, limit: str) -> Reading:
        try:
            value, fault = self._probes[name](), ""
        except (OSError, ValueError, psutil.Error, subprocess.SubprocessError) as error:
            value, fault = math.nan, str(error)
        return Reading(name, value, warn, critical, limit, fault)


class Restraint:
    """Holds a run back as far as the guard's last look demands it.

    ``play`` and ``train`` come in pieces, and rest after each of them.
    """

    def __init__(
        self,
        guard: Guard,
        every_seconds: float,
        report: Callable[[Mapping[str, float]], None],
        note: Callable[[Level, str], None],
        clock: Callable[[], float],
    ) -> None:
        """Look every so many seconds; ``report`` gets figures, ``note`` each change in words.

        ``guard/level`` is 0 fine, 1 warn, 2 near critical, 3 critical, ``guard/share`` what it
        leaves of the time, 0 to 1; ``guard/NAME`` is a reading.
        """
        self._guard, self._every_seconds, self._clock = guard, every_seconds, clock
        self._report, self._note = report, note
        self._level, self._look_at = Level.FINE, clock()
        self._free_at: dict[str, float] = dict.fromkeys(("play", "train"), clock())

    def look(self) -> None:
        """Look at the machine if it is time to."""
        if self._clock() < self._look_at:
            return
        self._look_at = self._clock() + self._every_seconds
        readings = self._guard.look()
        before, self._level = self._level, self._guard.level(readings)
        known = {f"guard/{one.name}": one.value for one in readings if not one.fault}
        state = {"guard/level": float(self._level), "guard/share": SHARES[self._level]}
        self._report({**state, **known})
        if self._level != before:
            worst = [str(one) for one in readings if one.level is not Level.FINE]
            self._note(
                self._level,
                f"{_CONSEQUENCES[self._level]}: {'; '.join(worst) or 'all is fine again'}",
            )

    def may_begin(self, what: str) -> bool:
        """Say whether a piece of ``play`` or ``train`` may begin now."""
        return SHARES[self._level] > 0 and self._clock() >= self._free_at[what]

    def hold(self, seconds: float) -> None:
        """Let both rest for so long, whatever the machine looks like."""
        self._free_at = dict.fromkeys(self._free_at, self._clock() + seconds)

    def ended(self, what: str, seconds: float) -> None:
        """Let ``what`` rest after a piece that took so long."""
        share = SHARES[self._level]
        rest_s = seconds * (1 / share - 1) if share else 0.0
        self._free_at[what] = max(self._free_at[what], self._clock() + rest_s)


_CONSEQUENCES = {
    Level.FINE: "full speed",
    Level.WARN: "playing and training half of the time",
    Level.NEAR: "playing and training a tenth of the time",
    Level.CRITICAL: "neither playing nor training until it is better",
}


def _limits(settings: GuardSettings) -> dict[str, tuple[float, float, str]]:
    """Return what counts: name, warn, critical, setting."""
    if settings.mode == "off":
        return {}
    limits = {
        "disk": (settings.disk_warn, settings.disk_critical, "disk"),
        "memory": (settings.memory_warn, settings.memory_critical, "memory"),
    }
    if settings.mode == "shared":
        busy = (settings.busy_warn, settings.busy_critical, "busy")
        load = (0.9 * settings.load_critical, settings.load_critical, "load")
        limits |= {"cpu": busy, "load": load}
        if shutil.which("nvidia-smi"):
            limits["gpu"] = busy
    return limits


def _probes(folder: Path) -> dict[str, Probe]:
    psutil.cpu_percent()  # the next call tells what there was since
    return {
        "disk": lambda: psutil.disk_usage(str(folder)).percent,
        "memory": lambda: psutil.virtual_memory().percent,
        "cpu": psutil.cpu_percent,
        "load": lambda: os.getloadavg()[0] / (os.cpu_count() or 1),
        "gpu": _gpu_percent,
    }


def _gpu_percent() -> float:
    """Return how busy the busiest GPU is."""
    query = ["nvidia-smi", "--query-gpu=utilization.gpu", "--format=csv,noheader,nounits"]
    found = subprocess.run(query, capture_output=True, text=True, check=True, timeout=_GPU_SECONDS)
    return max(float(line) for line in found.stdout.split("\n") if line.strip())
