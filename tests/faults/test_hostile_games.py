"""F11, F12: files of games that are broken, endless or full of rubbish."""

import io
import random
import subprocess
import sys
from pathlib import Path

import pytest
from imported_games import imported, quarantined, stored
from oracle import random_game

from hexray.errors import BadRequest
from hexray.game.formats.record import GameRecord, Rejected
from hexray.game.formats.trmph import read_trmph_line, trmph_line
from hexray.htp.protocol import MAX_LINE_BYTES, parse_request, read_lines

HOSTILE = {
    "line.trmph": b"#11," + b"a1" * 50_000_000,
    "line.hexworld": b"#11," + b"a1" * 50_000_000,
    "value.sgf": b"(;GM[11]SZ[3]C[" + b"a" * 100_000_000,
    "nested.sgf": b"(" * 100_000 + b";GM[11]SZ[3];B[a1]" + b")" * 100_000,
    "nul.trmph": b"#3,a1\x00b2\n" * 1000,
    "bad_utf8.sgf": b"(;GM[11]SZ[3]PB[\xff\xfe];B[a1])",
    "bad_utf8.hexworld": b"#3,a1\xc3\x28\n",
}


MEASURED = """
import sys, time
from pathlib import Path
from hexray.data.archive import Archive
from hexray.data.game_files import format_of
from hexray.data.held_out import held_out
from hexray.data.importing import Import, import_file
from hexray.game.formats.trmph_block import read_trmph_block


def peak_mb():
    line = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


path, folder = map(Path, sys.argv[1:])
warm = folder / "warm.sgf"
warm.write_text("(;GM[11];B[a1])")
archive = Archive(folder / "warm")
with archive.index() as index:
    import_file(archive, index, warm, Import("sgf"))
read_trmph_block(b"#3,a1", 1)
before, archive = peak_mb(), Archive(folder / "store")
began = time.monotonic()
with archive.index() as index:
    came = import_file(archive, index, path, Import(format_of(path)))
print(came.games, came.rejected, time.monotonic() - began)
print(peak_mb() - before)
"""


@pytest.mark.process
@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_are_answered_soon_and_in_little_memory(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(HOSTILE[name])
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, path, tmp_path],
        capture_output=True,
        text=True,
        check=True,
    )
    games, rejected, seconds, megabytes = map(float, done.stdout.split())
    assert (games, rejected) == {"nul.trmph": (0, 1000), "nested.sgf": (1, 0)}.get(
        name, (1, 0) if name == "bad_utf8.sgf" else (0, 1)
    )
    assert seconds < 2
    assert megabytes < 100


def test_ten_thousand_mutated_lines_are_each_stored_or_rejected(tmp_path: Path) -> None:
    rng = random.Random(11)
    lines = []
    for _ in range(10_000):
        size = rng.randint(3, 13)
        line = trmph_line(GameRecord(size, tuple(random_game(size, rng)[: rng.randint(1, 40)])))
        letters = list(line)
        for _ in range(rng.randint(0, 2)):
            at = rng.randrange(len(letters))
            letters[at : at + rng.randint(0, 2)] = rng.choice("#,abz019 \t-")
        lines.append("".join(letters))
    path = tmp_path / "mutated.trmph"
    path.write_text("\n".join(lines))
    came = imported(tmp_path / "store", path, keep_equal=True)
    read = (read_trmph_line(line, number) for number, line in enumerate(lines, start=1))
    slow = [found for found in read if found is not None]
    bad = [found for found in slow if isinstance(found, Rejected)]
    good = [found for found in slow if isinstance(found, GameRecord) and found.moves]
    assert sorted(stored(tmp_path / "store")) == sorted(good)
    assert came.games == len(good) > 3000
    assert came.rejected == len(slow) - len(good) >= len(bad) > 3000
    for line, column, text in quarantined(tmp_path / "store"):
        assert text == lines[line - 1] or not text.endswith(" ")
        assert 1 <= column <= len(lines[line - 1]) + 1


def test_a_line_of_100_mb_is_refused_and_the_next_one_read() -> None:
    class Endless(io.RawIOBase):
        """100 MB of one line, then another; it counts what is asked for at once."""

        def __init__(self) -> None:
            self.left, self.most = 100_000_000, 0

        def readline(self, size: int | None = -1, /) -> bytes:
            assert size is not None
            assert size > 0
            if self.left > 0:
                part = min(size, self.left)
                self.left -= part
                self.most = max(self.most, part)
                return b"x" * (part - 1) + (b"\n" if self.left == 0 else b"x")
            self.left -= 1
            return b"name\n" if self.left == -1 else b""

    stream = Endless()
    long, after = read_lines(stream)  # pyright: ignore[reportArgumentType]
    assert stream.most == MAX_LINE_BYTES + 1
    with pytest.raises(BadRequest, match="longer than 65536 bytes"):
        parse_request(long)
    assert after == b"name\n"
