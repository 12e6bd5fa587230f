"""How a game that may have a swap is shown: its stones, their numbers, its last move."""

from hexray.game.board import BLUE
from hexray.game.frame import swap_frame
from hexray.game.shown import Shown
from hexray.htp.game import SWAP, Game


def shown_game(game: Game, *, title: str = "") -> Shown:
    """Show the position at the end of a game, absolute frame.

    A swap counts as the second move; the first stone then carries its number where it lies now,
    in the mirror.
    """
    numbers: dict[int, int] = {}
    for number, (_, point) in enumerate(game.plies, start=1):
        if point == SWAP:
            numbers = {int(swap_frame(cell, BLUE, game.size)): 1 for cell in numbers}
        elif point >= 0:
            numbers[point] = number
    return Shown(
        game.size,
        game.board.cells[0].tolist(),
        title,
        numbers=numbers,
        last=max(numbers, key=lambda cell: numbers[cell], default=None),
        to_move=int(game.board.to_move[0]),
    )
