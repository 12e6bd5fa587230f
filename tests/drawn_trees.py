"""Games with variations drawn at random: each position by the moves that lead there."""

from collections.abc import Iterator

import numpy as np

from hexray.game.board import BLUE, EMPTY, RED
from hexray.htp.game import RESIGN, SWAP, Game, point_name

Tree = dict[tuple[str, ...], list[str]]
"""The moves that lead to a position, and those that follow it, in their order."""


def drawn_tree(rng: np.random.Generator, size: int, positions: int) -> Tree:
    """Draw a tree of legal moves: swaps, resignations and games that end are among them."""
    tree: Tree = {(): []}
    for _ in range(positions):
        at = list(tree)[int(rng.integers(len(tree)))]
        names = sorted(set(legal_names(size, at)) - set(tree[at]))
        if names:
            odd = [name for name in names if name in ("swap-pieces", "resign")]
            name = str(rng.choice(odd if odd and rng.random() < 0.2 else names))
            tree[at].append(name)
            tree[(*at, name)] = []
    return tree


def legal_names(size: int, moves: tuple[str, ...]) -> Iterator[str]:
    """Yield what may follow moves that are legal."""
    game = game_of_names(size, moves)
    if game.winner != EMPTY:
        return
    for cell in np.flatnonzero(game.board.cells[0] == EMPTY):
        yield point_name(int(cell), size)
    yield "resign"
    if game.may_swap(game.turn):
        yield "swap-pieces"


def game_of_names(size: int, moves: tuple[str, ...]) -> Game:
    """Play moves that take turns."""
    game = Game(size)
    points = {point_name(cell, size): cell for cell in range(size * size)}
    points |= {"swap-pieces": SWAP, "resign": RESIGN}
    for ply, name in enumerate(moves):
        game.play(BLUE if ply % 2 else RED, points[name])
    return game


def main_line(tree: Tree) -> tuple[str, ...]:
    """Take the first move everywhere."""
    at: tuple[str, ...] = ()
    while tree[at]:
        at = (*at, tree[at][0])
    return at


def on_the_wire(tree: Tree) -> tuple[list[str], list[str]]:
    """Write the main line, and each other branch by the number of the position it leaves."""
    numbers: dict[tuple[str, ...], int] = {(): 0}
    for length in range(len(main_line(tree))):
        numbers[main_line(tree)[: length + 1]] = length + 1
    variations = []
    while len(numbers) < len(tree):
        # The next branch: its first move follows a numbered position, after its elder siblings.
        before, name = next(
            (at, name) for at in numbers for name in tree[at] if (*at, name) not in numbers
        )
        names, at = [name], (*before, name)
        numbers[at] = len(numbers)
        while tree[at]:
            at = (*at, tree[at][0])
            names.append(at[-1])
            numbers[at] = len(numbers)
        variations.append(f"{numbers[before]} {' '.join(names)}")
    return list(main_line(tree)), variations


def off_the_wire(moves: list[str], variations: list[str]) -> Tree:
    """Put a tree together from its lines, as ``on_the_wire`` writes them."""
    positions: list[tuple[str, ...]] = [()]
    tree: Tree = {(): []}
    for number, names in [(0, moves), *_split(variations)]:
        at = positions[number]
        for name in names:
            tree[at].append(name)
            at = (*at, name)
            tree[at] = []
            positions.append(at)
    return tree


def _split(variations: list[str]) -> Iterator[tuple[int, list[str]]]:
    for text in variations:
        number, *names = text.split()
        yield int(number), names
