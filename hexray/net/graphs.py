"""CUDA graphs: a batch is padded to one of a few sizes and replayed without launching kernels."""

from typing import NamedTuple

import torch
from torch import Tensor

from hexray.net.backend import Forward

LEAST_ROWS = 8
# The first calls compile, choose algorithms and allocate, none of which a capture may do.
_WARM_CALLS = 3


class _Captured(NamedTuple):
    """A graph with the tensors it reads and writes at every replay."""

    graph: torch.cuda.CUDAGraph
    cells: Tensor
    answers: Tensor


class Graphs:
    """Run ``forward`` on a CUDA GPU through graphs, each captured when its size first comes.

    The graphs read the weights where they are, so weights copied in place take effect at the next
    call. All graphs share their scratch memory, which is safe because calls never overlap.
    """

    def __init__(self, forward: Forward, rows: int, device: torch.device) -> None:
        """Take batches of at most ``rows``."""
        self._forward, self._device = forward, device
        self._buckets = buckets(rows)
        self._captured: dict[tuple[int, int], _Captured] = {}
        self._pool = torch.cuda.graph_pool_handle()

    def __call__(self, cells: Tensor) -> Tensor:
        """Answer ``cells`` int8[B, N, N]; both are on the CPU, the answer is a copy."""
        key = (smallest_bucket(len(cells), self._buckets), cells.shape[-1])
        if key not in self._captured:
            self._captured[key] = self._capture(*key)
        captured = self._captured[key]
        captured.cells[: len(cells)].copy_(cells)
        captured.graph.replay()
        return captured.answers[: len(cells)].cpu()

    def _capture(self, rows: int, size: int) -> _Captured:
        # Rows that pad a batch are empty boards at first and then those of earlier batches.
        cells = torch.zeros((rows, size, size), dtype=torch.int8, device=self._device)
        torch._dynamo.mark_dynamic(cells, 0)
        beside = torch.cuda.Stream(self._device)
        beside.wait_stream(torch.cuda.current_stream(self._device))
        with torch.cuda.stream(beside):
            for _ in range(_WARM_CALLS):
                self._forward(cells)
        torch.cuda.current_stream(self._device).wait_stream(beside)
        graph = torch.cuda.CUDAGraph()
        # The learner or another evaluator may use the GPU from its own thread meanwhile.
        with torch.cuda.graph(graph, pool=self._pool, capture_error_mode="thread_local"):
            answers = self._forward(cells)
        return _Captured(graph, cells, answers)


def buckets(rows: int) -> list[int]:
    """Return the sizes that batches are padded to, rising: LEAST_ROWS doubled up to ``rows``.

    Halfway between two of them stands another, so that at most a third of a batch is padding. The
    last is at least ``rows``.
    """
    sizes, size = [], LEAST_ROWS
    while size < rows:
        sizes += [size, size * 3 // 2]
        size *= 2
    return [*(each for each in sizes if each < rows), max(rows, LEAST_ROWS)]


def smallest_bucket(rows: int, sizes: list[int]) -> int:
    """Return the first of the rising ``sizes`` that holds ``rows``."""
    return next(size for size in sizes if size >= rows)
