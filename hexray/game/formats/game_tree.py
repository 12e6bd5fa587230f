"""A game with its variations: the names of its moves, each after the one that it follows."""

from collections.abc import Iterator
from typing import NamedTuple

MAX_POSITIONS = 5_000
"""Positions of the largest game with variations that is read and written."""


class GameTree(NamedTuple):
    """Positions in the order they were added, 0 the empty board; no move is believed to be legal.

    names      of the moves that led there: a cell, ``swap-pieces`` or ``resign``; empty for 0
    before     which position each of them follows
    following  which positions follow it, that of its own line first
    """

    names: list[str]
    before: list[int]
    following: list[list[int]]


def new_tree() -> GameTree:
    """Return the tree of the empty board, which ``grow`` adds to."""
    return GameTree([""], [0], [[]])


def grow(tree: GameTree, before: int, name: str) -> int:
    """Play a move after a position; return the position that follows, which may be known."""
    for known in tree.following[before]:
        if tree.names[known] == name:
            return known
    number = len(tree.names)
    tree.names.append(name)
    tree.before.append(before)
    tree.following.append([])
    tree.following[before].append(number)
    return number


def lines_of(tree: GameTree) -> Iterator[list[int]]:
    """Yield the positions of the main line, then those of each variation; none for 0 alone.

    A variation comes after the line that it leaves, and those of one position in their order.
    """
    starts = list(tree.following[0])
    for start in starts:
        line = [start]
        while following := tree.following[line[-1]]:
            line.append(following[0])
            starts += following[1:]
        yield line
