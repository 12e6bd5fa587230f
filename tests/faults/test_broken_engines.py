"""F27: other engines, small programs that play, die, hang, babble and cheat."""

import json
import pickle
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import psutil
import pytest
from drawn import together

from hexray.cli import main
from hexray.errors import EngineFault, EngineResigned, SettingsError
from hexray.game.board import EMPTY, RED, new_boards, play, play_sequence
from hexray.game.notation import parse_moves
from hexray.htp import client
from hexray.htp.client import EnginePlayer
from hexray.play.players import Player

pytestmark = pytest.mark.process

ENGINE = """
import os, signal, subprocess, sys, time
def say(text):
    sys.stdout.write(text)
    sys.stdout.flush()
for line in sys.stdin:
    number, command, *arguments = line.split()
    print(command, *arguments, file=sys.stderr, flush=True)
    if command == "genmove":
        ANSWER
    else:
        say(f"={number} \\n\\n")
"""
PLAYS_C3 = 'say(f"={number} C3\\n\\n")'

Make = Callable[..., EnginePlayer]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    """Make players of an engine whose answer to genmove is a line of Python; leave no process."""
    made: list[EnginePlayer] = []

    def new(answer: str, move_seconds: float = 30.0) -> EnginePlayer:
        script = tmp_path / "engine.py"
        script.write_text(ENGINE.replace("ANSWER", answer))
        command = f"'{sys.executable}' -S '{script}'"
        made.append(EnginePlayer(command, tmp_path / "log.txt", move_seconds=move_seconds))
        return made[-1]

    yield new
    for player in made:
        player.close()
    assert _running(str(tmp_path)) == []


def _running(mark: str) -> list[psutil.Process]:
    """List what this process has started with ``mark`` on its command line."""
    ours = psutil.Process().children(recursive=True)
    return [process for process in ours if mark in " ".join(_words(process))]


def _words(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.NoSuchProcess:
        return []


def _ask(player: Player, size: int, moves: str = "") -> int:
    history = parse_moves(moves, size)
    (chosen,) = player.choose(play_sequence(size, history), [history])
    return int(chosen)


def _sent(tmp_path: Path) -> list[str]:
    log = tmp_path / "log.txt"
    lines = log.read_text().splitlines()
    log.write_text("")
    return lines


def test_only_what_is_new_is_sent(make: Make, tmp_path: Path) -> None:
    player = make(
        'cells = globals().setdefault("cells", ["c3", "d4", "b2"]); '
        'say(f"={number} {cells.pop(0)}\\n\\n")'
    )
    assert _ask(player, 4, "a1 b1") == 10
    assert _sent(tmp_path) == [
        "boardsize 4 4",
        "clear_board",
        "play black a1",
        "play white b1",
        "genmove black",
    ]
    assert _ask(player, 4, "a1 b1 c3 c1") == 15
    assert _sent(tmp_path) == ["play white c1", "genmove black"]
    assert _ask(player, 3) == 4
    assert _sent(tmp_path) == ["boardsize 3 3", "clear_board", "genmove black"]


def test_another_game_begins_with_an_empty_board(make: Make, tmp_path: Path) -> None:
    player = make(PLAYS_C3)
    _ask(player, 3, "a1 b1")
    _sent(tmp_path)
    assert _ask(player, 3, "a1 b2") == 8
    moves = ["play black a1", "play white b2"]
    assert _sent(tmp_path) == ["clear_board", *moves, "genmove black"]
    assert _ask(player, 3, "a1 b2") == 8
    assert _sent(tmp_path) == ["clear_board", *moves, "genmove black"]


def test_several_games_are_asked_about_one_after_the_other(make: Make) -> None:
    player = make('say(f"={number} " + {"black": "c3", "white": "b2"}[arguments[0]] + "\\n\\n")')
    boards = together([play_sequence(3, []), play_sequence(3, [0])])
    assert player.choose(boards, [[], [0]]).tolist() == [8, 4]
    assert player.at_once == 1


@pytest.mark.parametrize(
    "answer",
    [
        'say("gogui-gfx:\\nkata\\ninfo move a1 visits 3\\n\\n" * 3 + f"={number} c3\\n\\n")',
        'say(f"\\n\\n={number}  c3 \\r\\n\\r\\n")',
        '[say(c) for c in f"={number} c3\\n\\n"]',
    ],
)
def test_blocks_blank_lines_and_crumbs_are_no_fault(make: Make, answer: str) -> None:
    assert _ask(make(answer), 3) == 8


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ("sys.exit(3)", "has died with status 3"),
        ("os.kill(os.getpid(), signal.SIGKILL)", "has died with status -9"),
        ('say(f"={number} c3\\n"); sys.exit()', "has died with status 0"),
        ('say("hello\\n\\n")', "which is not HTP"),
        ('say("\\x00\\x01=\\n\\n")', "which is not HTP"),
        ('sys.stdout.buffer.write(b"\\xff\\n\\n"); sys.stdout.flush()', "which is not HTP"),
        ('say("= c3\\n\\n")', "answers request ''"),
        ('say("=99 c3\\n\\n")', "answers request '99' instead of 4"),
        ('say("x" * 3_000_000)', "answers more than 1000000 bytes"),
        ('say(f"?{number} no idea\\n\\n")', "refuses: no idea"),
        ('say(f"={number} \\n\\n")', "answers '', which is no move"),
        ('say(f"={number} c3 c2\\n\\n")', "answers 'c3 c2', which is no move"),
        ('say(f"={number} d3\\n\\n")', "answers 'd3', which is no move"),
        ('say(f"={number} a1\\n\\n")', "plays a1, which is not legal"),
        ('say(f"={number} swap-pieces\\n\\n")', "plays swap-pieces, which is not legal"),
    ],
)
def test_faults_name_engine_request_and_what_happened(
    make: Make, answer: str, message: str
) -> None:
    player = make(answer)
    with pytest.raises(EngineFault) as caught:
        _ask(player, 3, "a1")
    assert message in str(caught.value)
    assert player.name in str(caught.value)
    assert "'genmove white'" in str(caught.value) or "'genmove'" in str(caught.value)
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


