"""HexGui as a player's program sees it: what it sends, and what it shows on its board.

Written from the behaviour of HexGui 0.10 and with nothing of hexray. It speaks for a human and
shows what an engine answers; of the game tree it has the main line. A swap and set-up stones it
does not send: it clears the engine's board and plays all stones anew, row by row.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from oracle import BLUE, EMPTY, RED

SWAP, RESIGN, PASS = "swap-pieces", "resign", "pass"
_NAMES = {RED: "black", BLUE: "white"}
_STONES = {RED: "B", BLUE: "W", EMPTY: "."}


@dataclass
class Node:
    """A move of ``colour``, or where ``point`` is empty stones that were set up."""

    colour: int
    point: str
    stones: dict[int, int] = field(default_factory=dict)


class HexGui:
    """A window with a game; ``ask`` sends a request and returns the text of a success, or None."""

    def __init__(self, ask: Callable[[str], str | None], size: int) -> None:
        self._ask, self.size = ask, size
        self.line: list[Node] = []
        self.at = 0
        self.to_move = RED
        self.auto_respond = False

    def cells(self, at: int | None = None) -> list[int]:
        """Return the stones that are shown after ``at`` nodes, by default the current one."""
        cells = [EMPTY] * self.size**2
        for node in self.line[: self.at if at is None else at]:
            if node.point == SWAP:
                mirrored = [divmod(cell, self.size) for cell in range(len(cells))]
                cells = [-cells[column * self.size + row] for row, column in mirrored]
            elif node.point == "":
                for cell, stone in node.stones.items():
                    cells[cell] = stone
            elif node.point not in (RESIGN, PASS):
                cells[self._cell(node.point)] = node.colour
        return cells

    def may_swap(self) -> bool:
        """Say whether HexGui takes a swap now; else it shows an error and the boards differ."""
        is_swap = self.at > 0 and self.line[self.at - 1].point == SWAP
        return sum(stone != EMPTY for stone in self.cells()) == 1 and not is_swap

    def connect(self) -> None:
        for request in ("name", "version", "hexgui-analyze_commands"):
            assert self._ask(request), request
        assert self._ask(f"boardsize {self.size} {self.size}") is not None
        self._replay(self.at)
        self.check()

    def new_game(self, size: int) -> None:
        self.size, self.line, self.at, self.to_move = size, [], 0, RED
        assert self._ask(f"boardsize {size} {size}") is not None
        self.check()

    def human(self, point: str) -> None:
        """Play for the side to move, and let the engine answer where that is chosen."""
        self._add(Node(self.to_move, point))
        self._send(self.line[-1], self.at)
        self.check()
        if self.auto_respond and EMPTY in self.cells():
            self.genmove()

    def genmove(self) -> str | None:
        """Show the engine's move; None when it refuses, as after the end of a game."""
        answer = self._ask(f"genmove {_NAMES[self.to_move]}")
        if answer is not None:
            self._add(Node(self.to_move, answer))
            self.check()
        return answer

    def set_up(self, cell: int, colour: int) -> None:
        """Set up a stone; on a stone of the same colour it is taken away."""
        stone = EMPTY if self.cells()[cell] == colour else colour
        is_last = self.at == len(self.line)
        if not (is_last and self.at > 0 and self.line[-1].point == ""):
            self._append(Node(self.to_move, ""))
        self.line[-1].stones[cell] = stone
        self._set_up(self.at)
        self.check()

    def toggle(self) -> None:
        """Choose the other side to move, of which the engine is not told."""
        self.to_move = -self.to_move

    def back(self, steps: int) -> None:
        for _ in range(min(steps, self.at)):
            node = self.line[self.at - 1]
            self.at -= 1
            if node.point in ("", SWAP):
                self._replay(self.at)
            elif node.point not in (RESIGN, PASS):
                assert self._ask("undo") is not None
        self._find_to_move()
        self.check()

    def forward(self, steps: int) -> None:
        for _ in range(min(steps, len(self.line) - self.at)):
            self.at += 1
            self._send(self.line[self.at - 1], self.at)
        self._find_to_move()
        self.check()

    def check(self) -> None:
        """Ask for the engine's board, which must be the one that is shown."""
        assert self._ask("showboard") == self.drawing()

    def drawing(self) -> str:
        cells, size = self.cells(), self.size
        letters = " ".join(chr(ord("a") + column) for column in range(size))
        rows = [
            f"{' ' * row}{row + 1:2} "
            + " ".join(_STONES[stone] for stone in cells[row * size : row * size + size])
            for row in range(size)
        ]
        return "\n".join(["", f"   {letters}", *rows])

    def _add(self, node: Node) -> None:
        if node.point == SWAP:
            assert self.may_swap(), "HexGui shows an error: swap move not allowed"
        elif node.point not in (RESIGN, PASS):
            assert self.cells()[self._cell(node.point)] == EMPTY, f"{node.point} is occupied"
        self._append(node)
        if node.point != RESIGN:
            self.toggle()

    def _append(self, node: Node) -> None:
        self.line[self.at :] = [node]
        self.at += 1

    def _send(self, node: Node, at: int) -> None:
        if node.point in ("", SWAP):
            self._set_up(at)
        elif node.point not in (RESIGN, PASS):
            assert self._ask(f"play {_NAMES[node.colour]} {node.point}") is not None

    def _replay(self, at: int) -> None:
        assert self._ask("clear_board") is not None
        for number, node in enumerate(self.line[:at], start=1):
            self._send(node, number)

    def _set_up(self, at: int) -> None:
        assert self._ask("clear_board") is not None
        for cell, stone in enumerate(self.cells(at)):
            if stone != EMPTY:
                assert self._ask(f"play {_NAMES[stone]} {self._name(cell)}") is not None

    def _find_to_move(self) -> None:
        self.to_move = RED
        for node in self.line[: self.at]:
            self.to_move = node.colour if node.point in ("", RESIGN) else -node.colour

    def _name(self, cell: int) -> str:
        return f"{chr(ord('a') + cell % self.size)}{cell // self.size + 1}"

    def _cell(self, name: str) -> int:
        column, row = ord(name[0]) - ord("a"), int(name[1:]) - 1
        assert {column, row} <= set(range(self.size)), f"{name} is no move"
        return row * self.size + column
