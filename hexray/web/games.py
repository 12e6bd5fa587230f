"""Games as text on the wire: read from what people paste, and written for other programs."""

from typing import Any, get_args

from hexray.analysis.texts import KINDS, Notation, game_of, read_game, record_from, write_game
from hexray.errors import FileFormatError, IllegalMove
from hexray.game.board import BLUE, EMPTY, RED
from hexray.htp.game import RESIGN, Ply, point_name
from hexray.web.refused import refusal
from hexray.web.requests import WriteRequest, played

_COLOURS = {RED: "red", BLUE: "blue", EMPTY: ""}


def game_in(text: str) -> dict[str, Any]:
    """Read the first game of a text in any of the forms; Refused says where it is none."""
    if not text.strip():
        raise refusal(f"text is empty; {KINDS}", "text")
    try:
        record = read_game(text)
        game = game_of(record)
    except (FileFormatError, IllegalMove) as error:
        raise refusal(str(error), "text") from error
    result = game.winner
    turn = RED if len(game.plies) % 2 else BLUE  # of the last move
    if game.plies and game.plies[-1] == Ply(-turn, RESIGN):
        game.undo()  # who gave up when it was not his turn is told by the result alone
    moves = [point_name(ply.point, game.size) for ply in game.plies]
    who = {"first": record.first, "second": record.second}
    return {"size": game.size, "moves": moves, "result": _COLOURS[result], **who}


def text_of(request: WriteRequest) -> str:
    """Write a game in the form that is asked for; Refused when there is no such form."""
    if request.format not in get_args(Notation):
        forms = ", ".join(get_args(Notation))
        raise refusal(f"format is {request.format!r}; use one of {forms}", "format")
    for field in ("first", "second"):
        if not getattr(request, field).isprintable():
            raise refusal(f"{field} holds characters that cannot be printed", field)
    game = played(request.size, request.moves)
    record = record_from(game, request.first, request.second)
    return write_game(record, request.format)  # pyright: ignore[reportArgumentType]
