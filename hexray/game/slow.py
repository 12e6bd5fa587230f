"""The rules once more, in plain Python and in another way: for checking the fast engine.

Shares no code with ``board``: neighbours are looked up in a table of sides, and who has won is
found by walking over stones from one side, anew after every move.
"""

from hexray.errors import IllegalMove, OffBoard

_AROUND = ((-1, 0), (1, 0), (0, -1), (0, 1), (-1, 1), (1, -1))


class SlowBoard:
    """One game. ``cells`` are +1 for Red, -1 for Blue, 0; ``to_move`` and ``winner`` the same."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.cells = [0] * (size * size)
        self.to_move = 1
        self.winner = 0

    def play(self, move: int) -> None:
        """Put a stone of the player to move on a cell; IllegalMove when it may not be there."""
        if not 0 <= move < len(self.cells):
            raise OffBoard(f"cell {move} is off the {self.size}x{self.size} board")
        if self.winner:
            raise IllegalMove("the game is over")
        if self.cells[move]:
            raise IllegalMove(f"cell {move} has a stone")
        self.cells[move] = self.to_move
        if self._has_joined(self.to_move):
            self.winner = self.to_move
        self.to_move = -self.to_move

    def _has_joined(self, colour: int) -> bool:
        """Walk from the top (Red) or the left (Blue) over stones of one colour."""
        size = self.size
        begin = [(0, i) if colour > 0 else (i, 0) for i in range(size)]
        seen = {place for place in begin if self._holds(place, colour)}
        todo = list(seen)
        while todo:
            row, column = todo.pop()
            if (row if colour > 0 else column) == size - 1:
                return True
            for down, right in _AROUND:
                place = row + down, column + right
                if place not in seen and self._holds(place, colour):
                    seen.add(place)
                    todo.append(place)
        return False

    def _holds(self, place: tuple[int, int], colour: int) -> bool:
        row, column = place
        is_on = 0 <= row < self.size and 0 <= column < self.size
        return is_on and self.cells[row * self.size + column] == colour
