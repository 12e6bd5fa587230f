"""Games of matches as hexray records them: one JSON object a line.

``{"board": 3, "red": "A", "blue": "B", "moves": "b2 a1 b1 a3 b3", "winner": "red",
"ended": "joined"}``; Red has the first stone, ``swapped`` tells that who plays Red moved second.
What else stands there, the opening and what the loser did, is left out of a game.
"""

import json
from typing import Any

from hexray.errors import IllegalMove
from hexray.game.board import BLUE, EMPTY, RED
from hexray.game.formats.record import (
    AS_WRITTEN,
    MAX_LINE,
    Ending,
    FaultKind,
    GameRecord,
    Reading,
    Rejected,
    says_nothing,
    size_fault,
)
from hexray.game.formats.written import Fault, Written, record_of
from hexray.game.notation import move_name, parse_move

_WINNERS = {"red": RED, "blue": BLUE, "": EMPTY}
_COLOURS = {colour: name for name, colour in _WINNERS.items()}
_ENDINGS: dict[str, Ending] = {
    "joined": "unfinished",  # until the moves are played over and do join two sides
    "resigned": "resigned",
    "fault": "forfeited",
    "forfeited": "forfeited",
    "unfinished": "unfinished",
}
_NEEDED = {"board": int, "moves": str, "winner": str, "ended": str}
_OPTIONAL = {"red": str, "blue": str, "swapped": bool}


def read_match_line(
    line: str, number: int, reading: Reading = AS_WRITTEN
) -> GameRecord | Rejected | None:
    """Read one line; None when it is blank or a comment."""
    return None if says_nothing(line) else _read(line.strip("\r\n"), number, reading)


def match_line(record: GameRecord) -> str:
    """Write a game as one line without its end."""
    players = (record.second, record.first) if record.swapped else (record.first, record.second)
    line = {
        "board": record.size,
        "red": players[0],
        "blue": players[1],
        "moves": " ".join(move_name(move, record.size) for move in record.moves),
        "winner": _COLOURS[record.winner],
        "ended": record.ending,
    }
    return json.dumps({**line, "swapped": True} if record.swapped else line)


def _read(text: str, number: int, reading: Reading) -> GameRecord | Rejected:
    def rejected(at: int, reason: str, kind: FaultKind = "no game") -> Rejected:
        return Rejected(number, at + 1, reason, text, kind)

    if len(text) > MAX_LINE:
        return Rejected(number, MAX_LINE + 1, f"longer than {MAX_LINE} characters", text[:MAX_LINE])
    try:
        line = json.loads(text)
    except json.JSONDecodeError as error:
        return rejected(error.pos, f"no JSON object ({error.msg})")
    except (ValueError, RecursionError) as error:
        return rejected(0, f"no JSON object ({error})")
    if reason := _misfit(line):
        return rejected(0, reason)
    names = line["moves"].split()
    found = _cells(names, line["board"])
    if not isinstance(found, Fault):
        is_swapped = line.get("swapped", False)
        players = (line.get("red", ""), line.get("blue", ""))
        first, second = players[::-1] if is_swapped else players
        swap = "sides" if is_swapped else "none"
        winner, ending = _WINNERS[line["winner"]], _ENDINGS[line["ended"]]
        game = Written(line["board"], found, swap, winner, ending, first, second)
        found = record_of(game, reading)
        if isinstance(found, GameRecord) and found.winner and found.ending == "unfinished":
            reason = f"{line['winner']} has won, it says, but no side is joined and nobody resigned"
            found = Fault(len(names), reason, "wrong winner")
    if isinstance(found, Fault):
        return rejected(_place(text, names, found.ply), found.reason, found.kind)
    return found


def _misfit(line: Any) -> str | None:
    """Say why a JSON value is not laid out as a game of a match; None when it is."""
    if not isinstance(line, dict):
        return "no JSON object; write one with board, moves, winner and ended"
    for name, kind in (_NEEDED | _OPTIONAL).items():
        if name in line and type(line[name]) is not kind:
            return f"{name} is {line[name]!r:.40}; write {_KINDS[kind]}"
        if name not in line and name in _NEEDED:
            return f"{name} is missing"
    for name in ("red", "blue"):
        if any("\ud800" <= letter <= "\udfff" for letter in line.get(name, "")):
            return f"{name} is {line[name]!r:.40}, which is no Unicode"
    for name, known in (("winner", _WINNERS), ("ended", _ENDINGS)):
        if line[name] not in known:
            return f"{name} is {line[name]!r:.40}; write {', '.join(map(repr, known))}"
    return size_fault(line["board"], line["board"])


_KINDS = {int: "a whole number", str: "a text", bool: "true or false"}


def _cells(names: list[str], size: int) -> tuple[int, ...] | Fault:
    cells: list[int] = []
    for ply, name in enumerate(names):
        try:
            cells.append(parse_move(name, size))
        except IllegalMove as error:
            return Fault(ply, str(error), "off board")
    return tuple(cells)


def _place(text: str, names: list[str], ply: int) -> int:
    """Return where the name of a ply stands, or the end of the last one; 0 if it is escaped."""
    at = max(0, text.find('"moves"'))
    begin = at
    for name in names[: ply + 1]:
        begin = text.find(name, at)
        at = begin + len(name)
    return max(0, begin if ply < len(names) else at)
