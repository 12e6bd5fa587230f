"""Weights & Biases and MLflow: what reaches them, and that a run never waits or ends with them."""

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from hexray import trackers
from hexray.config import RunConfig, with_overrides
from hexray.errors import SettingsError
from hexray.trackers import Sink, Tracker, Trackers

LIMIT_S = 30.0
SEND_SECONDS = 10.0


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


class Service:
    """Remembers what it is sent; ``gate`` holds it up, ``error`` is raised."""

    def __init__(self) -> None:
        self.sent: list[tuple[float, dict[str, float]]] = []
        self.ended = 0
        self.gate = threading.Event()
        self.gate.set()
        self.done = threading.Semaphore(0)
        self.error: Exception | None = None

    def begin(self) -> Sink:
        """Make it ready."""
        return Sink(self._send, self._end)

    def _send(self, trained_s: float, values: Mapping[str, float]) -> None:
        self.gate.wait(LIMIT_S)
        if self.error is not None:
            raise self.error
        self.sent.append((trained_s, dict(values)))
        self.done.release()

    def _end(self) -> None:
        self.ended += 1


@pytest.fixture
def service() -> Service:
    return Service()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def notes() -> list[str]:
    return []


def begun(service: Service, notes: list[str], clock: Clock) -> Tracker:
    """A tracker whose service is ready."""
    ready = threading.Event()

    def begin() -> Sink:
        ready.set()
        return service.begin()

    tracker = Tracker("metrics.test", begin, SEND_SECONDS, notes.append, clock)
    assert ready.wait(LIMIT_S)
    tracker._doing.wait(LIMIT_S)
    return tracker


def test_the_newest_of_every_value_is_sent_when_it_is_time_and_the_rest_at_the_end(
    service: Service, clock: Clock, notes: list[str]
) -> None:
    tracker = begun(service, notes, clock)
    tracker(1.0, {"games": 1, "loss": 3.0})
    clock.now = SEND_SECONDS - 0.1
    tracker(9.0, {"games": 2})
    assert not service.sent
    clock.now = SEND_SECONDS
    tracker(10.0, {"version": 4})
    assert service.done.acquire(timeout=LIMIT_S)
    tracker(11.0, {"games": 3})
    tracker.close(LIMIT_S)
    assert service.sent == [
        (10.0, {"games": 2, "loss": 3.0, "version": 4}),
        (11.0, {"games": 3}),
    ]
    assert service.ended == 1
    assert not notes


def test_a_service_that_hangs_holds_nobody_up_and_gets_what_came_meanwhile(
    service: Service, clock: Clock, notes: list[str]
) -> None:
    tracker = begun(service, notes, clock)
    service.gate.clear()
    for second in range(100):
        clock.now = float(second)
        tracker(clock.now, {"games": second})
    service.gate.set()
    tracker.close(LIMIT_S)
    assert [values["games"] for _, values in service.sent] == [10, 99]


def test_a_service_that_never_answers_is_left_at_the_end(
    service: Service, clock: Clock, notes: list[str]
) -> None:
    tracker = begun(service, notes, clock)
    service.gate.clear()
    clock.now = SEND_SECONDS
    tracker(10.0, {"games": 1})
    tracker.close(0.05)
    service.gate.set()
    assert notes == ["metrics.test does not answer; it may lack the last metrics"]


def test_a_failure_is_told_once_and_ends_nothing(
    service: Service, clock: Clock, notes: list[str]
) -> None:
    tracker = begun(service, notes, clock)
    service.error = RuntimeError("no room left")
    clock.now = SEND_SECONDS
    tracker(10.0, {"games": 1})
    tracker._doing.wait(LIMIT_S)
    for second in range(30):
        clock.now += SEND_SECONDS
        tracker(11.0 + second, {"games": 2})
    tracker.close(LIMIT_S)
    [note] = notes
    assert "RuntimeError: no room left" in note
    assert not service.sent
    assert not service.ended


def test_a_service_that_cannot_begin_is_told_once(notes: list[str], clock: Clock) -> None:
    def begin() -> Sink:
        raise ConnectionError("nobody there")

    tracker = Tracker("metrics.test", begin, SEND_SECONDS, notes.append, clock)
    tracker._doing.wait(LIMIT_S)
    tracker(1.0, {"games": 1})
    tracker.close(LIMIT_S)
    assert len(notes) == 1
    assert "nobody there" in notes[0]


def config_with(**metrics: str) -> RunConfig:
    return with_overrides(RunConfig(board=3), {"metrics": metrics})


@pytest.mark.parametrize("library", ["wandb", "mlflow"])
def test_a_missing_library_is_named_with_the_command_that_installs_it(
    library: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trackers, "find_spec", lambda name: None)
    with pytest.raises(SettingsError, match=rf"metrics\.{library} = hex: .*pip install {library}"):
        Trackers(config_with(**{library: "hex"}), tmp_path, "abc", print)


def test_without_settings_nothing_is_begun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trackers, "find_spec", lambda name: None)
    with Trackers(config_with(), tmp_path, "abc", print) as nothing:
        nothing(1.0, {"games": 1})


def tracked(folder: Path, notes: list[str], second: float, **metrics: str) -> None:
    """One start of a run that measures once."""
    with Trackers(config_with(**metrics), folder, "abc123", notes.append) as sending:
        for tracker in sending._trackers:
            tracker._doing.wait(4 * LIMIT_S)
        sending(second, {"learner/5x5/policy_loss": 1.5, "games": 7})


@pytest.mark.process
@pytest.mark.timeout(300)
@pytest.mark.filterwarnings("default")  # theirs
def test_mlflow_holds_the_figures_and_settings_of_all_starts(
    tmp_path: Path, notes: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    tracking: Any = pytest.importorskip("mlflow.tracking")
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    for second in (3.0, 8.0):
        tracked(tmp_path, notes, second, mlflow="hex")
    assert not notes
    client = tracking.MlflowClient(tracking_uri=f"sqlite:///{tmp_path / 'mlflow.db'}")
    place = client.get_experiment_by_name("hex").experiment_id
    [run] = client.search_runs([place])
    assert run.info.run_name == tmp_path.name
    assert run.data.params["search.simulations"] == "16"
    history = client.get_metric_history(run.info.run_id, "learner/5x5/policy_loss")
    assert sorted((point.step, point.value) for point in history) == [(3, 1.5), (8, 1.5)]


@pytest.mark.process
@pytest.mark.timeout(300)
@pytest.mark.filterwarnings("default")  # theirs
def test_weights_and_biases_holds_the_figures_without_a_network(
    tmp_path: Path, notes: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("wandb")
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("HOME", str(tmp_path))
    tracked(tmp_path, notes, 3.0, wandb="hex")
    assert not notes
    [file] = tmp_path.glob("wandb/offline-run-*/run-abc123.wandb")
    written = file.read_bytes()
    assert b"learner/5x5/policy_loss" in written
    assert b"trained_s" in written
