"""The served network as a graph of ONNX operators, for any number of boards of any side.

The graph is that of ``HexNet`` without a mask, written once more: a node for each layer, a folded
weight for each initializer, under its own name. No operator is younger than opset 17, and none
names a board side: global pooling and zero padding find it.
"""

from collections.abc import Mapping
from importlib import import_module
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hexray.errors import CheckpointError, SettingsError
from hexray.game.planes import PLANES

INPUT, LOGITS, VALUE = "cells", "logits", "value"
OPSET, IR_VERSION = 17, 8
MOST_BYTES = 2**31 - 2**20
"""Weights that fit into one file, whose format ends at 2 GiB."""

_AREA = "side * side"


def library(name: str) -> Any:
    """Import onnx or onnxruntime; raises SettingsError saying how to install what is missing."""
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        raise SettingsError(
            f'{name} is not installed, which ONNX files need; pip install "hexray[onnx]"'
        ) from error


def onnx_model(weights: Mapping[str, NDArray[np.float32]], metadata: Mapping[str, str]) -> Any:
    """Return the ``onnx.ModelProto`` of a network with the folded ``weights`` of ``fold``.

    Its input is ``cells`` int8[batch, side, side], -1, 0 and 1 in the mover frame; its outputs are
    ``logits`` float32[batch, side * side] and ``value`` float32[batch] in [-1, 1]. Raises
    CheckpointError when a weight is missing, of no use to the graph, or all are too large together.
    """
    size_bytes = sum(array.nbytes for array in weights.values())
    if size_bytes > MOST_BYTES:
        raise CheckpointError(f"{size_bytes} bytes of weights do not fit into one ONNX file")
    onnx = library("onnx")
    graph = _Graph(onnx, weights)
    _write_net(graph, _write_planes(graph))
    unused = sorted(weights.keys() - graph.initializers.keys())
    if unused:
        raise CheckpointError(f"weights that no ONNX file of this program holds: {unused}")
    helper, kinds = onnx.helper, onnx.TensorProto
    made = helper.make_graph(
        graph.nodes,
        "hexray",
        [helper.make_tensor_value_info(INPUT, kinds.INT8, ["batch", "side", "side"])],
        [
            helper.make_tensor_value_info(LOGITS, kinds.FLOAT, ["batch", _AREA]),
            helper.make_tensor_value_info(VALUE, kinds.FLOAT, ["batch"]),
        ],
        list(graph.initializers.values()),
    )
    model = helper.make_model(
        made,
        producer_name="hexray",
        ir_version=IR_VERSION,
        opset_imports=[helper.make_opsetid("", OPSET)],
    )
    helper.set_model_props(model, dict(metadata))
    return model


