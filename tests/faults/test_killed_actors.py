"""F1 to F4: any actor is killed, again and again, while the run goes on."""

import random
import time
from collections.abc import Callable

import pytest
from training_process import ROLES, Training

pytestmark = [pytest.mark.process, pytest.mark.timeout(300)]


@pytest.mark.parametrize("role", ROLES)
def test_a_run_survives_the_death_of_any_actor(
    role: str, training: Callable[..., Training]
) -> None:
    run, rng = training("--minutes=9"), random.Random(1)
    run.wait_until_training()
    for _ in range(2):
        before = run.text().count("works again")
        run.kill(role, rng)
        run.wait_for(lambda before=before: run.text().count("works again") > before, 30)
        time.sleep(1)
    trained = run.metric("learner/rows_trained") or 0
    run.wait_for(lambda: (run.metric("learner/rows_trained") or 0) > trained + 1000, 30)
    run.process.terminate()
    assert run.finish() == 143, run.text()
    assert "Traceback" not in run.text()
    run.assert_nothing_lost()
