"""``hexray export``: a network goes into a file, or one message says why not."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from made_checkpoints import CONFIG, TRAINER, made

from hexray.cli import main
from hexray.net.checkpoint import save_checkpoint
from hexray.net.kept import ServedNet, keep_net, point_to_best
from hexray.net.model import HexNet, copy_weights, input_planes


def answers(path: Path, cells: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return session.run(["logits", "value"], {"cells": cells})


@pytest.mark.parametrize(
    ("name", "said"), [("nowhere/net.onnx", "there is no folder"), ("", "this is a folder")]
)
def test_a_file_that_cannot_be_made_is_refused_and_nothing_left_behind(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, said: str
) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    assert main(["export", "shipped", "--onnx", str(folder / name)]) == 2
    assert said in capsys.readouterr().err
    assert [path.name for path in tmp_path.rglob("*")] == ["folder"]


def test_the_newest_checkpoint_of_a_run_goes_into_one_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for version in (1, 2):
        save_checkpoint(tmp_path / "run" / "checkpoints", made(version))
    file = tmp_path / "net.onnx"
    assert main(["export", str(tmp_path / "run"), "--onnx", str(file)]) == 0
    shown = capsys.readouterr()
    assert "network: version 2 of" in shown.out
    assert "from torch on boards of side 2, 5, 7, 11, 13, 19" in shown.out
    assert f"file: {file}, {file.stat().st_size} bytes" in shown.out
    assert shown.err == ""
    assert [entry.name for entry in tmp_path.iterdir() if entry.is_file()] == ["net.onnx"]
    cells = np.random.default_rng(3).integers(-1, 2, (4, 6, 6)).astype(np.int8)
    net = HexNet(CONFIG.net, normalised=False).eval()
    copy_weights(net.state_dict(), TRAINER.published())
    with torch.inference_mode():
        logits, value_logit = net(input_planes(cells.reshape(4, 36), 6, torch.device("cpu")))
    said, value = answers(file, cells)
    np.testing.assert_allclose(said, logits, atol=1e-4)
    np.testing.assert_allclose(value, torch.tanh(value_logit / 2), atol=1e-4)


def test_the_best_version_and_a_kept_file_are_networks_too(tmp_path: Path) -> None:
    kept = keep_net(tmp_path, ServedNet(CONFIG, 7, TRAINER.published(), []))
    point_to_best(tmp_path, 7)
    for name, file in ((f"{tmp_path}@best", "best.onnx"), (str(kept), "kept.onnx")):
        assert main(["export", name, "--onnx", str(tmp_path / file)]) == 0
    assert (tmp_path / "best.onnx").read_bytes() == (tmp_path / "kept.onnx").read_bytes()


def test_a_network_that_is_not_there_is_one_message_and_no_file(
    refused: Callable[..., str], tmp_path: Path
) -> None:
    said = refused("export", "nowhere", "--onnx", "net.onnx")
    assert "nowhere: no such file or folder" in said
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_is_one_message(
    refused: Callable[..., str], tmp_path: Path
) -> None:
    kept = keep_net(tmp_path, ServedNet(CONFIG, 7, TRAINER.published(), []))
    assert "there is no folder none" in refused("export", str(kept), "--onnx", "none/net.onnx")
