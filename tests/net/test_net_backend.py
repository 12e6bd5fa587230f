"""What the machine offers is named, and compiling says what it needs."""

import json
import os

import pytest
import torch

from hexray.config import Precision
from hexray.errors import SettingsError
from hexray.net.backend import describe_machine, formats, may_compile


@pytest.mark.parametrize("wanted", ["float32", "bfloat16"])
def test_a_format_that_was_asked_for_is_the_only_one(wanted: Precision) -> None:
    assert formats(wanted) == (wanted,)


def test_the_machine_is_described_by_what_json_can_hold() -> None:
    machine = describe_machine(torch.device("cpu"))
    assert json.loads(json.dumps(machine)) == machine
    assert machine["torch"] == torch.__version__
    assert machine["cpu"]["num_logical_cores"] == os.cpu_count()


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


def test_graphs_need_a_compiler_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CXX", "no-such-compiler")
    with pytest.raises(SettingsError, match=r"inference\.backend = graphs needs a C\+\+ compiler"):
        may_compile("graphs", "inference.backend")


def test_auto_compiles_only_where_there_is_a_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CXX", "no-such-compiler")
    assert not may_compile("auto", "inference.backend")
    monkeypatch.setenv("CXX", "sh")  # any program that is there
    assert may_compile("auto", "inference.backend")
    assert may_compile("compiled", "inference.backend")


def test_eager_never_compiles(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CXX", "sh")
    assert not may_compile("eager", "inference.backend")
