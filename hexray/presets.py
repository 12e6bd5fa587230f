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


def curriculum(board: int) -> RunConfig:
    """Learn smaller boards first, with the same network, and keep them: strongest for its time."""
    boards = _smaller(board)
    until = tuple(_GIVES_WAY ** (len(boards) - place) for place in range(len(boards)))
    return with_overrides(default(board), {"curriculum": {"boards": boards, "until": until}})


def gpu(board: int) -> RunConfig:
    """Train for hours on a GPU and eight cores or more, by a curriculum; never timed on one yet."""
    large, huge = board >= 7, board >= 9
    overrides: dict[str, Any] = {
        "minutes": 240.0 if huge else 60.0 if large else 10.0,
        "net": {"blocks": 10 if huge else 6, "channels": 128 if huge else 64},
        "search": {"simulations": 64 if huge else 32, "candidates": 16},
        "selfplay": {"players": 6, "games": 512},
        "inference": {"backend": "auto", "batch_rows": 4096},
        "replay": {"window_rows": 1_000_000, "min_rows": 20_000},
        "learner": {"batch_rows": 1024, "backend": "auto"},
    }
    return with_overrides(curriculum(board), overrides)


PRESETS: dict[str, Callable[[int], RunConfig]] = {
    "default": default,
    "quick": quick,
    "curriculum": curriculum,
    "gpu": gpu,
}
# Every game begins somewhere else, in a fight that the network finds even.
_OPENINGS = {"random_share": 1.0, "random_clusters": 1.0, "opening_choices": 8}
# A board takes some four times the work of the one before, and helps with those after it.
_GIVES_WAY = 0.2


def _smaller(board: int) -> tuple[int, ...]:
    """Return the boards from 5 up that come before ``board``, from 9 on every second one."""
    step = 1 if board < 9 else 2
    return tuple(sorted(range(board - step, 4, -step)))


def _sized(board: int, minutes: float) -> RunConfig:
    overrides: dict[str, Any] = {"board": board, "minutes": minutes, "selfplay": _OPENINGS}
    if board >= 6:
        overrides["net"] = {"blocks": 4 if board == 6 else 6, "channels": 32 if board <= 7 else 48}
        overrides["inference"] = {"backend": "auto"}
    if board >= 9:
        overrides["selfplay"] = {**_OPENINGS, "games": 128}
    return with_overrides(RunConfig(), overrides)


def _minutes(board: int) -> float:
    if board <= 5:
        return 3.0
    return 10.0 if board <= 7 else 60.0
