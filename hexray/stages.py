"""Builds actors in stages, several of them side by side."""

from collections.abc import Iterable, Iterator
from typing import Any

from hexray.cluster import fetch

Stages = Iterator[list[Any]]
"""Calls that build an actor; those of a stage are asked for when the one before is done."""


def run_stages(every: Iterable[Stages]) -> None:
    """Build several actors side by side, stage by stage, and wait until all are."""
    stages = list(every)
    while stages:
        calls = [(stage, next(stage, None)) for stage in stages]
        stages = [stage for stage, refs in calls if refs is not None]
        fetch([ref for _, refs in calls for ref in refs or ()])
