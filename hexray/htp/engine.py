"""The engine's side of HTP: every command, as text."""

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np

from hexray import __version__
from hexray.errors import BadRequest, HexrayError
from hexray.game.board import BLUE, EMPTY, MAX_SIZE, MIN_SIZE, RED
from hexray.game.notation import board_text, move_name
from hexray.htp.analysis import labels
from hexray.htp.clock import Clock, TimeSettings
from hexray.htp.game import SWAP, Game, parse_point, point_name
from hexray.htp.protocol import (
    Request,
    colour_name,
    failure,
    parse_colour,
    parse_request,
    read_lines,
    success,
)
from hexray.htp.session import Session
from hexray.htp.sgf import read_main_line

_WHOLE = re.compile(r"[0-9]{1,9}")
_DECIMAL = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?")
_MOST_POINTS = MAX_SIZE * MAX_SIZE + 2
_SWITCHES = {"0": False, "1": True}
# Type, label and command; HexGui puts a colour in the place of %c. It shows no answer of type varc.
_ANALYZE = """
param/Game Param/param_game
plist/All Legal Moves/all_legal_moves %c
string/ShowBoard/showboard
string/Final Score/final_score
string/Reg GenMove/reg_genmove %c
pspairs/Analyze/hexray-analyze %c"""


def serve(engine: "Engine", requests: BinaryIO, write: Callable[[str], None]) -> None:
    """Answer one request after the other until ``quit`` or the end of the stream."""
    for line in read_lines(requests):
        request_id = ""
        try:
            request = parse_request(line)
            if request is None:
                continue
            request_id = request.id
            answer = success(request_id, engine.answer(request))
        except (HexrayError, OSError) as error:
            answer = failure(request_id, str(error))
        write(answer)
        if engine.has_quit:
            return


class _Command(NamedTuple):
    run: Callable[[Sequence[str]], str]
    usage: str
    fewest: int = 0
    most: int = 0


