"""HexWorld links: ``https://hexworld.org/board/#11r9c1,b3:sc6i9c4:rw``.

After the size and flags of the picture come the moves, up to the one shown and, behind a second
comma, those after it; ``:s`` swaps pieces, ``:S`` sides, ``:rb`` and ``:rw`` resign, ``:fb`` and
``:fw`` forfeit, Black being the first player.
"""

import re
from typing import NamedTuple

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
    Swap,
    says_nothing,
    size_fault,
)
from hexray.game.formats.written import Fault, Written, record_of, written_by_pieces
from hexray.game.notation import move_name, parse_move

_HOME = "https://hexworld.org/board/"
_HEAD = re.compile(
    r"(?:(?:https?://)?(?:www\.)?hexworld\.org/board/?)?#"
    r"([1-9][0-9]?)(?:x([1-9][0-9]?))?(?:r[0-9]{1,2}|c[0-9]|[mn])*(?:,|$)"
)
_TOKEN = re.compile(r":(?:[sSp]|[rf][bw])|[a-z][1-9][0-9]?|,")
_SWAPS: dict[str, Swap] = {":s": "pieces", ":S": "sides"}
_ENDINGS: dict[str, Ending] = {"r": "resigned", "f": "forfeited"}
_LOSERS = {"b": RED, "w": BLUE}
_GIVES_UP = {"resigned": ":r", "forfeited": ":f"}


def read_hexworld_line(
    line: str, number: int, reading: Reading = AS_WRITTEN
) -> GameRecord | Rejected | None:
    """Read one line; None when it is blank or a comment."""
    return None if says_nothing(line) else _read(line.strip("\r\n"), number, reading)


def hexworld_link(record: GameRecord) -> str:
    """Write a game as a link that shows its end; who played is left out."""
    game = written_by_pieces(record)
    names = [move_name(cell, game.size) for cell in game.cells]
    if record.swapped:
        names.insert(1, ":s")
    if game.winner != EMPTY and record.ending in _GIVES_UP:
        names.append(_GIVES_UP[record.ending] + ("w" if game.winner == RED else "b"))
    return f"{_HOME}#{game.size},{''.join(names)}"


class _Tokens(NamedTuple):
    """What a link says after its head, and where the moves stand in the line."""

    cells: list[int]
    places: list[int]
    swap: Swap
    loser: int
    ending: Ending


def _read(line: str, number: int, reading: Reading) -> GameRecord | Rejected:
    def rejected(at: int, reason: str, kind: FaultKind = "no game") -> Rejected:
        return Rejected(number, origin[min(at, len(origin) - 1)] + 1, reason, line, kind)

    if len(line) > MAX_LINE:
        return Rejected(number, MAX_LINE + 1, f"longer than {MAX_LINE} characters", line[:MAX_LINE])
    text, origin = _plain(line)
    head = _HEAD.match(text)
    if head is None:
        return rejected(0, "no HexWorld link; write https://hexworld.org/board/#11,a1b2")
    size = int(head[1])
    if reason := size_fault(size, int(head[2] or size)):
        return rejected(head.start(1), reason)
    tokens = _tokens(text, head.end(), size)
    if isinstance(tokens, Rejected):
        return tokens._replace(line=number, column=origin[tokens.column] + 1, text=line)
    places = [*tokens.places, len(text)]
    game = Written(size, tuple(tokens.cells), tokens.swap, -tokens.loser, tokens.ending)
    found = record_of(game, reading)
    if isinstance(found, Fault):
        return rejected(places[found.ply], found.reason, found.kind)
    return found


def _tokens(text: str, at: int, size: int) -> _Tokens | Rejected:
    cells: list[int] = []
    places: list[int] = []
    swap: Swap = "none"
    loser, commas = EMPTY, 0
    ending: Ending = "resigned"

    def wrong(reason: str, kind: FaultKind = "no game") -> Rejected:
        return Rejected(1, at, reason, text, kind)

    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            return wrong(f"{text[at : at + 8]!r} is no move; write a letter and a number, or :s")
        token = match[0]
        if token == ",":
            commas += 1
            if commas > 1:
                return wrong("a third comma; one comes before the moves and one behind those shown")
        elif loser != EMPTY:
            return wrong(f"{token} comes after the end of the game", "after the end")
        elif not token.startswith(":"):
            try:
                cells.append(parse_move(token, size))
            except IllegalMove as error:
                return wrong(str(error), "off board")
            places.append(at)
        elif token == ":p":
            return wrong("a pass; hexray plays without")
        elif token in _SWAPS:
            if len(cells) != 1 or swap != "none":
                return wrong("swap is legal only as the second move")
            swap = _SWAPS[token]
        else:
            loser, ending = _LOSERS[token[2]], _ENDINGS[token[1]]
        at = match.end()
    return _Tokens(cells, places, swap, loser, ending)


def _plain(line: str) -> tuple[str, list[int]]:
    """Undo percent signs, leave blanks and backslashes out; say where each character stood."""
    characters: list[str] = []
    origin: list[int] = []
    for match in re.finditer(r"%([0-9a-fA-F]{2})|[^\\\s]", line):
        character = chr(int(match[1], 16)) if match[1] else match[0]
        if not (character.isspace() or character == "\\"):
            characters.append(character)
            origin.append(match.start())
    origin.append(len(line))
    return "".join(characters), origin
