"""Settings that belong together, as functions of the board side."""

from collections.abc import Callable
from typing import Any

from hexray.config import RunConfig, with_overrides


def default(board: int) -> RunConfig:
    """Train as well as two CPU cores can: near-perfect 5x5 in 3 minutes, good 7x7 in 10."""
    return _sized(board, minutes=_minutes(board))


def quick(board: int) -> RunConfig:
    """See everything work within a minute: a small network, frequent checkpoints."""
    return with_overrides(
        _sized(board, minutes=1.0),
        {
            "net": {"blocks": 2, "channels": 16},
            "inference": {"backend": "eager"},
            "replay": {"min_rows": 2_000},
            "checkpoint": {"every_seconds": 5.0},
            "judge": {"every_seconds": 10.0},
        },
    )


PRESETS: dict[str, Callable[[int], RunConfig]] = {"default": default, "quick": quick}


def _sized(board: int, minutes: float) -> RunConfig:
    overrides: dict[str, Any] = {"board": board, "minutes": minutes}
    if board >= 6:
        overrides["net"] = {"blocks": 4, "channels": 32}
        overrides["inference"] = {"backend": "auto"}
    if board >= 9:
        overrides["net"] = {"blocks": 6, "channels": 64}
        overrides["search"] = {"simulations": 32, "candidates": 16}
    return with_overrides(RunConfig(), overrides)


def _minutes(board: int) -> float:
    if board <= 5:
        return 3.0
    return 10.0 if board <= 7 else 60.0
