"""``hexray bench``: how fast the parts are on this machine, as tables or as JSON."""

import dataclasses
import json
import math
import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import rich.console
import tyro
from rich.table import Column, Table
from rich.text import Text

from hexray.cluster import ray_session
from hexray.config import RunConfig, candidates_for, with_overrides
from hexray.errors import SettingsError
from hexray.loop import train
from hexray.metrics import METRICS_FILE, read_metrics
from hexray.net.speed import Speed
from hexray.presets import default
from hexray.throughput.kernels import measure_rules, measure_search
from hexray.throughput.loop import loop_speed
from hexray.throughput.network import BATCHES, measure_net
from hexray.throughput.selfplay import bench_selfplay
from hexray.throughput.server import measure_server

_BOARDS = (5, 7, 9, 11, 13)
_Json = Annotated[bool, tyro.conf.arg(name="json", help="Print one last line of JSON.")]


@dataclasses.dataclass(frozen=True)
class _Network:
    board: int = 7
    """Board side, 2 to 19."""
    blocks: int = 4
    """Residual blocks of the network."""
    channels: int = 64
    """Channels of the network."""


_Shape = Annotated[_Network, tyro.conf.arg(name="")]


def rules(
    boards: tuple[int, ...] = _BOARDS, seconds: float = 1.0, json_output: _Json = False
) -> int:
    """Measure the rules: random games to the end, 1024 in lockstep on one thread.

    Args:
        boards: Board sides, 2 to 19.
        seconds: Seconds for each board.
    """
    _check(seconds=seconds, boards=min(boards, default=0))
    return _show({}, [measure_rules(board, seconds)._asdict() for board in boards], json_output)


def search(
    boards: tuple[int, ...] = _BOARDS,
    simulations: int = 32,
    candidates: int = 16,
    games: int = 64,
    seconds: float = 2.0,
    json_output: _Json = False,
) -> int:
    """Measure the search with an evaluator that costs nothing, on one thread.

    Args:
        boards: Board sides, 2 to 19.
        simulations: Simulations a move.
        candidates: Moves considered at the root.
        games: Positions searched at once.
        seconds: Seconds for each board.
    """
    _check(seconds=seconds, games=games, boards=min(boards, default=0))
    settings = with_overrides(
        RunConfig(), {"search": {"simulations": simulations, "candidates": candidates}}
    ).search
    rows = [measure_search(board, settings, games, seconds)._asdict() for board in boards]
    return _show({"simulations": simulations, "candidates": candidates}, rows, json_output)


def net(
    shape: _Shape = _Network(),
    batches: tuple[int, ...] = BATCHES,
    seconds: float = 10.0,
    json_output: _Json = False,
) -> int:
    """Measure the bare network: every batch and backend, then the best in several processes.

    Args:
        batches: Rows of the batches tried.
        seconds: Seconds for the best batch and backend.
    """
    _check(seconds=seconds, batches=min(batches, default=0))
    config = _config(shape, {})
    with ray_session(config):
        speed = measure_net(config, batches, seconds, _note)
    rows = [tried._asdict() for tried in speed.tried]
    best = {"evaluations_per_s": speed.evaluations_per_s, "processes": speed.processes}
    return _show({"board": shape.board, **best, **_best(speed.best)}, rows, json_output)


def server(
    shape: _Shape = _Network(),
    clients: tuple[int, ...] = (1, 2, 4),
    rows: tuple[int, ...] = (32, 128, 512),
    seconds: float = 5.0,
    json_output: _Json = False,
) -> int:
    """Measure one inference server through Ray, asked by processes that do nothing else.

    Args:
        clients: Numbers of client processes; each has two requests under way.
        rows: Positions in a request.
        seconds: Seconds for each combination.
    """
    _check(seconds=seconds, clients=min(clients, default=0), rows=min(rows, default=0))
    config = _config(shape, {})
    with ray_session(config):
        speeds = measure_server(config, clients, rows, seconds)
    return _show({"board": shape.board}, [speed._asdict() for speed in speeds], json_output)


