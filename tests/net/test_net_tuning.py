"""How a network runs is chosen by measuring, once for each machine, network and settings."""

import json
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from hexray.config import InferenceSettings
from hexray.errors import SettingsError
from hexray.net.tuning import (
    Candidate,
    Choice,
    cache_folder,
    candidates,
    describe,
    settle,
    tune,
)

FACTS = {"machine": "a", "batch_rows": 8}
SLOW, FAST = Candidate("float32", "eager", 1), Candidate("bfloat16", "eager", 1)


class Stopwatch:
    """A clock that work moves on, by the seconds of what it works on."""

    def __init__(self, seconds: Mapping[Any, float]) -> None:
        self.seconds, self.now, self.worked = seconds, 0.0, []

    def work(self, entrant: object) -> None:
        self.worked.append(entrant)
        self.now += self.seconds[entrant]

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def listed(cores: int = 1, compiler: bool = False, gpu: bool = False, **asked: Any) -> list[str]:
    inference = InferenceSettings.model_validate(asked)
    found = candidates(inference, cores, has_compiler=compiler, has_gpu=gpu)
    return [" ".join(map(str, each)) for each in found]


def settled(clock: Stopwatch, facts: Mapping[str, Any] = FACTS) -> Choice:
    return settle([SLOW, FAST], facts, clock.work, clock)


def test_auto_leaves_all_that_the_machine_can_do() -> None:
    assert listed(backend="auto", compiler=True) == [
        "float32 eager 1",
        "bfloat16 eager 1",
        "float32 compiled 1",
        "bfloat16 compiled 1",
    ]
    on_gpu = listed(backend="auto", precision="bfloat16", compiler=True, gpu=True)
    assert on_gpu == ["bfloat16 eager 1", "bfloat16 compiled 1", "bfloat16 graphs 1"]


@pytest.mark.parametrize("gpu", [False, True])
def test_auto_does_not_compile_without_a_compiler(gpu: bool) -> None:
    assert listed(backend="auto", precision="float32", gpu=gpu) == ["float32 eager 1"]


@pytest.mark.parametrize("backend", ["eager", "compiled", "graphs"])
def test_a_backend_that_was_asked_for_is_the_only_one(backend: str) -> None:
    found = listed(backend=backend, precision="float32", compiler=True, gpu=True)
    assert found == [f"float32 {backend} 1"]


@pytest.mark.parametrize(
    ("threads", "cores", "expected"),
    [(0, 1, [1]), (0, 4, [1, 4]), (0, 0, [1]), (3, 1, [3]), (1, 4, [1])],
)
def test_no_threads_set_means_one_or_the_share_of_the_cores(
    threads: int, cores: int, expected: list[int]
) -> None:
    found = listed(cores, threads=threads, precision="float32", backend="eager")
    assert found == [f"float32 eager {count}" for count in expected]


def test_graphs_without_a_gpu_are_refused() -> None:
    with pytest.raises(SettingsError, match=r"inference\.backend = graphs needs a CUDA GPU"):
        listed(backend="graphs", compiler=True)


A, B, C = (Candidate("float32", "eager", threads) for threads in (1, 2, 3))


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        ({A: 2.0, B: 1.0, C: 3.0}, B),
        ({A: 1.0, B: 2.0, C: 2.0}, A),
        ({A: 1.0, B: 1.0, C: 1.0}, A),
        ({A: 3.0, B: 2.0, C: 1.0}, C),
    ],
)
def test_the_fastest_is_chosen(seconds: dict[Candidate, float], expected: Candidate) -> None:
    clock = Stopwatch(seconds)
    assert tune([A, B, C], clock.work, clock)[0] == expected


def test_the_first_slow_call_does_not_count() -> None:
    clock = Stopwatch({A: 2.0, B: 1.0})

    def work(candidate: Candidate) -> None:
        clock.now += 100.0 if candidate == B and B not in clock.worked else 0.0
        clock.work(candidate)

    assert tune([A, B], work, clock)[0] == B


def test_one_interruption_does_not_decide() -> None:
    clock = Stopwatch({A: 2.0, B: 1.0})

    def work(candidate: Candidate) -> None:
        clock.work(candidate)
        clock.now += 50.0 if candidate == B and clock.worked.count(B) == 2 else 0.0

    assert tune([A, B], work, clock)[0] == B


GRID = [
    Candidate(precision, mode, threads)
    for mode in ("eager", "compiled")
    for precision in ("float32", "bfloat16")
    for threads in (1, 2)
]


def tuned(allowed: Sequence[Candidate], seconds: Mapping[Candidate, float]) -> tuple[Any, list]:
    clock = Stopwatch(seconds)
    return tune(allowed, clock.work, clock), clock.worked


def test_only_the_fastest_precision_and_threads_are_compiled() -> None:
    seconds = dict.fromkeys(GRID, 8.0)
    seconds[Candidate("bfloat16", "eager", 2)] = 4.0
    seconds[Candidate("bfloat16", "compiled", 2)] = 3.0
    found, worked = tuned(GRID, seconds)
    assert found == (Candidate("bfloat16", "compiled", 2), 3.0)
    compiled = {each for each in worked if each.mode == "compiled"}
    assert compiled == {Candidate("bfloat16", "compiled", 2)}


