"""``hexray probe speed`` and ``memory``: what each kind of player costs on this machine."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Literal

import tyro
from rich.console import Console
from rich.progress import track
from rich.table import Table

from hexray.cli.networks import found_net
from hexray.cli.probing import RESULTS, Json, Keep, Results, probed
from hexray.errors import SettingsError
from hexray.probes.finding import Draw, Finding
from hexray.probes.folder import KEPT, ProbeFolder
from hexray.probes.player_kinds import KINDS, Bench, Measured, measure_apart
from hexray.probes.speed import MEMORY, SPEED, draw_costs, find_memory, find_speed

Net = tyro.conf.Positional[Path]
Board = Annotated[int | None, tyro.conf.arg(metavar="2..19")]
Seconds = Annotated[float, tyro.conf.arg(metavar="SECONDS")]
Simulations = Annotated[int | None, tyro.conf.arg(metavar="1..100000")]
Kind = Literal["random", "two-distance", "resistance", "network", "mcts", "minimax"]


def speed(
    net: Net = Path("shipped"),
    /,
    kinds: tuple[Kind, ...] = KINDS,
    board: Board = None,
    seconds: Seconds = 5.0,
    simulations: Simulations = None,
    seed: int = 0,
    results: Results = RESULTS,
    keep: Keep = KEPT,
    json_output: Json = False,
) -> int:
    """Measure how fast each kind of player moves, one game at a time and many at once.

    Args:
        net: Run folder, RUN@best for the best of its versions, checkpoint, or shipped.
        kinds: Which players: any move, two classical evaluations, the network alone, with tree
            search, with minimax.
        board: Side of the board; by default that of the run.
        seconds: Seconds that each plays.
        simulations: Simulations a move of mcts; by default those of the run.
        seed: Of the first moves of the games.
        results: Folder of results; each probe makes KIND/NAME_TIME in it.
        keep: Folders of this probe that stay, the newest; 0 keeps all.
        json_output: Print one line of JSON.
    """
    bench = _bench(kinds, net, board, seconds, seed, simulations)
    probe = _probe(kinds, bench, find_speed)
    asked = {"probe": SPEED, "kinds": list(kinds), **bench._asdict()}
    return probed(results, keep, asked, probe, json_output)


def memory(
    net: Net = Path("shipped"),
    /,
    kinds: tuple[Kind, ...] = KINDS,
    board: Board = None,
    seconds: Seconds = 5.0,
    simulations: Simulations = None,
    seed: int = 0,
    results: Results = RESULTS,
    keep: Keep = KEPT,
    json_output: Json = False,
) -> int:
    """Measure how much memory each kind of player takes, in a process of its own.

    Exits with status 1 when one of them takes ever more.

    Args:
        net: Run folder, RUN@best for the best of its versions, checkpoint, or shipped.
        kinds: Which players: any move, two classical evaluations, the network alone, with tree
            search, with minimax.
        board: Side of the board; by default that of the run.
        seconds: Seconds that each plays.
        simulations: Simulations a move of mcts; by default those of the run.
        seed: Of the first moves of the games.
        results: Folder of results; each probe makes KIND/NAME_TIME in it.
        keep: Folders of this probe that stay, the newest; 0 keeps all.
        json_output: Print one line of JSON.
    """
    bench = _bench(kinds, net, board, seconds, seed, simulations)
    probe = _probe(kinds, bench, find_memory)
    asked = {"probe": MEMORY, "kinds": list(kinds), **bench._asdict()}
    return probed(results, keep, asked, probe, json_output)


def _bench(
    kinds: Sequence[str],
    net: Path,
    board: int | None,
    seconds: float,
    seed: int,
    simulations: int | None,
) -> Bench:
    if not kinds:
        raise SettingsError(f"--kinds: name one or more of {', '.join(KINDS)}")
    if not 0 < seconds <= 3600:
        raise SettingsError(f"--seconds {seconds:g}: use more than 0, at most 3600")
    if simulations is not None and not 1 <= simulations <= 100_000:
        raise SettingsError(f"--simulations {simulations}: use 1 to 100000")
    size = board or found_net(net).config.board
    if not 2 <= size <= 19:
        raise SettingsError(f"--board {size}: use 2 to 19")
    return Bench(str(net), size, seconds, seed, simulations)


def _probe(
    kinds: Sequence[str],
    bench: Bench,
    find: Callable[[Sequence[Measured], int], Finding],
) -> Callable[[ProbeFolder], tuple[Finding, Draw]]:
    def probe(folder: ProbeFolder) -> tuple[Finding, Draw]:
        measured = []
        for kind in track(kinds, "players", console=Console(stderr=True)):
            measured.append(measure_apart(kind, bench))
            folder.log.info("%s: %d moves alone", kind, len(measured[-1].ms))
        finding = find(measured, bench.board)
        _tabulate(finding)
        return finding, draw_costs(measured, finding)

    return probe


def _tabulate(finding: Finding) -> None:
    """Show the figures of each kind in a table on standard error."""
    rows = finding.numbers["kinds"]
    table = Table("kind", *next(iter(rows.values())))
    for kind, row in rows.items():
        shown = ("" if figure is None else f"{figure:,.4g}" for figure in row.values())
        table.add_row(kind, *shown)
    Console(stderr=True).print(table)
