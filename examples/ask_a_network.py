"""Ask a trained network about a position: python examples/ask_a_network.py RUN "a1 c3 d2".

RUN is a run folder; the position is given by the moves played, Red first.
"""

import sys
from pathlib import Path

import numpy as np

from hexray.config import SearchSettings
from hexray.evaluation import drive
from hexray.game.board import RED, play_sequence
from hexray.game.frame import swap_moves
from hexray.game.notation import board_text, move_name, parse_moves
from hexray.net.checkpoint import load_net
from hexray.net.evaluator import Evaluator
from hexray.search import search


def main(run: str, moves: str = "") -> None:
    """Print the board, the value for the player to move, and the five best moves."""
    net = load_net(Path(run))
    size = net.config.board
    evaluator = Evaluator(net.config.net, net.config.inference, size)
    evaluator.load(net.version, net.weights)
    board = play_sequence(size, parse_moves(moves, size))
    settings = SearchSettings(simulations=200, candidates=16)
    result = drive(search(board, settings, None, np.zeros(1, np.bool_)), evaluator)
    colour = "Red" if board.to_move[0] == RED else "Blue"
    print(board_text(board.cells[0].tolist(), size))
    print(f"{colour} to move wins with probability {(result.value[0] + 1) / 2:.2f}")
    best = np.argsort(-result.policy[0])[:5]
    for move, seen in zip(
        swap_moves(best, board.to_move[[0] * len(best)], size), best, strict=True
    ):
        print(f"  {move_name(int(move), size):4} {result.policy[0, seen]:.2f}")


if __name__ == "__main__":
    main(*sys.argv[1:])
