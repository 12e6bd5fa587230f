"""``hexray htp``: play by the Hex text protocol, for HexGui and match programs."""

import sys
from typing import Annotated

import tyro

from hexray.cli.networks import own_output, player_net
from hexray.errors import SettingsError
from hexray.game.board import MAX_SIZE, MIN_SIZE
from hexray.htp.engine import Engine, serve
from hexray.htp.session import Options, Session
from hexray.net.kept import SHIPPED
from hexray.play.think import Thinker, warm_up

_MOST_SIMULATIONS = 100_000


def htp(
    net: tyro.conf.Positional[Annotated[str, tyro.conf.arg(metavar="NET")]] = SHIPPED,
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
        net: Run folder, RUN@best, checkpoint or kept network; by default the one that comes with
            hexray; ``random`` plays without a network.
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
    with own_output() as write:
        evaluate, size = player_net(net, board)
        warm_up(simulations, size)
        options = Options(seconds, allow_swap=swap, resign_below=resign_below)
        session = Session(Thinker(evaluate, simulations).choose, size, options, write)
        serve(Engine(session), sys.stdin.buffer, write)
    return 0
