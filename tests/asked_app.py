"""The application of the page asked without a network: one request by ASGI, whole or in parts."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

from starlette.types import ASGIApp, Message

from hexray.evaluation import know_nothing
from hexray.play.think import warm_up
from hexray.web.app import Served, make_app
from hexray.web.files import PageFile
from hexray.web.guard import guarded
from hexray.web.nets import Net, ReadyNets
from hexray.web.searches import MOST_WAITING, Searches

RANDOM = Net("1", "random", 3, (), lambda: know_nothing)
FILES = {
    "index.html": PageFile(b"<!doctype html>", "text/html"),
    "app.js": PageFile(b"1", "text/javascript"),
}
JSON = {"host": "127.0.0.1:8765", "content-type": "application/json"}
_BOUND_S = 60

Result = TypeVar("Result")

for _size in (3, 9, 19):
    warm_up(None, _size)  # not within the bounds of a test


class Answer(NamedTuple):
    """What came back, whole."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)

    @property
    def events(self) -> list[tuple[str, Any]]:
        """The events of a stream: name, empty for most, and data."""
        return [
            (head.removeprefix("event: ").strip(), json.loads(data))
            for head, _, data in (
                block.rpartition("data: ") for block in self.body.decode().split("\n\n") if block
            )
        ]


class Asking:
    """A request under way; ``leave`` is the client going away."""

    def __init__(
        self, app: ASGIApp, method: str, path: str, pieces: Iterable[bytes], headers: Mapping
    ) -> None:
        self._pieces, self._gone = iter(pieces), asyncio.Event()
        self.sent = 0
        self.parts: asyncio.Queue[Message] = asyncio.Queue()
        path, _, query = path.partition("?")
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "root_path": "",
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 8765),
        }
        self.task = asyncio.ensure_future(app(scope, self._receive, self.parts.put))

    def leave(self) -> None:
        """Go away."""
        self._gone.set()

    async def answer(self) -> Answer:
        """Wait for the end of the answer."""
        await asyncio.wait_for(self.task, _BOUND_S)
        messages = [self.parts.get_nowait() for _ in range(self.parts.qsize())]
        headers = {name.decode(): value.decode() for name, value in messages[0]["headers"]}
        body = b"".join(message.get("body", b"") for message in messages[1:])
        assert not messages[-1].get("more_body", False)
        return Answer(messages[0]["status"], headers, body)

    async def _receive(self) -> Message:
        piece = next(self._pieces, None)
        if piece is None:
            await self._gone.wait()
            return {"type": "http.disconnect"}
        self.sent += len(piece)
        await asyncio.sleep(0)
        return {"type": "http.request", "body": piece, "more_body": piece != b""}


class Client:
    """Asks one application."""

    def __init__(self, nets: Sequence[Net], waiting: int) -> None:
        self.searches = Searches(waiting)
        self.app = make_app(Served(nets, self.searches, ReadyNets(), FILES, 4))
        self._guarded = guarded(self.app, frozenset({"localhost"}), False)

    def begin(
        self,
        method: str,
        path: str,
        said: Any = None,
        *,
        body: bytes | None = None,
        pieces: Iterable[bytes] | None = None,
        headers: Mapping[str, str] = JSON,
    ) -> Asking:
        """Send a request: ``said`` as JSON, or a body, or the pieces of one."""
        whole = body if body is not None else b"" if said is None else json.dumps(said).encode()
        parts = [whole, b""] if whole else [b""]
        return Asking(self._guarded, method, path, pieces or parts, headers)

    async def ask(self, method: str, path: str, said: Any = None, **how: Any) -> Answer:
        """Send a request and wait for its answer."""
        return await self.begin(method, path, said, **how).answer()


def scene(
    play: Callable[[Client], Awaitable[Result]],
    nets: Sequence[Net] = (RANDOM,),
    waiting: int = MOST_WAITING,
) -> Result:
    """Let a client do what ``play`` says, and end the application."""

    async def whole() -> Result:
        client = Client(nets, waiting)
        try:
            return await play(client)
        finally:
            client.searches.close()

    return asyncio.run(whole())


def asked(
    method: str, path: str, said: Any = None, nets: Sequence[Net] = (RANDOM,), **how: Any
) -> Answer:
    """Ask a new application one thing."""
    return scene(lambda client: client.ask(method, path, said, **how), nets)


async def until(is_so: Callable[[], bool]) -> None:
    """Let the event loop go on until something is so, for a bounded time."""
    async with asyncio.timeout(_BOUND_S):
        while not is_so():
            await asyncio.sleep(0.001)
