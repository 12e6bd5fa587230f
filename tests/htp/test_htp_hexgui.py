"""Sessions as HexGui holds them: its board and the engine's are one, whatever is clicked."""

import io
import random
import sys
from pathlib import Path

import pytest
from hexgui import RESIGN, SWAP, HexGui
from match_runner import Program, Refused
from oracle import BLUE, EMPTY, RED, winner_of
from scripted import First, read_transcript

from hexray import __version__
from hexray.game.board import Boards
from hexray.htp.engine import Engine, serve
from hexray.htp.session import Options, Session
from hexray.play.think import Choice, Report

SCORES = {RED: "B+", BLUE: "W+", EMPTY: "cannot score"}


@pytest.mark.parametrize("name", ["hexgui.txt", "old_hexgui.txt"])
def test_sessions_with_hexgui_go_as_written_by_hand(name: str) -> None:
    requests, expected = read_transcript(Path(__file__).with_name(name))
    written: list[str] = []
    engine = Engine(Session(First(-0.25), 5, Options(), written.append))
    serve(engine, io.BytesIO("".join(f"{line}\n" for line in requests).encode()), written.append)
    assert "".join(written) == expected.replace("VERSION", __version__)


class Whim:
    """Chooses any empty cell, and thinks anything of its chances."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._first = First()

    def __call__(self, board: Boards, seconds: float | None, report: Report) -> Choice:
        found = self._first(board, seconds, report)
        empty = [cell for cell, stone in enumerate(board.cells[0]) if stone == EMPTY]
        value = self._rng.choice([-0.9, -0.1, 0.1])
        return found._replace(move=self._rng.choice(empty), value=value)


def _asked(engine: Engine, request: str) -> str | None:
    written: list[str] = []
    serve(engine, io.BytesIO(f"{request}\n".encode()), written.append)
    answer = written[-1]
    assert answer.endswith("\n\n")
    return answer[2:-2] if answer.startswith("= ") else None


def _click(gui: HexGui, rng: random.Random) -> None:
    """Do any one thing that HexGui offers."""
    cells = gui.cells()
    cell = rng.randrange(len(cells))
    deed = rng.randrange(12)
    if deed < 4 and cells[cell] == EMPTY:
        gui.human(f"{chr(ord('a') + cell % gui.size)}{cell // gui.size + 1}")
    elif deed == 4 and gui.may_swap() and RED in cells and gui.to_move == BLUE:
        gui.human(SWAP)
    elif deed == 5:
        gui.genmove()
    elif deed == 6:
        gui.human(rng.choice([RESIGN, "pass"]))
    elif deed == 7:
        gui.back(rng.choice([1, 1, 2, 10, 99]))
    elif deed == 8:
        gui.forward(rng.choice([1, 2, 10, 99]))
    elif deed == 9:
        gui.set_up(cell, rng.choice([RED, BLUE]))
    elif deed == 10:
        rng.choice([gui.toggle, gui.connect])()
    elif rng.random() < 0.2:
        gui.new_game(rng.choice([2, 3, 4]))


@pytest.mark.parametrize("seed", range(60))
def test_hexgui_and_the_engine_show_the_same_board_whatever_is_clicked(seed: int) -> None:
    rng = random.Random(seed)
    options = Options(allow_swap=seed % 3 > 0, resign_below=0.2 if seed % 2 else 0.0)
    engine = Engine(Session(Whim(rng), 5, options, lambda _: None))
    gui = HexGui(lambda request: _asked(engine, request), 3)
    gui.connect()
    gui.auto_respond = rng.random() < 0.5
    for _ in range(60):
        _click(gui, rng)


@pytest.mark.process
@pytest.mark.timeout(200)
def test_a_real_engine_keeps_up_with_hexgui() -> None:
    command = [sys.executable, "-m", "hexray.cli", "htp", "random", "--simulations", "8"]
    rng = random.Random(1)
    with Program(command) as program:

        def ask(request: str) -> str | None:
            try:
                return program.ask(request)
            except Refused:
                return None

        gui = HexGui(ask, 4)
        gui.connect()
        gui.human("b2")
        gui.human(SWAP)
        assert ask("param_game allow_swap 1") == ""
        gui.auto_respond = True
        for _ in range(80):
            _click(gui, rng)
            assert ask("final_score") == SCORES[winner_of(gui.cells(), gui.size)]
        assert program.quit() == 0
