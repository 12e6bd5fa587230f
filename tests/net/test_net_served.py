"""What is served: planes made where the cells are, batches padded to few sizes."""

from collections.abc import Iterator
from typing import Any, cast

import numpy as np
import pytest
import torch
from training_rows import lively_weights, random_rows

from hexray.config import NetSettings
from hexray.game.planes import encode
from hexray.net.backend import place
from hexray.net.graphs import Graphs, _Captured, buckets, smallest_bucket
from hexray.net.model import HexNet, copy_weights
from hexray.net.served import Served, encode_planes, make_runner, rounded

NET = NetSettings(blocks=2, channels=8, value_hidden=8)
HERE = torch.device("cpu")


def boards(rows: int, size: int) -> torch.Tensor:
    return torch.from_numpy(random_rows(rows, size, seed=7).cells).view(-1, size, size)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("size", [2, 5, 19])
def test_planes_are_those_of_the_game(size: int, dtype: torch.dtype) -> None:
    cells = boards(6, size)
    planes = encode_planes(cells, dtype)
    assert planes.dtype == dtype
    assert planes.is_contiguous(memory_format=torch.channels_last)
    expected = encode(cells.flatten(1).numpy(), size)
    assert np.array_equal(planes.permute(0, 2, 3, 1).float().numpy(), expected)


def test_an_answer_is_the_logits_and_then_the_logit_of_the_value() -> None:
    served = Served(NET, "float32", HERE)
    weights = lively_weights(NET, 3)
    copy_weights(served.net.state_dict(), weights)
    net = place(HexNet(NET, normalised=False).eval(), HERE, torch.float32)
    copy_weights(net.state_dict(), weights)
    cells = boards(6, 5)
    with torch.inference_mode():
        planes = torch.from_numpy(encode(cells.flatten(1).numpy(), 5)).permute(0, 3, 1, 2)
        logits, value_logit = net(planes)
        answers = make_runner(served, "eager", 8, HERE)(cells)
    assert answers.shape == (6, 26)
    assert torch.allclose(answers[:, :25], logits, atol=1e-5)
    assert torch.allclose(answers[:, 25], value_logit, atol=1e-5)


def test_frozen_weights_need_no_gradient() -> None:
    assert not any(each.requires_grad for each in Served(NET, "float32", HERE).parameters())


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (1, [8]),
        (8, [8]),
        (9, [8, 9]),
        (64, [8, 12, 16, 24, 32, 48, 64]),
        (100, [8, 12, 16, 24, 32, 48, 64, 96, 100]),
    ],
)
def test_buckets_end_with_the_largest_batch(rows: int, expected: list[int]) -> None:
    assert buckets(rows) == expected


def test_a_batch_goes_into_the_smallest_bucket_that_holds_it() -> None:
    sizes = buckets(512)
    chosen = {rows: smallest_bucket(rows, sizes) for rows in range(1, 513)}
    assert all(rows <= bucket for rows, bucket in chosen.items())
    assert all((bucket - rows) / bucket < 1 / 3 for rows, bucket in chosen.items() if rows > 8)
    assert [chosen[rows] for rows in (1, 8, 9, 12, 13, 257, 385, 512)] == [
        8,
        8,
        12,
        12,
        16,
        384,
        512,
        512,
    ]


class Recording:
    """Stands for a graph: a replay computes from its own cells into its own answers."""

    def __init__(self, served: Served, cells: torch.Tensor, answers: torch.Tensor) -> None:
        self._served, self._cells, self._answers = served, cells, answers

    def replay(self) -> None:
        self._answers.copy_(self._served(self._cells))


class Recorded(Graphs):
    """Graphs for a machine without a GPU; ``captures`` lists the rows and sides captured."""

    def __init__(self, served: Served, rows: int) -> None:
        super().__init__(served, rows, HERE)
        self.captures: list[tuple[int, int]] = []

    def _capture(self, rows: int, size: int) -> Any:
        self.captures.append((rows, size))
        cells, answers = torch.ones(rows, size, size).to(torch.int8), torch.ones(rows, size**2 + 1)
        return _Captured(cast(Any, Recording(self._forward, cells, answers)), cells, answers)


def test_padded_batches_are_answered_row_by_row_and_captured_once_a_bucket(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(torch.cuda, "graph_pool_handle", lambda: (0, 0))
    served = Served(NET, "float32", HERE)
    copy_weights(served.net.state_dict(), lively_weights(NET, 3))
    graphs, plain = Recorded(served, 20), make_runner(served, "eager", 20, HERE)
    with torch.inference_mode():
        for rows, size in ((20, 5), (3, 5), (11, 5), (5, 4), (12, 5), (1, 5)):
            cells = boards(rows, size)
            assert torch.allclose(graphs(cells), plain(cells), atol=1e-4)
    assert graphs.captures == [(20, 5), (8, 5), (12, 5), (8, 4)]


@pytest.fixture
def gpu() -> Iterator[torch.device]:
    if not torch.cuda.is_available():
        pytest.skip("needs a CUDA GPU")
    with torch.inference_mode():
        yield torch.device("cuda")


def test_graphs_say_what_the_plain_net_says_after_a_swap_too(gpu: torch.device) -> None:
    served = Served(NET, "float32", gpu)
    plain, graphs = (make_runner(served, mode, 64, gpu) for mode in ("eager", "graphs"))
    for seed, rows in ((1, 20), (2, 20), (2, 64), (3, 1)):
        copy_weights(served.net.state_dict(), lively_weights(NET, seed))
        cells = boards(rows, 5)
        kept = graphs(cells)
        graphs(-cells)
        assert torch.allclose(kept, plain(cells), atol=0.02)


def test_batches_of_all_sizes_become_few_shapes_without_many_idle_rows() -> None:
    shapes = [rounded(rows) for rows in range(1, 1025)]
    assert all(rows <= shape <= rows * 17 / 16 for rows, shape in enumerate(shapes, start=1))
    assert len(set(shapes)) <= 7 * 16
    assert all(rounded(shape) == shape for shape in shapes)


def test_the_network_sees_rounded_batches_only() -> None:
    seen = []
    served = Served(NET, "float32", HERE)
    served.register_forward_pre_hook(lambda _, inputs: seen.append(len(inputs[0])))
    run = make_runner(served, "eager", 512, HERE)
    for rows in range(1, 200):
        assert run(torch.zeros((rows, 4, 4), dtype=torch.int8)).shape == (rows, 17)
    assert seen == [rounded(rows) for rows in range(1, 200)]
