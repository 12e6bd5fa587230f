"""A network as an ONNX file: what it answers, what it says of itself, when it is refused."""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx as onnx_package
import onnxruntime
import pytest
import torch
from training_rows import random_rows

from hexray.config import NetSettings, RunConfig
from hexray.errors import CheckpointError, EvaluationError, SettingsError
from hexray.evaluation import Leaves
from hexray.game.fill_in import filled
from hexray.game.planes import encode
from hexray.net import onnx
from hexray.net.evaluator import Evaluator
from hexray.net.kept import ServedNet
from hexray.net.model import OUTPUT_SCALE, HexNet, fold
from hexray.net.onnx import export_onnx, largest_difference
from hexray.net.onnx_graph import onnx_model

SMALL = {"blocks": 4, "channels": 8, "value_hidden": 8}
KINDS = {
    "pooled": NetSettings(**SMALL),
    "pooled, no norm, wide stem": NetSettings(**SMALL, norm="none", stem=5),
    "resnet": NetSettings(**SMALL, kind="resnet"),
    "resnet, no norm": NetSettings(**SMALL, kind="resnet", norm="none"),
    "simple": NetSettings(**SMALL, kind="simple"),
    "simple, no norm, wide stem": NetSettings(**SMALL, kind="simple", norm="none", stem=5),
}


