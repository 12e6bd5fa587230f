"""How soon the page of ``hexray play`` has a move, and the first word of an analysis.

A server is started as users start it, with an untrained network, which searches as long as a
trained one. Every position is one that no search has seen.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import requests
import rich.console
import rich.table
import tyro

from hexray.config import RunConfig, with_overrides
from hexray.game.notation import move_name
from hexray.net.kept import ServedNet, keep_net
from hexray.net.trainer import fresh_weights

ASK_S = 60.0


def main(
    board: int = 11, blocks: int = 6, channels: int = 64, simulations: int = 64, count: int = 20
) -> None:
    """Ask a server about ``count`` positions, for a move and for an analysis of each.

    Args:
        board: Side of the board.
        blocks: Blocks of the network.
        channels: Channels of the network.
        simulations: Simulations a move.
        count: Positions.
    """
    net = {"blocks": blocks, "channels": channels}
    config = with_overrides(RunConfig(board=board), {"net": net})
    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder:
        weights = fresh_weights(config.net, 0)
        file = keep_net(Path(folder), ServedNet(config, 1, weights, []))
        with _server(file) as url:
            for _ in range(2):
                _asked(url, "move", _game(rng, board) | {"simulations": simulations})
            moves = [
                _asked(url, "move", _game(rng, board) | {"simulations": simulations})
                for _ in range(count)
            ]
            firsts = [_asked(url, "analyse", _game(rng, board)) for _ in range(count)]
    times = {f"move, {simulations} simulations": moves, "first word of an analysis": firsts}
    table = rich.table.Table("", "median ms", "most ms")
    for name, taken in times.items():
        table.add_row(name, f"{1000 * np.median(taken):.0f}", f"{1000 * max(taken):.0f}")
    console = rich.console.Console()
    console.print(f"{board}x{board}, {blocks} x {channels}, {os.cpu_count()} cores")
    console.print(table)
    seconds = {name: {"median": float(np.median(t)), "most": max(t)} for name, t in times.items()}
    print(json.dumps({"board": board, "net": f"{blocks}x{channels}", "seconds": seconds}))


@contextmanager
def _server(net: Path) -> Iterator[str]:
    command = [sys.executable, "-m", "hexray.cli", "play", str(net), "--port", "0", "--no-open"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield process.stdout.readline().split()[0]
        process.send_signal(signal.SIGINT)


def _game(rng: np.random.Generator, board: int) -> dict[str, Any]:
    """Draw a game of four moves."""
    cells = rng.choice(board * board, 4, replace=False)
    return {"size": board, "moves": [move_name(int(cell), board) for cell in cells]}


def _asked(url: str, what: str, request: dict[str, Any]) -> float:
    """Return the seconds until the first word of an answer; nothing more is waited for."""
    began = time.perf_counter()
    with requests.post(f"{url}api/{what}", json=request, timeout=ASK_S, stream=True) as answer:
        answer.raise_for_status()
        next(answer.iter_content(None))
        return time.perf_counter() - began


if __name__ == "__main__":
    tyro.cli(main)
