"""``hexray solved``: how often a network finds the exact truth."""

import json
from pathlib import Path
from typing import Annotated

import tyro

from hexray.errors import SettingsError
from hexray.evaluation import drive
from hexray.net.checkpoint import load_net
from hexray.net.evaluator import Evaluator
from hexray.play.solved import (
    Strength,
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
        net: Run folder, folder of checkpoints, or checkpoint.
        files: Files of solved positions (JSON lines); by default those that come with hexray.
        simulations: Simulations a position; 0 asks the raw network.
        json_output: Print one line of JSON.
    """
    if not 0 <= simulations <= 100_000:
        raise SettingsError(f"--simulations {simulations}: use 0 to 100000")
    config, version, weights = load_net(net)
    shipped = shipped_positions(config.board)
    if not files:
        if shipped is None:
            size = f"{config.board}x{config.board}"
            raise SettingsError(f"no solved positions of {size} come with hexray; name a file")
        files = (shipped,)
    for path in files:
        positions = read_solved(path)
        size = positions.boards.size
        evaluator = Evaluator(config.net, config.inference, size)
        evaluator.load(version, weights)
        strength = drive(measure(positions, simulations), evaluator)
        openings = shipped_openings(size)
        wrong = None
        if openings is not None:
            judged = drive(measure(openings, simulations), evaluator)
            wrong = round(judged.positions * (1 - judged.winner_accuracy))
        _show(path, simulations, version, strength, wrong, json_output)
    return 0


def _show(
    path: Path, simulations: int, version: int, strength: Strength, wrong: int | None, as_json: bool
) -> None:
    if as_json:
        record = {"file": str(path), "simulations": simulations, "version": version}
        print(json.dumps({**record, **strength._asdict(), "openings_wrong": wrong}))
        return
    print(f"{path}: version {version}, {simulations} simulations")
    print(f"  winner named     {strength.winner_accuracy:.4f} of {strength.positions}")
    print(f"  move keeps win   {strength.move_accuracy:.4f} of {strength.movable}")
    if wrong is not None:
        print(f"  first moves on the empty board judged wrongly: {wrong}")
