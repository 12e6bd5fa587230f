"""Search as a conversation: two players without a network play a game on 5x5.

The search yields batches of positions and is sent evaluations. Here a function that knows nothing
answers them, so all strength comes from the search and the rules.
"""

import numpy as np

from hexray.config import SearchSettings
from hexray.evaluation import drive, know_nothing
from hexray.game.board import EMPTY, RED, new_boards, play
from hexray.game.frame import swap_moves
from hexray.game.notation import board_text, move_name
from hexray.search import search

SIZE = 5
SETTINGS = SearchSettings(simulations=200, candidates=16)


def main() -> None:
    """Play one game and print it."""
    board, rng = new_boards(1, SIZE), np.random.default_rng(0)
    names = []
    while board.winner[0] == EMPTY:
        result = drive(search(board, SETTINGS, rng, np.zeros(1, np.bool_)), know_nothing)
        move = swap_moves(result.moves, board.to_move, SIZE)
        play(board, np.zeros(1, np.intp), move)
        names.append(move_name(int(move[0]), SIZE))
    print(" ".join(names))
    print(board_text(board.cells[0].tolist(), SIZE))
    print("Red wins" if board.winner[0] == RED else "Blue wins")


if __name__ == "__main__":
    main()
