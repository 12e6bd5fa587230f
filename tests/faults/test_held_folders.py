"""F17: a run folder is held by one process at a time, and by none that is dead."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from hexray.config import RunConfig
from hexray.errors import RunFolderBusy
from hexray.run_folder import open_run_folder

HOLDER = """
import sys
from pathlib import Path
from hexray.config import RunConfig
from hexray.run_folder import open_run_folder
folder = open_run_folder(Path(sys.argv[1]), RunConfig())
print("held", flush=True)
sys.stdin.read()
"""


@contextmanager
def holder(path: Path) -> Iterator[subprocess.Popen[str]]:
    """Start another process that holds ``path`` until it is killed or its input ends."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
    finally:
        process.kill()
        process.communicate()


def test_a_folder_held_in_the_same_process_is_busy(tmp_path: Path) -> None:
    with open_run_folder(tmp_path, RunConfig()), pytest.raises(RunFolderBusy) as caught:
        open_run_folder(tmp_path, RunConfig())
    assert f"process {os.getpid()} on {socket.gethostname()}" in str(caught.value)


@pytest.mark.process
def test_a_second_process_is_refused_and_told_who_holds_the_folder(tmp_path: Path) -> None:
    with holder(tmp_path) as process:
        before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
        with pytest.raises(RunFolderBusy) as caught:
            open_run_folder(tmp_path, RunConfig())
        assert f"process {process.pid} on {socket.gethostname()}" in str(caught.value)
        assert {path: path.read_bytes() for path in before} == before
        assert sum(path.is_file() for path in tmp_path.rglob("*")) == len(before)


@pytest.mark.process
def test_the_folder_of_a_killed_process_is_taken_over(tmp_path: Path) -> None:
    with holder(tmp_path) as process:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        with open_run_folder(tmp_path, RunConfig()) as folder:
            assert folder.starts == 2


def test_an_owner_file_that_says_nothing_still_means_busy(tmp_path: Path) -> None:
    with open_run_folder(tmp_path, RunConfig()):
        for damage in (b"", b"[]", b"{}", b"\xff"):
            (tmp_path / "lock-owner.json").write_bytes(damage)
            with pytest.raises(RunFolderBusy, match="another process"):
                open_run_folder(tmp_path, RunConfig())
