"""F19 to F21: who is slow or silent holds nobody's memory, is named, and is waited for."""

import json
import time
from collections.abc import Callable

import pytest
from training_process import Training

pytestmark = [pytest.mark.process, pytest.mark.timeout(200)]

QUEUE = 2


def _most(run: Training, name: str) -> float:
    return max(value for _, value in run.metrics(name))


@pytest.mark.long
def test_a_slow_learner_fills_neither_queues_nor_memory(
    training: Callable[..., Training],
) -> None:
    """F19: with a window of 300 rows there is nothing that may grow."""
    run = training("--minutes=9", "--supervision.slow-seconds=3", "--replay.window-rows=300")
    run.wait_until_training()
    time.sleep(3)
    learner = run.pause("learner")
    time.sleep(5)
    before = run.memory_mb()
    time.sleep(15)
    assert run.memory_mb() - before < 60
    assert _most(run, "in_flight/train") <= QUEUE
    assert _most(run, "in_flight/calls") < 40
    assert "learner has been busy with" in run.text()
    learner.resume()
    trained = run.metric("learner/rows_trained") or 0
    run.wait_for(lambda: (run.metric("learner/rows_trained") or 0) > trained, 15)
    run.process.terminate()
    assert run.finish() == 143, run.text()
    run.assert_nothing_lost()


def test_players_wait_for_a_blocked_server_and_an_alarm_is_set(
    training: Callable[..., Training],
) -> None:
    """F20: they neither spin nor grow, and go on where they were."""
    run = training("--minutes=9", "--supervision.slow-seconds=3")
    run.wait_until_training()
    players = run.processes("player")
    server = run.pause("inferenceserver")
    time.sleep(2)
    before = [(p.cpu_times().user, p.memory_info().rss) for p in players]
    time.sleep(10)
    after = [(p.cpu_times().user, p.memory_info().rss) for p in players]
    for (cpu_s, rss), (cpu_s_then, rss_then) in zip(after, before, strict=True):
        assert cpu_s - cpu_s_then < 1.0
        assert rss - rss_then < 10 * 2**20
    assert run.metric("alarm/slow") == 1
    server.resume()
    games = run.metric("games") or 0
    run.wait_for(lambda: (run.metric("games") or 0) > games, 15)
    run.wait_for(lambda: run.metric("alarm/slow") == 0, 15)
    run.process.terminate()
    assert run.finish() == 143, run.text()
    assert "died" not in run.text()


@pytest.mark.long
def test_a_silent_process_is_replaced(training: Callable[..., Training]) -> None:
    run = training("--minutes=9", "--supervision.silent-seconds=4")
    run.wait_until_training()
    run.pause("inferenceserver")
    run.wait_for(lambda: "server-0 is replaced: it has given no sign of life" in run.text(), 20)
    run.wait_for(lambda: "server-0 works again" in run.text(), 30)
    games = run.metric("games") or 0
    run.wait_for(lambda: (run.metric("games") or 0) > games, 15)
    run.process.terminate()
    assert run.finish() == 143, run.text()
    run.assert_nothing_lost()


@pytest.mark.long
def test_training_stops_at_its_bound_when_players_get_no_weights(
    training: Callable[..., Training],
) -> None:
    """F21: 20 blocks of 128 rows after the last weights that players got."""
    run = training("--minutes=9", "--learner.publish-seconds=1e6", "--learner.lag-most=2560")
    run.wait_until_training()
    run.wait_for(lambda: (run.metric("lag_rows") or 0) >= 2560, 60)
    time.sleep(5)
    assert run.metric("lag_rows") == 2560
    lags = [value for _, value in run.metrics("lag_rows")]
    assert lags == sorted(lags)
    run.process.terminate()
    assert run.finish() == 143, run.text()


def test_spoilt_rows_are_put_aside_with_their_games(training: Callable[..., Training]) -> None:
    """F22: and the run goes on with the others."""
    run = training("--minutes=9", program="spoiling_run.py")
    run.wait_for(lambda: (run.metric("learner/faults") or 0) >= 3, 90)
    run.wait_for(lambda: (run.metric("learner/rows_trained") or 0) > 1000, 60)
    run.process.terminate()
    assert run.finish() == 143, run.text()
    reports = sorted((run.folder / "suspects").glob("*/report.json"))
    assert len(reports) >= 3
    stored = set(run.stored())
    for path in reports:
        report = json.loads(path.read_text())
        assert report["rows_at_fault"] == [7]
        assert report["games"]
        assert set(report["games"]) <= stored
    assert not run.metric("learner/rollbacks")
    assert "a block was left out" in run.text()
