"""CPU time and memory are those that were really used."""

import mmap
import os
import subprocess
import sys
import time

import numpy as np
import pytest

from hexray.usage import Family, own_usage, shares, totals

BURN = "import time\nwhile time.process_time() < 0.5: pass\nprint('done', flush=True)\ninput()"


def test_work_costs_cpu_time_and_waiting_does_not() -> None:
    before = own_usage()
    until = time.thread_time() + 0.05
    while time.thread_time() < until:
        continue
    after = own_usage()
    assert 0.05 <= after.cpu_s - before.cpu_s < 5
    assert after.pid == os.getpid()


def test_memory_that_is_touched_counts() -> None:
    # Straight from the system: what others have freed is kept by malloc, and counts already.
    with mmap.mmap(-1, 64 * 2**20) as held:
        before = own_usage().memory_mb
        np.frombuffer(held, np.int8)[:] = 1
        assert 60 < own_usage().memory_mb - before < 80


def test_a_family_counts_its_children_and_those_that_have_ended() -> None:
    family = Family()
    before = family.cpu_s()
    with subprocess.Popen(
        [sys.executable, "-c", BURN], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "done\n"
        during = family.cpu_s()
        child.communicate("\n")
    assert 0.45 < during - before < 5
    assert family.cpu_s() >= during


READINGS = {
    "server-0": {"cpu_s": 50.0, "memory_mb": 500.0, "network": 40.0},
    "server-1": {"cpu_s": 30.0, "memory_mb": 400.0, "network": 20.0},
    "player-0": {"cpu_s": 20.0, "memory_mb": 300.0, "search": 8.0},
    "learner": {"cpu_s": 25.0, "memory_mb": 900.0, "training": 24.0},
    "replay": {"cpu_s": 5.0, "memory_mb": 700.0},
}


def test_totals_add_up_by_purpose_and_name_the_memory_of_everyone() -> None:
    assert totals(READINGS, 140.0) == {
        "cpu_s/search": 8.0,
        "cpu_s/network": 60.0,
        "cpu_s/training": 24.0,
        "cpu_s/replay": 5.0,
        "cpu_s/all": 140.0,
        "memory_mb/server-0": 500.0,
        "memory_mb/server-1": 400.0,
        "memory_mb/player-0": 300.0,
        "memory_mb/learner": 900.0,
        "memory_mb/replay": 700.0,
    }


def test_shares_are_parts_of_the_time_between_two_readings() -> None:
    before = {f"cpu_s/{part}": 10.0 for part in ("search", "network", "training", "replay", "all")}
    assert shares(
        before, totals(READINGS, 110.0) | {"cpu_s/search": 14.0, "cpu_s/replay": 12.0}
    ) == {
        "search": 0.04,
        "network": 0.5,
        "training": 0.14,
        "replay": 0.02,
        "ray": pytest.approx(0.3),
    }