def test_compiling_that_does_not_pay_is_not_chosen() -> None:
    seconds = {each: 4.0 if each.mode == "eager" else 5.0 for each in GRID}
    found, _ = tuned(GRID, seconds)
    assert found == (Candidate("float32", "eager", 1), 4.0)


def test_a_mode_that_was_asked_for_wins_with_its_own_time() -> None:
    allowed = [each for each in GRID if each.mode == "compiled" and each.threads == 1]
    seconds = dict.fromkeys(GRID, 5.0)
    seconds[Candidate("bfloat16", "eager", 1)] = 1.0
    seconds[Candidate("bfloat16", "compiled", 1)] = 2.0
    found, _ = tuned(allowed, seconds)
    assert found == (Candidate("bfloat16", "compiled", 1), 2.0)


def test_a_choice_is_remembered(home: Path) -> None:
    clock = Stopwatch({SLOW: 2.0, FAST: 1.0})
    first = settled(clock)
    again = settled(Stopwatch({}))
    assert (first.candidate, first.seconds) == (again.candidate, again.seconds) == (FAST, 1.0)
    assert first.how.startswith("measured 20")
    assert again.how == first.how.replace("measured", "remembered from")


@pytest.mark.parametrize("facts", [{**FACTS, "machine": "b"}, {**FACTS, "batch_rows": 9}, {}])
def test_other_facts_are_measured_for_themselves(home: Path, facts: dict[str, Any]) -> None:
    settled(Stopwatch({SLOW: 2.0, FAST: 1.0}))
    assert settled(Stopwatch({SLOW: 1.0, FAST: 2.0}), facts).candidate == SLOW
    assert settled(Stopwatch({})).candidate == FAST


def test_other_candidates_are_measured_for_themselves(home: Path) -> None:
    settled(Stopwatch({SLOW: 1.0, FAST: 2.0}))
    third = Candidate("bfloat16", "eager", 2)
    clock = Stopwatch({FAST: 2.0, third: 1.0})
    assert settle([FAST, third], FACTS, clock.work, clock).candidate == third


def damaged(content: bytes, **changes: Any) -> bytes:
    return json.dumps({**json.loads(content), **changes}).encode()


@pytest.mark.parametrize(
    "spoil",
    [
        lambda content: b"",
        lambda content: content[:-9],
        lambda content: b"\xff\xfe",
        lambda content: damaged(content, key="{}"),
        lambda content: damaged(content, candidate=["bfloat16", "eager", 9]),
        lambda content: damaged(content, candidate=["float64", "eager", 1]),
        lambda content: damaged(content, seconds=0),
        lambda content: damaged(content, more=1),
    ],
)
def test_a_file_that_is_damaged_or_of_other_facts_is_measured_anew(home: Path, spoil: Any) -> None:
    settled(Stopwatch({SLOW: 2.0, FAST: 1.0}))
    [file] = cache_folder().glob("*.json")
    assert home in file.parents
    file.write_bytes(spoil(file.read_bytes()))
    anew = settled(Stopwatch({SLOW: 1.0, FAST: 2.0}))
    assert (anew.candidate, anew.how.split()[0]) == (SLOW, "measured")
    assert settled(Stopwatch({})).candidate == SLOW


def test_a_cache_that_cannot_be_written_costs_a_measurement_only(home: Path) -> None:
    (home / ".cache").write_text("a file where the folder should be")
    for _ in range(2):
        choice = settled(Stopwatch({SLOW: 2.0, FAST: 1.0}))
        assert choice.candidate == FAST
        assert "not remembered" in choice.how


def test_a_record_that_cannot_be_written_costs_a_measurement_only(home: Path) -> None:
    settled(Stopwatch({SLOW: 2.0, FAST: 1.0}))
    [file] = cache_folder().glob("*.json")
    file.unlink()
    file.mkdir()
    for _ in range(2):
        choice = settled(Stopwatch({SLOW: 2.0, FAST: 1.0}))
        assert choice.candidate == FAST
        assert "not remembered" in choice.how


def test_of_two_at_once_one_measures_and_the_other_waits(home: Path) -> None:
    clock, found = Stopwatch({SLOW: 2.0, FAST: 1.0}), []
    other = threading.Thread(target=lambda: found.append(settled(Stopwatch({}))))

    def work(candidate: Candidate) -> None:
        if not clock.worked:
            other.start()
            other.join(0.1)
            assert other.is_alive()
        clock.work(candidate)

    settle([SLOW, FAST], FACTS, work, clock)
    other.join(30)
    assert found[0].how.startswith("remembered")


@pytest.mark.parametrize(
    ("choice", "text"),
    [
        (
            Choice(Candidate("bfloat16", "compiled", 1), 0.04, "measured 2026-11-20"),
            "bfloat16, compiled, 1 thread; 12.8 k evaluations/s, measured 2026-11-20",
        ),
        (
            Choice(Candidate("float32", "eager", 2), None, "as set"),
            "float32, eager, 2 threads; as set",
        ),
    ],
)
def test_a_choice_is_told_in_one_line(choice: Choice, text: str) -> None:
    assert describe(choice, 512) == text
