"""The network that a command line names, ready to be asked, and an output that is only its own."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from hexray.evaluation import Evaluate, know_nothing
from hexray.net.checkpoint import ServedNet, load_net
from hexray.net.evaluator import Evaluator

_DEFAULT_BOARD = 11


def found_net(path: Path) -> ServedNet:
    """Load the newest valid checkpoint of a run folder; say on stderr which were skipped."""
    net = load_net(path)
    for reason in net.skipped:
        print(f"hexray: skipped a newer checkpoint: {reason}", file=sys.stderr)
    return net


def evaluator_of(net: ServedNet, size: int) -> Evaluator:
    """Make the network play boards of side ``size``, at once: compiling takes longer."""
    inference = net.config.inference.model_copy(update={"backend": "eager"})
    evaluator = Evaluator(net.config.net, inference, size)
    evaluator.load(net.version, net.weights)
    return evaluator


def player_net(name: str, board: int | None) -> tuple[Evaluate, int]:
    """Make what ``name`` stands for play; return the side of its board too, unless one is given.

    ``random`` is no network at all.
    """
    if name == "random":
        return know_nothing, board or _DEFAULT_BOARD
    net = found_net(Path(name))
    size = board or net.config.board
    return evaluator_of(net, size), size


@contextmanager
def own_output() -> Iterator[Callable[[str], None]]:
    """Take standard output for a protocol; what anything else prints goes to standard error."""
    sys.stdout.flush()
    with os.fdopen(os.dup(1), "wb") as output:

        def write(text: str) -> None:
            output.write(text.encode())
            output.flush()

        os.dup2(2, 1)
        try:
            yield write
        finally:
            os.dup2(output.fileno(), 1)
