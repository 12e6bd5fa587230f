"""The network that a command line names, ready to be asked."""

import sys
from pathlib import Path

from hexray.net.checkpoint import ServedNet, load_net
from hexray.net.evaluator import Evaluator


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
