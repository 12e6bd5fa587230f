"""Requests and answers as bytes: bodies of bounded size, JSON, streams of events, errors."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from hexray.errors import HexrayError
from hexray.web.refused import Refused, refusal
from hexray.web.requests import Model, parsed
from hexray.web.searches import Search

MAX_BODY_BYTES = 65_536
_BODY_SECONDS = 10.0
_JSON = "application/json"
_RETRY_S = 2


async def asked(request: Request, model: type[Model]) -> Model:
    """Read the JSON body of a POST; Refused says what is wrong with it."""
    kind = request.headers.get("content-type", "")
    if kind.partition(";")[0].strip().lower() != _JSON:
        raise refusal(f"the content type is {kind!r:.60}; send {_JSON}", status=415)
    return parsed(await _body(request), model)


async def answer_of(search: Search, receive: Receive) -> Any:
    """Wait for the result of a search, which is stopped when its client goes away."""
    watcher = asyncio.create_task(_stop_when_gone(search, receive))
    try:
        return await search.result()
    finally:
        watcher.cancel()
        search.stop()


class EventStream(Response):
    """Sends events as they come; the search behind them is stopped when its client goes away."""

    def __init__(self, search: Search, events: AsyncIterator[str]) -> None:
        """Send ``events``, texts made by ``event``; a HexrayError among them ends the stream."""
        super().__init__(headers={"cache-control": "no-store"}, media_type="text/event-stream")
        del self.headers["content-length"]
        self._search, self._events = search, events

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request by ASGI."""
        watcher = asyncio.create_task(_stop_when_gone(self._search, receive))

        async def send_part(text: str, is_last: bool = False) -> None:
            part = {"body": text.encode("ascii"), "more_body": not is_last}
            await send({"type": "http.response.body", **part})

        try:
            start = {"status": self.status_code, "headers": self.raw_headers}
            await send({"type": "http.response.start", **start})
            try:
                async for text in self._events:
                    await send_part(text)
            except HexrayError as error:
                await send_part(event({"error": str(error)}, "error"))
            await send_part("", is_last=True)
        finally:
            watcher.cancel()
            self._search.stop()


def event(data: Any, name: str = "") -> str:
    """Write one event of a stream, its data as JSON."""
    head = f"event: {name}\n" if name else ""
    return f"{head}data: {json.dumps(data)}\n\n"


def json_answer(data: Any, status: int = 200) -> Response:
    """Answer with JSON in ASCII, so that text that is no Unicode can be told as it is."""
    headers = {"cache-control": "no-store"}
    return Response(json.dumps(data), status, headers, _JSON)


def error_answer(request: Request, error: Exception) -> Response:
    """Answer with what a HexrayError says: that of the client if it is Refused, else of ours."""
    if not isinstance(error, Refused):
        return json_answer({"error": str(error)}, 500)
    said = {"error": str(error), **({"field": error.field} if error.field else {})}
    answer = json_answer(said, error.status)
    if error.status == 503:
        answer.headers["retry-after"] = str(_RETRY_S)
    return answer


async def _body(request: Request) -> bytes:
    """Return the body; no more than MAX_BODY_BYTES and a piece are ever held of it."""
    too_long = refusal(f"the body is longer than {MAX_BODY_BYTES} bytes; shorten it", status=413)
    said = request.headers.get("content-length", "")
    if said.isascii() and said.isdigit() and int(said[:20]) > MAX_BODY_BYTES:
        raise too_long
    body = bytearray()
    try:
        async with asyncio.timeout(_BODY_SECONDS):
            async for piece in request.stream():
                body += piece
                if len(body) > MAX_BODY_BYTES:
                    raise too_long
    except TimeoutError as error:
        reason = f"the body did not come within {_BODY_SECONDS:g} seconds"
        raise refusal(reason, status=408) from error
    except ClientDisconnect as error:
        raise refusal("the client went away") from error
    return bytes(body)


async def _stop_when_gone(search: Search, receive: Receive) -> None:
    with suppress(asyncio.CancelledError):
        while (await receive())["type"] != "http.disconnect":
            continue
        search.stop()
