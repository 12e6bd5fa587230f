"""``hexray play``: play and analyse on a page of this machine, and serve PlayHex's bots."""

import os
import sys
import webbrowser
from functools import partial
from importlib import import_module
from pathlib import Path
from threading import Thread
from typing import Annotated, Any

import tyro

from hexray.cli.networks import evaluator_of, found_net
from hexray.curriculum import boards_of
from hexray.errors import SettingsError
from hexray.evaluation import know_nothing
from hexray.net.kept import SHIPPED
from hexray.play.think import warm_up
from hexray.web.nets import Net
from hexray.web.requests import MAX_SIMULATIONS

_BOARD = 11
_MOST_NETS = 64
_IS_TERMINAL = sys.stdout.isatty()


def play(
    nets: tyro.conf.Positional[Annotated[tuple[str, ...], tyro.conf.arg(metavar="[NET ...]")]] = (
        SHIPPED,
    ),
    /,
    port: Annotated[int, tyro.conf.arg(metavar="0..65535")] = 8765,
    simulations: Annotated[int, tyro.conf.arg(metavar="1..20000")] = 64,
    open: bool = _IS_TERMINAL,
    host: str = "127.0.0.1",
    allow_others: bool = False,
) -> int:
    """Open a page to play against networks and to analyse with them; Ctrl-C ends it.

    It answers this machine alone, and asks no other. It is also a bot for sites of PlayHex
    (/calculate-move, /analyze-game, /status). Needs pip install "hexray[web]".

    Args:
        nets: Run folders, RUN@best, checkpoints or kept networks; by default the one that comes
            with hexray; ``random`` plays without.
        port: Port of the page; 0 takes any that is free.
        simulations: Simulations a move where neither the page nor a bot's site says how many.
        open: Show the page in the browser; by default if this is a terminal with a screen.
        host: Address to listen on; one that others can reach needs --allow-others.
        allow_others: Let other machines play too: there is no password, and they use this one.
    """
    server = _server()
    _check(port, simulations, len(nets))
    has_others = not server.is_loopback(host)
    if has_others and not allow_others:
        raise SettingsError(
            f"--host {host}: others could reach it, and there is no password; "
            "add --allow-others if that is what you want"
        )

    def ready(url: str) -> None:
        print(f"{url}  (Ctrl-C ends it)", flush=True)
        if open and _has_screen():
            Thread(target=webbrowser.open, args=(url,), daemon=True).start()

    address = server.Address(host, port, has_others)
    with server.listening(address) as listener:
        offered = [_net(str(number), name) for number, name in enumerate(nets, 1)]
        if has_others:
            print(f"hexray: others can reach {host}; there is no password", file=sys.stderr)
        print("hexray: making the search ready; the first time takes minutes", file=sys.stderr)
        for size in sorted({net.board for net in offered}):
            warm_up(None, size)
        server.serve(offered, simulations, address, listener, ready)
    return 0


def _check(port: int, simulations: int, nets: int) -> None:
    if not 0 <= port <= 65_535:
        raise SettingsError(f"--port {port}: use 0 to 65535")
    if not 1 <= simulations <= MAX_SIMULATIONS:
        raise SettingsError(f"--simulations {simulations}: use 1 to {MAX_SIMULATIONS}")
    if not 1 <= nets <= _MOST_NETS:
        raise SettingsError(f"{nets} networks; give 1 to {_MOST_NETS}")


def _server() -> Any:
    try:
        return import_module("hexray.web.server")
    except ModuleNotFoundError as error:
        if error.name is None or error.name.startswith("hexray"):
            raise
        raise SettingsError(
            f'{error.name} is not installed, which the page needs; pip install "hexray[web]"'
        ) from error


def _net(number: str, name: str) -> Net:
    if name == "random":
        return Net(number, "random", _BOARD, (), lambda: know_nothing)
    found = found_net(Path(name))
    board, boards = found.config.board, boards_of(found.config)
    # A network is made ready only when it is asked, and the weights are already in memory.
    evaluate = partial(evaluator_of, found, board)
    return Net(number, f"{name} version {found.version}", board, boards, evaluate)


def _has_screen() -> bool:
    """Say whether a browser would have a window; else it would take over the terminal."""
    has_window = any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))
    return sys.platform in ("darwin", "win32") or has_window