def selfplay(
    shape: _Shape = _Network(),
    simulations: int = 32,
    seconds: float = 30.0,
    servers: int | None = None,
    players: tuple[int, ...] = (1,),
    halves: int = 2,
    games: int = 512,
    batches: tuple[int, ...] = BATCHES,
    json_output: _Json = False,
) -> int:
    """Measure self-play against the bare network on the same cores, in one run.

    Args:
        simulations: Simulations a move.
        seconds: Seconds of self-play.
        servers: Inference servers; by default one for each core.
        players: Numbers of player processes for each server, measured one after the other. The
            figures are those of the fastest.
        halves: Groups of games in one player.
        games: Games in progress in each group: more of them fill the batches of several players.
        batches: Rows of the batches tried on the bare network; the largest is also the most that
            a server puts into a batch.
    """
    servers = (os.cpu_count() or 1) if servers is None else servers
    _check(seconds=seconds, batches=min(batches, default=0), servers=servers)
    more = {
        "search": {"simulations": simulations, "candidates": candidates_for(simulations)},
        "inference": {"servers": servers, "batch_rows": max(batches)},
        "selfplay": {"halves": halves, "games": games},
    }
    config = _config(shape, more)
    speed, made = bench_selfplay(config, players, batches, seconds, _note)
    fastest = max(made, key=lambda one: one.evaluations_per_s)
    record = {
        "board": shape.board,
        "simulations": simulations,
        **fastest._asdict(),
        "net_evaluations_per_s": speed.evaluations_per_s,
        "fraction_of_net": fastest.evaluations_per_s / speed.evaluations_per_s,
        "net_processes": speed.processes,
        **_best(speed.best),
    }
    return _show(record, [one._asdict() for one in made], json_output)


def loop(board: int = 7, minutes: float = 5.0, seed: int = 0, json_output: _Json = False) -> int:
    """Measure a training run of the default preset: what the CPU time of all processes goes to.

    Args:
        board: Board side, 2 to 19.
        minutes: Minutes of training.
        seed: Seed of the run.
    """
    changed = {"minutes": minutes, "seed": seed, "cluster": {"dashboard": False}}
    with tempfile.TemporaryDirectory(prefix="hexray-bench-") as folder:
        status = train(Path(folder), with_overrides(default(board), changed))
        if status:
            return status
        speed, memory = loop_speed(read_metrics(Path(folder) / METRICS_FILE))
    record = {"board": board, "minutes": minutes, **speed._asdict()}
    return _show(record, [process._asdict() for process in memory], json_output)


def _config(shape: _Network, more: Mapping[str, Any]) -> RunConfig:
    net = {"blocks": shape.blocks, "channels": shape.channels}
    fixed = {"net": net, "cluster": {"dashboard": False}}
    return with_overrides(default(shape.board), {**fixed, **more})


def _check(**numbers: float) -> None:
    for name, number in numbers.items():
        if not 0 < number < math.inf:
            raise SettingsError(f"--{name} {number:g}: use positive numbers")


def _best(speed: Speed) -> dict[str, Any]:
    return {
        "net_batch": speed.batch_rows,
        "net_precision": speed.precision,
        "net_backend": speed.backend,
    }


def _note(text: str) -> None:
    print(text, file=sys.stderr)


def _show(record: Mapping[str, Any], rows: Sequence[Mapping[str, Any]], as_json: bool) -> int:
    out = rich.console.Console()
    if rows:
        columns = [Column(name, justify="right") for name in rows[0]]
        table = Table(*columns, box=None, pad_edge=False)
        for row in rows:
            table.add_row(*(_text(value) for value in row.values()))
        out.print(table)
    for name, value in record.items():
        out.print(Text(f"{name:24} {_text(value):>12}"))
    if as_json:
        print(json.dumps({**record, "rows": list(rows)}))
    return 0


def _text(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, float):
        return str(value)
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