class Engine:
    """Answers requests about one session."""

    def __init__(self, session: Session) -> None:
        """Serve ``session``."""
        self._session = session
        self.has_quit = False
        self._commands = {command.usage.split()[0]: command for command in self._table()}

    def answer(self, request: Request) -> str:
        """Do what is asked and return the text of the answer; a HexrayError says why not."""
        command = self._commands.get(request.command)
        if command is None:
            raise BadRequest(f"unknown command {request.command!a}; see list_commands")
        if not command.fewest <= len(request.arguments) <= command.most:
            raise BadRequest(f"use: {command.usage}")
        return command.run(request.arguments)

    def _table(self) -> tuple[_Command, ...]:
        return (
            _Command(lambda _: "2", "protocol_version"),
            _Command(lambda _: "hexray", "name"),
            _Command(lambda _: __version__, "version"),
            _Command(self._known_command, "known_command NAME", 1, 1),
            _Command(lambda _: "\n".join(self._commands), "list_commands"),
            _Command(self._quit, "quit"),
            _Command(self._boardsize, "boardsize COLUMNS [ROWS]", 1, 2),
            _Command(self._clear_board, "clear_board"),
            _Command(self._play, "play COLOUR POINT", 2, 2),
            _Command(self._play_game, "play-game [POINT...]", 0, _MOST_POINTS),
            _Command(self._undo, "undo"),
            _Command(self._genmove, "genmove COLOUR", 1, 1),
            _Command(self._reg_genmove, "reg_genmove COLOUR", 1, 1),
            _Command(self._showboard, "showboard"),
            _Command(self._all_legal_moves, "all_legal_moves [COLOUR]", 0, 1),
            _Command(self._final_score, "final_score"),
            _Command(self._time_settings, "time_settings MAIN PERIOD STONES", 3, 3),
            _Command(self._time_left, "time_left [COLOUR [SECONDS [STONES]]]", 0, 3),
            _Command(self._loadsgf, "loadsgf FILE [MOVES]", 1, 2),
            _Command(self._param_game, "param_game [NAME VALUE]", 0, 2),
            _Command(lambda _: _ANALYZE, "hexgui-analyze_commands"),
            _Command(self._analyze, "hexray-analyze COLOUR [SECONDS]", 1, 2),
        )

    def _known_command(self, arguments: Sequence[str]) -> str:
        return "true" if arguments[0] in self._commands else "false"

    def _quit(self, arguments: Sequence[str]) -> str:
        self.has_quit = True
        return ""

    def _boardsize(self, arguments: Sequence[str]) -> str:
        sizes = {_whole(text, "board size") for text in arguments}
        size = min(sizes)
        if len(sizes) > 1 or not MIN_SIZE <= size <= MAX_SIZE:
            raise BadRequest(
                f"unacceptable size {' x '.join(arguments)}; use {MIN_SIZE} to {MAX_SIZE}, as many "
                "rows as columns"
            )
        self._session.begin(Game(size))
        return ""

    def _clear_board(self, arguments: Sequence[str]) -> str:
        self._session.begin(Game(self._session.game.size))
        return ""

    def _play(self, arguments: Sequence[str]) -> str:
        colour, size = parse_colour(arguments[0]), self._session.game.size
        self._session.play(colour, parse_point(arguments[1], size))
        return ""

    def _play_game(self, arguments: Sequence[str]) -> str:
        game = Game(self._session.game.size)
        for ply, text in enumerate(arguments):
            game.play(BLUE if ply % 2 else RED, parse_point(text, game.size))
        self._session.begin(game)
        return ""

    def _undo(self, arguments: Sequence[str]) -> str:
        self._session.undo()
        return ""

    def _genmove(self, arguments: Sequence[str]) -> str:
        point = self._session.generate(parse_colour(arguments[0]))
        return point_name(point, self._session.game.size)

    def _reg_genmove(self, arguments: Sequence[str]) -> str:
        point = self._session.decide(parse_colour(arguments[0]))
        return point_name(point, self._session.game.size)

    def _showboard(self, arguments: Sequence[str]) -> str:
        game = self._session.game
        head, _, rows = board_text(game.board.cells[0].tolist(), game.size).partition("\n")
        # The drawing has Red and Blue, which HTP calls black and white.
        return f"\n{head}\n{rows.replace('B', 'W').replace('R', 'B')}"

    def _all_legal_moves(self, arguments: Sequence[str]) -> str:
        game = self._session.game
        colour = parse_colour(arguments[0]) if arguments else int(game.board.to_move[0])
        if game.winner != EMPTY:
            return ""
        cells = np.flatnonzero(game.board.cells[0] == EMPTY)
        names = [move_name(int(cell), game.size) for cell in cells]
        if self._session.may_swap(colour):
            names.append(point_name(SWAP, game.size))
        return " ".join(names)

    def _final_score(self, arguments: Sequence[str]) -> str:
        return {RED: "B+", BLUE: "W+", EMPTY: "cannot score"}[self._session.game.winner]

    def _time_settings(self, arguments: Sequence[str]) -> str:
        main_s, period_s = _decimal(arguments[0], "time"), _decimal(arguments[1], "time")
        stones = _whole(arguments[2], "stones")
        # A period without stones is how the Go Text Protocol writes that there is no limit.
        is_limited = period_s == 0 or stones > 0
        self._session.set_time(TimeSettings(main_s, period_s, stones) if is_limited else None)
        return ""

    def _time_left(self, arguments: Sequence[str]) -> str:
        session = self._session
        colours = [parse_colour(text) for text in arguments[:1]] or [RED, BLUE]
        if len(arguments) > 1:
            left_s = _decimal(arguments[1], "seconds")
            stones = _whole(arguments[2], "stones") if len(arguments) > 2 else 0
            if session.time is None:
                session.set_time(TimeSettings(left_s, 0.0, 0))
            session.clocks[colours[0]] = Clock(left_s, stones)
            return ""
        if session.time is None:
            raise BadRequest("no time is set; use time_settings")
        return ", ".join(f"{colour_name(c)}: {session.clocks[c].left_s:.1f}" for c in colours)

    def _loadsgf(self, arguments: Sequence[str]) -> str:
        line = read_main_line(Path(arguments[0]))
        most = _whole(arguments[1], "moves") if len(arguments) > 1 else len(line.moves)
        game = Game(line.size)
        for ply in [*line.setup, *line.moves[:most]]:
            game.play(*ply)
        self._session.begin(game)
        return ""

    def _param_game(self, arguments: Sequence[str]) -> str:
        session = self._session
        options, game_time = session.options, session.time
        if not arguments:
            return (
                f"\n[bool] allow_swap {options.allow_swap:d}\n[bool] live_gfx {options.live_gfx:d}"
                f"\n[string] resign_below {options.resign_below:g}"
                f"\n[string] game_time {game_time.main_s if game_time else 0:g}"
            )
        name, value = arguments[0], "".join(arguments[1:])
        if name in ("allow_swap", "live_gfx"):
            if value not in _SWITCHES:
                raise BadRequest(f"{name} is {value!a}; use 0 or 1")
            session.options = options._replace(**{name: _SWITCHES[value]})
        elif name == "resign_below":
            share = _decimal(value, name)
            if share > 1:
                raise BadRequest(f"resign_below is {share}; use 0 to 1")
            session.options = options._replace(resign_below=share)
        elif name == "game_time":
            seconds = _decimal(value, name)
            session.set_time(TimeSettings(seconds, 0.0, 0) if seconds else None)
        else:
            raise BadRequest(f"unknown parameter {name!a}; param_game lists them")
        return ""

    def _analyze(self, arguments: Sequence[str]) -> str:
        session, seconds = self._session, self._session.options.seconds
        if len(arguments) > 1:
            if seconds is None:
                raise BadRequest("the number of simulations is fixed here; give no seconds")
            seconds = _decimal(arguments[1], "seconds")
        found = session.think(parse_colour(arguments[0]), seconds, is_live=True)
        return labels(found, session.game.size)


def _whole(text: str, what: str) -> int:
    if _WHOLE.fullmatch(text) is None:
        raise BadRequest(f"{what} is {text!a}; write a whole number")
    return int(text)


def _decimal(text: str, what: str) -> float:
    if _DECIMAL.fullmatch(text) is None:
        raise BadRequest(f"{what} is {text!a}; write a number such as 1.5")
    return float(text)
