"""``hexray data``: games of other programs, in and out of a store."""

import json
import sys
import time
from collections.abc import Iterable, Iterator
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated, BinaryIO, Literal, cast

import rich.console
import tyro
from rich.progress import Progress, TaskID

from hexray.data.archive import Archive
from hexray.data.examples import SUFFIXES
from hexray.data.game_files import Format, format_of, opened, read_games, write_games
from hexray.data.importing import (
    Import,
    import_examples,
    import_file,
    import_games,
    records_of,
    release,
)
from hexray.data.index import Came, Held, Kind
from hexray.data.unpickle import MEMORY_MB
from hexray.errors import SettingsError
from hexray.files import atomic_write
from hexray.game.formats.record import GameRecord, Reading, Rejected

Store = Annotated[Path, tyro.conf.arg(metavar="DIR")]
Swap = Literal["as-written", "pieces", "sides"]
Given = Annotated[
    Literal["auto", "trmph", "sgf", "hexworld", "match"], tyro.conf.arg(name="format")
]
Source = Annotated[
    Literal["auto", "trmph", "sgf", "hexworld", "match", "examples"], tyro.conf.arg(name="format")
]
Json = Annotated[bool, tyro.conf.arg(name="json")]


def import_(
    files: tyro.conf.Positional[tuple[Path, ...]],
    /,
    store: Store,
    given: Source = "auto",
    swap: Swap = "as-written",
    duplicates: Literal["drop", "keep"] = "drop",
    memory_mb: int = MEMORY_MB,
    json_output: Json = False,
) -> int:
    """Bring games into a store: each is replayed, and what is none goes into quarantine.

    Files are read part by part, gzipped ones as they are. Importing a file again adds nothing.
    Examples (.pkl.gz) are positions without games, of other trainers: records of board, policy and
    value. They are read in a process that can do nothing else, and trained on by hexray pipeline.
    Records of matches (.jsonl) are stored game by game and never trained on.

    Args:
        files: Files of trmph lines, HexWorld links, SGF games, matches or examples, run folders,
            stores.
        store: Folder of the store; made when missing.
        given: Format of the files; auto tells it by the name of a file or by how it begins.
        swap: What a swap is taken for; old HexGui wrote swap-pieces where it meant swap-sides.
        duplicates: Whether to store a game of the same moves, swap and end as one stored before.
        memory_mb: Megabytes that a file of examples may unfold to.
        json_output: Print one last line of JSON: games, positions (one more than moves for each
            game), rejected, duplicates, lines_per_s.
    """
    sources = [(path, _kind(path, given)) for path in _named(files)]
    archive = Archive(store)
    began, came = time.perf_counter(), []
    err = rich.console.Console(stderr=True)
    with archive.index() as index, Progress(console=err) as progress:
        for path, kind in sources:
            task = progress.add_task(path.name, total=1.0)

            def tick(share: float, task: TaskID = task) -> None:
                progress.update(task, completed=share)

            if kind == "hexray":
                found = import_games(archive, index, Archive(path, may_write=False), tick)
            elif kind == "examples":
                found = import_examples(archive, index, path, memory_mb)
            else:
                how = Import(cast(Format, kind), Reading(swap), duplicates == "keep")
                found = import_file(archive, index, path, how, tick)
            tick(1.0)
            came.append(found)
    _report(came, time.perf_counter() - began, store, json_output)
    return 0


def export(
    store: Store,
    to: Annotated[Format, tyro.conf.arg(name="format")],
    out: Path,
    board: int | None = None,
) -> int:
    """Write the games of a store, or of a run, into one file of another format.

    Args:
        store: Folder of the store, or a run folder.
        to: Format to write.
        out: File to write.
        board: Only games on boards of this side; by default all.
    """
    archive = Archive(store, may_write=False)
    records = (
        record
        for size in archive.chosen(board)
        for block in archive.games(size).blocks()
        for record in records_of(block)
    )
    print(f"{_written(records, to, out):,} games written to {out}")
    return 0


