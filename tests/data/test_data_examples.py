"""Examples of other trainers: what they mean here, and files that mean harm."""

import gzip
import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from oracle import BLUE, RED, mover_cell, mover_view

from hexray.data.archive import Archive
from hexray.data.examples import example_files, read_example_file
from hexray.data.importing import import_examples
from hexray.data.row_file import read_rows
from hexray.data.unpickle import MEMORY_MB
from hexray.errors import FileFormatError
from hexray.game.fill_in import filled

pytestmark = pytest.mark.process


def planes(size: int, blue: list[int], red: list[int]) -> np.ndarray:
    board = np.zeros((2, size * size), np.float32)
    board[0, blue] = board[1, red] = 1
    return board.reshape(2, size, size)


def policy(size: int, shares: dict[int, float]) -> np.ndarray:
    found = np.zeros(size * size, np.float32)
    for cell, share in shares.items():
        found[cell] = share
    return found


def packed(path: Path, content: Any, protocol: int = 4) -> Path:
    path.write_bytes(gzip.compress(pickle.dumps(content, protocol)))
    return path


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_blue_is_red_here_and_a_value_is_the_movers(tmp_path: Path, protocol: int) -> None:
    size, stones = 5, ([7, 12], [3])
    records = [
        (planes(size, [7, 12], [3]), policy(size, {9: 0.75, 21: 0.25}), 1.0),
        {
            "board": planes(size, [12], [3]).astype(np.int8),
            "policy": policy(size, {0: 1.0}).reshape(size, size),
            "value": np.float32(0.25),
            "player_to_move": "blue",
            "metadata": {"game_id": "g7", "position": 2},
        },
    ]
    found = read_example_file(packed(tmp_path / "a.pkl.gz", records, protocol))
    assert (found.rejected, found.records) == ([], 2)
    placed = found.rows[size]
    for index, (to_move, blue, red) in enumerate(((BLUE, *stones), (RED, [12], [3]))):
        board = [RED if cell in blue else BLUE if cell in red else 0 for cell in range(size**2)]
        seen = np.array([mover_view(board, to_move, size)], np.int8)
        assert (placed.rows.cells[index] == filled(seen, size)[0]).all()
    # Red, who is Blue here, is to move and has won; his shares lie at the mirror cells.
    assert (placed.rows.outcome[0], placed.rows.root_value[0]) == (1, 1.0)
    shares = placed.rows.policy[0]
    assert shares[mover_cell(9, BLUE, size)] == 0.75
    assert shares[mover_cell(21, BLUE, size)] == 0.25
    # A quarter for red is a half against blue, who is to move.
    assert (placed.rows.outcome[1], placed.rows.root_value[1]) == (1, 0.5)
    assert placed.rows.policy[1, 0] == 1
    assert placed.ply.tolist() == [3, 2]


def test_one_negative_value_makes_all_values_signed(tmp_path: Path) -> None:
    records = [(planes(3, [4], []), None, value) for value in (0.5, -0.5)]
    found = read_example_file(packed(tmp_path / "a.pkl.gz", records))
    assert found.rows[3].rows.root_value.tolist() == [0.5, -0.5]


@pytest.mark.parametrize("none", [None, np.zeros(9, np.float32), np.zeros((3, 3))])
def test_no_policy_stays_no_policy(tmp_path: Path, none: Any) -> None:
    found = read_example_file(packed(tmp_path / "a.pkl.gz", [(planes(3, [4], []), none, 1.0)]))
    assert not found.rows[3].rows.policy.any()


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        ((planes(3, [4], []), None), "neither a board"),
        ("board", "neither a board"),
        ((np.zeros((3, 5, 5)), None, 1.0), "a board of shape (3, 5, 5)"),
        ((np.zeros((2, 4, 5)), None, 1.0), "a board of shape (2, 4, 5)"),
        ((np.zeros((2, 20, 20)), None, 1.0), "a board of shape (2, 20, 20)"),
        ((planes(3, [4], []) * 2, None, 1.0), "planes that are not 0 and 1"),
        ((planes(3, [4, 5], [5]), None, 1.0), "two stones on a cell"),
        ((planes(3, [4, 5], []), None, 1.0), "stones of no game"),
        ((planes(3, [], [5]), None, 1.0), "stones of no game"),
        ((planes(3, [4], []), np.ones(8), 1.0), "a policy that is not 9 numbers"),
        ((planes(3, [4], []), np.full(9, np.nan), 1.0), "negative or not finite"),
        ((planes(3, [4], []), policy(3, {0: 0.5}), 1.0), "a policy that sums to 0.500"),
        ((planes(3, [4], []), policy(3, {4: 1.0}), 1.0), "mass on an occupied cell"),
        ((planes(3, [4], []), None, float("nan")), "a value of nan"),
        ((planes(3, [4], []), None, 1.5), "a value of 1.5"),
        ((planes(3, [4], []), None, "red"), "a value of red"),
        (
            {"board": planes(3, [4], []), "policy": None, "value": 1, "player_to_move": "green"},
            "a player to move 'green'",
        ),
        (
            {"board": planes(3, [4], []), "policy": None, "value": 1, "player_to_move": "blue"},
            "has not his turn",
        ),
    ],
)
def test_a_bad_record_is_rejected_and_the_others_kept(
    tmp_path: Path, record: Any, reason: str
) -> None:
    good = (planes(3, [4], []), None, 1.0)
    found = read_example_file(packed(tmp_path / "a.pkl.gz", [good, record, good]))
    assert [one.line for one in found.rejected] == [2]
    assert reason in found.rejected[0].reason
    assert len(found.rows[3].ply) == 2