def trained_like(settings: NetSettings, seed: int = 1) -> HexNet:
    """Make a network whose answers differ from cell to cell, and are not extreme."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        net = HexNet(settings).eval()
        with torch.no_grad():
            for name, tensor in net.state_dict().items():
                noise = 0.05 * torch.randn_like(tensor)
                tensor.add_(noise.abs() if name.endswith(".variance") else noise)
            net.policy_out.weight.div_(OUTPUT_SCALE)
            net.value_out.weight.div_(OUTPUT_SCALE)
    return net


def served(settings: NetSettings, seed: int = 1) -> ServedNet:
    weights = {
        name: w.numpy() for name, w in fold(trained_like(settings, seed).state_dict()).items()
    }
    config = RunConfig.model_validate(
        {"board": 7, "net": settings, "curriculum": {"boards": [5, 6], "until": [0.1, 0.4]}}
    )
    return ServedNet(config, 42, weights, [])


def session(path: Path) -> onnxruntime.InferenceSession:
    return onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_answers_as_the_network_that_was_trained_on_every_board(
    tmp_path: Path, kind: str
) -> None:
    net = trained_like(KINDS[kind])
    export_onnx(served(KINDS[kind]), tmp_path / "net.onnx")
    asked = session(tmp_path / "net.onnx")
    for size in (2, 5, 7, 11, 13, 19):
        for rows in (1, 7):
            cells = random_rows(rows, size, seed=size).cells
            planes = torch.from_numpy(encode(cells, size)).permute(0, 3, 1, 2)
            with torch.inference_mode():
                logits, value_logit = net(planes)
            said, value = asked.run(None, {"cells": cells.reshape(rows, size, size)})
            assert said.shape == (rows, size * size)
            np.testing.assert_allclose(said, logits, atol=1e-4)
            np.testing.assert_allclose(value, torch.tanh(value_logit / 2), atol=1e-4)
            if rows > 1 and size > 2:
                assert np.ptp(said) > 0.01
                assert np.ptp(value) > 0.003


def test_a_file_answers_as_the_evaluator_when_shown_what_it_shows(tmp_path: Path) -> None:
    net = served(KINDS["pooled"])
    export_onnx(net, tmp_path / "net.onnx")
    inference = net.config.inference.model_copy(update={"precision": "float32"})
    evaluator = Evaluator(net.config.net, inference, 5)
    evaluator.load(net.version, net.weights)
    cells = random_rows(16, 5).cells
    seen = filled(cells, 5)
    logits, value = session(tmp_path / "net.onnx").run(None, {"cells": seen.reshape(16, 5, 5)})
    expected = evaluator(Leaves(cells, 5))
    is_open = seen == cells
    np.testing.assert_allclose(logits[is_open], expected.logits[is_open], rtol=1e-3, atol=1e-3)
    np.testing.assert_allclose(value, expected.value, atol=1e-4)


def test_a_file_says_what_it_holds(tmp_path: Path) -> None:
    net = served(KINDS["resnet"])
    export_onnx(net, tmp_path / "net.onnx")
    model = onnx_package.load(tmp_path / "net.onnx", load_external_data=False)
    said = {entry.key: entry.value for entry in model.metadata_props}
    assert (said["format"], said["version"], said["boards"]) == ("hexray-net-1", "42", "5 6 7")
    assert json.loads(said["net"])["kind"] == "resnet"
    assert len(said["settings_sha256"]) == 64
    assert "row * side + column, mover frame" in said["policy"]
    assert "the player to move wins" in said["value"]
    assert said["planes"].startswith("own stones, opponent's stones")
    assert not any(tensor.external_data for tensor in model.graph.initializer)


def test_every_weight_is_in_the_file_under_its_own_name() -> None:
    net = served(KINDS["pooled"])
    model = onnx_model(net.weights, {})
    found = {
        each.name: onnx_package.numpy_helper.to_array(each) for each in model.graph.initializer
    }
    for name, array in net.weights.items():
        np.testing.assert_array_equal(found[name], array)


def test_a_file_with_a_wrong_weight_is_refused_and_not_left_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def damaged(weights: Mapping[str, Any], metadata: Mapping[str, str]) -> Any:
        return onnx_model({**weights, "value_out.bias": weights["value_out.bias"] + 0.01}, metadata)

    monkeypatch.setattr(onnx, "onnx_model", damaged)
    with pytest.raises(EvaluationError, match=r"is not written: its answers would differ .*e-0"):
        export_onnx(served(KINDS["pooled"]), tmp_path / "net.onnx")
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_was_there_stays_when_the_new_one_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(onnx, "largest_difference", lambda content, net: float("nan"))
    (tmp_path / "net.onnx").write_bytes(b"the old one")
    with pytest.raises(EvaluationError, match="differ from the network's by nan"):
        export_onnx(served(KINDS["simple"]), tmp_path / "net.onnx")
    assert (tmp_path / "net.onnx").read_bytes() == b"the old one"


def test_the_difference_sees_a_wrong_logit_on_one_board_only() -> None:
    net = served(KINDS["pooled"])
    other = net._replace(weights=served(KINDS["pooled"], seed=2).weights)
    content = onnx_model(net.weights, {}).SerializeToString()
    assert largest_difference(content, net) < 1e-4
    assert largest_difference(content, other) > 1e-2


def test_a_network_whose_answers_are_no_numbers_is_refused(tmp_path: Path) -> None:
    net = served(KINDS["simple"])
    weights = {**net.weights, "value_out.bias": np.array([np.nan], np.float32)}
    with pytest.raises(EvaluationError, match="by nan"):
        export_onnx(net._replace(weights=weights), tmp_path / "net.onnx")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"further.weight": np.zeros(1, np.float32)}, r"no ONNX file .* \['further.weight'\]"),
        ({"value_out.weight": None}, "the weights have no value_out.weight"),
    ],
)
def test_weights_that_are_not_those_of_a_served_network_are_named(
    changes: dict[str, Any], message: str
) -> None:
    weights = {**served(KINDS["pooled"]).weights, **changes}
    left = {name: array for name, array in weights.items() if array is not None}
    with pytest.raises(CheckpointError, match=message):
        onnx_model(left, {})


def test_without_the_package_it_is_said_how_to_install_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(SettingsError, match=r'onnx is not installed.*pip install "hexray\[onnx\]"'):
        export_onnx(served(KINDS["pooled"]), tmp_path / "net.onnx")


@pytest.mark.process
def test_the_command_line_does_not_load_onnx_until_it_is_asked_for() -> None:
    program = (
        "import sys, hexray.cli.export, hexray.net.onnx\n"
        "print([name for name in sys.modules if name.split('.')[0] in ('onnx', 'onnxruntime')])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
