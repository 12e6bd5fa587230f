"""Games as text on the wire: read from what people paste, and written for other programs."""

import re
from itertools import chain
from typing import Any, get_args

from hexray.analysis.texts import KINDS, Notation, game_of, read_game, record_from, write_game
from hexray.analysis.variations import play_over, with_variations
from hexray.errors import FileFormatError, IllegalMove
from hexray.game.board import BLUE, EMPTY, RED
from hexray.game.formats.game_tree import MAX_POSITIONS, GameTree, grow, lines_of, new_tree
from hexray.game.formats.record import GameRecord
from hexray.game.formats.sgf_tree import sgf_tree_text
from hexray.htp.game import RESIGN, Game, Ply, parse_point, point_name
from hexray.web.refused import refusal
from hexray.web.requests import MAX_TEXT, WriteRequest, played

_COLOURS = {RED: "red", BLUE: "blue", EMPTY: ""}
_NUMBER = re.compile("[0-9]{1,6}")


def game_in(text: str) -> dict[str, Any]:
    """Read the first game of a text in any of the forms; Refused says where it is none.

    ``variations`` are as in WriteRequest.
    """
    if not text.strip():
        raise refusal(f"text is empty; {KINDS}", "text")
    try:
        record = read_game(text)
        game = game_of(record)
        result = _COLOURS[game.winner]
        turn = RED if len(game.plies) % 2 else BLUE  # of the last move
        if game.plies and game.plies[-1] == Ply(-turn, RESIGN):
            game.undo()  # who gave up when it was not his turn is told by the result alone
        moves = [point_name(ply.point, game.size) for ply in game.plies]
        tree = with_variations(text, game.size, moves)
    except (FileFormatError, IllegalMove) as error:
        raise refusal(str(error), "text") from error
    who = {"first": _shown(record.first), "second": _shown(record.second)}
    return {"size": game.size, **_lines(tree), "result": result, **who}


def text_of(request: WriteRequest) -> str:
    """Write a game in the form that is asked for; Refused when there is no such form."""
    if request.format not in get_args(Notation):
        forms = ", ".join(get_args(Notation))
        raise refusal(f"format is {request.format!r}; use one of {forms}", "format")
    for field in ("first", "second"):
        if not getattr(request, field).isprintable():
            raise refusal(f"{field} holds characters that cannot be printed", field)
    game = played(request.size, request.moves)
    record = _with_result(record_from(game, request.first, request.second), request.result)
    if not request.variations:
        return write_game(record, request.format)  # pyright: ignore[reportArgumentType]
    if request.format != "sgf":
        raise refusal(f"{request.format} holds no variations; use sgf", "variations")
    return sgf_tree_text(record, _tree(request, game))


def _shown(name: str) -> str:
    """Make a name one that ``text_of`` takes."""
    return "".join(letter if letter.isprintable() else " " for letter in name)[:MAX_TEXT].strip()


def _lines(tree: GameTree) -> dict[str, Any]:
    """Number the positions in the order of the lines, and write those for the wire."""
    lines = list(lines_of(tree))
    numbers = {position: number for number, position in enumerate([0, *chain(*lines)])}
    moves = [[tree.names[position] for position in line] for line in lines]
    befores = [numbers[tree.before[line[0]]] for line in lines]
    variations = [
        f"{before} {' '.join(names)}" for before, names in zip(befores[1:], moves[1:], strict=True)
    ]
    return {"moves": moves[0] if moves else [], "variations": variations}


def _with_result(record: GameRecord, result: str) -> GameRecord:
    if result == "" or record.winner != EMPTY:
        return record
    winner = RED if result == "red" else BLUE
    return record._replace(winner=-winner if record.swapped else winner, ending="resigned")


def _tree(request: WriteRequest, game: Game) -> GameTree:
    """Return the tree of a request, all of it legal."""
    tree, last, lines = new_tree(), 0, [0]
    for ply in game.plies:
        last = grow(tree, last, point_name(ply.point, game.size))
        lines.append(0)
    for number, text in enumerate(request.variations):
        said, *names = text.split() or [""]
        if not (_NUMBER.fullmatch(said) and int(said) < len(tree.names) and names):
            known = f"0 to {len(tree.names) - 1}"
            raise _wrong(number, f"{text[:20]!r}; write a position, {known}, and its moves")
        last = int(said)
        if not tree.following[last]:
            raise _wrong(number, f"nothing else follows position {last}; let its line go on")
        for name in names:
            last = grow(tree, last, _plain(number, name, game.size))
            lines.append(number)
        if not last == len(tree.names) - 1 == len(lines) - 1:
            raise _wrong(number, f"{names[0]} follows position {said} already")
        if last >= MAX_POSITIONS:
            raise refusal(f"more than {MAX_POSITIONS} positions; delete some", "variations")
    if fault := play_over(tree, game.size):
        raise _wrong(lines[fault[0]], f"{tree.names[fault[0]]}: {fault[1]}")
    return tree


def _plain(number: int, name: str, size: int) -> str:
    try:
        return point_name(parse_point(name, size), size)
    except IllegalMove as error:
        raise _wrong(number, str(error)) from error


def _wrong(number: int, reason: str) -> Exception:
    return refusal(f"variations[{number}]: {reason}", "variations")