class Evil:
    """Runs a command when it is unpickled by a reader that lets it."""

    def __init__(self, *call: Any) -> None:
        self._call = call

    def __reduce__(self) -> Any:
        return self._call[0], self._call[1:]


def array_of(length: int) -> bytes:
    """A pickle of an array of three numbers that says it has so many."""
    whole = pickle.dumps(np.zeros(3, np.float64), 2)
    assert b"K\x03\x85" in whole
    return whole.replace(b"K\x03\x85", b"\x8a\x08" + length.to_bytes(8, "little") + b"\x85")


def hostile(folder: Path) -> dict[str, bytes]:
    mark = str(folder / "executed")
    return {
        "system": pickle.dumps([Evil(os.system, f"touch {mark}")]),
        "popen": pickle.dumps([Evil(subprocess.Popen, ["touch", mark])]),
        "eval": pickle.dumps([Evil(eval, f"open({mark!r}, 'w')")]),
        "getattr": pickle.dumps([Evil(getattr, "text", "upper")]),
        "numpy load": pickle.dumps([Evil(np.load, mark)]),
        "objects": pickle.dumps([np.array([Evil(os.system, f"touch {mark}")], object)]),
        "plain objects": pickle.dumps([np.array([{}, []], object)]),
        "huge shape": array_of(2**40),
        "reconstruct": pickle.dumps(
            [Evil(np.zeros(1).__reduce__()[0], np.ndarray, (2**40,), b"b")]
        ),
        "not a list": pickle.dumps(7),
        "cut": pickle.dumps([(planes(3, [4], []), None, 1.0)])[:-20],
        "garbage": b"\x80\x04no pickle at all",
        "empty": b"",
    }


@pytest.mark.parametrize("name", list(hostile(Path())))
def test_a_hostile_file_is_refused_and_nothing_is_executed(tmp_path: Path, name: str) -> None:
    path = tmp_path / "a.pkl.gz"
    path.write_bytes(gzip.compress(hostile(tmp_path)[name]))
    with pytest.raises(FileFormatError) as refused:
        read_example_file(path)
    assert str(refused.value).startswith(f"{path}:1:1: no file of examples: ")
    assert not (tmp_path / "executed").exists()


def test_nesting_without_end_is_no_example(tmp_path: Path) -> None:
    path = tmp_path / "a.pkl"
    path.write_bytes(b"\x80\x02" + b"]" * 200_000 + b"a" * 199_999 + b".")
    found = read_example_file(path)
    assert not found.rows
    assert len(found.rejected) == 1


@pytest.mark.parametrize("kind", ["one array", "many records", "zeros"])
def test_a_gzip_bomb_is_refused_in_little_memory(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "bomb.pkl.gz"
    with gzip.open(path, "wb", compresslevel=1) as file:
        if kind == "zeros":
            for _ in range(2000):
                file.write(b"\0" * 1_000_000)
        elif kind == "one array":
            file.write(b"\x80\x04\x95" + (2 * 10**9).to_bytes(8, "little"))
            file.write(b"\x8e" + (2 * 10**9).to_bytes(8, "little"))
            for _ in range(2000):
                file.write(b"\0" * 1_000_000)
        else:
            file.write(b"\x80\x04](")
            for _ in range(2000):
                file.write(b"B" + (1_000_000).to_bytes(4, "little") + b"\0" * 1_000_000)
            file.write(b"e.")
    measured = (
        "import resource, sys; from pathlib import Path;"
        "from hexray.data.examples import read_example_file\n"
        "try: read_example_file(Path(sys.argv[1]))\n"
        "except Exception as error: print(type(error).__name__)\n"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024)"
    )
    done = subprocess.run(
        [sys.executable, "-c", measured, path], capture_output=True, text=True, check=True
    )
    kind_of_error, megabytes = done.stdout.split()
    assert kind_of_error == "FileFormatError"
    assert float(megabytes) < 500


def test_examples_are_stored_once_and_found_again(tmp_path: Path) -> None:
    records = [(planes(3, [4], []), None, 1.0), (planes(5, [4], [3]), None, 0.0), "bad"]
    path = packed(tmp_path / "a.pkl.gz", records)
    archive = Archive(tmp_path / "store")
    with archive.index() as index:
        first, again = (import_examples(archive, index, path, MEMORY_MB) for _ in range(2))
        (held,) = index.held()
    assert (first.positions, first.rejected, first.duplicates) == (2, 1, 0)
    assert (again.positions, again.rejected, again.duplicates) == (0, 1, 2)
    assert held.rejected.line == 3
    for size in (3, 5):
        (file,) = example_files(tmp_path / "store", size)
        assert len(read_rows(file, size).ply) == 1


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileFormatError, match="no such file"):
        read_example_file(tmp_path / "none.pkl.gz")