def convert(
    files: tyro.conf.Positional[tuple[Path, ...]],
    /,
    to: Format,
    out: Path | None = None,
    given: Given = "auto",
    swap: Swap = "as-written",
) -> int:
    """Write the games of files in another format; what is none is told, the rest written.

    The exit status is 1 when something was rejected.

    Args:
        files: Files of trmph lines, HexWorld links, SGF games or matches, also gzipped.
        to: Format to write.
        out: File to write; by default standard output.
        given: Format to read; auto tells it by the name of a file or by how it begins.
        swap: What a swap is taken for; old HexGui wrote swap-pieces where it meant swap-sides.
    """
    rejected: list[str] = []

    def records() -> Iterator[GameRecord]:
        for path in _named(files):
            kind = format_of(path) if given == "auto" else given
            with opened(path) as file:
                for found in read_games(file, kind, Reading(swap)):
                    if isinstance(found, Rejected):
                        rejected.append(found.message(str(path)))
                    else:
                        yield found

    if out is None:
        write_games(records(), to, sys.stdout)
    else:
        print(f"{_written(records(), to, out):,} games written to {out}")
    for message in rejected:
        print(message, file=sys.stderr)
    return 1 if rejected else 0


def quarantine(
    store: Store,
    list_: Annotated[bool, tyro.conf.arg(name="list")] = False,
    release_: Annotated[tuple[int, ...], tyro.conf.arg(name="release")] = (),
    swap: Swap = "as-written",
    winner: Literal["checked", "found"] = "found",
) -> int:
    """List what an import rejected and why, or read it again and store what is a game then.

    The exit status is 1 when something that was to be released is still no game.

    Args:
        store: Folder of the store.
        list_: List all of it; this is what is done when nothing is to be released.
        release_: Numbers of the texts to read again, as the list has them.
        swap: What a swap is then taken for.
        winner: Whether a winner that the moves contradict is then still refused, or the one that
            they lead to is taken.
    """
    Archive(store, may_write=False)
    archive = Archive(store)
    with archive.index() as index:
        held = list(index.held())
        if list_ or not release_:
            for one in held:
                print(f"{one.number}  {one.rejected.message(one.source)}")
            print(f"{len(held):,} in quarantine")
            return 0
        wanted = _chosen(held, release_)
        left = release(archive, index, wanted, Reading(swap, winner))
    for one in left:
        print(f"{one.number}  {one.rejected.message(one.source)}", file=sys.stderr)
    print(f"{len(wanted) - len(left):,} released, {len(left):,} still no games")
    return 1 if left else 0


def _kind(path: Path, given: str) -> Kind:
    if path.is_dir():
        return "hexray"
    if given == "examples" or (given == "auto" and path.name.endswith(SUFFIXES)):
        return "examples"
    return format_of(path) if given == "auto" else cast(Format, given)


def _named(files: tuple[Path, ...]) -> tuple[Path, ...]:
    if not files:
        raise SettingsError("no files; name at least one")
    return files


def _chosen(held: list[Held], numbers: tuple[int, ...]) -> list[Held]:
    known = {one.number: one for one in held}
    if unknown := [number for number in numbers if number not in known]:
        raise SettingsError(f"--release {unknown[0]}: no such number in quarantine; see --list")
    return [known[number] for number in dict.fromkeys(numbers)]


def _written(records: Iterable[GameRecord], to: Format, out: Path) -> int:
    """Write ``records`` to ``out``, whole or not at all; return how many."""
    count = 0

    def write(file: BinaryIO) -> None:
        nonlocal count
        text = TextIOWrapper(file, encoding="utf-8", newline="\n")
        count = write_games(records, to, text)
        text.flush()
        text.detach()

    atomic_write(out, write)
    return count


def _report(came: list[Came], seconds: float, store: Path, json_output: bool) -> None:
    names = ("games", "positions", "rejected", "duplicates")
    totals = {name: sum(getattr(one, name) for one in came) for name in names}
    rate = round(sum(one.lines for one in came) / max(seconds, 1e-9))
    for one in came:
        print(
            f"{one.path} ({one.kind}): {one.games:,} games stored, {one.duplicates:,} known "
            f"already, {one.rejected:,} rejected"
        )
    print(f"{totals['games']:,} games, {totals['positions']:,} positions, {rate:,} lines/s")
    if totals["rejected"]:
        print(f"see why:  hexray data quarantine --store {store}")
    if json_output:
        print(json.dumps({**totals, "lines_per_s": rate}))
