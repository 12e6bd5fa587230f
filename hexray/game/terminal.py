"""A board of Hex drawn in characters, for terminals."""

import textwrap
from collections.abc import Iterator, Mapping, Sequence

from hexray.game.board import BLUE, EMPTY, RED
from hexray.game.notation import move_name
from hexray.game.shown import Mark, Shown, check, printable, winning_chain

_COLUMNS = 80
"""Most columns of a line."""
_MOST_WIDE = 12
"""Largest board that has three characters a cell in so many columns."""
_STONES, _CIRCLES = {RED: "R", BLUE: "B"}, {RED: "●", BLUE: "○"}
_CHAIN, _DIAMONDS = {RED: "#", BLUE: "#"}, {RED: "◆", BLUE: "◇"}
_NAMES = {RED: "Red", BLUE: "Blue"}
_SIDES = {RED: "top and bottom", BLUE: "left and right"}
_LEAST_SHOWN = 0.005
_SHARES_TOLD = 5
_RESET = "\x1b[0m"
_BOLD = {RED: "\x1b[1;31m", BLUE: "\x1b[1;34m"}
_PLAIN = {RED: "\x1b[31m", BLUE: "\x1b[34m"}
_BEST, _OTHER, _FAINT = "\x1b[1;32m", "\x1b[33m", "\x1b[2m"


def board_text(shown: Shown, *, colour: bool = False, circles: bool = False) -> str:
    """Draw a board as rows of characters, each half a cell further in; no line ends it.

    Stones are R and B, or circles; the last one stands in brackets, those of a winning chain are #
    (diamonds). Empty cells show their mark, r1 or b2 for their place in the line, or their share
    in percent; on boards beyond 12x12 a rank, r or b. Words below tell what has no room, so no
    line has more than 80 columns, but for the title. ``colour`` adds ANSI codes, no character
    more or less. Numbers of moves and notes are not shown. Raises what ``check`` raises.
    """
    check(shown)
    chain = winning_chain(shown.size, shown.cells)
    is_wide = shown.size <= _MOST_WIDE and bool(shown.marks or shown.line or shown.heat is not None)
    contents = _contents(shown, chain, 3 if is_wide else 1, circles=circles)
    lines = _rows(shown, contents, 3 if is_wide else 1, colour)
    title = [printable(shown.title)] if shown.title else []
    return "\n".join([*title, *lines, *_words_below(shown, chain)])


def wants_colour(is_terminal: bool, environment: Mapping[str, str]) -> bool:
    """Say whether output may have colours: on a terminal unless NO_COLOR is set (no-color.org)."""
    return is_terminal and not environment.get("NO_COLOR") and environment.get("TERM") != "dumb"


