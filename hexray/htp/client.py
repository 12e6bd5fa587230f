"""Another engine as a player: a process that speaks HTP and may die, hang, babble or cheat."""

import os
import re
import selectors
import shlex
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from hexray.errors import EngineFault, EngineResigned, IllegalMove, SettingsError
from hexray.game.board import BLUE, EMPTY, RED, Boards
from hexray.game.notation import move_name
from hexray.htp.game import RESIGN, parse_point
from hexray.htp.protocol import colour_name

GRACE_S = 2.0
"""How long a process may take to end before it is killed."""
_MOST_BYTES = 1_000_000
_LIVE = b"gogui-gfx:"
_SHOWN = 200
_CHUNK_BYTES = 65_536
_ANSWER = re.compile(r"([=?])([0-9]*)(?:[ \t](.*))?", re.DOTALL)


class EnginePlayer:
    """A player whose moves an engine process chooses; it plays one game at a time.

    The process is started when it is first needed, and anew after a fault; ``close`` leaves none
    behind.
    """

    at_once = 1

    def __init__(
        self,
        command: str,
        log: Path,
        *,
        move_seconds: float,
        start_seconds: float = 60.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Name the engine by its command line, which no shell looks at.

        It has ``move_seconds`` to think about a move and as many to be shown the position, when
        it has just been started ``start_seconds``. What it writes to standard error is appended
        to ``log``. Raises SettingsError for a command that cannot be split into words.
        """
        self.name = f"htp:{command}"
        self._words = _split(command)
        self._log, self._clock = log, clock
        self._move_s, self._start_s = move_seconds, start_seconds
        self._process: subprocess.Popen[bytes] | None = None
        self._said = b""
        self._number = 0
        self._size = 0
        self._moves: list[int] | None = None

    def choose(self, boards: Boards, histories: Sequence[Sequence[int]]) -> NDArray[np.int64]:
        """Return the engine's move (absolute frame) for each of G undecided positions.

        ``histories[g]`` are the moves so far, in turn, Red first. Raises EngineFault when the
        engine dies, keeps silent, babbles or plays what it may not, after which the process is
        gone, and EngineResigned when it gives up.
        """
        moves = []
        for game, history in enumerate(histories):
            try:
                moves.append(self._move(boards, game, list(history)))
            except EngineFault:
                self.close()
                raise
        return np.array(moves, np.int64)

    def close(self) -> None:
        """End the process and all it has started, and wait for it."""
        process, self._process = self._process, None
        if process is None:
            return
        for pipe in (process.stdin, process.stdout):
            assert pipe is not None
            pipe.close()
        _signal(process, signal.SIGTERM)
        try:
            process.wait(GRACE_S)
        except subprocess.TimeoutExpired:
            _signal(process, signal.SIGKILL)
            process.wait()
        # The engine may have left children in its group.
        _signal(process, signal.SIGKILL)

    def _move(self, boards: Boards, game: int, history: list[int]) -> int:
        self._set_up(boards.size, history)
        end = self._clock() + self._move_s
        answer = self._ask(f"genmove {colour_name(int(boards.to_move[game]))}", end)
        try:
            point = parse_point(answer, boards.size)
        except IllegalMove as error:
            raise self._fault(
                "genmove", f"answers {answer[:_SHOWN]!r}, which is no move"
            ) from error
        if point == RESIGN:
            self._moves = None
            raise EngineResigned(f"{self.name} resigns")
        if point < 0 or boards.cells[game, point] != EMPTY:
            raise self._fault("genmove", f"plays {answer}, which is not legal here")
        self._moves = [*history, point]
        return point

    def _set_up(self, size: int, history: list[int]) -> None:
        """Bring the engine's board to the position, sending no more than it lacks."""
        limit_s = self._move_s
        if self._process is None:
            self._start()
            limit_s = self._start_s
        end = self._clock() + limit_s
        if self._size != size:
            self._ask(f"boardsize {size} {size}", end)
        known = self._moves
        if self._size != size or known is None or history[: len(known)] != known:
            self._ask("clear_board", end)
            known = []
        self._size, self._moves = size, None
        for ply in range(len(known), len(history)):
            colour = colour_name(BLUE if ply % 2 else RED)
            self._ask(f"play {colour} {move_name(history[ply], size)}", end)
        self._moves = history

    def _start(self) -> None:
        self._said, self._number, self._size, self._moves = b"", 0, 0, None
        try:
            with self._log.open("ab") as log:
                self._process = subprocess.Popen(
                    self._words,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=log,
                    bufsize=0,
                    start_new_session=True,
                )
        except OSError as error:
            raise SettingsError(f"{self.name} cannot be started: {error}") from error

    def _ask(self, request: str, end: float) -> str:
        """Send a request and return the text of its answer, which must come before ``end``."""
        self._number += 1
        self._send(f"{self._number} {request}\n".encode(), request, end)
        block = self._next_block(request, end)
        while block.startswith(_LIVE):
            block = self._next_block(request, end)
        match = _ANSWER.fullmatch(block.decode("utf-8", errors="replace"))
        if match is None:
            raise self._fault(request, f"answers {block[:_SHOWN]!r}, which is not HTP")
        mark, number, text = match.groups()
        if number != str(self._number):
            raise self._fault(request, f"answers request {number!r} instead of {self._number}")
        if mark == "?":
            raise self._fault(request, f"refuses: {text[:_SHOWN]}")
        return text.strip()

    def _send(self, data: bytes, request: str, end: float) -> None:
        pipe = self._running().stdin
        assert pipe is not None
        # A pipe that select calls writable has room for PIPE_BUF bytes, and a request is shorter.
        self._await(pipe, selectors.EVENT_WRITE, request, end)
        try:
            os.write(pipe.fileno(), data)
        except BrokenPipeError as error:
            raise self._fault(request, self._death()) from error

    def _next_block(self, request: str, end: float) -> bytes:
        """Return what comes before the next empty line; empty lines before it do not count."""
        pipe = self._running().stdout
        assert pipe is not None
        while True:
            block, is_whole, rest = self._said.lstrip(b"\n").partition(b"\n\n")
            if is_whole:
                self._said = rest
                return block
            if len(self._said) > _MOST_BYTES:
                raise self._fault(request, f"answers more than {_MOST_BYTES} bytes")
            self._await(pipe, selectors.EVENT_READ, request, end)
            more = os.read(pipe.fileno(), _CHUNK_BYTES)
            if not more:
                raise self._fault(request, self._death())
            self._said += more.replace(b"\r", b"")

    def _await(self, pipe: IO[bytes], event: int, request: str, end: float) -> None:
        left_s = end - self._clock()
        with selectors.DefaultSelector() as selector:
            selector.register(pipe, event)
            # Also an engine that never stops writing is late.
            if left_s <= 0 or not selector.select(left_s):
                raise self._fault(request, "gives no answer in time")

    def _running(self) -> subprocess.Popen[bytes]:
        assert self._process is not None
        return self._process

    def _death(self) -> str:
        try:
            status = self._running().wait(GRACE_S)
        except subprocess.TimeoutExpired:
            return "has closed its output"
        return f"has died with status {status}"

    def _fault(self, request: str, what: str) -> EngineFault:
        return EngineFault(f"{self.name}: asked to {request!r}, it {what}; see {self._log}")


def _split(command: str) -> list[str]:
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise SettingsError(f"the engine's command {command!r} is no command: {error}") from error
    if not words:
        raise SettingsError("the engine's command is empty; name a program")
    return words


def _signal(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    """Send a signal to the process group, if it still has members."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)
