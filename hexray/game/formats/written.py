"""A game as it stands in a file, and whether it is one: it is played over again."""

from typing import NamedTuple

import numpy as np

from hexray.game.board import BLUE, EMPTY, RED
from hexray.game.formats.record import AS_WRITTEN, Ending, FaultKind, GameRecord, Reading, Swap
from hexray.game.frame import swap_frame
from hexray.game.notation import move_name
from hexray.game.replay import replay_games


class Fault(NamedTuple):
    """Why moves are no game: the ply that is wrong, or the number of moves for what follows."""

    ply: int
    reason: str
    kind: FaultKind = "no game"


class Written(NamedTuple):
    """A game as it stands in a file, nothing believed yet.

    cells    of the moves as written, absolute frame, without the swap
    swap     how the second player swapped after the first stone, if he did
    winner   the colour that is said to have won, as written; EMPTY when nothing is said
    ending   how it is said to have ended if no side is joined
    """

    size: int
    cells: tuple[int, ...]
    swap: Swap = "none"
    winner: int = EMPTY
    ending: Ending = "resigned"
    first: str = ""
    second: str = ""


def record_of(game: Written, reading: Reading = AS_WRITTEN) -> GameRecord | Fault:
    """Play ``game`` over again and return it, its winner found and not believed.

    A winner of a game in which no side is joined is kept: his opponent resigned, if nothing else
    is said.
    """
    if game.swap != "none" and reading.swap != "as-written":
        game = game._replace(swap=reading.swap)
    size, is_mirrored = game.size, game.swap == "pieces"
    cells = game.cells
    if game.swap != "none" and not cells:
        return Fault(0, "swap is legal only as the second move")
    if is_mirrored:
        cells = (cells[0], *(_mirror(cell, size) for cell in cells[1:]))
    length = np.array([len(cells)], np.int16)
    legal, joined = replay_games(np.array(cells, np.int64), length, size)
    winner = int(joined[0])
    if legal < len(cells):
        return _illegal(game, legal, winner)
    said = -game.winner if is_mirrored else game.winner
    if winner == EMPTY:
        ending = game.ending if said else "unfinished"
    elif said in (EMPTY, winner) or reading.winner == "found":
        said, ending = winner, "joined"
    else:
        seen = -winner if is_mirrored else winner
        reason = f"{_SIDES[-seen]} is named as winner, but {_JOINED[seen]}"
        return Fault(len(cells), reason, "wrong winner")
    is_swapped = game.swap != "none"
    return GameRecord(size, cells, said or winner, ending, is_swapped, game.first, game.second)


def written_by_pieces(record: GameRecord) -> Written:
    """Write a record with a swap of pieces, if there was a swap."""
    moves, winner = record.moves, record.winner
    swap: Swap = "none"
    if record.swapped:
        moves = (moves[0], *(_mirror(move, record.size) for move in moves[1:]))
        swap, winner = "pieces", -winner
    return Written(record.size, moves, swap, winner, record.ending, record.first, record.second)


_SIDES = {RED: "the first colour", BLUE: "the second colour"}
_JOINED = {RED: "top and bottom are joined", BLUE: "left and right are joined"}


def _illegal(game: Written, ply: int, joined: int) -> Fault:
    name = move_name(game.cells[ply], game.size)
    if joined == EMPTY:
        return Fault(ply, f"{name} is occupied", "repeated cell")
    seen = -joined if game.swap == "pieces" else joined
    return Fault(ply, f"{name} comes after the end: {_JOINED[seen]}", "after the end")


def _mirror(cell: int, size: int) -> int:
    """Mirror a cell in the long diagonal, which a swap of pieces does: b1 becomes a2."""
    return int(swap_frame(cell, BLUE, size))