def has_circles(encoding: str | None) -> bool:
    """Say whether an encoding, such as ``sys.stdout.encoding``, has the circles and diamonds."""
    try:
        "●○◆◇".encode(encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def _contents(shown: Shown, chain: Sequence[int], room: int, *, circles: bool) -> list[str]:
    """Return what stands in each cell, at most ``room`` characters."""
    stones, joined = (_CIRCLES, _DIAMONDS) if circles else (_STONES, _CHAIN)
    contents = ["."] * len(shown.cells)
    if shown.heat is not None and room > 1:
        for cell, share in enumerate(shown.heat):
            if share >= _LEAST_SHOWN:
                contents[cell] = f"{100 * share:.0f}"
    for place, (cell, mover) in enumerate(_line(shown), start=1):
        contents[cell] = f"{_STONES[mover].lower()}{place}"[:room]
    for cell, mark in shown.marks.items():
        contents[cell] = _mark_content(mark, room)
    for cell, stone in enumerate(shown.cells):
        if stone != EMPTY:
            contents[cell] = stones[int(stone)]
    for cell in chain:
        contents[cell] = joined[int(shown.cells[cell])]
    return contents


def _mark_content(mark: Mark, room: int) -> str:
    if len(mark.words) <= room:
        return mark.words
    if room == 1 and mark.rank > 0:
        return str(mark.rank) if mark.rank <= 9 else "+"
    return mark.words.removesuffix("%")[:room]


def _line(shown: Shown) -> Iterator[tuple[int, int]]:
    """Yield cells of the line, and whose they are."""
    for place, cell in enumerate(shown.line):
        yield cell, shown.to_move if place % 2 == 0 else -shown.to_move


def _rows(shown: Shown, contents: Sequence[str], room: int, colour: bool) -> list[str]:
    """Put the cells into rows, with letters above and below and numbers at both ends."""
    size, half = shown.size, (room + 1) // 2
    margin = len(str(size))
    letters = (" " * room).join(
        _painted(chr(ord("a") + column), _PLAIN[RED], colour) for column in range(size)
    )
    lines = [" " * margin + letters]
    for row in range(size):
        body = ""
        for cell in range(row * size, (row + 1) * size):
            body += _bound(shown, cell, row, room)
            body += _cell(shown, cell, contents[cell], room, colour)
        body += _bound(shown, (row + 1) * size, row, room)
        left = _painted(f"{row + 1:>{margin}}", _PLAIN[BLUE], colour)
        right = _painted(str(row + 1), _PLAIN[BLUE], colour)
        lines.append(f"{' ' * (row * half)}{left}{body}{right}")
    lines.append(" " * (margin + (size + 1) * half) + letters)
    return lines


def _bound(shown: Shown, cell: int, row: int, room: int) -> str:
    """Return what parts ``cell`` from the one before it in ``row``: a blank, or a bracket."""
    if shown.last is None or room > 1 or shown.last // shown.size != row:
        return " "
    return "(" if cell == shown.last else ")" if cell - 1 == shown.last else " "


def _cell(shown: Shown, cell: int, content: str, room: int, colour: bool) -> str:
    if cell == shown.last and room > 1:
        content = f"({content})"
    return _painted(content.center(room), _code(shown, cell), colour)


def _code(shown: Shown, cell: int) -> str:
    if shown.cells[cell] != EMPTY:
        return _BOLD[int(shown.cells[cell])]
    if cell in shown.marks:
        return _BEST if shown.marks[cell].rank == 1 else _OTHER
    return next((_PLAIN[mover] for other, mover in _line(shown) if other == cell), _FAINT)


def _painted(words: str, code: str, colour: bool) -> str:
    return f"{code}{words}{_RESET}" if colour else words


def _words_below(shown: Shown, chain: Sequence[int]) -> list[str]:
    """Say what has joined, the marks by rank, the line, the greatest shares, and the legend."""
    size, said = shown.size, []
    if chain:
        winner = int(shown.cells[chain[0]])
        said.append(f"{_NAMES[winner]} has joined {_SIDES[winner]}: {_names(chain, size)}")
    if shown.marks:
        ranked = sorted(shown.marks.items(), key=lambda item: (item[1].rank <= 0, item[1].rank))
        said.append(", ".join(_mark_told(cell, mark, size) for cell, mark in ranked))
    if shown.line:
        said.append(f"line, {_NAMES[shown.to_move]} first: {_names(shown.line, size)}")
    if shown.heat is not None:
        heat = shown.heat
        most = sorted(range(len(heat)), key=lambda cell: -heat[cell])[:_SHARES_TOLD]
        told = [f"{move_name(cell, size)} {heat[cell]:.0%}" for cell in most if heat[cell] > 0]
        said.append(f"{shown.heat_of}: {', '.join(told) or 'none'}")
    said.append(shown.legend)
    return [line for words in said for line in textwrap.wrap(words, _COLUMNS)]


def _mark_told(cell: int, mark: Mark, size: int) -> str:
    rank = f"{mark.rank}. " if mark.rank > 0 else ""
    return f"{rank}{move_name(cell, size)} {mark.words}"


def _names(cells: Sequence[int], size: int) -> str:
    return " ".join(move_name(cell, size) for cell in cells)
