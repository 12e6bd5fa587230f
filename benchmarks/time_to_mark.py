"""How strong each checkpoint of a run is on every board: a Markdown table of training time.

Train with ``--checkpoint.keep 1000`` to have them all. A line counts for less than a whole run of
that length: the learning rate falls only at the end of the run.
"""

from pathlib import Path
from typing import Annotated

import tyro

from hexray.config import InferenceSettings
from hexray.evaluation import drive
from hexray.net.checkpoint import Checkpoint, load_checkpoint
from hexray.net.evaluator import Evaluator
from hexray.play.solved import (
    Solved,
    measure,
    read_solved,
    shipped_openings,
    shipped_positions,
)


def main(
    run: tyro.conf.Positional[Path],
    /,
    simulations: Annotated[int, tyro.conf.arg(metavar="0..100000")] = 64,
    every: Annotated[int, tyro.conf.arg(metavar="1..")] = 1,
) -> None:
    """Print winner accuracy, move accuracy and first moves judged wrongly.

    Args:
        run: Run folder.
        simulations: Simulations a position; 0 asks the raw network.
        every: Measure every so many checkpoints, and the last.
    """
    paths = sorted((run / "checkpoints").iterdir())
    config = load_checkpoint(paths[-1]).config
    boards = (*config.curriculum.boards, config.board)
    known = [read_solved(path) for size in boards if (path := shipped_positions(size))]
    heads = ["training, min:s", *(f"{one.boards.size}x{one.boards.size}" for one in known)]
    print(f"| {' | '.join(heads)} |\n|{'---|' * len(heads)}")
    for path in reversed(paths[::-every]):
        checkpoint = load_checkpoint(path)
        seconds = int(checkpoint.counters["trained_s"])
        figures = [strength(checkpoint, positions, simulations) for positions in known]
        print(f"| {seconds // 60}:{seconds % 60:02} | {' | '.join(figures)} |", flush=True)


def strength(checkpoint: Checkpoint, positions: Solved, simulations: int) -> str:
    """Return the figures of one board as a cell of the table."""
    size = positions.boards.size
    evaluate = Evaluator(checkpoint.config.net, InferenceSettings(), size)
    evaluate.load(checkpoint.version, checkpoint.served)
    found, openings = drive(measure(positions, simulations), evaluate), shipped_openings(size)
    figures = f"{found.winner_accuracy:.3f} / {found.move_accuracy:.3f}"
    if openings is None:
        return figures
    return f"{figures}, {drive(measure(openings, simulations), evaluate).wrong} wrong"


if __name__ == "__main__":
    tyro.cli(main)