@pytest.mark.parametrize(
    "answer",
    [
        "time.sleep(1000)",
        "signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(1000)",
        "exec(\"while True: say('gogui-gfx:\\\\n\\\\n')\")",
        "exec(\"while True: say('x'); time.sleep(0.01)\")",
        "os.close(1); time.sleep(1000)",
    ],
)
def test_one_that_does_not_answer_is_ended_in_time(
    make: Make, answer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "GRACE_S", 0.2)
    player = make(answer, move_seconds=0.5)
    began = time.monotonic()
    with pytest.raises(EngineFault, match=r"in time|closed its output"):
        _ask(player, 3)
    assert time.monotonic() - began < 20


def test_one_that_never_stops_writing_is_late_too(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "GRACE_S", 0.2)
    player = make("exec(\"while True: say('gogui-gfx:\\\\nkata\\\\n\\\\n' * 100)\")", 0.3)
    looks = 0

    def slow_clock() -> float:
        """Give the engine time to fill its pipe before each look."""
        nonlocal looks
        looks += 1
        assert looks < 1000, "it would wait for ever"
        time.sleep(0.005)
        return time.monotonic()

    monkeypatch.setattr(player, "_clock", slow_clock)
    with pytest.raises(EngineFault, match="in time"):
        _ask(player, 3)


def test_one_that_does_not_read_cannot_block_us(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "GRACE_S", 0.2)
    script = tmp_path / "engine.py"
    # Answers everything beforehand and never reads.
    script.write_text(
        'import sys, time\nsys.stdout.write("".join(f"={n} c3\\n\\n" for n in range(1, 9000)))\n'
        "sys.stdout.flush()\ntime.sleep(1000)\n"
    )
    command = f"'{sys.executable}' -S '{script}'"
    player = EnginePlayer(command, tmp_path / "log.txt", move_seconds=0.5)

    def play_on() -> None:
        for _ in range(3000):
            _ask(player, 3, "a1 b1")

    with closing(player), pytest.raises(EngineFault, match="in time"):
        play_on()


def test_a_second_answer_is_noticed_at_the_next_request(make: Make) -> None:
    player = make('say(f"={number} c3\\n\\n={number} c2\\n\\n")')
    assert _ask(player, 3) == 8
    with pytest.raises(EngineFault, match="answers request '3' instead of 4"):
        _ask(player, 3, "c3 a1")


