"""Tasks of the pipeline on Ray."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import ray

from hexray.cluster import fetch
from hexray.config import RunConfig
from hexray.config.pipeline import StepSettings
from hexray.pipeline.training import FileTrainer, Lesson

Name = TypeVar("Name", int, str)

_SECONDS = 1.0
"""How often training says how far it is."""


class Pool:
    """At most ``workers`` tasks at once; needs a Ray session."""

    def __init__(self, workers: int) -> None:
        self._workers = workers

    def run(
        self, function: Callable[..., Any], calls: Iterable[tuple[Name, tuple]]
    ) -> Iterator[tuple[Name, Any]]:
        """Yield name and result of each call as it ends; the next one is taken when there is room.

        A task whose process dies is done again; an error of hexray's own is raised as it was there.
        """
        task = ray.remote(function)
        waiting, pending = iter(calls), {}
        while True:
            while len(pending) < self._workers and (call := next(waiting, None)) is not None:
                name, arguments = call
                pending[task.remote(*arguments)] = name
            if not pending:
                return
            (ready,), _ = ray.wait(list(pending), num_returns=1)
            yield pending.pop(ready), fetch(ready)

    def learn(
        self,
        config: RunConfig,
        steps: StepSettings,
        lesson: Lesson,
        folder: Path,
        report: Callable[[int, int], None],
    ) -> dict[str, Any]:
        """Train on files in a process of its own; return what ``FileTrainer.finish`` does."""
        body: Any = ray.remote(_OpenedByCall)
        threads = max(1, config.learner.threads)
        trainer = body.options(num_cpus=threads).remote()
        fetch(trainer.open.remote(config, steps, lesson, folder))
        is_open = True
        while is_open:
            is_open = fetch(trainer.advance.remote(_SECONDS))
            report(*fetch(trainer.progress.remote()))
        found = fetch(trainer.finish.remote())
        ray.kill(trainer)
        return found


class _OpenedByCall(FileTrainer):
    """Opened by a method: Ray keeps the class of errors of calls only."""

    def __init__(self) -> None:
        """Wait for ``open``."""

    def open(self, *arguments: Any) -> None:
        super().__init__(*arguments)
