"""Trainings for tests that let them suffer."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from training_process import Training


@pytest.fixture
def training(tmp_path: Path) -> Iterator[Callable[..., Training]]:
    """Start trainings in a folder of the test; what is left of them ends with it."""
    started: list[Training] = []

    def start(*arguments: str, **others: Any) -> Training:
        started.append(Training(tmp_path, *arguments, **others))
        return started[-1]

    yield start
    for each in started:
        if each.process.poll() is None:
            each.process.kill()
        each.finish()
