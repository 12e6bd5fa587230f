"""What a request may say: its JSON checked field by field, and the game in it played over."""

import reprlib
from typing import Annotated, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from hexray.errors import IllegalMove
from hexray.files import strict_json
from hexray.game.board import BLUE, EMPTY, MAX_SIZE, MIN_SIZE, RED
from hexray.game.formats.game_tree import MAX_POSITIONS
from hexray.htp.game import Game, parse_point
from hexray.web.refused import refusal

MAX_SIMULATIONS = 20_000
MAX_SECONDS = 60.0
MAX_TEXT = 200
"""Characters of a name."""
_PLIES = MAX_SIZE * MAX_SIZE + 2

Size = Annotated[int, Field(ge=MIN_SIZE, le=MAX_SIZE)]
Simulations = Annotated[int, Field(ge=1, le=MAX_SIMULATIONS)]
Seconds = Annotated[float, Field(gt=0, le=MAX_SECONDS)]
_Name = Annotated[str, Field(max_length=20)]
_Moves = Annotated[list[_Name], Field(max_length=_PLIES)]
_Line = Annotated[str, Field(max_length=_PLIES * 12)]
_Text = Annotated[str, Field(max_length=MAX_TEXT)]


class Wire(BaseModel):
    """Common behaviour of requests: nothing is taken for another type, unknown fields are none."""

    model_config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False, frozen=True)


class GameRequest(Wire):
    """A game, and how long a search may take; what is left out is for who answers to say."""

    net: _Text = "1"
    size: Size
    moves: _Moves
    simulations: Simulations | None = None
    seconds: Seconds | None = None


class MoveRequest(GameRequest):
    """A game whose next move is asked for."""

    swap: bool = False
    resign_below: Annotated[float, Field(ge=0, le=1, alias="resignBelow")] = 0.0


class ReadRequest(Wire):
    """A game as another program has written it."""

    text: str


class WriteRequest(Wire):
    """A game to be written for another program.

    variations  each a text, ``4 c3 d4``: the number of the position it follows, and its moves;
                0 is the empty board, then come the positions of ``moves``, then those of the
                variations in their order
    result      who has won, red or blue, where the moves do not show it
    """

    size: Size
    moves: _Moves
    variations: Annotated[list[_Line], Field(max_length=MAX_POSITIONS)] = []
    result: Literal["", "red", "blue"] = ""
    format: _Name
    first: _Text = ""
    second: _Text = ""


Model = TypeVar("Model", bound=BaseModel)


def parsed(body: bytes, model: type[Model]) -> Model:
    """Read a JSON body as a request; Refused names the first field that is wrong."""
    try:
        said = strict_json(body)
    except (ValueError, RecursionError) as error:
        raise refusal(f"the body is no JSON: {error}") from error
    try:
        return model.model_validate(said)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        path = "".join(
            f"[{part}]" if isinstance(part, int) else f".{part}" for part in first["loc"]
        )
        name = path.removeprefix(".") or "the body"
        field = ".".join(part for part in first["loc"] if isinstance(part, str))
        if first["type"] == "missing":
            raise refusal(f"{name} is missing", field) from error
        # Of what is nested deep or long only the beginning is shown.
        raise refusal(f"{name} is {reprlib.repr(first['input'])}: {first['msg']}", field) from error


def played(size: int, moves: list[str], field: str = "moves") -> Game:
    """Play the moves of a request, Red first and in turn; Refused names the move that is wrong.

    ``resign`` ends a game, and so does a joined side.
    """
    game = Game(size)
    for ply, name in enumerate(moves):
        if game.winner != EMPTY:
            raise refusal(f"move {ply + 1}, {name!r}, comes after the end of the game", field)
        try:
            game.play(RED if ply % 2 == 0 else BLUE, parse_point(name, size))
        except IllegalMove as error:
            raise refusal(f"move {ply + 1}, {name!r}: {error}", field) from error
    return game
