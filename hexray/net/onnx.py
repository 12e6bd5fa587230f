"""The served network as one ONNX file, checked against torch before it is written."""

import hashlib
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from hexray import __version__
from hexray.curriculum import boards_of
from hexray.errors import EvaluationError
from hexray.files import atomic_write
from hexray.game.planes import PLANES
from hexray.net.kept import ServedNet
from hexray.net.model import copy_weights
from hexray.net.onnx_graph import INPUT, LOGITS, VALUE, library, onnx_model
from hexray.net.served import Served

CHECKED_SIZES = (2, 5, 7, 11, 13, 19)
CHECKED_ROWS = (1, 7)
TOLERANCE = 1e-4
"""Most that a file may differ from torch, in any logit or value."""

_FORMAT = "hexray-net-1"
_ERRORS_ONLY = 3


def export_onnx(net: ServedNet, path: Path) -> float:
    """Write ``net`` to ``path`` as ``onnx_model`` describes it; return its largest difference.

    That is what ``largest_difference`` finds in the very bytes that are written. Dead and captured
    cells are not filled in the file: fill them before, as ``Evaluator`` does, for the answers that
    hexray plays by. Raises EvaluationError when it differs by more than TOLERANCE, SettingsError
    when onnx or onnxruntime is missing; then nothing is written.
    """
    model = onnx_model(net.weights, metadata_of(net))
    library("onnx").checker.check_model(model, full_check=True)
    content: bytes = model.SerializeToString()
    difference = largest_difference(content, net)
    if not difference <= TOLERANCE:
        raise EvaluationError(
            f"{path} is not written: its answers would differ from the network's by "
            f"{difference:.1e}, more than {TOLERANCE:.0e}"
        )
    atomic_write(path, content)
    return difference


def metadata_of(net: ServedNet) -> dict[str, str]:
    """Return what a file says of its network, all of it text."""
    settings = net.config.model_dump_json().encode()
    return {
        "format": _FORMAT,
        "hexray": __version__,
        "version": str(net.version),
        "boards": " ".join(str(board) for board in boards_of(net.config)),
        "net": net.config.net.model_dump_json(),
        "settings_sha256": hashlib.sha256(settings).hexdigest(),
        "cells": "mover frame, who joins the first row to the last: 1 own stone, -1 the "
        "opponent's, 0 empty; dead and captured cells filled as the network was trained",
        "planes": ", ".join(PLANES),
        "policy": "logits of the cells, row * side + column, mover frame; no swap",
        "value": "1 = the player to move wins, -1 = the opponent wins",
    }


@torch.inference_mode()
def largest_difference(content: bytes, net: ServedNet) -> float:
    """Return how far the answers of a file's ``content`` are from those of torch, in float32.

    Both are asked for random stones on boards of CHECKED_SIZES in batches of CHECKED_ROWS. Where
    logits are larger than 1, differences are shares of the largest of their row, as rounding is.
    It is NaN when an answer is no number.
    """
    served = Served(net.config.net, "float32", torch.device("cpu"))
    copy_weights(served.net.state_dict(), net.weights)
    runtime = library("onnxruntime")
    options = runtime.SessionOptions()
    options.log_severity_level = _ERRORS_ONLY
    options.intra_op_num_threads = 1
    session = runtime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    rng = np.random.default_rng(0)
    found = []
    for size in CHECKED_SIZES:
        for rows in CHECKED_ROWS:
            cells = rng.integers(-1, 2, (rows, size, size)).astype(np.int8)
            answers = served(torch.from_numpy(cells))
            logits, value = session.run([LOGITS, VALUE], {INPUT: cells})
            found.append(_furthest(logits, answers[:, :-1].numpy()))
            found.append(_furthest(value[:, None], torch.tanh(answers[:, -1:] / 2).numpy()))
    return float(np.max(found))


def _furthest(answers: NDArray[np.float32], expected: NDArray[np.float32]) -> float:
    if answers.shape != expected.shape:
        raise EvaluationError(f"a file answers {answers.shape} and should {expected.shape}")
    largest = np.abs(expected).max(axis=1, keepdims=True)
    return float(np.max(np.abs(answers - expected) / np.maximum(1, largest)))
