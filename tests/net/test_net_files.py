"""Files appear whole or not at all."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import pytest

from hexray.files import atomic_folder, atomic_write, partial_path


def test_a_file_holds_what_was_written(tmp_path: Path) -> None:
    atomic_write(tmp_path / "a", b"one")
    atomic_write(tmp_path / "b", lambda file: [file.write(b"t"), file.write(b"wo")])
    assert (tmp_path / "a").read_bytes() == b"one"
    assert (tmp_path / "b").read_bytes() == b"two"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"]


def test_a_write_that_fails_leaves_the_old_content(tmp_path: Path) -> None:
    path = tmp_path / "a"
    atomic_write(path, b"old")

    def fail(file: BinaryIO) -> None:
        file.write(b"new but not all of")
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        atomic_write(path, fail)
    assert path.read_bytes() == b"old"


def test_what_a_failed_write_left_behind_does_not_hinder_the_next(tmp_path: Path) -> None:
    path = tmp_path / "a"
    partial_path(path).write_bytes(b"rest of a longer content")
    atomic_write(path, b"new")
    assert path.read_bytes() == b"new"


def test_a_file_is_flushed_before_it_is_renamed_and_the_folder_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tape: list[str] = []
    real = {name: getattr(os, name) for name in ("fsync", "replace")}

    def record(name: str) -> Callable[..., None]:
        def call(*arguments: object) -> None:
            tape.append(name)
            real[name](*arguments)

        return call

    for name in real:
        monkeypatch.setattr(f"hexray.files.os.{name}", record(name))
    atomic_write(tmp_path / "a", b"one")
    assert tape == ["fsync", "replace", "fsync"]


def test_a_folder_appears_only_when_it_is_full(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "folder"

    def fill(beside: Path) -> None:
        atomic_write(beside / "a", b"one")
        assert not path.exists()
        atomic_write(beside / "b", b"two")

    atomic_folder(path, fill)
    assert sorted(file.name for file in path.iterdir()) == ["a", "b"]
    assert list(path.parent.iterdir()) == [path]


def test_an_unfinished_folder_is_begun_again(tmp_path: Path) -> None:
    path = tmp_path / "folder"
    partial_path(path).mkdir()
    (partial_path(path) / "stale").write_bytes(b"")
    atomic_folder(path, lambda beside: atomic_write(beside / "a", b"one"))
    assert [file.name for file in path.iterdir()] == ["a"]


def test_a_folder_that_exists_is_never_overwritten(tmp_path: Path) -> None:
    with pytest.raises(FileExistsError, match="exists already"):
        atomic_folder(tmp_path, lambda beside: None)
