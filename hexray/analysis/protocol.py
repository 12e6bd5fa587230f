"""The JSON-lines protocol of KataGo's analysis engine, as far as it makes sense for Hex.

A query is an object on one line; each turn that it asks about is answered by an object on one line,
in any order. Black is Red: it moves first and joins top and bottom. Chances are those of the player
to move. What is left out: komi, rules, ownership, score, priorities, overrides of settings.
"""

import json
from collections.abc import Sequence
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    StrictInt,
    StrictStr,
    ValidationError,
)
from pydantic.alias_generators import to_camel

from hexray.analysis.opinion import Opinion
from hexray.errors import BadRequest, IllegalMove
from hexray.files import strict_json
from hexray.game.board import EMPTY, MAX_SIZE, MIN_SIZE, RED, Boards
from hexray.game.notation import move_name
from hexray.htp.game import Game, parse_point
from hexray.htp.protocol import MAX_LINE_BYTES, parse_colour

MAX_VISITS = 100_000
_PLIES = MAX_SIZE * MAX_SIZE + 2
_DIGITS = 6

_Id = Annotated[StrictStr, Field(max_length=1000)]
_Name = Annotated[StrictStr, Field(max_length=20)]


class Position(NamedTuple):
    """One undecided position that a query asks about; ``board`` has G = 1."""

    query: str
    turn: int
    board: Boards
    visits: int
    top: int
    has_policy: bool


class Action(NamedTuple):
    """Something else than a question: ``query_version``, ``terminate`` or ``terminate_all``.

    ``said`` is repeated in the answer; ``ends`` the query that is to end, ``turns`` only those.
    """

    kind: str
    said: dict[str, Any]
    ends: str | None = None
    turns: tuple[int, ...] | None = None


class Refused(NamedTuple):
    """A line that cannot be answered, and the line to send instead."""

    answer: str


_Stone = Annotated[list[_Name], Field(min_length=2, max_length=2)]
_Turns = Annotated[list[StrictInt], Field(max_length=_PLIES)]


class _Query(BaseModel):
    """The fields of a query that are looked at; others are passed over."""

    model_config = ConfigDict(alias_generator=to_camel)

    id: _Id
    moves: Annotated[list[_Name | _Stone], Field(max_length=_PLIES)]
    board_x_size: Annotated[StrictInt, Field(ge=MIN_SIZE, le=MAX_SIZE)]
    board_y_size: StrictInt | None = None
    initial_stones: Annotated[list[_Stone], Field(max_length=_PLIES)] = []
    initial_player: _Name = "black"
    analyze_turns: _Turns | None = None
    max_visits: Annotated[StrictInt, Field(ge=1, le=MAX_VISITS)] | None = None
    include_policy: StrictBool = False
    max_moves: Annotated[StrictInt, Field(ge=1, le=_PLIES)] = 10


class _Action(BaseModel):
    """The fields of an action."""

    model_config = ConfigDict(alias_generator=to_camel)

    id: _Id
    action: Literal["query_version", "terminate", "terminate_all"]
    terminate_id: _Id | None = None
    turn_numbers: _Turns | None = None


def parse_line(line: bytes, visits: int) -> list[Position] | Action | Refused:
    """Read a line: the positions of a query, an action, or why it is neither.

    ``visits`` is what a query gets that does not say. A blank line asks for nothing. A turn at
    which the game is over is refused.
    """
    if len(line) > MAX_LINE_BYTES:
        return _refused(f"the line is longer than {MAX_LINE_BYTES} bytes; shorten it")
    if not line.strip():
        return []
    try:
        said = strict_json(line)
    except (ValueError, RecursionError) as error:
        return _refused(f"no JSON object on one line: {error}")
    if not isinstance(said, dict):
        return _refused('no JSON object; write {"id": ..., "boardXSize": ..., "moves": [...]}')
    query_id = said.get("id")
    try:
        if "action" not in said:
            return _positions(_Query.model_validate(said), visits)
        action = _Action.model_validate(said)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        return _refused(first["msg"], str(first["loc"][0]), query_id)
    except _Misfit as error:
        return _refused(str(error), error.field, query_id)
    if action.action == "terminate" and action.terminate_id is None:
        return _refused(
            "terminateId is missing; say which query is to end", "terminateId", query_id
        )
    turns = None if action.turn_numbers is None else tuple(action.turn_numbers)
    return Action(action.action, said, action.terminate_id, turns)


