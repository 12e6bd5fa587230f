"""What tests of commands share: how one that is refused says so."""

from collections.abc import Callable
from pathlib import Path

import pytest

from hexray.cli import main


@pytest.fixture
def refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., str]:
    """Work in an empty folder; return what a command says that must be refused."""
    monkeypatch.chdir(tmp_path)

    def refusal(*arguments: str) -> str:
        assert main(arguments) == 2
        return capsys.readouterr().err

    return refusal
