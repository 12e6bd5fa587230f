"""Compiled kernels never outlive the sources they came from."""

from pathlib import Path

import pytest

from hexray.game.board import place
from hexray.game.kernel import cache_folder


def _package(folder: Path, **sources: str) -> Path:
    for name, text in sources.items():
        part = folder / name
        part.mkdir(parents=True, exist_ok=True)
        (part / "module.py").write_text(text)
    return folder


def test_a_change_of_any_kernel_source_changes_the_cache(tmp_path: Path) -> None:
    before = cache_folder(_package(tmp_path, game="a", search="b"))
    assert cache_folder(tmp_path) == before
    assert cache_folder(_package(tmp_path, game="a", search="c")) != before
    assert cache_folder(_package(tmp_path, game="d", search="b")) != before


def test_a_package_that_cannot_be_written_uses_the_home_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = _package(tmp_path, game="a", search="b")
    monkeypatch.setattr("os.access", lambda *_: False)
    assert cache_folder(package).parent == Path.home() / ".cache" / "hexray"


def test_kernels_are_cached_there() -> None:
    stats = place.stats
    assert "kernels-" in stats.cache_path
