"""``hexray report``: all that a run has reached on one page of HTML."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import tyro

from hexray.cli.networks import evaluator_of
from hexray.errors import CheckpointError, RunFolderError
from hexray.evaluation import drive
from hexray.files import atomic_write
from hexray.net.checkpoint import load_net, newest_path
from hexray.page.document import Judged, page_of
from hexray.page.found import Found, find, first_moves_of
from hexray.play.first_moves import judge_first_moves
from hexray.run_folder import RUN_FILE
from hexray.run_owner import state_of


def report(
    run: tyro.conf.Positional[Path],
    /,
    out: Annotated[Path | None, tyro.conf.arg(aliases=["-o"], metavar="FILE")] = None,
) -> int:
    """Write a page with curves, boards, strength, events and settings of a run; one file, no more.

    Also while the run goes on, and of one that was cut short: what is missing is said.

    Args:
        run: Run folder.
        out: File to write; by default report.html in the run folder.
    """
    if not (run / RUN_FILE).is_file():
        raise RunFolderError(f"{run} is no run folder; name one, such as runs/default-5x5-seed0")
    found = find(run)
    page = page_of(found, _judged(found), datetime.now(UTC))
    file = run / "report.html" if out is None else out
    atomic_write(file, page.encode())
    print(f"page: {file}")
    return 0


def _judged(found: Found) -> Judged:
    """Take the first moves that were measured at the end, or ask the newest checkpoint."""
    moves = first_moves_of(found.strength, found.config.board)
    if moves is not None and state_of(found.owner) == "ended":
        simulations = found.strength.get("simulations", "?")
        return Judged(moves, f"at the end, {simulations} simulations a move")
    if newest_path(found.folder / "checkpoints") is None:
        return Judged(None, "no checkpoint yet, so that no network can be asked")
    try:
        net = load_net(found.folder)
    except CheckpointError as error:
        return Judged(None, str(error))
    board = found.config.board
    moves = drive(judge_first_moves(board, 0), evaluator_of(net, board))
    return Judged(moves, f"version {net.version}, the newest checkpoint, without search")
