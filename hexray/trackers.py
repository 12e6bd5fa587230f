"""What a run measures, for Weights & Biases and MLflow: from threads of their own.

Whatever becomes of these services, the run neither waits for them nor ends with them.
"""

import os
import time
from collections.abc import Callable, Mapping
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from multiprocessing.pool import ThreadPool
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

from hexray.config import RunConfig
from hexray.errors import SettingsError

END_SECONDS = 20.0
_MOST_PARAMETERS = 100
"""MLflow takes no more of them at once."""
Note = Callable[[str], None]


class Sink(NamedTuple):
    """A service that is ready.

    send  takes seconds of training and what was measured
    end   says that there is no more
    """

    send: Callable[[float, Mapping[str, float]], object]
    end: Callable[[], object]


class Tracker:
    """Sends to one service, now and then, the newest of every value."""

    def __init__(
        self,
        name: str,
        begin: Callable[[], Sink],
        every_seconds: float,
        note: Note,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Let ``begin`` make the service ready; ``note`` is told once when it fails."""
        self._name, self._note, self._clock = name, note, clock
        self._every_seconds = every_seconds
        self._waiting: dict[str, float] = {}
        self._trained_s = 0.0
        self._sinks: list[Sink] = []
        self._errors: list[BaseException] = []
        self._is_off, self._due = False, clock() + every_seconds
        self._pool = ThreadPool(1)
        self._doing = self._do(lambda: self._sinks.append(begin()))

    def __call__(self, trained_s: float, values: Mapping[str, float]) -> None:
        """Take what was measured, to be sent when it is time; never waits."""
        if self._has_failed():
            return
        self._trained_s = trained_s
        self._waiting |= values
        if self._clock() >= self._due and self._doing.ready():
            self._due = self._clock() + self._every_seconds
            self._send()

    def close(self, seconds: float = END_SECONDS) -> None:
        """Send the rest and end; waits for both together so many seconds at most."""
        until = time.monotonic() + seconds
        self._doing.wait(seconds)
        if not self._has_failed() and self._doing.ready():
            self._send()
            self._doing = self._do(self._sinks[0].end)
            self._doing.wait(max(0.0, until - time.monotonic()))
        if not self._has_failed() and not self._doing.ready():
            self._note(f"{self._name} does not answer; it may lack the last metrics")
        self._pool.terminate()

    def _send(self) -> None:
        values, self._waiting = self._waiting, {}
        self._doing = self._do(partial(self._sinks[0].send, self._trained_s, values))

    def _do(self, what: Callable[[], object]) -> Any:
        return self._pool.apply_async(what, error_callback=self._errors.append)

    def _has_failed(self) -> bool:
        if self._errors and not self._is_off:
            self._is_off = True
            error = self._errors[0]
            self._note(
                f"{self._name} gets no more metrics ({type(error).__name__}: {error}); the run "
                "goes on, and they are in metrics.jsonl"
            )
        return self._is_off


class Trackers:
    """Sends what a run measures to the services that its settings name; a context manager."""

    def __init__(self, config: RunConfig, run: Path, run_id: str, note: Note) -> None:
        """Begin them all; ``run_id`` makes a run that is started again go on.

        Raises SettingsError when a library is missing.
        """
        wanted = (
            ("wandb", config.metrics.wandb, _wandb),
            ("mlflow", config.metrics.mlflow, _mlflow),
        )
        for library, target, _ in wanted:
            if target and find_spec(library) is None:
                raise SettingsError(
                    f"metrics.{library} = {target}: the library {library} is not installed; "
                    f"install it: python -m pip install {library}"
                )
        seconds = config.metrics.send_seconds
        self._trackers = [
            Tracker(
                f"metrics.{library}", partial(begin, target, config, run, run_id), seconds, note
            )
            for library, target, begin in wanted
            if target
        ]

    def __call__(self, trained_s: float, values: Mapping[str, float]) -> None:
        """Take what was measured; never waits."""
        for tracker in self._trackers:
            tracker(trained_s, values)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for tracker in self._trackers:
            tracker.close()


def _wandb(project: str, config: RunConfig, run: Path, run_id: str) -> Sink:
    wandb: Any = import_module("wandb")
    begun = wandb.init(
        project=project,
        name=run.name,
        id=run_id,
        resume="allow",
        dir=str(run),
        config=config.model_dump(mode="json"),
        settings=wandb.Settings(console="off", silent=True),
    )
    begun.define_metric("*", step_metric="trained_s")
    return Sink(
        lambda trained_s, values: begun.log({**values, "trained_s": trained_s}), begun.finish
    )


def _mlflow(experiment: str, config: RunConfig, run: Path, run_id: str) -> Sink:
    """Log to where ``MLFLOW_TRACKING_URI`` points, else into a database in the run folder."""
    tracking, entities = import_module("mlflow.tracking"), import_module("mlflow.entities")
    own = f"sqlite:///{run.absolute() / 'mlflow.db'}"
    client: Any = tracking.MlflowClient(tracking_uri=os.environ.get("MLFLOW_TRACKING_URI", own))
    known = client.get_experiment_by_name(experiment)
    place = client.create_experiment(experiment) if known is None else known.experiment_id
    before = client.search_runs([place], f"tags.hexray_run = '{run_id}'")
    if before:
        number = before[0].info.run_id
    else:
        made = client.create_run(place, run_name=run.name, tags={"hexray_run": run_id})
        number = made.info.run_id
        settings = _flat(config.model_dump(mode="json"))
        parameters = [entities.Param(key, str(value)) for key, value in settings.items()]
        for first in range(0, len(parameters), _MOST_PARAMETERS):
            client.log_batch(number, params=parameters[first : first + _MOST_PARAMETERS])

    def send(trained_s: float, values: Mapping[str, float]) -> None:
        now, step = int(1000 * time.time()), round(trained_s)
        metrics = [entities.Metric(key, float(value), now, step) for key, value in values.items()]
        client.log_batch(number, metrics=metrics)

    return Sink(send, lambda: client.set_terminated(number))


def _flat(settings: Mapping[str, Any], above: str = "") -> dict[str, Any]:
    """Return single settings by their paths."""
    flat: dict[str, Any] = {}
    for key, value in settings.items():
        path = f"{above}{key}"
        flat |= _flat(value, f"{path}.") if isinstance(value, Mapping) else {path: value}
    return flat
