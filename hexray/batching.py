"""When a batch goes to the network, and which requests it holds: a pure function of the queue."""

from collections.abc import Sequence
from typing import NamedTuple


class Request(NamedTuple):
    """A request waiting for its evaluation.

    kind     requests of different kinds (board size, weights) never share a batch
    rows     positions in it
    arrived  seconds on a monotonic clock
    """

    kind: tuple[int, int]
    rows: int
    arrived: float


class Decision(NamedTuple):
    """Either the places in the queue of the requests that go now, or how long to wait."""

    batch: tuple[int, ...]
    wait_s: float


def next_batch(
    queue: Sequence[Request], now: float, max_rows: int, wait_s: float, clients: int
) -> Decision:
    """Choose the next batch from a queue that is not empty, oldest requests first.

    The kind of the oldest request is served. Its batch goes when it is full, when the oldest has
    waited ``wait_s`` seconds, or when every one of the ``clients`` waits for an answer. Requests
    are never split; one that is larger than ``max_rows`` goes alone.
    """
    kind, rows, batch = queue[0].kind, 0, []
    is_full = False
    for place, request in enumerate(queue):
        if request.kind != kind:
            continue
        if batch and rows + request.rows > max_rows:
            is_full = True
            break
        batch.append(place)
        rows += request.rows
    left = queue[0].arrived + wait_s - now
    if is_full or rows >= max_rows or left <= 0 or len(queue) >= clients:
        return Decision(tuple(batch), 0.0)
    return Decision((), left)
