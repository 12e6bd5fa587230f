"""``hexray htp``: play by the Hex text protocol, for HexGui and match programs."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, BinaryIO

import tyro

from hexray.cli.networks import evaluator_of, found_net
from hexray.errors import SettingsError
from hexray.evaluation import Evaluate, know_nothing
from hexray.game.board import MAX_SIZE, MIN_SIZE
from hexray.htp.engine import Engine, serve
from hexray.htp.session import Options, Session
from hexray.play.think import Thinker, warm_up

_DEFAULT_BOARD = 11
_MOST_SIMULATIONS = 100_000


def htp(
    net: tyro.conf.Positional[Annotated[str, tyro.conf.arg(metavar="NET")]],
    /,
    simulations: Annotated[int | None, tyro.conf.arg(metavar="1..100000")] = None,
    seconds: Annotated[float | None, tyro.conf.arg(metavar="SECONDS")] = None,
    board: Annotated[int | None, tyro.conf.arg(metavar="2..19")] = None,
    swap: bool = False,
    resign_below: Annotated[float, tyro.conf.arg(metavar="0..1")] = 0.0,
) -> int:
    """Play by the Hex text protocol (HTP) on standard input and output, for HexGui and the like.

    Give --simulations for the same moves every time, or --seconds.

    Args:
        net: Run folder, RUN@best, or checkpoint; ``random`` plays without a network.
        simulations: Simulations a move, whatever the clock says.
        seconds: At most so many seconds a move; less when the clock is set and says so.
        board: Side of the board until ``boardsize`` comes; by default the network's, or 11.
        swap: Swap as the second player when that is better (also ``param_game allow_swap``).
        resign_below: Give up when the chance of winning is smaller, 0 to 1; 0 never does.
    """
    if (simulations is None) == (seconds is None):
        raise SettingsError("give either --simulations or --seconds")
    if simulations is not None and not 1 <= simulations <= _MOST_SIMULATIONS:
        raise SettingsError(f"--simulations {simulations}: use 1 to {_MOST_SIMULATIONS}")
    if seconds is not None and not 0 < seconds <= 1e6:
        raise SettingsError(f"--seconds {seconds}: use more than 0, at most 1000000")
    if not 0 <= resign_below <= 1:
        raise SettingsError(f"--resign-below {resign_below}: use 0 to 1")
    if board is not None and not MIN_SIZE <= board <= MAX_SIZE:
        raise SettingsError(f"--board {board}: use {MIN_SIZE} to {MAX_SIZE}")
    with _own_output() as output:

        def write(text: str) -> None:
            output.write(text.encode())
            output.flush()

        evaluate, size = _evaluator(net, board)
        warm_up(simulations)
        options = Options(seconds, allow_swap=swap, resign_below=resign_below)
        session = Session(Thinker(evaluate, simulations).choose, size, options, write)
        serve(Engine(session), sys.stdin.buffer, write)
    return 0


@contextmanager
def _own_output() -> Iterator[BinaryIO]:
    """Take standard output for the protocol; what anything else prints goes to standard error."""
    sys.stdout.flush()
    with os.fdopen(os.dup(1), "wb") as output:
        os.dup2(2, 1)
        try:
            yield output
        finally:
            os.dup2(output.fileno(), 1)


def _evaluator(name: str, board: int | None) -> tuple[Evaluate, int]:
    if name == "random":
        return know_nothing, board or _DEFAULT_BOARD
    net = found_net(Path(name))
    size = board or net.config.board
    return evaluator_of(net, size), size
