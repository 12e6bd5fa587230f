"""How a run holds back while the machine is full, by made-up machines and clocks."""

import math
import subprocess
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest
from pydantic import ValidationError

from hexray.config import GuardSettings
from hexray.guard import SHARES, Guard, Level, Reading, Restraint

SHARED = GuardSettings(mode="shared")
QUIET = {"disk": 10.0, "memory": 10.0, "cpu": 10.0, "load": 0.1, "gpu": 10.0}


class Machine:
    """Values that a test sets, and how often they were asked for."""

    def __init__(self, **values: float) -> None:
        self.values = {**QUIET, **values}

    def guard(self, settings: GuardSettings = GuardSettings()) -> Guard:  # noqa: B008
        probes = {name: lambda name=name: self.values[name] for name in self.values}
        return Guard(settings, Path("/nowhere"), probes)


def level(settings: GuardSettings, **values: float) -> Level:
    guard = Machine(**values).guard(settings)
    return guard.level(guard.look())


@pytest.mark.parametrize(
    ("percent", "expected"),
    [(64.9, 0), (65, 1), (68.9, 1), (69, 2), (69.9, 2), (70, 3), (100, 3), (math.nan, 3)],
)
def test_levels_are_those_of_the_disk(percent: float, expected: int) -> None:
    assert level(GuardSettings(), disk=percent) == expected
    assert level(GuardSettings(mode="off"), disk=percent) is Level.FINE


def test_the_worst_counts_and_a_dedicated_machine_may_be_busy() -> None:
    assert level(GuardSettings(), disk=66, memory=81) is Level.CRITICAL
    assert level(GuardSettings(), cpu=100, load=9, gpu=100) is Level.FINE
    assert level(SHARED, cpu=75) is Level.WARN
    assert level(SHARED, load=1.6) is Level.CRITICAL
    assert level(SHARED, load=1.4) is Level.WARN
    assert level(SHARED, load=1.3) is Level.FINE


FAILURES = [
    OSError("no such disk"),
    psutil.AccessDenied(),
    ValueError("no number"),
    subprocess.TimeoutExpired("nvidia-smi", 5),
]


@pytest.mark.parametrize("error", FAILURES, ids=lambda error: type(error).__name__)
def test_what_cannot_be_read_is_critical_and_says_why(error: Exception) -> None:
    def probe() -> float:
        raise error

    guard = Guard(GuardSettings(), Path("/nowhere"), {"disk": probe, "memory": lambda: 1.0})
    disk, memory = guard.look()
    assert (disk.level, memory.level) == (Level.CRITICAL, Level.FINE)
    assert str(error) in str(disk)
    assert guard.level([disk, memory]) is Level.CRITICAL


def test_a_folder_that_is_gone_is_critical(tmp_path: Path) -> None:
    here, gone = Guard(GuardSettings(), tmp_path), Guard(GuardSettings(), tmp_path / "gone")
    assert math.isfinite(here.look()[0].value)
    assert gone.look()[0].level is Level.CRITICAL


def test_critical_lasts_until_it_is_fine() -> None:
    machine = Machine()
    guard = machine.guard()
    for memory, expected in ((79, Level.NEAR), (81, 3), (75, 3), (70, 3), (69, 0), (75, 1)):
        machine.values["memory"] = memory
        assert guard.level(guard.look()) == expected


def test_what_is_critical_names_the_setting() -> None:
    said = str(Reading("disk", 71.234, 65, 70, "disk"))
    assert said == "disk is at 71.2, warn 65 and critical 70 by guard.disk_critical"


class Clock(SimpleNamespace):
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize("disk", [10, 66, 69.5, 75])
def test_work_goes_on_for_the_share_of_the_time_that_the_level_allows(disk: float) -> None:
    clock, seen, notes = Clock(), {}, []
    machine = Machine(disk=disk)

    def report(values: Mapping[str, float]) -> None:
        seen.update(values)

    restraint = Restraint(machine.guard(), 5.0, report, lambda _, text: notes.append(text), clock)
    pieces, worked, until = {"play": 1.0, "train": 2.0}, dict.fromkeys(("play", "train"), 0.0), {}
    for tick in range(100_000):
        clock.now = tick / 100
        restraint.look()
        for what, seconds in pieces.items():
            if what in until and clock.now >= until[what]:
                del until[what]
                worked[what] += seconds
                restraint.ended(what, seconds)
            if what not in until and restraint.may_begin(what):
                until[what] = clock.now + seconds
    share = SHARES[Level(int(seen["guard/level"]))]
    assert (seen["guard/disk"], seen["guard/share"]) == (disk, share)
    for seconds in worked.values():
        assert seconds / 1000 == pytest.approx(share, abs=0.01)
    assert len(notes) == (share < 1)
    machine.values["disk"] = 10
    clock.now += 60
    restraint.look()
    assert restraint.may_begin("play")
    assert [note for note in notes if "all is fine again" in note] == notes[1:]


def test_the_machine_is_looked_at_as_often_as_is_said() -> None:
    clock, looks = Clock(), []

    def probe() -> float:
        looks.append(clock.now)
        return 1.0

    guard = Guard(GuardSettings(), Path("/nowhere"), {"disk": probe, "memory": lambda: 1.0})
    restraint = Restraint(guard, 5.0, lambda values: None, lambda level, text: None, clock)
    for tick in range(200):
        clock.now = tick / 10
        restraint.look()
    assert looks == [0, 5, 10, 15]


def test_warn_must_lie_below_critical() -> None:
    with pytest.raises(ValidationError, match="disk_warn 80 is not below disk_critical 70"):
        GuardSettings(disk_warn=80)
