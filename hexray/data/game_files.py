"""Files of games, plain or gzipped: trmph, SGF, HexWorld, and hexray's records of matches."""

import gzip
import zlib
from codecs import BOM_UTF8, getincrementaldecoder
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Literal, NamedTuple, TextIO

from hexray.errors import FileFormatError
from hexray.game.formats.hexworld import hexworld_link, read_hexworld_line
from hexray.game.formats.match import match_line, read_match_line
from hexray.game.formats.record import AS_WRITTEN, MAX_LINE, GameRecord, Reading, Rejected
from hexray.game.formats.sgf import read_sgf_lines, sgf_text
from hexray.game.formats.trmph import read_trmph_line, trmph_line

Format = Literal["trmph", "sgf", "hexworld", "match"]
"""The formats of games that are read and written."""

_SUFFIXES: dict[str, Format] = {
    ".trmph": "trmph",
    ".sgf": "sgf",
    ".hsgf": "sgf",
    ".hexworld": "hexworld",
    ".jsonl": "match",
}
_LINE_READERS: dict[str, Callable[[str, int, Reading], GameRecord | Rejected | None]] = {
    "trmph": read_trmph_line,
    "hexworld": read_hexworld_line,
    "match": read_match_line,
}
_WRITERS = {"trmph": trmph_line, "hexworld": hexworld_link, "match": match_line}
_HEAD = 4096
_CHUNK, _PIECE = 2_000_000, 65_536
_KEPT = 4 * MAX_LINE + 8
"""Bytes kept of a line that does not end: more than any line that may be a game has."""


class Lines(NamedTuple):
    """Whole lines of a file, and the number of the first, from 1."""

    text: bytes
    first: int


class GameFile:
    """An open file of games, plain or gzipped; what gzip cannot undo is a FileFormatError.

    To be read: its ``path``.
    """

    def __init__(self, path: Path, raw: BinaryIO) -> None:
        self.path, self._raw = path, raw
        self._size = max(1, path.stat().st_size)
        self._fault: FileFormatError | None = None
        self._file = gzip.GzipFile(fileobj=raw) if path.suffix == ".gz" else raw

    @property
    def done(self) -> float:
        """The share of the file that has been read, 0 to 1."""
        return min(1.0, self._raw.tell() / self._size)

    def read(self, count: int) -> bytes:
        """Return the next bytes, at most so many; none at the end.

        What comes before damaged data is returned first; then they are a FileFormatError.
        """
        parts: list[bytes] = []
        left = 0 if self._fault else count
        try:
            while left > 0 and (part := self._file.read(min(left, _PIECE))):
                parts.append(part)
                left -= len(part)
        except (gzip.BadGzipFile, zlib.error, EOFError) as error:
            self._fault = FileFormatError(f"{self.path}:1:1: damaged gzip data ({error})")
        if self._fault and not parts:
            raise self._fault
        return b"".join(parts)

    def texts(self) -> Iterator[str]:
        """Yield the file as text; bytes that are no UTF-8 become U+FFFD."""
        decoder = getincrementaldecoder("utf-8-sig")("replace")
        while more := self.read(_CHUNK):
            yield decoder.decode(more)
        yield decoder.decode(b"", final=True)

    def lines(self, chunk: int = _CHUNK) -> Iterator[Lines]:
        """Yield lines, many at once; of one that is far too long as much as shows that it is."""
        rest, first = b"", 1
        while more := self.read(chunk):
            rest = rest + more if rest or first > 1 else more.removeprefix(BOM_UTF8)
            end = rest.rfind(b"\n") + 1
            if end:
                yield Lines(rest[:end], first)
                first += rest.count(b"\n", 0, end)
            elif len(rest) > chunk:
                rest = rest[:_KEPT]
            rest = rest[end:]
        if rest:
            yield Lines(rest, first)


@contextmanager
def opened(path: Path) -> Iterator[GameFile]:
    """Open a file of games; FileFormatError when there is none."""
    if not path.is_file():
        raise FileFormatError(f"{path}:1:1: no such file")
    with path.open("rb") as raw:
        yield GameFile(path, raw)


def format_of(path: Path) -> Format:
    """Tell a file's format by its name, or by how it begins.

    Raises FileFormatError when neither says.
    """
    plain = path.with_suffix("") if path.suffix == ".gz" else path
    if found := _SUFFIXES.get(plain.suffix.lower()):
        return found
    with opened(path) as file:
        head = file.read(_HEAD).removeprefix(BOM_UTF8).decode("utf-8", errors="replace")
    games = [line.strip() for line in head.splitlines() if not line.strip().startswith("# ")]
    first = next((line for line in games if line), "")
    if first.startswith("("):
        return "sgf"
    if first.startswith("{"):
        return "match"
    if "hexworld.org" in first:
        return "hexworld"
    if first.startswith("#") or "trmph.com" in first:
        return "trmph"
    raise FileFormatError(
        f"{path}:1:1: {first[:20]!r} begins none of {', '.join(sorted(set(_SUFFIXES.values())))}; "
        "name the format"
    )


def read_games(
    file: GameFile, kind: Format, reading: Reading = AS_WRITTEN
) -> Iterator[GameRecord | Rejected]:
    """Yield the games of a file and what is none, one by one."""
    if kind == "sgf":
        yield from (found for _, found in read_sgf_lines(file.texts(), reading))
        return
    for lines in file.lines():
        yield from (found for _, found in read_lines(lines, kind, reading))


def read_lines(
    lines: Lines, kind: Format, reading: Reading = AS_WRITTEN
) -> Iterator[tuple[int, GameRecord | Rejected]]:
    """Yield the game of every line and its number, in a format of a game a line."""
    read = _LINE_READERS[kind]
    for number, line in enumerate(lines.text.split(b"\n"), start=lines.first):
        found = read(_shown(line), number, reading)
        if found is not None:
            yield number, found


def _shown(line: bytes) -> str:
    """Return a line as text, of one that is far too long as much as shows that it is.

    Bytes that are no UTF-8 become U+FFFD.
    """
    return line[:_KEPT].decode("utf-8", errors="replace")


def write_games(records: Iterable[GameRecord], kind: Format, file: TextIO) -> int:
    """Write games one after another; return how many."""
    count = 0
    for record in records:
        file.write(sgf_text(record) if kind == "sgf" else _WRITERS[kind](record) + "\n")
        count += 1
    return count
