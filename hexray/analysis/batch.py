"""Answer the queries of the analysis protocol as they come, many positions in one search."""

import json
import math
from collections import deque
from collections.abc import Callable, Iterator
from queue import Empty, Queue
from threading import Thread
from typing import Any, BinaryIO

import numpy as np

from hexray import __version__
from hexray.analysis.opinion import opinion_of
from hexray.analysis.protocol import Action, Position, Refused, answer_line, parse_line
from hexray.evaluation import Evaluate
from hexray.game.board import Boards
from hexray.htp.protocol import read_lines
from hexray.play.think import choose_many

_TOGETHER = 64
_TREE_BYTES = 21
"""What a tree holds for each simulation and cell."""
_SEARCH_BYTES = 256_000_000
_WAITING_LINES = 64
_MOST_WAITING = 1024
_END = b""


def serve(
    evaluate: Evaluate, visits: int, requests: BinaryIO, write: Callable[[str], None]
) -> None:
    """Answer every line of ``requests`` until its end; ``write`` takes whole lines.

    Positions that wait and have the same board and number of visits are searched together. No
    more lines are read while a thousand positions wait. ``visits`` is for queries that do not say.
    """
    lines: Queue[bytes] = Queue(_WAITING_LINES)
    Thread(target=_read, args=(requests, lines), daemon=True).start()
    waiting: deque[Position] = deque()
    is_open = True
    while is_open or waiting:
        for line in _taken(lines, is_open, waiting):
            is_open = line != _END
            for answer in _received(line, visits, waiting):
                write(answer + "\n")
        if waiting:
            for answer in _answered(_group(waiting), evaluate):
                write(answer + "\n")


def _read(requests: BinaryIO, lines: "Queue[bytes]") -> None:
    for line in read_lines(requests):
        lines.put(line.rstrip(b"\r\n") or b" ")
    lines.put(_END)


def _taken(lines: "Queue[bytes]", is_open: bool, waiting: deque[Position]) -> Iterator[bytes]:
    """Yield the lines that are there, and wait for one where nothing else is to be done."""
    while is_open and len(waiting) < _MOST_WAITING:
        try:
            line = lines.get(block=not waiting)
        except Empty:
            return
        yield line
        is_open = line != _END


def _received(line: bytes, visits: int, waiting: deque[Position]) -> Iterator[str]:
    """Add what a line asks to ``waiting``; yield what can be answered at once."""
    asked = parse_line(line, visits)
    if isinstance(asked, Refused):
        yield asked.answer
    elif isinstance(asked, Action):
        yield from _done(asked, waiting)
    else:
        waiting.extend(asked)


def _done(action: Action, waiting: deque[Position]) -> Iterator[str]:
    if action.kind == "query_version":
        yield json.dumps({**action.said, "version": __version__, "git_hash": ""})
        return
    for position in _taken_out(waiting, lambda position: _ends(action, position)):
        nothing: dict[str, Any] = {"id": position.query, "turnNumber": position.turn}
        yield json.dumps({**nothing, "isDuringSearch": False, "noResults": True})
    yield json.dumps(action.said)


def _ends(action: Action, position: Position) -> bool:
    is_named = action.kind == "terminate_all" or position.query == action.ends
    return is_named and (action.turns is None or position.turn in action.turns)


def _group(waiting: deque[Position]) -> list[Position]:
    """Take the position that waits longest, and others that can be searched with it."""
    first = waiting[0]
    area = first.board.cells.shape[1]
    room = max(1, _SEARCH_BYTES // (_TREE_BYTES * (first.visits + 1) * area))

    def is_alike(position: Position) -> bool:
        return position.visits == first.visits and position.board.cells.shape[1] == area

    return _taken_out(waiting, is_alike, min(_TOGETHER, room))


def _taken_out(
    waiting: deque[Position], is_meant: Callable[[Position], bool], most: float = math.inf
) -> list[Position]:
    """Take out of ``waiting`` the first ``most`` positions that are meant."""
    taken: list[Position] = []
    for _ in range(len(waiting)):
        position = waiting.popleft()
        is_taken = len(taken) < most and is_meant(position)
        (taken if is_taken else waiting).append(position)
    return taken


def _answered(group: list[Position], evaluate: Evaluate) -> Iterator[str]:
    boards = Boards(
        *(np.concatenate(columns) for columns in zip(*(p.board for p in group), strict=True))
    )
    found = choose_many(boards, group[0].visits, evaluate)
    for position, (choice, line) in zip(group, found, strict=True):
        yield answer_line(position, opinion_of(choice, position.board, line, top=position.top))
