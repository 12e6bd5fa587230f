"""The seam between search and network: conversations about leaves.

A conversation is a generator that yields ``Leaves`` and is sent the ``Evaluation`` of just those
rows; what it returns is its result. It never knows who evaluates: a function in a test, a network
in this process, or an inference server at the other end of an actor call.
"""

from collections.abc import Awaitable, Callable, Generator
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray


class Leaves(NamedTuple):
    """Positions to evaluate: ``cells`` int8[B, A] in the mover frame, B > 0, on boards of side N."""

    cells: NDArray[np.int8]
    size: int


class Evaluation(NamedTuple):
    """What a network says of B leaves, mover frame.

    logits   float16 or float32[B, A], any number on occupied cells
    value    float32[B] in [-1, 1], +1 = the player to move wins
    version  the number of the weights
    """

    logits: NDArray[np.floating]
    value: NDArray[np.floating]
    version: int


Result = TypeVar("Result")
Conversation = Generator[Leaves, Evaluation, Result]
Evaluate = Callable[[Leaves], Evaluation]
EvaluateAsync = Callable[[Leaves], Awaitable[Evaluation]]


def drive(conversation: Conversation[Result], evaluate: Evaluate) -> Result:
    """Hold a conversation with ``evaluate`` and return its result."""
    try:
        leaves = next(conversation)
        while True:
            leaves = conversation.send(evaluate(leaves))
    except StopIteration as end:
        return end.value


async def drive_async(conversation: Conversation[Result], evaluate: EvaluateAsync) -> Result:
    """Hold a conversation with an evaluator that is awaited and return its result."""
    try:
        leaves = next(conversation)
        while True:
            leaves = conversation.send(await evaluate(leaves))
    except StopIteration as end:
        return end.value


def know_nothing(leaves: Leaves) -> Evaluation:
    """Evaluate for free: every move alike, every position even (version 0)."""
    return Evaluation(
        logits=np.zeros(leaves.cells.shape, np.float32),
        value=np.zeros(len(leaves.cells), np.float32),
        version=0,
    )
