"""Remember what the network said of positions, for as long as its weights stay the same."""

from collections.abc import Mapping
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from hexray.evaluation import Evaluation, Leaves
from hexray.game.table import UNKNOWN, Table, clear, distinct, find, insert, new_table
from hexray.net.backend import Format


class Network(Protocol):
    """What answers leaves: an ``Evaluator``, or one with a memory."""

    @property
    def precision(self) -> Format:
        """The number format it computes in."""
        ...

    @property
    def choice(self) -> str:
        """How it is run, in one line."""
        ...

    @property
    def version(self) -> int | None:
        """The number of the weights loaded."""
        ...

    def prepare(self, size: int) -> None:
        """Make ready for boards of side ``size``."""
        ...

    def load(self, version: int, weights: Mapping[str, NDArray[np.float32]]) -> None:
        """Take over ``weights``."""
        ...

    def __call__(self, leaves: Leaves) -> Evaluation:
        """Evaluate ``leaves``; logits are float16."""
        ...


class _Memory(NamedTuple):
    """What was said of the position in each slot: float16[S, A] and float32[S]."""

    table: Table
    logits: NDArray[np.float16]
    value: NDArray[np.float32]


class CachedEvaluator:
    """Asks a network only for positions that it has not answered since weights were last loaded.

    ``asked`` counts the rows answered, ``hits`` those of them that the network was not asked for:
    positions known from before, and repetitions within a batch. One call at a time.
    """

    def __init__(self, network: Network, positions: int) -> None:
        """Remember up to ``positions``, shared evenly by the board sizes that have come.

        Each size's share is rounded up to whole sets of the table.
        """
        self._network, self._positions = network, positions
        self._memories: dict[int, _Memory] = {}
        self.asked = self.hits = 0

    @property
    def precision(self) -> Format:
        """The number format of the network."""
        return self._network.precision

    @property
    def choice(self) -> str:
        """How the network is run."""
        return self._network.choice

    @property
    def version(self) -> int | None:
        """The number of the weights of the network."""
        return self._network.version

    def prepare(self, size: int) -> None:
        """Let the network make ready for boards of side ``size``."""
        self._network.prepare(size)

    def load(self, version: int, weights: Mapping[str, NDArray[np.float32]]) -> None:
        """Forget everything, also when ``version`` stays the same, and load the network."""
        for memory in self._memories.values():
            clear(memory.table)
        self._network.load(version, weights)

    def __call__(self, leaves: Leaves) -> Evaluation:
        """Answer ``leaves``; what the network refuses is not remembered.

        A row is answered with what was said of its position in the batch that first held it.
        Raises what the network raises, and ValueError for cells of the wrong shape.
        """
        version = self._network.version
        if version is None:
            return self._network(leaves)  # it says what is missing
        memory = self._memory(leaves.size)
        slots = find(memory.table, leaves.cells)
        # Read before the new positions come in: they may take the slots of known ones.
        logits, value = memory.logits[slots], memory.value[slots]
        unknown = np.flatnonzero(slots == UNKNOWN)
        cells = leaves.cells[unknown]
        first, place = distinct(cells)
        if len(first):
            new = cells[first]
            said = self._network(Leaves(new, leaves.size))
            logits[unknown], value[unknown] = said.logits[place], said.value[place]
            kept = insert(memory.table, new)
            memory.logits[kept], memory.value[kept] = said.logits, said.value
        self.asked += len(slots)
        self.hits += len(slots) - len(first)
        return Evaluation(logits, value, version)

    def _memory(self, size: int) -> _Memory:
        """Return the memory for a board size; a new size takes its share from all others."""
        if size not in self._memories:
            sizes = (*self._memories, size)
            share = max(self._positions // len(sizes), 1)
            self._memories = {each: _new_memory(share, each * each) for each in sizes}
        return self._memories[size]


def _new_memory(positions: int, area: int) -> _Memory:
    table = new_table(positions, area)
    slots = len(table.cells)
    return _Memory(table, np.empty((slots, area), np.float16), np.empty(slots, np.float32))
