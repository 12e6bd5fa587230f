"""``hexray htp`` as a program at the other end of pipes calls it."""

import subprocess
import sys
from pathlib import Path

import pytest
from made_checkpoints import made

from hexray.cli import main
from hexray.net.checkpoint import save_checkpoint


def _run(arguments: list[str], requests: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "hexray.cli", "htp", *arguments],
        input=requests,
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )


@pytest.mark.process
@pytest.mark.parametrize("limit", [["--simulations", "8"], ["--seconds", "0.05"]])
def test_a_network_plays_on_its_own_board_and_nothing_else_is_printed(
    tmp_path: Path, limit: list[str]
) -> None:
    save_checkpoint(tmp_path, made(1))
    save_checkpoint(tmp_path, made(2))
    damaged = tmp_path / "00000002" / "training.pt"
    damaged.write_bytes(b"")
    done = _run([str(tmp_path), *limit], "showboard\ngenmove b\n7 quit\nname\n")
    assert done.returncode == 0
    board, move, end = done.stdout.split("\n\n")[:-1]
    assert board == "= \n   a b c\n 1 . . .\n  2 . . .\n   3 . . ."
    assert move[:2] == "= "
    assert move[2] in "abc"
    assert end == "=7 "
    assert "skipped a newer checkpoint" in done.stderr


@pytest.mark.process
def test_it_ends_with_its_input() -> None:
    done = _run(["random", "--simulations", "4"], "boardsize 2\ngenmove w")
    assert done.returncode == 0
    assert done.stdout.startswith("= \n\n= ")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["random"], "either --simulations or --seconds"),
        (["random", "--simulations", "3", "--seconds", "1"], "either --simulations or --seconds"),
        (["random", "--simulations", "0"], "--simulations 0: use 1 to 100000"),
        (["random", "--seconds", "0"], "--seconds 0.0: use more than 0"),
        (["random", "--seconds", "nan"], "--seconds nan: use more than 0"),
        (["random", "--seconds", "1", "--board", "1"], "--board 1: use 2 to 19"),
        (["random", "--seconds", "1", "--resign-below", "2"], "--resign-below 2.0: use 0 to 1"),
        (["nowhere", "--seconds", "1"], "nowhere: no such file or folder"),
    ],
)
def test_bad_settings_are_one_message_and_status_2(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["htp", *arguments]) == 2
    shown = capsys.readouterr()
    assert message in shown.err
    assert shown.out == ""
