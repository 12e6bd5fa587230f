"""``hexray openings``: what a network makes of every first move, beside the truth."""

import json
from pathlib import Path
from typing import Annotated

import tyro

from hexray.cli.networks import evaluator_of, found_net
from hexray.errors import SettingsError
from hexray.evaluation import drive
from hexray.files import atomic_write
from hexray.game.board import MAX_SIZE, MIN_SIZE
from hexray.game.values_picture import values_svg
from hexray.play.first_moves import judge_first_moves, table

_MOST_SIMULATIONS = 100_000


def openings(
    net: tyro.conf.Positional[Annotated[Path, tyro.conf.arg(metavar="NET")]],
    /,
    board: Annotated[int | None, tyro.conf.arg(metavar="2..19")] = None,
    simulations: Annotated[int, tyro.conf.arg(metavar="0..100000")] = 64,
    svg: Annotated[Path | None, tyro.conf.arg(metavar="FILE")] = None,
    json_output: Annotated[bool, tyro.conf.arg(name="json")] = False,
) -> int:
    """Show the value of every first move on the empty board, for the player who makes it.

    +1 wins, -1 loses. From 3x3 to 8x8 the truth is known, and wrong values are marked.

    Args:
        net: Run folder, folder of checkpoints, or checkpoint.
        board: Side of the board; by default the network's.
        simulations: Simulations a move; 0 asks the raw network.
        svg: File for a picture of the board coloured by value, beside the truth.
        json_output: Print one line of JSON instead of the table.
    """
    if not 0 <= simulations <= _MOST_SIMULATIONS:
        raise SettingsError(f"--simulations {simulations}: use 0 to {_MOST_SIMULATIONS}")
    if board is not None and not MIN_SIZE <= board <= MAX_SIZE:
        raise SettingsError(f"--board {board}: use {MIN_SIZE} to {MAX_SIZE}")
    found = found_net(net)
    size = found.config.board if board is None else board
    moves = drive(judge_first_moves(size, simulations), evaluator_of(found, size))
    about = f"version {found.version}, {size}x{size}, {simulations} simulations"
    if svg is not None:
        title = f"first moves: {about}"
        picture = values_svg(size, moves.value.tolist(), moves.truth, title=title)
        atomic_write(svg, picture.encode())
    if json_output:
        facts = {"net": str(net), "version": found.version, "board": size}
        print(json.dumps({**facts, "simulations": simulations, **moves.record()}, allow_nan=False))
    else:
        print(f"{net}: {about}\n\n{table(moves)}\n\n{moves.verdict}")
    return 0
