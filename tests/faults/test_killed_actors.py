"""F1 to F4: any actor is killed, again and again, while the run goes on."""

import random
import time
from collections.abc import Callable
from itertools import pairwise

import pytest
from training_process import ROLES, Training

from hexray.net.checkpoint import newest_checkpoint

pytestmark = [pytest.mark.process, pytest.mark.timeout(400)]


BACK_S = {"learner": 30, "judge": 30}
"""Nobody waits for these two, and they have most to load."""


def _comes_back(run: Training, role: str, rng: random.Random) -> float:
    """Kill an actor; return how many seconds it took until it worked again."""
    before = run.text().count("works again")
    run.kill(role, rng)
    return run.wait_for(lambda: run.text().count("works again") > before, 40)


def _ends_well(run: Training) -> None:
    trained = run.metric("learner/rows_trained") or 0
    run.wait_for(lambda: (run.metric("learner/rows_trained") or 0) > trained + 1000, 30)
    run.process.terminate()
    assert run.finish() == 143, run.text()
    assert "Traceback" not in run.text()
    run.assert_nothing_lost()
    versions = [version for _, version in run.metrics("version")]
    assert versions == sorted(versions)


def test_a_run_survives_the_death_of_any_actor(training: Callable[..., Training]) -> None:
    """Every kind of actor once, in an order drawn."""
    run, rng = training("--minutes=9"), random.Random(1)
    run.wait_until_training()
    for role in rng.sample(ROLES, len(ROLES)):
        assert _comes_back(run, role, rng) < 30
        time.sleep(1)
    _ends_well(run)
    assert run.metric("actors/deaths") == len(ROLES)
    assert run.metric("actors/down") == 0


@pytest.mark.long
@pytest.mark.parametrize("role", ROLES)
def test_a_run_survives_twenty_deaths_of_an_actor(
    role: str, training: Callable[..., Training]
) -> None:
    """Each time it works again, some moments later."""
    run, rng = training("--minutes=29"), random.Random(2)
    run.wait_until_training()
    stored, stalls = run.stored(), []
    for _ in range(20):
        stalls.append(_comes_back(run, role, rng))
        time.sleep(rng.uniform(0, 3))
    print(f"{role}: back after {sorted(stalls)[10]:.1f} s, {max(stalls):.1f} s at most")
    assert max(stalls) < BACK_S.get(role, 15)
    assert run.stored()[: len(stored)] == stored
    _ends_well(run)


@pytest.mark.long
@pytest.mark.parametrize("role", ROLES)
def test_a_run_survives_deaths_at_any_moment(role: str, training: Callable[..., Training]) -> None:
    """Twenty, every 3 s: while it works, while it is built, and while it begins."""
    run, rng = training("--minutes=29"), random.Random(3)
    run.wait_until_training()
    for _ in range(20):
        run.kill(role, rng)
        time.sleep(3)
    run.wait_for(lambda: run.metric("actors/down") == 0, 40)
    _ends_well(run)


def test_a_learner_goes_on_from_its_last_checkpoint(training: Callable[..., Training]) -> None:
    """Killed right after a checkpoint: rows trained fall back to it and no further."""
    run, rng = training("--minutes=9", "--checkpoint.every-seconds=3"), random.Random(3)
    run.wait_for(lambda: _rows_saved(run) > 2000, 100)
    saved = _rows_saved(run)
    _comes_back(run, "learner", rng)
    before = len(run.metrics("learner/rows_trained"))
    run.wait_for(lambda: len(run.metrics("learner/rows_trained")) > before + 1, 20)
    run.process.terminate()
    assert run.finish() == 143, run.text()
    trained = [rows for _, rows in run.metrics("learner/rows_trained")]
    falls = [(a, b) for a, b in pairwise(trained) if b < a]
    assert len(falls) <= 1
    assert all(after > saved for _, after in falls)
    assert trained[-1] > saved


def _rows_saved(run: Training) -> float:
    newest, _ = newest_checkpoint(run.folder / "checkpoints")
    return 0 if newest is None else newest.counters["rows_trained"]
