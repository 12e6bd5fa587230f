"""Bring games into a store and out of it again."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from hexray.data.archive import Archive
from hexray.data.examples import read_example_file, write_examples
from hexray.data.game_files import Format, opened
from hexray.data.games import Ended, GameBlock
from hexray.data.imported import read_blocks, read_texts
from hexray.data.index import Came, Held, Index
from hexray.data.seen import Seen
from hexray.game.formats.record import AS_WRITTEN, Ending, GameRecord, Reading

Tick = Callable[[float], None]
"""Told the share of a file that is done, 0 to 1."""

_ENDINGS: dict[Ended, Ending] = {
    Ended.JOINED: "joined",
    Ended.ADJUDICATED: "resigned",
    Ended.RESIGNED: "resigned",
    Ended.FORFEITED: "forfeited",
    Ended.UNFINISHED: "unfinished",
}


class Import(NamedTuple):
    """How a file is read: its format, what it means, and whether equal games are all stored."""

    kind: Format
    reading: Reading = AS_WRITTEN
    keep_equal: bool = False


def import_file(
    archive: Archive, index: Index, path: Path, how: Import, tick: Tick = lambda share: None
) -> Came:
    """Store the games of a file and put what is none into quarantine; return the counts.

    Games are on disk part by part, and a file that was cut short can be imported again: what is
    there already counts as duplicates. Raises FileFormatError when there is no such file or gzip
    data are damaged; the parts before are stored.
    """
    came, seen = Came(str(path), how.kind), Seen()
    with opened(path) as file:
        for found in read_blocks(file, how.kind, how.reading, keep_equal=how.keep_equal):
            index.hold(str(path), how.kind, found.rejected)
            came = came._replace(
                lines=came.lines + found.lines, rejected=came.rejected + len(found.rejected)
            )
            came = _stored(archive, found.blocks, came, seen)
            tick(file.done)
    index.add_source(came)
    index.add_played(came.path, seen)
    return came


def import_examples(archive: Archive, index: Index, path: Path, memory_mb: int) -> Came:
    """Store a file of training examples of another program, positions without games, once.

    Raises FileFormatError when it is no such file, or hostile.
    """
    examples = read_example_file(path, memory_mb)
    written = write_examples(archive.folder, path, examples)
    index.hold(str(path), "examples", examples.rejected)
    rejected = len(examples.rejected)
    came = Came(
        path=str(path),
        kind="examples",
        lines=examples.records,
        positions=written,
        duplicates=examples.records - rejected - written,
        rejected=rejected,
    )
    index.add_source(came)
    return came


def import_games(archive: Archive, index: Index, other: Archive, tick: Tick) -> Came:
    """Store the games of another store or of a run, with all that is known of them."""
    came, seen = Came(str(other.folder), "hexray"), Seen()
    total = sum(other.games(size).games for size in other.sizes())
    for block in other.blocks():
        came = came._replace(lines=came.lines + len(block.game_id))
        came = _stored(archive, [block], came, seen)
        tick(came.lines / max(1, total))
    index.add_source(came)
    index.add_played(came.path, seen)
    return came


def release(archive: Archive, index: Index, held: Sequence[Held], reading: Reading) -> list[Held]:
    """Read texts of the quarantine again and store the games; return those that are still none.

    Examples of other programs stay; they are mended where they were made.
    """
    left: list[Held] = []
    for one in held:
        if one.kind in ("examples", "hexray"):
            left.append(one)
            continue
        found = read_texts(one.kind, one.rejected.text, one.rejected.line, one.source, reading)
        if found.rejected:
            left.append(one._replace(rejected=found.rejected[0]))
        else:
            _stored(archive, found.blocks, Came(one.source, one.kind), Seen())
            index.release([one.number])
    return left


def records_of(block: GameBlock) -> Iterator[GameRecord]:
    """Yield the games of a block as files know them; proven games count as resigned."""
    begin = 0
    moves = block.moves.tolist()
    for game, end in enumerate(block.length.cumsum(dtype=int).tolist()):
        yield GameRecord(
            size=block.size,
            moves=tuple(moves[begin:end]),
            winner=int(block.winner[game]),
            ending=_ENDINGS[Ended(block.ended[game])],
            swapped=bool(block.swapped[game]),
            first=block.first[game],
            second=block.second[game],
        )
        begin = end


def _stored(archive: Archive, blocks: Sequence[GameBlock], came: Came, seen: Seen) -> Came:
    """Store games; return ``came`` with those that are new, and count all of them in ``seen``."""
    for block in blocks:
        seen.add(block)
        new = archive.games(block.size).append(block)
        games = len(new.game_id)
        came = came._replace(
            games=came.games + games,
            positions=came.positions + int(new.length.sum(dtype=int)) + games,
            duplicates=came.duplicates + len(block.game_id) - games,
        )
    return came
