"""The networks that a server offers, and those of them that are ready to search."""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import NamedTuple

from hexray.evaluation import Evaluate
from hexray.play.think import Thinker
from hexray.web.refused import refusal
from hexray.web.requests import MAX_SIMULATIONS

_MOST_READY = 3


class Net(NamedTuple):
    """A network that is offered.

    board     side of the board it is for
    boards    sides it was trained on, growing; none where it was not trained
    evaluate  makes it ready, on the thread that will search with it
    """

    id: str
    name: str
    board: int
    boards: tuple[int, ...]
    evaluate: Callable[[], Evaluate]


class Ready(NamedTuple):
    """A network in memory; ``thinker`` keeps what it found from one analysis to the next."""

    evaluate: Evaluate
    thinker: Thinker


class ReadyNets:
    """Keeps the few networks last used; belongs to the one thread that searches.

    Each may hold a tree of MAX_SIMULATIONS, 150 MB on the largest board.
    """

    def __init__(self, most: int = _MOST_READY) -> None:
        """Begin with none ready, and never keep more than ``most``."""
        self._most = most
        self._ready: OrderedDict[str, Ready] = OrderedDict()

    def of(self, net: Net) -> Ready:
        """Return ``net`` ready to search; the one used longest ago is given up for it."""
        found = self._ready.pop(net.id, None)
        if found is None:
            while len(self._ready) >= self._most:
                self._ready.popitem(last=False)
            evaluate = net.evaluate()
            found = Ready(evaluate, Thinker(evaluate, None, most=MAX_SIMULATIONS))
        self._ready[net.id] = found
        return found


def named(nets: Sequence[Net], name: str, field: str = "net") -> Net:
    """Return the network with that id; Refused names those that there are."""
    for net in nets:
        if net.id == name:
            return net
    known = ", ".join(net.id for net in nets)
    raise refusal(f"{field} is {name!r:.60}; use one of {known}", field)
