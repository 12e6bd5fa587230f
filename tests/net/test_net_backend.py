"""Precision is chosen by measuring, compiling says what it needs."""

import pytest

from hexray.errors import SettingsError
from hexray.net.backend import choose_precision, may_compile


class Stopwatch:
    """A clock that work moves on."""

    def __init__(self, seconds: dict[str, float]) -> None:
        self.seconds, self.now, self.worked = seconds, 0.0, []

    def work(self, number_format: str) -> None:
        self.worked.append(number_format)
        self.now += self.seconds[number_format]

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        ({"float32": 2.0, "bfloat16": 1.0}, "bfloat16"),
        ({"float32": 1.0, "bfloat16": 2.0}, "float32"),
        ({"float32": 1.0, "bfloat16": 1.0}, "float32"),
    ],
)
def test_auto_takes_the_faster_format(seconds: dict[str, float], expected: str) -> None:
    clock = Stopwatch(seconds)
    assert choose_precision("auto", clock.work, clock) == expected


@pytest.mark.parametrize("wanted", ["float32", "bfloat16"])
def test_a_format_that_was_asked_for_is_not_measured(wanted: str) -> None:
    clock = Stopwatch({})
    assert choose_precision(wanted, clock.work, clock) == wanted
    assert clock.worked == []


def test_the_first_slow_call_of_a_format_does_not_count() -> None:
    clock = Stopwatch({"float32": 2.0, "bfloat16": 1.0})

    def work(number_format: str) -> None:
        warming = number_format not in clock.worked
        clock.work(number_format)
        clock.now += 100.0 if warming and number_format == "bfloat16" else 0.0

    assert choose_precision("auto", work, clock) == "bfloat16"


def test_one_interruption_does_not_decide() -> None:
    clock = Stopwatch({"float32": 2.0, "bfloat16": 1.0})

    def work(number_format: str) -> None:
        clock.work(number_format)
        clock.now += 50.0 if clock.worked.count("bfloat16") == 2 else 0.0

    assert choose_precision("auto", work, clock) == "bfloat16"


def test_compiling_without_a_compiler_names_setting_and_remedy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CXX", "no-such-compiler")
    with pytest.raises(SettingsError, match=r"inference\.backend.*no-such-compiler.*install g\+\+"):
        may_compile("compiled", "inference.backend")


def test_compiling_without_any_compiler_on_the_path_fails_before_it_begins(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("CXX", raising=False)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(SettingsError, match=r"learner\.backend"):
        may_compile("compiled", "learner.backend")


def test_auto_compiles_only_where_there_is_a_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CXX", "no-such-compiler")
    assert not may_compile("auto", "inference.backend")
    monkeypatch.setenv("CXX", "sh")  # any program that is there
    assert may_compile("auto", "inference.backend")
    assert may_compile("compiled", "inference.backend")


def test_eager_never_compiles(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CXX", "sh")
    assert not may_compile("eager", "inference.backend")
