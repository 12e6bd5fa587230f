"""F5, F15, F23: the driver is killed, memory runs out, the clock jumps."""

import os
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from training_process import ROLES, Training

pytestmark = [pytest.mark.process, pytest.mark.timeout(200)]

MB = 2**20


@pytest.mark.long
def test_nothing_is_left_of_a_killed_driver_and_the_same_command_goes_on(
    training: Callable[..., Training],
) -> None:
    """F5."""
    killed = training("--minutes=9")
    killed.wait_until_training()
    time.sleep(2)
    family = psutil.Process(killed.process.pid).children(recursive=True)
    # Two agents of Ray look once a minute whether they are still needed.
    agents = [process for process in family if "Agent" in "".join(process.cmdline()[:1])]
    assert len(agents) <= 2
    killed.process.kill()
    killed.finish()
    _, alive = psutil.wait_procs([each for each in family if each not in agents], timeout=20)
    assert not alive
    stored, trained = killed.stored(), killed.metric("learner/rows_trained") or 0
    begun = time.monotonic()
    again = training("--minutes=9")
    again.wait_for(lambda: (again.metric("learner/rows_trained") or 0) > trained, 60)
    took_s = time.monotonic() - begun
    again.process.terminate()
    assert again.finish() == 143, again.text()
    assert took_s < 45
    assert again.stored()[: len(stored)] == stored
    again.assert_nothing_lost()
    _, alive = psutil.wait_procs(agents, timeout=90)
    assert not alive


@pytest.mark.long
def test_a_process_that_memory_has_cost_is_named_with_the_remedy(
    training: Callable[..., Training],
) -> None:
    """F15: memory is taken until Ray ends a process of the run, and given back."""
    total, used = psutil.virtual_memory().total, psutil.virtual_memory().percent / 100
    room_mb = 5000
    limit = used + room_mb * MB / total
    run = training(
        "--minutes=9",
        environment={
            "RAY_memory_usage_threshold": f"{limit:.4f}",
            "RAY_memory_monitor_refresh_ms": "250",
        },
    )
    run.wait_until_training()
    alive = [process for role in ROLES for process in run.processes(role)]
    taken: list[bytearray] = []
    while all(process.is_running() for process in alive):
        assert run.process.poll() is None, run.text()
        assert len(taken) * 200 < 2 * room_mb, run.text()
        taken.append(bytearray(b"1" * (200 * MB)))
        time.sleep(0.2)
    taken.clear()
    run.wait_for(lambda: " died: " in run.text(), 90)
    run.wait_for(lambda: run.metric("actors/down") == 0, 60)
    games = run.metric("games") or 0
    run.wait_for(lambda: (run.metric("games") or 0) > games, 30)
    run.process.terminate()
    assert run.finish() == 143, run.text()
    assert "the memory of the machine was at" in run.text()
    assert "lower replay.window_rows" in run.text()
    run.assert_nothing_lost()


@pytest.mark.long
def test_a_clock_that_jumps_an_hour_disturbs_nobody(training: Callable[..., Training]) -> None:
    """F23: a run of 15 s is one, and nobody is taken for slow, silent or dead."""
    jumping = str(Path(__file__).parent / "jumping_clock")
    path = os.pathsep.join(filter(None, [jumping, os.environ.get("PYTHONPATH")]))
    run = training("--minutes=0.25", environment={"PYTHONPATH": path})
    run.wait_until_training()
    begun = time.monotonic()
    run.later.touch()
    assert run.finish() == 0, run.text()
    assert 5 < time.monotonic() - begun < 60
    assert not run.metric("actors/deaths")
    assert not run.metric("alarm/slow")
    assert (run.metric("trained_s") or 0) < 60
    times = [second for second, _ in run.metrics("trained_s")]
    assert times == sorted(times)
