"""Gumbel and PUCT search for one game in plain Python, from the papers: nodes are objects.

Danihelka et al. (2022): sequential halving at the root (figure 1), completed Q values with the
mixed value (appendix D), the deterministic rule below the root (equation 14), c_visit and c_scale
on winning probabilities. PUCT: Silver et al. (2018). Certain results are backed up as in Winands
(2008). No noise. A child can be searched in its turn: so a subtree is kept between moves.
"""

import math
from collections.abc import Callable, Sequence

import oracle


class Node:
    """A position as its player to move sees it, with what was learned of its moves."""

    def __init__(self, cells: Sequence[int], to_move: int, size: int) -> None:
        self.cells, self.to_move, self.size = list(cells), to_move, size
        self.lost = oracle.winner_of(cells, size) != oracle.EMPTY
        self.proven = -1 if self.lost else 0
        self.logits: dict[int, float] = {}
        self.value = -1.0
        self.children: dict[int, Node] = {}
        self.values: dict[int, list[float]] = {}

    def evaluate(self, evaluator: Callable) -> None:
        logits, self.value = evaluator(oracle.mover_view(self.cells, self.to_move, self.size))
        for cell, stone in enumerate(self.cells):
            if stone == oracle.EMPTY:
                seen = oracle.mover_cell(cell, self.to_move, self.size)
                self.logits[cell] = logits[seen]
                self.values[cell] = []

    def prior(self) -> dict[int, float]:
        top = max(self.logits.values())
        weights = {cell: math.exp(logit - top) for cell, logit in self.logits.items()}
        total = sum(weights.values())
        return {cell: weight / total for cell, weight in weights.items()}

    def certain(self, cell: int) -> int:
        return -self.children[cell].proven if cell in self.children else 0

    def mixed(self) -> float:
        tried = [cell for cell in self.values if self.values[cell]]
        if not tried:
            return self.value
        prior = self.prior()
        visits = sum(len(self.values[cell]) for cell in tried)
        mean = sum(prior[c] * sum(self.values[c]) / len(self.values[c]) for c in tried)
        mean /= sum(prior[cell] for cell in tried)
        return (self.value + visits * mean) / (1 + visits)

    def completed(self, cell: int) -> float:
        if self.certain(cell):
            return self.certain(cell)
        if self.values[cell]:
            return sum(self.values[cell]) / len(self.values[cell])
        return self.mixed()

    def scaled(self, cell: int, c_visit: float, c_scale: float) -> float:
        most = max(len(values) for values in self.values.values())
        return (c_visit + most) * c_scale * (self.completed(cell) + 1) / 2

    def improved(self, c_visit: float, c_scale: float) -> dict[int, float]:
        cells = [cell for cell in self.logits if self.proven == -1 or self.certain(cell) >= 0]
        if self.proven == 1:
            cells = [cell for cell in cells if self.certain(cell) == 1]
        scores = {c: self.logits[c] + self.scaled(c, c_visit, c_scale) for c in cells}
        top = max(scores.values())
        total = sum(math.exp(score - top) for score in scores.values())
        return {cell: math.exp(score - top) / total for cell, score in scores.items()}


def search(
    root: Node,
    evaluator: Callable,
    simulations: int,
    candidates: int,
    c_visit: float,
    c_scale: float,
) -> int:
    """Search a root that may have been below another one, and return the best move."""
    if not root.logits:
        root.evaluate(evaluator)
    hopeful = [cell for cell in root.logits if root.certain(cell) >= 0]
    considered = sorted(hopeful, key=lambda cell: -root.logits[cell])[:candidates]
    phases = max(1, math.ceil(math.log2(len(considered))))
    rounds: list[list[int]] = []
    left = simulations

    def score(cell: int) -> float:
        return root.logits[cell] + root.scaled(cell, c_visit, c_scale)

    def choose(node: Node) -> int:
        improved = node.improved(c_visit, c_scale)
        visits = {c: len(values) for c, values in node.values.items()}
        return max(improved, key=lambda c: improved[c] - visits[c] / (1 + sum(visits.values())))

    while left and not root.proven:
        for _ in range(max(1, simulations // (phases * len(considered)))):
            if left < len(considered) and rounds:
                considered.sort(key=score, reverse=True)
            if not left or root.proven:
                break
            rounds.append(considered[:left])
            left -= len(rounds[-1])
            for cell in rounds[-1]:
                if len(root.values[cell]) < len(rounds):
                    simulate(root, cell, evaluator, choose)
        considered.sort(key=score, reverse=True)
        considered = considered[: max(2, len(considered) // 2)]
    playable = root.improved(c_visit, c_scale)
    survivors = ([c for c in cells if c in playable] for cells in [*rounds[::-1], list(playable)])
    return max(next(cells for cells in survivors if cells), key=score)


def search_puct(
    root: Node, evaluator: Callable, simulations: int, init: float, base: float, reduction: float
) -> int:
    """Search by PUCT without noise up to so many visits, and return the most visited move.

    Of equal ones it is the first as the mover sees them.
    """
    if not root.logits:
        root.evaluate(evaluator)

    def choose(node: Node) -> int:
        prior, playable = node.prior(), node.improved(0.0, 0.0)
        count = sum(len(values) for values in node.values.values())
        mean = (node.value + sum(sum(values) for values in node.values.values())) / (1 + count)
        explore = (math.log((1 + count + base) / base) + init) * math.sqrt(max(count, 1))

        def score(cell: int) -> float:
            values = node.values[cell]
            q = sum(values) / len(values) if values else mean - reduction
            return q + explore * prior[cell] / (1 + len(values))

        return max(playable, key=score)

    while sum(map(len, root.values.values())) < simulations and not root.proven:
        simulate(root, choose(root), evaluator, choose)

    def seen(cell: int) -> int:
        return oracle.mover_cell(cell, root.to_move, root.size)

    return max(sorted(root.improved(0.0, 0.0), key=seen), key=lambda cell: len(root.values[cell]))


def simulate(node: Node, cell: int, evaluator: Callable, choose: Callable[[Node], int]) -> float:
    """Make one simulation through a move and return its value for the node's mover."""
    if cell not in node.children:
        cells = list(node.cells)
        cells[cell] = node.to_move
        child = node.children[cell] = Node(cells, -node.to_move, node.size)
        if not child.lost:
            child.evaluate(evaluator)
        value = -child.value
    elif node.children[cell].proven:
        value = -node.children[cell].proven
    else:
        child = node.children[cell]
        value = -simulate(child, choose(child), evaluator, choose)
    node.values[cell].append(value)
    if node.certain(cell) == 1:
        node.proven = 1
    elif all(node.certain(other) == -1 for other in node.logits):
        node.proven = -1
    return value
