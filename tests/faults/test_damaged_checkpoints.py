"""F8, F9: checkpoints survive every damage and every crash, and nothing in them runs."""

import hashlib
import io
import json
import os
import pickle
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from made_checkpoints import edited, made

from hexray.errors import CheckpointError
from hexray.net.checkpoint import (
    load_checkpoint,
    load_net,
    newest_checkpoint,
    prune,
    save_checkpoint,
)

FILES = ("weights.safetensors", "served.safetensors", "training.pt", "settings.json")


def sealed(path: Path, name: str, content: bytes) -> None:
    """Replace a file and make the manifest agree, as a forger would."""
    (path / name).write_bytes(content)
    manifest = json.loads((path / "manifest.json").read_text())
    digest = {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    manifest["files"][name] = digest
    (path / "manifest.json").write_text(json.dumps(manifest))


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def empty(path: Path) -> None:
    path.write_bytes(b"")


def turn_into_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


DAMAGES = (truncate, flip, empty, Path.unlink, turn_into_folder)


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("name", FILES)
def test_a_damaged_file_is_named_and_the_one_before_is_taken(
    tmp_path: Path, name: str, damage: Callable[[Path], None]
) -> None:
    save_checkpoint(tmp_path, made(1))
    save_checkpoint(tmp_path, made(2))
    damage(tmp_path / "00000002" / name)
    newest, skipped = newest_checkpoint(tmp_path)
    assert newest is not None
    assert newest.version == 1
    assert len(skipped) == 1
    assert str(tmp_path / "00000002" / name) in skipped[0]


@pytest.mark.parametrize("damage", [truncate, empty, Path.unlink, turn_into_folder])
def test_a_damaged_manifest_is_named_and_the_one_before_is_taken(
    tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    save_checkpoint(tmp_path, made(1))
    save_checkpoint(tmp_path, made(2))
    damage(tmp_path / "00000002" / "manifest.json")
    newest, skipped = newest_checkpoint(tmp_path)
    assert newest is not None
    assert newest.version == 1
    assert "00000002/manifest.json" in skipped[0]


def test_a_flipped_byte_reports_both_hashes(tmp_path: Path) -> None:
    path = save_checkpoint(tmp_path, made(1)) / "training.pt"
    expected = hashlib.sha256(path.read_bytes()).hexdigest()
    flip(path)
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    with pytest.raises(CheckpointError, match=f"expected .*{expected}.*found .*{found}"):
        load_checkpoint(path.parent)


@pytest.mark.parametrize("text", ["", "[]", "null", "[" * 100_000, '{"schema": 1}', "\x00"])
def test_a_manifest_that_is_none_is_refused(tmp_path: Path, text: str) -> None:
    path = save_checkpoint(tmp_path, made(1))
    (path / "manifest.json").write_text(text)
    with pytest.raises(CheckpointError, match=r"manifest\.json"):
        load_checkpoint(path)


def test_a_manifest_that_forgets_a_file_is_refused(tmp_path: Path) -> None:
    path = save_checkpoint(tmp_path, made(1))
    edited(path, files={})
    with pytest.raises(CheckpointError, match=r"weights\.safetensors is damaged: expected None"):
        load_checkpoint(path)


def test_settings_of_another_program_are_explained(tmp_path: Path) -> None:
    path = save_checkpoint(tmp_path, made(1))
    sealed(path, "settings.json", b'{"net": {"layers": 3}}')
    with pytest.raises(CheckpointError, match=r"settings\.json: net\.layers"):
        load_checkpoint(path)


class Bomb:
    def __reduce__(self) -> tuple[Any, ...]:
        return (os.mkdir, (os.environ["BOMB"],))


@pytest.mark.parametrize("dump", [torch.save, partial(pickle.dump, protocol=2)])
def test_code_in_a_checkpoint_is_refused_and_never_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dump: Callable[..., None]
) -> None:
    monkeypatch.setenv("BOMB", str(tmp_path / "exploded"))
    path = save_checkpoint(tmp_path, made(1))
    buffer = io.BytesIO()
    dump({"net": Bomb()}, buffer)
    sealed(path, "training.pt", buffer.getvalue())
    with pytest.raises(CheckpointError, match="not readable"):
        load_checkpoint(path)
    assert not (tmp_path / "exploded").exists()


@pytest.mark.parametrize("name", ["weights.safetensors", "served.safetensors", "training.pt"])
def test_a_forged_file_of_garbage_is_refused(tmp_path: Path, name: str) -> None:
    path = save_checkpoint(tmp_path, made(1))
    for content in (b"", b"garbage", b"\xff" * 64):
        sealed(path, name, content)
        with pytest.raises(CheckpointError, match="not readable"):
            load_checkpoint(path)


class Crash(BaseException):
    """Ends a save the way a killed process does: no handler of ours sees it."""


STEPS = ("open", "fsync", "replace", "rename", "mkdir")


def crash_at(monkeypatch: pytest.MonkeyPatch, step: int) -> list[str]:
    """Let the file operation number ``step`` (from 0) kill the save; return the tape."""
    tape: list[str] = []

    def dying(name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            if len(tape) == step:
                raise Crash
            tape.append(name)
            return real(*arguments, **options)

        return call

    for name in STEPS:
        monkeypatch.setattr(os, name, dying(name, getattr(os, name)))
    monkeypatch.setattr("builtins.open", dying("write", open))
    monkeypatch.setattr(shutil, "rmtree", dying("rmtree", shutil.rmtree))
    return tape


@pytest.mark.parametrize("again", [False, True])
def test_a_crash_at_any_step_leaves_a_valid_checkpoint(tmp_path: Path, again: bool) -> None:
    version, step, finished = (1 if again else 2), 0, False
    while not finished:
        folder = tmp_path / str(step)
        save_checkpoint(folder, made(1))
        with pytest.MonkeyPatch.context() as patch:
            tape = crash_at(patch, step)
            try:
                save_checkpoint(folder, made(version))
                finished = True
            except Crash:
                assert len(tape) == step
        newest, skipped = newest_checkpoint(folder)
        assert newest is not None, f"after {tape}"
        assert skipped == []
        save_checkpoint(folder, made(3))
        prune(folder, keep=1)
        assert [path.name for path in folder.iterdir()] == ["00000003"]
        step += 1
    assert step > 15


def test_a_full_disk_says_so_and_leaves_the_old_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_checkpoint(tmp_path, made(1))

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space left"):
            save_checkpoint(tmp_path, made(2))
    newest, skipped = newest_checkpoint(tmp_path)
    assert newest is not None
    assert (newest.version, skipped) == (1, [])


def test_a_damaged_checkpoint_makes_way_for_its_version(tmp_path: Path) -> None:
    empty(save_checkpoint(tmp_path, made(1)) / "training.pt")
    save_checkpoint(tmp_path, made(1))
    newest, skipped = newest_checkpoint(tmp_path)
    assert newest is not None
    assert skipped == []


def test_pruning_never_counts_damaged_checkpoints(tmp_path: Path) -> None:
    for version in range(1, 5):
        save_checkpoint(tmp_path, made(version))
    for version in (3, 4):
        flip(tmp_path / f"{version:08d}" / "training.pt")
    prune(tmp_path, keep=1)
    newest, skipped = newest_checkpoint(tmp_path)
    assert newest is not None
    assert (newest.version, len(skipped)) == (2, 2)
    assert not (tmp_path / "00000001").exists()


def test_a_run_with_nothing_but_damage_gives_every_reason(tmp_path: Path) -> None:
    for version in (1, 2):
        empty(save_checkpoint(tmp_path, made(version)) / "settings.json")
    with pytest.raises(CheckpointError, match=r"(?s)00000002/settings.*00000001/settings"):
        load_net(tmp_path)
