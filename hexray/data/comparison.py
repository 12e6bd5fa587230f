"""Rows that a learner is fed against the games they are of, made again another way."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from hexray.data.archive import Archive
from hexray.data.expand import PlacedRows
from hexray.data.games import GameBlock, game_number
from hexray.data.inspection import Lot
from hexray.data.rows import over_empty
from hexray.game.fill_in import filled
from hexray.game.slow import SlowBoard

_COLUMNS = ("cells", "policy", "outcome", "root_value", "version")


class Record(NamedTuple):
    """A game and where it begins in its block: its first move, its first searched ply."""

    block: GameBlock
    game: int
    move: int
    searched: int


def records_by_number(archive: Archive, size: int) -> dict[int, Record]:
    """Return the games of a store by the hashes that rows know them by."""
    found: dict[int, Record] = {}
    for block in archive.games(size).blocks():
        moves = np.cumsum(block.length, dtype=np.int64) - block.length
        plies = block.length - block.opening
        searched = np.cumsum(plies, dtype=np.int64) - plies
        for game, name in enumerate(block.game_id):
            begin = int(moves[game]), int(searched[game])
            found[game_number(name)] = Record(block, game, *begin)
    return found


def differences(lot: Lot, records: dict[int, Record], places: Sequence[int]) -> Iterator[str]:
    """Yield the rows that differ from their game, also when they are given a half turn."""
    for place in places:
        number, ply = int(lot.placed.game[place]), int(lot.placed.ply[place])
        record = records.get(number)
        where = f"row {lot.first + place} of {lot.name}: game {number:016x}, ply {ply}"
        if record is None:
            yield f"{where}: no such game in the store"
            continue
        if not 0 <= ply <= record.block.length[record.game]:
            yield f"{where}: the game has {record.block.length[record.game]} moves"
            continue
        expected = _row(record, ply)
        wrong = _unequal(lot.placed, place, expected)
        if wrong and _unequal(lot.placed, place, _turned(expected)):
            yield f"{where}: other {', '.join(wrong)}"


_Row = dict[str, np.ndarray]


def _row(record: Record, ply: int) -> _Row:
    """Make a row by the slow engine and the definitions of frame and targets."""
    block, game, size = record.block, record.game, record.block.size
    moves = block.moves[record.move : record.move + int(block.length[game])].tolist()
    board = SlowBoard(size)
    for move in moves[:ply]:
        board.play(move)
    cells = np.array(board.cells, np.int8).reshape(size, size)
    own = cells if board.to_move > 0 else -cells.T
    seen = filled(np.ascontiguousarray(own).reshape(1, -1), size)
    policy = np.zeros((1, size * size), np.float16)
    outcome = int(block.winner[game]) * board.to_move
    value, version = np.float32(outcome), np.int32(0)
    opening = int(block.opening[game])
    if opening <= ply < len(moves):
        at = record.searched + ply - opening
        policy, value = block.policy[at][None], block.root_value[at]
        version = block.version[at]
    elif ply < len(moves) and opening == len(moves) and not block.settings[game]:
        row, column = divmod(moves[ply], size)
        policy[0, row * size + column if board.to_move > 0 else column * size + row] = 1
    found = (seen, over_empty(policy, seen), outcome, value, version)
    return {name: np.asarray(part) for name, part in zip(_COLUMNS, found, strict=True)}


def _turned(row: _Row) -> _Row:
    return {**row, "cells": row["cells"][:, ::-1], "policy": row["policy"][:, ::-1]}


def _unequal(placed: PlacedRows, place: int, expected: _Row) -> list[str]:
    return [
        name
        for name in _COLUMNS
        if not np.array_equal(getattr(placed.rows, name)[place], expected[name].squeeze())
    ]