def answer_line(position: Position, opinion: Opinion) -> str:
    """Write the answer to one position, a line without its end."""
    size = opinion.size
    answer: dict[str, Any] = {
        "id": position.query,
        "turnNumber": position.turn,
        "isDuringSearch": False,
        "moveInfos": [
            {
                "move": move_name(found.cell, size),
                "visits": found.visits,
                "winrate": round(found.winrate, _DIGITS),
                "prior": round(found.prior, _DIGITS),
                "order": order,
                "pv": [move_name(cell, size) for cell in found.line],
            }
            for order, found in enumerate(opinion.candidates)
        ],
        "rootInfo": {
            "currentPlayer": "B" if opinion.to_move == RED else "W",
            "winrate": round(opinion.winrate, _DIGITS),
            "visits": opinion.simulations,
            "proven": opinion.proven,
        },
    }
    if position.has_policy:
        stones = position.board.cells[0]
        # As in KataGo, -1 marks what may not be played.
        answer["policy"] = [
            round(float(share), _DIGITS) if stone == EMPTY else -1
            for share, stone in zip(opinion.policy, stones, strict=True)
        ]
    return json.dumps(answer)


class _Misfit(BadRequest):
    """What a field says makes no sense."""

    field = ""


def _misfit(field: str, reason: str) -> _Misfit:
    error = _Misfit(reason)
    error.field = field
    return error


def _refused(reason: str, field: str = "", query_id: object = None) -> Refused:
    answer: dict[str, Any] = {"error": reason}
    if field:
        answer["field"] = field
    if isinstance(query_id, str):
        answer["id"] = query_id
    return Refused(json.dumps(answer))


def _positions(query: _Query, visits: int) -> list[Position]:
    size = query.board_x_size
    if query.board_y_size not in (None, size):
        reason = f"a board of {size}x{query.board_y_size}; hexray plays on square ones"
        raise _misfit("boardYSize", reason)
    first = _colour("initialPlayer", query.initial_player)
    plies = _plies(query.moves, first)
    turns = [len(plies)] if query.analyze_turns is None else query.analyze_turns
    outside = [turn for turn in turns if not 0 <= turn <= len(plies)]
    if outside:
        reason = f"turn {outside[0]} of a game of {len(plies)} moves; use 0 to {len(plies)}"
        raise _misfit("analyzeTurns", reason)
    game = Game(size)
    for colour, name in query.initial_stones:
        _play(game, "initialStones", _colour("initialStones", colour), name)
    boards = _boards(game, plies, first)
    for turn in turns:
        if boards[turn] is None:
            raise _misfit("analyzeTurns", f"the game is over at turn {turn}; ask before it")
    asked = query.max_visits or visits
    return [
        Position(query.id, turn, board, asked, query.max_moves, query.include_policy)
        for turn in dict.fromkeys(turns)
        if (board := boards[turn]) is not None
    ]


def _plies(moves: Sequence[str | Sequence[str]], first: int) -> list[tuple[int, str]]:
    """Return colour and name of each move; those without a colour take turns."""
    plies: list[tuple[int, str]] = []
    for move in moves:
        if isinstance(move, str):
            plies.append((-plies[-1][0] if plies else first, move))
        else:
            plies.append((_colour("moves", move[0]), move[1]))
    return plies


def _boards(game: Game, plies: Sequence[tuple[int, str]], first: int) -> list[Boards | None]:
    """Play the moves; return the board at each turn as the next to move sees it, None if over."""
    boards: list[Boards | None] = []
    for turn in range(len(plies) + 1):
        mover = plies[turn][0] if turn < len(plies) else -plies[-1][0] if plies else first
        boards.append(game.seen_by(mover) if game.winner == EMPTY else None)
        if turn < len(plies):
            _play(game, "moves", *plies[turn])
    return boards


def _play(game: Game, field: str, colour: int, name: str) -> None:
    try:
        game.play(colour, parse_point(name, game.size))
    except IllegalMove as error:
        raise _misfit(field, str(error)) from error


def _colour(field: str, name: str) -> int:
    try:
        return parse_colour(name)
    except BadRequest as error:
        raise _misfit(field, str(error)) from error
