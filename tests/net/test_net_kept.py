"""Networks that are kept to play with, and the pointer to the best of them."""

import json
from pathlib import Path

import numpy as np
import pytest
from made_checkpoints import CONFIG, TRAINER, made

from hexray.errors import CheckpointError
from hexray.net.checkpoint import load_net, save_checkpoint
from hexray.net.kept import (
    BEST_FILE,
    ServedNet,
    best_path,
    keep_net,
    kept_path,
    kept_versions,
    point_to_best,
    read_kept,
)


def net(version: int) -> ServedNet:
    return ServedNet(CONFIG, version, TRAINER.published(), [])


def test_a_network_is_read_as_it_was_kept(tmp_path: Path) -> None:
    found = read_kept(keep_net(tmp_path, net(42)))
    assert (found.config, found.version, found.skipped) == (CONFIG, 42, [])
    expected = TRAINER.published()
    assert found.weights.keys() == expected.keys()
    for name, weights in expected.items():
        np.testing.assert_array_equal(found.weights[name], weights)
        assert found.weights[name].dtype == np.float32


def test_read_only_weights_are_kept_too(tmp_path: Path) -> None:
    """So they come out of Ray's object store."""
    weights = {name: array[...] for name, array in TRAINER.published().items()}
    for array in weights.values():
        array.flags.writeable = False
    keep_net(tmp_path, ServedNet(CONFIG, 1, weights, []))
    assert read_kept(kept_path(tmp_path, 1)).version == 1


def test_kept_versions_are_listed_by_age(tmp_path: Path) -> None:
    assert kept_versions(tmp_path) == []
    for version in (100, 9, 23):
        keep_net(tmp_path, net(version))
    (tmp_path / "versions" / ".00000007.safetensors.partial").write_bytes(b"cut")
    (tmp_path / "versions" / "notes.safetensors").write_bytes(b"mine")
    assert kept_versions(tmp_path) == [9, 23, 100]


def test_a_file_is_no_larger_than_its_weights_and_a_little(tmp_path: Path) -> None:
    path = keep_net(tmp_path, net(1))
    weights = sum(array.nbytes for array in TRAINER.published().values())
    assert path.stat().st_size < weights + 10_000
    whole = save_checkpoint(tmp_path, made(1))
    assert path.stat().st_size < sum(file.stat().st_size for file in whole.iterdir()) / 2


@pytest.mark.parametrize("place", [0, 9, 500, -1, -2000])
def test_a_changed_byte_is_found(tmp_path: Path, place: int) -> None:
    path = keep_net(tmp_path, net(1))
    content = bytearray(path.read_bytes())
    content[place] ^= 0x41
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match=r"00000001\.safetensors"):
        read_kept(path)


@pytest.mark.parametrize("kept", [0, 7, 100, -1])
def test_a_cut_file_is_refused(tmp_path: Path, kept: int) -> None:
    path = keep_net(tmp_path, net(1))
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(CheckpointError, match=r"00000001\.safetensors"):
        read_kept(path)


def test_weights_of_someone_else_are_refused(tmp_path: Path) -> None:
    foreign = save_checkpoint(tmp_path, made(1)) / "served.safetensors"
    with pytest.raises(
        CheckpointError, match=r"served\.safetensors is no network that hexray kept"
    ):
        read_kept(foreign)


def test_the_best_is_named_by_its_run(tmp_path: Path) -> None:
    run = tmp_path / "run"
    for version in (4, 9):
        keep_net(run.parent, net(version))
    (tmp_path / "versions").rename(_made(run) / "versions")
    point_to_best(run, 4)
    save_checkpoint(run / "checkpoints", made(12))
    assert load_net(run).version == 12
    assert load_net(Path(f"{run}@best")).version == 4
    assert load_net(kept_path(run, 9)).version == 9
    point_to_best(run, 9)
    assert load_net(Path(f"{run}@best")).version == 9


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def test_a_run_without_a_best_says_so(tmp_path: Path) -> None:
    run = _made(tmp_path / "run")
    with pytest.raises(CheckpointError, match=r"run has no best network yet"):
        load_net(Path(f"{run}@best"))
    with pytest.raises(CheckpointError, match=r"@best|no best network"):
        load_net(Path("@best"))


def test_a_folder_that_is_called_so_is_itself(tmp_path: Path) -> None:
    folder = tmp_path / "mine@best"
    save_checkpoint(folder, made(3))
    assert load_net(folder).version == 3


def test_a_pointer_to_weights_that_are_gone_names_them(tmp_path: Path) -> None:
    keep_net(tmp_path, net(4))
    point_to_best(tmp_path, 4)
    kept_path(tmp_path, 4).unlink()
    with pytest.raises(CheckpointError, match=r"00000004\.safetensors is missing"):
        load_net(Path(f"{tmp_path}@best"))


@pytest.mark.parametrize(
    "text", ["", "[", "[]", "7", "{}", "null", '{"version": "../x"}', '{"version": true}',
             '{"version": -1}', '{"version": 1.5}'],
)  # fmt: skip
def test_a_damaged_pointer_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / BEST_FILE).write_text(text)
    with pytest.raises(CheckpointError, match=r"best\.json"):
        best_path(tmp_path)


def test_the_pointer_can_be_read_by_others(tmp_path: Path) -> None:
    keep_net(tmp_path, net(4))
    point_to_best(tmp_path, 4)
    record = json.loads((tmp_path / BEST_FILE).read_text())
    assert record["version"] == 4
    assert (tmp_path / record["weights"]).is_file()
