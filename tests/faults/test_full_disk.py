"""F14: a full disk stops a run for as long as it is full, and damages nothing."""

import time
from collections.abc import Callable

import pytest
from training_process import Training

from hexray.net.checkpoint import load_checkpoint

pytestmark = [pytest.mark.process, pytest.mark.timeout(200)]


@pytest.mark.long
def test_a_run_waits_for_a_full_disk_and_goes_on(training: Callable[..., Training]) -> None:
    run = training("--minutes=9", program="full_disk_run.py")
    run.wait_until_training()
    run.full.touch()
    run.wait_for(lambda: "No space left on device" in run.text(), 20)
    assert "playing and training wait" in run.text()
    time.sleep(3)
    stored = run.stored()
    time.sleep(6)
    assert run.stored() == stored
    run.full.unlink()
    run.wait_for(lambda: len(run.stored()) > len(stored) + 100, 30)
    saved = _checkpoints(run)
    run.wait_for(lambda: _checkpoints(run) - saved, 30)
    run.process.terminate()
    assert run.finish() == 143, run.text()
    assert "Traceback" not in run.text()
    after = run.stored()
    assert len(set(after)) == len(after)
    for name in _checkpoints(run):
        load_checkpoint(run.folder / "checkpoints" / name)
    leftovers = list(run.folder.rglob(".*.partial"))
    assert not leftovers


@pytest.mark.long
def test_a_run_that_is_to_end_on_a_full_disk_waits_for_room(
    training: Callable[..., Training],
) -> None:
    """Its last games and weights are worth as much as the first; a second signal ends it."""
    run = training("--minutes=9", program="full_disk_run.py")
    run.wait_until_training()
    run.full.touch()
    run.process.terminate()
    run.wait_for(lambda: "No space left on device" in run.text(), 30)
    time.sleep(8)
    assert run.process.poll() is None
    run.full.unlink()
    assert run.finish(60) == 143, run.text()
    assert "Traceback" not in run.text()
    assert _checkpoints(run)


def _checkpoints(run: Training) -> set[str]:
    folder = run.folder / "checkpoints"
    return {path.name for path in folder.glob("[0-9]*")} if folder.exists() else set()