def test_after_a_fault_it_starts_anew(make: Make, tmp_path: Path) -> None:
    player = make('say(f"={number} c3\\n\\n") if arguments == ["white"] else sys.exit(1)')
    with pytest.raises(EngineFault):
        _ask(player, 3)
    _sent(tmp_path)
    assert _ask(player, 3, "a1") == 8
    assert _sent(tmp_path)[0] == "boardsize 3 3"


def test_giving_up_is_no_fault_and_the_next_game_begins_afresh(make: Make, tmp_path: Path) -> None:
    player = make('say(f"={number} Resign\\n\\n")')
    for _ in range(2):
        with pytest.raises(EngineResigned, match="resigns"):
            _ask(player, 3, "a1")
        assert "clear_board" in _sent(tmp_path)


def test_children_of_the_engine_end_with_it(make: Make, tmp_path: Path) -> None:
    player = make(
        'subprocess.Popen([sys.executable, "-S", "-c", "import time; time.sleep(1000)", __file__], '
        "preexec_fn=lambda: signal.signal(signal.SIGTERM, signal.SIG_IGN)); " + PLAYS_C3
    )
    assert _ask(player, 3) == 8
    started = _running(str(tmp_path))
    assert len(started) == 2
    player.close()
    # The child has lost its parent; whoever inherits it may leave it a zombie.
    deadline = time.monotonic() + 20
    while any(map(_runs, started)) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not any(map(_runs, started))
    player.close()


def _runs(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("", "is empty"),
        ("engine 'unclosed", "is no command"),
        ("/nowhere/engine --fast", "htp:/nowhere/engine --fast cannot be started"),
    ],
)
def test_a_command_that_is_none_is_an_error_of_the_settings(
    tmp_path: Path, command: str, message: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        _ask(EnginePlayer(command, tmp_path / "log.txt", move_seconds=1.0), 3)
    assert message in str(caught.value)


def test_no_shell_looks_at_the_command(tmp_path: Path) -> None:
    command = f"'{sys.executable}' -S -c 'import sys; sys.exit(len(sys.argv))' ; touch $HOME *"
    player = EnginePlayer(command, tmp_path / "log.txt", move_seconds=30.0)
    # The program, and then ; touch $HOME * as words of its own.
    with closing(player), pytest.raises(EngineFault, match="has died with status 5"):
        _ask(player, 3)


def test_hexray_plays_a_whole_game_against_itself_by_htp(tmp_path: Path) -> None:
    command = f"'{sys.executable}' -m hexray.cli htp random --simulations 16 --board 3"
    board, moves = new_boards(1, 3), []
    with closing(EnginePlayer(command, tmp_path / "log.txt", move_seconds=60.0)) as player:
        while board.winner[0] == EMPTY:
            (move,) = player.choose(board, [moves])
            play(board, np.zeros(1, np.intp), np.array([move]))
            moves.append(int(move))
        assert len(_running("hexray.cli htp")) == 1
    assert board.winner[0] == RED  # the first player wins when sixteen simulations see the end
    assert _running("hexray.cli htp") == []


ANSWERS = {
    "dies": "sys.exit(3)",
    "hangs": "time.sleep(1000)",
    "babbles": 'say("\\x00 what?\\n\\n")',
    "cheats": 'say(f"={number} " + (arguments[0] == "white" and "a1" or "z9") + "\\n\\n")',
}


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
def test_a_match_goes_on_and_scores_them_by_rule(
    answer: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The engine loses every game in which it moves, and its opponent wins all of them."""
    script, record = tmp_path / "engine.py", tmp_path / "games.jsonl"
    script.write_text(ENGINE.replace("ANSWER", answer))
    engine = f"htp:'{sys.executable}' -S '{script}'"
    where = ["--board", "3", "--games", "4", "--move-seconds", "0.5", "--record", str(record)]
    assert main(["match", "random", engine, *where, "--json"]) == 0
    found = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (found["games"], found["wins"], found["faults"]) == (4, 4, 4)
    games = [json.loads(line) for line in record.read_text().splitlines()]
    assert {game["ended"] for game in games} == {"fault"}
    assert all(str(script) in game["note"] for game in games)
    assert _running(str(tmp_path)) == []
