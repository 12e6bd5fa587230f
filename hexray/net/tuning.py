"""Choose how a network is run by a short measurement, and remember the choice.

What was measured is kept in the user's cache folder, one file for each machine, network and set of
candidates. It is only a cache: a file that is damaged or of other facts is measured anew and
rewritten, and deleting the folder costs a measurement.
"""

import datetime
import hashlib
import json
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

from filelock import FileLock
from pydantic import BaseModel, ConfigDict, PositiveFloat, ValidationError

from hexray.config import InferenceSettings
from hexray.errors import SettingsError
from hexray.files import atomic_write
from hexray.net.backend import Format, formats

Mode = Literal["eager", "compiled", "graphs"]

ROUNDS = 5


class Candidate(NamedTuple):
    """One way to run a network: number format, mode and torch threads."""

    precision: Format
    mode: Mode
    threads: int


class Choice(NamedTuple):
    """The way a network runs, the best time of one batch in seconds, and how both are known."""

    candidate: Candidate
    seconds: float | None
    how: str


def candidates(
    inference: InferenceSettings, cores: int, *, has_compiler: bool, has_gpu: bool
) -> list[Candidate]:
    """List the ways to run that the settings and the machine allow.

    ``cores`` is the share of this process, the most threads that ``inference.threads`` = 0 tries.
    Raises SettingsError when CUDA graphs are asked for without a GPU.
    """
    if inference.backend == "graphs" and not has_gpu:
        raise SettingsError(
            "inference.backend = graphs needs a CUDA GPU and torch sees none; set "
            "inference.backend to auto, compiled or eager"
        )
    modes: list[Mode] = ["eager"]
    if inference.backend != "auto":
        modes = [inference.backend]
    elif has_compiler:
        modes = ["eager", "compiled", "graphs"] if has_gpu else ["eager", "compiled"]
    threads = sorted({1, max(cores, 1)}) if inference.threads == 0 else [inference.threads]
    return [
        Candidate(precision, mode, count)
        for mode in modes
        for precision in formats(inference.precision)
        for count in threads
    ]


def tune(
    allowed: Sequence[Candidate],
    work: Callable[[Candidate], object],
    clock: Callable[[], float] = time.perf_counter,
) -> tuple[Candidate, float]:
    """Return the candidate for which ``work`` takes least time, and its best time in seconds.

    Each is warmed up once, then timed ROUNDS times in turn, and its best time counts; of equals
    the first is taken. ``work`` must not return before the device is done.
    Precision and threads are chosen first, by eager runs, so that only one pair is ever compiled.
    """
    pairs = list(dict.fromkeys(_eager(candidate) for candidate in allowed))
    pair, seconds = _fastest(pairs, work, clock)
    finalists = [candidate for candidate in allowed if _eager(candidate) == pair]
    return (pair, seconds) if finalists == [pair] else _fastest(finalists, work, clock)


def settle(
    allowed: Sequence[Candidate],
    facts: Mapping[str, Any],
    work: Callable[[Candidate], object],
    clock: Callable[[], float] = time.perf_counter,
) -> Choice:
    """Return the only candidate, the one remembered for ``facts``, or the one that ``tune`` finds.

    ``facts`` is all that the times depend on, made of what JSON can hold. Of processes that settle
    the same at once one measures and the others wait for it. ``how`` says so where the cache
    folder cannot be written.
    """
    if len(allowed) == 1:
        return Choice(allowed[0], None, "as set")
    key = json.dumps({**facts, "candidates": allowed}, sort_keys=True)
    file = cache_folder() / f"{hashlib.sha256(key.encode()).hexdigest()[:16]}.json"
    today = datetime.date.today()
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        held = FileLock(file.with_suffix(".lock")).acquire()
    except OSError as error:
        return Choice(*tune(allowed, work, clock), f"measured {today}, not remembered: {error}")
    with held:
        known = _recall(file)
        if known is not None and known.key == key and known.candidate in allowed:
            return Choice(known.candidate, known.seconds, f"remembered from {known.measured}")
        winner, seconds = tune(allowed, work, clock)
        record = _Record(key=key, candidate=winner, seconds=seconds, measured=today)
        try:
            atomic_write(file, record.model_dump_json(indent=2).encode())
        except OSError as error:
            return Choice(winner, seconds, f"measured {today}, not remembered: {error}")
    return Choice(winner, seconds, f"measured {today}")


def describe(choice: Choice, rows: int) -> str:
    """Say in one line how a network runs; its times are of batches of ``rows``."""
    precision, mode, threads = choice.candidate
    way = f"{precision}, {mode}, {threads} thread{'s' if threads > 1 else ''}"
    if choice.seconds is None:
        return f"{way}; {choice.how}"
    return f"{way}; {rows / choice.seconds / 1000:.1f} k evaluations/s, {choice.how}"


def cache_folder() -> Path:
    """Return where measurements are kept, one file for each key."""
    return Path.home() / ".cache" / "hexray" / "tuning"


class _Record(BaseModel):
    """The content of a file of the cache."""

    model_config = ConfigDict(extra="forbid")

    key: str
    candidate: Candidate
    seconds: PositiveFloat
    measured: datetime.date


def _recall(file: Path) -> _Record | None:
    try:
        return _Record.model_validate_json(file.read_bytes())
    except (OSError, ValidationError):
        return None  # what is not readable is measured anew and rewritten


def _eager(candidate: Candidate) -> Candidate:
    return candidate._replace(mode="eager")


def _fastest(
    entrants: Sequence[Candidate], work: Callable[[Candidate], object], clock: Callable[[], float]
) -> tuple[Candidate, float]:
    for entrant in entrants:
        work(entrant)
    seconds = [float("inf")] * len(entrants)
    for _ in range(ROUNDS):
        for index, entrant in enumerate(entrants):
            begin = clock()
            work(entrant)
            seconds[index] = min(seconds[index], clock() - begin)
    fastest = min(range(len(entrants)), key=seconds.__getitem__)
    return entrants[fastest], seconds[fastest]
