"""Games of other programs as blocks, named by what they hold."""

import hashlib
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hexray.data.game_files import Format, GameFile, Lines, read_lines
from hexray.data.games import MATCH, Ended, GameBlock
from hexray.game.formats.record import AS_WRITTEN, GameRecord, Reading, Rejected
from hexray.game.formats.sgf import read_sgf, read_sgf_lines
from hexray.game.formats.trmph import trmph_line
from hexray.game.formats.trmph_block import Games, read_trmph_block

Read = tuple[int, GameRecord | Rejected]
"""A line, and the game that begins there or why there is none."""

_GAMES = 10_000
"""Games of an SGF file that are stored at once."""


class Found(NamedTuple):
    """A part of a file: its games, a block for each board size, what is none, and its lines.

    Of SGF every game counts as a line.
    """

    blocks: list[GameBlock]
    rejected: list[Rejected]
    lines: int


class _Many(NamedTuple):
    """Games of one board size; ``Games`` with how they ended and who played."""

    size: int
    length: NDArray[np.int16]
    winner: NDArray[np.int8]
    ended: NDArray[np.int8]
    swapped: NDArray[np.bool_]
    line: NDArray[np.int64]
    moves: NDArray[np.int16]
    first: tuple[str, ...]
    second: tuple[str, ...]


def read_blocks(
    file: GameFile, kind: Format, reading: Reading = AS_WRITTEN, *, keep_equal: bool = False
) -> Iterator[Found]:
    """Yield a file's games part by part, in no more memory than a part takes.

    Equal games have equal names, so that a store takes the first; with ``keep_equal``, and always
    for games of matches, the name depends on the file's name and the line as well. Games without
    moves are none.
    """
    name = _source(kind, file.path)
    keep_equal = keep_equal or kind == "match"
    if kind == "sgf":
        games = read_sgf_lines(file.texts(), reading)
        while some := list(islice(games, _GAMES)):
            yield _found(some, (), len(some), name, keep_equal)
        return
    for part in file.lines():
        lines = part.text.count(b"\n") + (not part.text.endswith(b"\n"))
        if kind == "trmph":
            found = read_trmph_block(part.text, part.first, reading)
            wrong = ((rejected.line, rejected) for rejected in found.rejected)
            yield _found((*found.others, *wrong), _by_size(found.games), lines, name, keep_equal)
        else:
            yield _found(read_lines(part, kind, reading), (), lines, name, keep_equal)


def read_texts(kind: Format, text: str, line: int, source: str, reading: Reading) -> Found:
    """Read the text of one game, or of several, that begins on ``line`` of the file ``source``."""
    if kind == "sgf":
        read = [(line, found) for found in read_sgf(text, reading)]
    else:
        read = list(read_lines(Lines(text.encode(), line), kind, reading))
    return _found(read, (), 1, _source(kind, Path(source)), keep_equal=kind == "match")


def _source(kind: Format, path: Path) -> str:
    return f"{MATCH}{path.name}" if kind == "match" else path.name


def _found(
    read: Iterable[Read], games: Iterable[_Many], lines: int, source: str, keep_equal: bool
) -> Found:
    rejected: list[Rejected] = []
    records: dict[int, list[tuple[int, GameRecord]]] = {}
    for line, found in read:
        if isinstance(found, Rejected):
            rejected.append(found)
        elif not found.moves:
            rejected.append(_without_moves(line, found))
        else:
            records.setdefault(found.size, []).append((line, found))
    many = [*(_of_records(size, placed) for size, placed in records.items()), *games]
    blocks = [_block(some, source, keep_equal) for some in many]
    return Found(blocks, rejected, lines)


def _without_moves(line: int, record: GameRecord) -> Rejected:
    return Rejected(line, 1, "a game without moves", trmph_line(record), "too short")


def _of_records(size: int, placed: list[tuple[int, GameRecord]]) -> _Many:
    records = [record for _, record in placed]
    return _Many(
        size=size,
        length=np.array([len(record.moves) for record in records], np.int16),
        winner=np.array([record.winner for record in records], np.int8),
        ended=np.array([Ended[record.ending.upper()] for record in records], np.int8),
        swapped=np.array([record.swapped for record in records], np.bool_),
        line=np.array([line for line, _ in placed], np.int64),
        moves=np.array([move for record in records for move in record.moves], np.int16),
        first=tuple(record.first for record in records),
        second=tuple(record.second for record in records),
    )


def _by_size(games: Games) -> Iterator[_Many]:
    for size in np.unique(games.size).tolist():
        keep = games.size == size
        winner, unknown = games.winner[keep], ("",) * int(keep.sum())
        broken_off = np.where(winner, Ended.RESIGNED, Ended.UNFINISHED)
        yield _Many(
            size=size,
            length=games.length[keep],
            winner=winner,
            ended=np.where(games.joined[keep], Ended.JOINED, broken_off).astype(np.int8),
            swapped=games.swapped[keep],
            line=games.line[keep],
            moves=games.moves[np.repeat(keep, games.length)],
            first=unknown,
            second=unknown,
        )


def _block(many: _Many, source: str, keep_equal: bool) -> GameBlock:
    games, area = len(many.length), many.size**2
    source_of = tuple(f"{source}:{line}" for line in many.line.tolist())
    return GameBlock(
        size=many.size,
        game_id=tuple(_names(many, source_of if keep_equal else None)),
        length=many.length,
        opening=many.length,
        winner=many.winner,
        ended=many.ended,
        swapped=many.swapped,
        seed=np.zeros(games, np.int64),
        moves=many.moves,
        root_value=np.empty(0, np.float32),
        policy=np.empty((0, area), np.float16),
        version=np.empty(0, np.int32),
        first=many.first,
        second=many.second,
        source=source_of,
        settings=("",) * games,
    )


def _names(many: _Many, places: tuple[str, ...] | None) -> Iterator[str]:
    """Yield a name for each game from size, moves, swap, winner and ending, and its place."""
    moves = memoryview(np.ascontiguousarray(many.moves, "<i2").tobytes())
    ends = (2 * np.cumsum(many.length, dtype=np.int64)).tolist()
    facts = np.stack([many.winner, many.ended, many.swapped.astype(np.int8)], 1).tobytes()
    begin = 0
    for game, end in enumerate(ends):
        sha = hashlib.blake2b(moves[begin:end], digest_size=12, person=bytes([many.size]))
        sha.update(facts[3 * game : 3 * game + 3])
        if places is not None:
            sha.update(places[game].encode())
        yield sha.hexdigest()
        begin = end
