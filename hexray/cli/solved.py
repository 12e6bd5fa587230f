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
    simulations: Annotated[int, tyro.conf.arg(metavar="0..100000")] = 64,
    json_output: Annotated[bool, tyro.conf.arg(name="json")] = False,
) -> int:
    """Measure a network on solved positions: does it name the winner, and keep a won game won?

    Args:
        net: Run folder, RUN@best for the best of its versions, or checkpoint.
        files: Files of solved positions (JSON lines); by default those that come with hexray.
        simulations: Simulations a position; 0 asks the raw network.
        json_output: Print one line of JSON.
    """
    if not 0 <= simulations <= 100_000:
        raise SettingsError(f"--simulations {simulations}: use 0 to 100000")
    found = found_net(net)
    if not files:
        shipped = shipped_positions(found.config.board)
        if shipped is None:
            size = f"{found.config.board}x{found.config.board}"
            raise SettingsError(f"no solved positions of {size} come with hexray; name a file")
        files = (shipped,)
    for path, positions in [(path, read_solved(path)) for path in files]:
        record = {"file": str(path), "simulations": simulations, "version": found.version}
        record |= _measure(found, positions, simulations)
        _show(record, json_output)
    return 0


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
