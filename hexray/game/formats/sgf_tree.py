"""SGF with variations: the first game of a text as a tree, and a tree as text.

The moves of a tree are those after a swap of pieces, whatever the file has; each line is read as
``sgf`` reads the main line. Nesting costs an entry of a list, and has its bound.
"""

from typing import NamedTuple

from hexray.errors import IllegalMove
from hexray.game.board import BLUE, RED
from hexray.game.formats.game_tree import MAX_POSITIONS, GameTree, grow
from hexray.game.formats.record import GameRecord, Swap
from hexray.game.formats.sgf import COLOURS, GIVES_UP, SWAPS, sgf_cell, sgf_head, wrapped
from hexray.game.formats.sgf_main_line import TOKEN, Broken, Property, plain
from hexray.game.frame import swap_frame
from hexray.game.notation import move_name

MAX_DEPTH = 1_000
"""How deep variations may be nested; no game of Hex has so many moves."""

_SETUP = ("AB", "AW", "AE")


def read_sgf_tree(text: str, size: int, tree: GameTree) -> dict[int, int] | Broken:
    """Add the moves of a text to ``tree``; return where the move to each position is written.

    Legality is left to who plays them. Who resigns when it is not his turn ends no line.
    """
    places: dict[int, int] = {}
    state, outer, name, node = _State(), list[_State](), "", 0
    at = text.find("(")
    while match := TOKEN.match(text, max(at, 0)):
        mark, found, value = match.groups()
        at = match.end()
        if mark == "(":
            if len(outer) == MAX_DEPTH:
                return Broken(at - 1, f"variations are nested more than {MAX_DEPTH} deep")
            outer.append(state)
        elif mark == ")":
            state = outer.pop()
            if not outer:
                return places
        elif mark == ";":
            node += 1
        if mark:
            name = ""
        elif found is not None:
            name = "".join(letter for letter in found if letter.isupper())
        else:
            moved = _after(state, Property(node, name, plain(value), match.start(3) - 1), size)
            if isinstance(moved, Broken):
                return moved
            if moved.name:
                place = match.start(3) - 1
                position = grow(tree, state.position, moved.name)
                if position >= MAX_POSITIONS:
                    return Broken(place, f"more than {MAX_POSITIONS} positions; leave some out")
                places.setdefault(position, place)
                moved = moved._replace(position=position, ply=state.ply + 1, name="")
            state = moved
    return Broken(max(at, 0), "the game has no end")


def sgf_tree_text(record: GameRecord, tree: GameTree) -> str:
    """Write a tree as FF[4], a line break every few moves; ``record`` is its main line.

    Resignations are moves here, as that of a variation can be told in no other way.
    """
    parts = [sgf_head(record)]
    todo: list[tuple[int, int] | None] = [(0, -1)]
    while todo:
        entry = todo.pop()
        if entry is None:
            parts[-1] += ")"
            continue
        number, ply = entry
        following = tree.following[number]
        if number:
            is_alone = len(tree.following[tree.before[number]]) == 1
            node = f";{'BW'[ply % 2]}[{tree.names[number]}]"
            parts.append(node if is_alone else f"({node}")
        for other in reversed(following):
            todo += [(other, ply + 1)] if len(following) == 1 else [None, (other, ply + 1)]
    return wrapped(parts)


class _State(NamedTuple):
    """A line so far; ``name`` is the move that is to be added to it, if there is one.

    How a swap was meant is certain only once somebody has moved after it.
    """

    position: int = 0
    ply: int = 0
    swap: Swap = "none"
    is_certain: bool = True
    name: str = ""

    def turn(self) -> int:
        """Return who moves, in the colours of the file."""
        return RED if (self.ply % 2 == 0) != (self.swap == "sides") else BLUE


def _after(state: _State, value: Property, size: int) -> _State | Broken:
    """Say what a property adds to a line, or why it cannot be."""
    if value.name in _SETUP:
        return Broken(value.at, f"{value.name} sets stones up; only games from the start")
    if value.name not in COLOURS:
        return state if value.name else Broken(value.at, "a value without a property")
    colour, point = COLOURS[value.name], value.text.strip().lower()
    if point in GIVES_UP:
        return state._replace(name="resign") if colour == state.turn() else state
    if point in SWAPS:
        if state.ply != 1 or colour != BLUE:
            return Broken(value.at, "swap is legal only as the second move")
        swap: Swap = "sides" if point == "swap-sides" else "pieces"
        return state._replace(swap=swap, is_certain=False, name="swap-pieces")
    if point in ("pass", ""):
        return Broken(value.at, "a pass; hexray plays without")
    if not state.is_certain:
        meant: Swap = "pieces" if colour == RED else "sides"
        state = state._replace(swap=meant, is_certain=True)
    if colour != state.turn():
        return Broken(value.at, f"{value.name} plays, but it is the other's turn")
    try:
        cell = sgf_cell(point, size)
    except IllegalMove as error:
        return Broken(value.at, str(error))
    if state.swap == "sides":
        cell = int(swap_frame(cell, BLUE, size))
    return state._replace(name=move_name(cell, size))
