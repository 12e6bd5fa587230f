"""F13: files of examples that mean harm: code, bombs, objects, huge shapes."""

import gzip
import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hexray.data.examples import read_example_file
from hexray.errors import FileFormatError

pytestmark = pytest.mark.process


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
        "cut": pickle.dumps([(np.zeros((2, 3, 3), np.float32), None, 1.0)])[:-20],
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