class _Graph:
    """Nodes and initializers, in the order in which they were added."""

    def __init__(self, onnx: ModuleType, weights: Mapping[str, NDArray[np.float32]]) -> None:
        self.nodes: list[Any] = []
        self.initializers: dict[str, Any] = {}
        self._onnx = onnx
        self._weights = weights

    def add(self, operator: str, *inputs: str, output: str = "", **attributes: Any) -> str:
        """Add a node; return the name of its one output, ``output`` or a new one."""
        output = output or f"{operator}_{len(self.nodes)}"
        made = self._onnx.helper.make_node(operator, inputs, [output], output, **attributes)
        self.nodes.append(made)
        return output

    def weight(self, name: str) -> str:
        """Take over a weight of the network; return its name."""
        if name not in self._weights:
            raise CheckpointError(f"the weights have no {name}; export a served network")
        return self.constant(name, self._weights[name])

    def constant(self, name: str, array: NDArray) -> str:
        """Add an initializer; return its name."""
        given = np.array(array, order="C")
        self.initializers[name] = self._onnx.numpy_helper.from_array(given, name)
        return name

    def has(self, name: str) -> bool:
        """Say whether the network has a weight of that name."""
        return name in self._weights

    def conv(self, x: str, name: str) -> str:
        """Convolve ``x`` with the kernels of a layer, keeping the side of the board."""
        inputs = [x, self.weight(f"{name}.weight")]
        if self.has(f"{name}.bias"):
            inputs.append(self.weight(f"{name}.bias"))
        width = self._weights[f"{name}.weight"].shape[-1]
        return self.add("Conv", *inputs, kernel_shape=[width, width], pads=[width // 2] * 4)

    def linear(self, x: str, name: str) -> str:
        """Map rows ``x`` [B, I] to [B, O]."""
        return self.add(
            "Gemm", x, self.weight(f"{name}.weight"), self.weight(f"{name}.bias"), transB=1
        )

    def pool(self, x: str) -> str:
        """Return means and then maxima of channels over the board, [B, 2 * channels]."""
        means, largest = self.add("GlobalAveragePool", x), self.add("GlobalMaxPool", x)
        return self.add("Flatten", self.add("Concat", means, largest, axis=1))

    def plus_bias(self, x: str, bias: str) -> str:
        """Add ``bias`` [B, channels] to every cell of ``x`` [B, channels, N, N]."""
        axes = self.constant("board axes", np.array([2, 3], np.int64))
        return self.add("Add", x, self.add("Unsqueeze", bias, axes))


def _write_planes(graph: _Graph) -> str:
    """Encode cells as ``hexray.game.planes.encode`` does: one convolution, rectified.

    Beside the cells it sees a plane of ones. Of the two neighbours of a cell in its column (its
    row) those at the edge lack one, so 2 less their number is 1 there and 0 elsewhere.
    """
    kernels = np.zeros((len(PLANES), 2, 3, 3), np.float32)
    kernels[:2, 0, 1, 1] = 1, -1
    kernels[2, 1, 1, 1] = 1
    kernels[3, 1, ::2, 1] = -1
    kernels[4, 1, 1, ::2] = -1
    biases = np.array([0, 0, 0, 2, 2], np.float32)
    axis = graph.constant("channel axis", np.array([1], np.int64))
    one = graph.constant("one", np.array(1, np.float32))
    numbers = graph.add("CastLike", graph.add("Unsqueeze", INPUT, axis), one)
    ones = graph.add("Expand", one, graph.add("Shape", numbers))
    inputs = (
        graph.add("Concat", numbers, ones, axis=1),
        graph.constant("planes.kernels", kernels),
        graph.constant("planes.biases", biases),
    )
    return graph.add("Relu", graph.add("Conv", *inputs, kernel_shape=[3, 3], pads=[1] * 4))


def _write_net(graph: _Graph, planes: str) -> None:
    tower = graph.add("Relu", graph.conv(planes, "stem.conv"))
    block = 0
    while graph.has(f"blocks.{block}.first.conv.weight"):
        tower = _write_block(graph, tower, f"blocks.{block}")
        block += 1
    while graph.has(f"blocks.{block}.conv.conv.weight"):
        tower = graph.add("Relu", graph.conv(tower, f"blocks.{block}.conv.conv"))
        block += 1
    pooled = graph.pool(graph.add("Relu", graph.conv(tower, "value.conv")))
    hidden = graph.add("Relu", graph.linear(pooled, "value_hidden"))
    policy = graph.plus_bias(graph.conv(tower, "policy.conv"), graph.linear(pooled, "policy_bias"))
    by_cell = graph.conv(graph.add("Relu", policy), "policy_out")
    graph.add("Flatten", by_cell, output=LOGITS)
    half = graph.constant("half", np.array(0.5, np.float32))
    value = graph.add("Tanh", graph.add("Mul", graph.linear(hidden, "value_out"), half))
    graph.add(
        "Squeeze", value, graph.constant("channel axis", np.array([1], np.int64)), output=VALUE
    )


def _write_block(graph: _Graph, x: str, name: str) -> str:
    inner = graph.conv(x, f"{name}.first.conv")
    if graph.has(f"{name}.bias.weight"):
        inner = graph.plus_bias(inner, graph.linear(graph.pool(x), f"{name}.bias"))
    second = graph.conv(graph.add("Relu", inner), f"{name}.second.conv")
    return graph.add("Relu", graph.add("Add", second, x))
