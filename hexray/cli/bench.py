"""``hexray bench``: how fast the parts are on this machine."""

import json
import os
import sys
from typing import Annotated, Any, Literal

import tyro

from hexray.config import with_overrides
from hexray.presets import default
from hexray.throughput import bench_selfplay


def bench(
    what: tyro.conf.Positional[Literal["selfplay"]],
    /,
    board: int = 7,
    blocks: int = 4,
    channels: int = 64,
    simulations: int = 32,
    seconds: float = 30.0,
    servers: int | None = None,
    players: int | None = None,
    json_output: Annotated[bool, tyro.conf.arg(name="json")] = False,
) -> int:
    """Measure self-play against the bare network on the same cores, in one run.

    Args:
        what: What to measure.
        board: Board side, 2 to 19.
        blocks: Residual blocks of the network.
        channels: Channels of the network.
        simulations: Simulations a move.
        seconds: Seconds of self-play.
        servers: Inference servers; by default one for each core.
        players: Player processes; by default as many as servers.
        json_output: Print one last line of JSON.
    """
    if servers is None:
        servers = os.cpu_count() or 1
    config = with_overrides(
        default(board),
        {
            "net": {"blocks": blocks, "channels": channels},
            "search": {"simulations": simulations, "candidates": min(16, simulations)},
            "inference": {"servers": servers},
            "selfplay": {"players": servers if players is None else players},
            "cluster": {"dashboard": False},
        },
    )
    net, speed = bench_selfplay(config, seconds, lambda text: print(text, file=sys.stderr))
    record = {
        **speed._asdict(),
        "net_evaluations_per_s": net.evaluations_per_s,
        "fraction_of_net": speed.evaluations_per_s / net.evaluations_per_s,
        "net_batch": net.best.batch_rows,
        "net_processes": net.processes,
        "net_compiled": net.best.is_compiled,
    }
    _show({"board": board, "simulations": simulations, **record}, json_output)
    return 0


def _show(record: dict[str, Any], as_json: bool) -> None:
    for name, value in record.items():
        print(f"{name:24} {value:12.4g}" if isinstance(value, float) else f"{name:24} {value:>12}")
    if as_json:
        print(json.dumps(record))
