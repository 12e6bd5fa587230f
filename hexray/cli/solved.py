"""``hexray solved``: how often a network finds the exact truth."""

import json
import math
from pathlib import Path
from typing import Annotated, Any

import tyro

from hexray.cli.networks import evaluator_of, found_net
from hexray.errors import SettingsError
from hexray.evaluation import drive
from hexray.net.checkpoint import ServedNet
from hexray.play.solved import (
    Solved,
    measure,
    read_solved,
    shipped_openings,
    shipped_positions,
)


def solved(
    net: tyro.conf.Positional[Path],
    files: tyro.conf.Positional[tuple[Path, ...]] = (),
    /,
    board: Annotated[int | None, tyro.conf.arg(metavar="2..19")] = None,
    simulations: Annotated[int, tyro.conf.arg(metavar="0..100000")] = 64,
    json_output: Annotated[bool, tyro.conf.arg(name="json")] = False,
) -> int:
    """Measure a network on solved positions: does it name the winner, and keep a won game won?

    Args:
        net: Run folder, RUN@best for the best of its versions, or checkpoint.
        files: Files of solved positions (JSON lines); by default those that come with hexray.
        board: Side of the board of those; by default every board the network was trained on.
        simulations: Simulations a position; 0 asks the raw network.
        json_output: Print one line of JSON.
    """
    if not 0 <= simulations <= 100_000:
        raise SettingsError(f"--simulations {simulations}: use 0 to 100000")
    found = found_net(net)
    if files and board is not None:
        raise SettingsError(f"--board {board}: files say their board themselves; leave it out")
    for path, positions in [(path, read_solved(path)) for path in files or _shipped(found, board)]:
        record = {"file": str(path), "simulations": simulations, "version": found.version}
        record |= _measure(found, positions, simulations)
        _show(record, json_output)
    return 0


def _shipped(net: ServedNet, board: int | None) -> list[Path]:
    """Return the positions that come with hexray for one board, or for those of the run."""
    curriculum = (*net.config.curriculum.boards, net.config.board)
    boards = curriculum if board is None else (board,)
    paths = [path for size in boards if (path := shipped_positions(size)) is not None]
    if not paths:
        sizes = " or ".join(f"{size}x{size}" for size in boards)
        raise SettingsError(f"no solved positions of {sizes} come with hexray; name a file")
    return paths


def _measure(net: ServedNet, positions: Solved, simulations: int) -> dict[str, Any]:
    size = positions.boards.size
    evaluator = evaluator_of(net, size)
    strength = drive(measure(positions, simulations), evaluator)._asdict()
    if math.isnan(strength["move_accuracy"]):
        strength["move_accuracy"] = None
    openings = shipped_openings(size)
    wrong = None
    if openings is not None:
        wrong = drive(measure(openings, simulations), evaluator).wrong
    return {**strength, "openings_wrong": wrong}


def _show(record: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print(json.dumps(record, allow_nan=False))
        return
    print("{file}: version {version}, {simulations} simulations".format(**record))
    print("  winner named     {winner_accuracy:.4f} of {positions}".format(**record))
    if record["movable"]:
        print("  move keeps win   {move_accuracy:.4f} of {movable}".format(**record))
    if record["openings_wrong"] is not None:
        print("  first moves on the empty board judged wrongly: {openings_wrong}".format(**record))
