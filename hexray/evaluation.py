"""The seam between search and network: conversations about leaves.

A conversation is a generator that yields ``Leaves`` and is sent the ``Evaluation`` of just those
rows; what it returns is its result. It never knows who evaluates: a function in a test, a network
in this process, or an inference server at the other end of an actor call.
"""

from collections.abc import Awaitable, Callable, Generator
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from hexray.errors import EvaluationError
from hexray.game.board import EMPTY

LIVE, RIVAL, HOME, BEST = range(4)
"""The weights that a server holds: the newest, those of both sides of a match, the best."""


class Leaves(NamedTuple):
    """Positions to evaluate: ``cells`` int8[B, A], mover frame, B > 0, boards of side ``size``.

    The cells are valid until the conversation goes on: whoever keeps them copies them.
    """

    cells: NDArray[np.int8]
    size: int


class Evaluation(NamedTuple):
    """What a network says of B leaves, mover frame.

    logits   float16 or float32[B, A], finite on empty cells and anything on occupied ones
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
    evaluation: Any = None  # what a conversation begins with
    while True:
        try:
            leaves = conversation.send(evaluation)
        except StopIteration as end:
            return end.value
        evaluation = evaluate(leaves)


async def drive_async(conversation: Conversation[Result], evaluate: EvaluateAsync) -> Result:
    """Hold a conversation with an evaluator that is awaited and return its result."""
    evaluation: Any = None  # what a conversation begins with
    while True:
        try:
            leaves = conversation.send(evaluation)
        except StopIteration as end:
            return end.value
        evaluation = await evaluate(leaves)


def checked(evaluation: Evaluation, leaves: Leaves) -> Evaluation:
    """Return a copy of what was said of ``leaves`` in float32, in order and safe to compute with.

    Raises EvaluationError when it is not of B rows and A cells, or holds something that is no
    finite number anywhere but on an occupied cell.
    """
    logits = np.array(evaluation.logits, np.float32, order="C")
    value = np.array(evaluation.value, np.float32)
    rows = len(leaves.cells)
    if logits.shape != leaves.cells.shape or value.shape != (rows,):
        raise EvaluationError(
            f"logits {logits.shape} and value {value.shape} do not answer leaves "
            f"{leaves.cells.shape}; give one row for each leaf and one logit for each cell"
        )
    is_number = np.isfinite(logits) | (leaves.cells != EMPTY)
    if not (is_number.all() and np.isfinite(value).all()):
        raise EvaluationError(
            f"version {evaluation.version} answers with numbers that are not finite; "
            "give finite values, and finite logits on every empty cell"
        )
    return Evaluation(logits, value, evaluation.version)


def know_nothing(leaves: Leaves) -> Evaluation:
    """Evaluate for free: every move alike, every position even (version 0)."""
    return Evaluation(
        logits=np.zeros(leaves.cells.shape, np.float32),
        value=np.zeros(len(leaves.cells), np.float32),
        version=0,
    )
