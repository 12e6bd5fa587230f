"""The application that serves the page, its API and PlayHex's bots; it holds no game."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, NamedTuple

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from hexray.analysis.judged import Judged
from hexray.analysis.opinion import Opinion, as_json
from hexray.errors import HexrayError
from hexray.game.board import EMPTY, MAX_SIZE, MIN_SIZE
from hexray.htp.game import Game
from hexray.play.think import Limit
from hexray.web import playhex
from hexray.web.files import PageFile
from hexray.web.games import game_in, text_of
from hexray.web.nets import Net, ReadyNets, named
from hexray.web.refused import refusal
from hexray.web.requests import (
    MAX_SECONDS,
    MAX_SIMULATIONS,
    GameRequest,
    MoveRequest,
    ReadRequest,
    WriteRequest,
    played,
)
from hexray.web.searches import Emit, IsStopped, Search, Searches
from hexray.web.thinking import Wish, analyse, decide, judged
from hexray.web.wire import EventStream, answer_of, asked, error_answer, event, json_answer

_ANALYSIS = Limit(2_000, 20.0)
_JUDGED_SIMULATIONS = 32
_MOST_VERDICTS = MAX_SIZE * MAX_SIZE + 3
_DIGITS = 4


class Served(NamedTuple):
    """What the answers are made from; ``simulations`` are those of a move that is asked without."""

    nets: Sequence[Net]
    searches: Searches
    ready: ReadyNets
    files: Mapping[str, PageFile]
    simulations: int


def make_app(served: Served) -> Starlette:
    """Make the application; its end stops the searches."""

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        served.searches.close()

    gets = {
        "/": _page,
        "/static/{name:path}": _file,
        "/api/about": _about,
        "/status": _status,
    }
    posts = {
        "/api/analyse": _analyse,
        "/api/move": _move,
        "/api/judge": _judge,
        "/api/read": _read,
        "/api/write": _write,
        "/calculate-move": _calculate_move,
        "/analyze-game": _analyze_game,
    }
    routes = [
        *(Route(path, partial(answer, served), methods=["GET"]) for path, answer in gets.items()),
        *(Route(path, partial(answer, served), methods=["POST"]) for path, answer in posts.items()),
    ]
    handlers = {HexrayError: error_answer, HTTPException: _no_route}
    app = Starlette(routes=routes, exception_handlers=handlers, lifespan=lifespan)
    app.router.redirect_slashes = False
    return app


async def _page(served: Served, _: Request) -> Response:
    return _file_answer(served, "index.html")


async def _file(served: Served, request: Request) -> Response:
    return _file_answer(served, request.path_params["name"])


async def _about(served: Served, _: Request) -> Response:
    nets = [
        {"id": net.id, "name": net.name, "board": net.board, "boards": list(net.boards)}
        for net in served.nets
    ]
    limits = {
        "simulations": MAX_SIMULATIONS,
        "seconds": MAX_SECONDS,
        "size": [MIN_SIZE, MAX_SIZE],
    }
    defaults = {"simulations": served.simulations}
    return json_answer({"nets": nets, "limits": limits, "defaults": defaults, "swap": True})


async def _analyse(served: Served, request: Request) -> Response:
    wanted = await asked(request, GameRequest)
    net, game = named(served.nets, wanted.net), _undecided(wanted)
    limit = Limit(wanted.simulations or _ANALYSIS.simulations, wanted.seconds or _ANALYSIS.seconds)

    def work(emit: Emit, is_stopped: IsStopped) -> Opinion | None:
        if is_stopped():
            return None
        return analyse(game, served.ready.of(net).thinker, limit, emit, is_stopped)

    search = served.searches.begin(work)

    async def events() -> AsyncIterator[str]:
        async for opinion in search.news():
            yield event(as_json(opinion))
        yield event(as_json(await search.result()), "end")

    return EventStream(search, events())


async def _move(served: Served, request: Request) -> Response:
    wanted = await asked(request, MoveRequest)
    net, game = named(served.nets, wanted.net), _undecided(wanted)
    wish = Wish(wanted.swap, wanted.resign_below)
    limit = _move_limit(served, wanted.simulations, wanted.seconds)
    search = _begin_move(served, net, game, limit, wish)
    move, opinion = await answer_of(search, request.receive)
    return json_answer({"move": move, "opinion": as_json(opinion)})


async def _judge(served: Served, request: Request) -> Response:
    wanted = await asked(request, GameRequest)
    net, game = named(served.nets, wanted.net), played(wanted.size, wanted.moves)
    search = _begin_judging(served, net, game, wanted.simulations, wanted.seconds)

    async def events() -> AsyncIterator[str]:
        async for verdict in search.news():
            yield event(_verdict(verdict))
        await search.result()
        yield event({}, "end")

    return EventStream(search, events())


async def _read(_: Served, request: Request) -> Response:
    wanted = await asked(request, ReadRequest)
    # A long text takes a while, in which others are answered.
    return json_answer(await asyncio.to_thread(game_in, wanted.text))


async def _write(_: Served, request: Request) -> Response:
    wanted = await asked(request, WriteRequest)
    return json_answer({"text": await asyncio.to_thread(text_of, wanted)})


async def _calculate_move(served: Served, request: Request) -> Response:
    wanted = await asked(request, playhex.CalculateMove)
    net, game = playhex.engine_of(served.nets, wanted), playhex.game_of(wanted)
    limit = _move_limit(served, wanted.ai.simulations, wanted.ai.seconds)
    search = _begin_move(served, net, game, limit, Wish(wanted.game.swap_rule))
    move, _ = await answer_of(search, request.receive)
    return PlainTextResponse(move, headers={"cache-control": "no-store"})


async def _analyze_game(served: Served, request: Request) -> Response:
    wanted = await asked(request, playhex.AnalyzeGame)
    game = playhex.history(wanted.size, wanted.moves_history, "movesHistory")
    search = _begin_judging(served, served.nets[0], game, None, None)
    verdicts = await answer_of(search, request.receive)
    return json_answer(playhex.analysed(verdicts, wanted.size))


async def _status(served: Served, _: Request) -> Response:
    searches = served.searches
    return json_answer(playhex.status_of(served.nets, searches.waiting, searches.is_busy))


async def _no_route(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    headers = error.headers or {}
    allowed = headers.get("Allow")
    reason = f"{request.method} is not for this address; use {allowed}"
    answer = json_answer(
        {"error": reason if allowed else "there is nothing at this address"}, error.status_code
    )
    answer.headers.update(headers)
    return answer


def _file_answer(served: Served, name: str) -> Response:
    found = served.files.get(name)
    if found is None:
        raise HTTPException(404)
    return Response(found.content, headers={"cache-control": "no-cache"}, media_type=found.kind)


def _undecided(wanted: GameRequest) -> Game:
    game = played(wanted.size, wanted.moves)
    if game.winner != EMPTY:
        raise refusal("the game is over; take a move back", "moves")
    return game


def _move_limit(served: Served, simulations: int | None, seconds: float | None) -> Limit:
    if simulations is None:
        simulations = served.simulations if seconds is None else MAX_SIMULATIONS
    return Limit(simulations, seconds or MAX_SECONDS)


def _begin_move(served: Served, net: Net, game: Game, limit: Limit, wish: Wish) -> Search:
    def work(_: Emit, is_stopped: IsStopped) -> tuple[str, Opinion] | None:
        if is_stopped():
            return None
        return decide(game, served.ready.of(net).evaluate, limit, wish, is_stopped)

    return served.searches.begin(work)


def _begin_judging(
    served: Served, net: Net, game: Game, simulations: int | None, seconds: float | None
) -> Search:
    limit = Limit(simulations or _JUDGED_SIMULATIONS, seconds or MAX_SECONDS)

    def work(emit: Emit, is_stopped: IsStopped) -> list[Judged]:
        verdicts: list[Judged] = []
        if is_stopped():
            return verdicts
        for verdict in judged(game, served.ready.of(net).evaluate, limit, is_stopped):
            emit(verdict)
            verdicts.append(verdict)
        return verdicts

    return served.searches.begin(work, keeps=_MOST_VERDICTS)


def _verdict(verdict: Judged) -> dict[str, Any]:
    return {
        "ply": verdict.ply,
        "redWinrate": round(verdict.red_winrate, _DIGITS),
        "best": verdict.best,
        "loss": round(verdict.loss, _DIGITS),
        "mark": verdict.mark,
    }
