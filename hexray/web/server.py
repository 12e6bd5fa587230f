"""Serving: the address, the warning where others may ask, and an end that nobody waits for."""

import errno
import ipaddress
import socket
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import NamedTuple

import uvicorn

from hexray.errors import SettingsError
from hexray.web.app import Served, make_app
from hexray.web.files import page_files
from hexray.web.guard import guarded
from hexray.web.nets import Net, ReadyNets
from hexray.web.searches import Searches

_END_SECONDS = 2


class Address(NamedTuple):
    """Where to listen; port 0 is any free one. Others than this machine may ask if they can."""

    host: str
    port: int
    has_others: bool = False


def serve(
    nets: Sequence[Net],
    simulations: int,
    address: Address,
    listener: socket.socket,
    ready: Callable[[str], None],
) -> None:
    """Serve until SIGINT or SIGTERM; ``ready`` is told the address of the page once it answers.

    ``listener`` is what ``listening`` has given for ``address``; ``simulations`` are those of a
    move that is asked without.
    """
    searches = Searches()
    app = make_app(Served(nets, searches, ReadyNets(), page_files(), simulations))
    names = {"localhost", address.host.lower()}
    if address.has_others:
        names |= {socket.gethostname().lower(), socket.getfqdn().lower()}
    config = uvicorn.Config(
        guarded(app, frozenset(names), address.has_others),
        access_log=False,
        log_config=None,
        log_level="error",
        lifespan="on",
        ws="none",
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=_END_SECONDS,
    )
    host = f"[{address.host}]" if ":" in address.host else address.host
    url = f"http://{host}:{listener.getsockname()[1]}/"
    with suppress(KeyboardInterrupt):  # it raises the signal again that has ended it
        _Server(config, searches, lambda: ready(url)).run([listener])


def is_loopback(host: str) -> bool:
    """Say whether only this machine can reach a host."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def listening(address: Address) -> socket.socket:
    """Take the address; raises SettingsError saying why it cannot be had."""
    host, port = address.host, address.port
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        family, _, _, _, place = found[0]
        listener = socket.socket(family, socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise SettingsError(f"--host {host}: {error}") from error
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(place)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            reason = f"port {port} is in use; choose another with --port, or 0 for any free one"
            raise SettingsError(reason) from error
        raise SettingsError(f"--host {host} --port {port}: {error.strerror}") from error
    return listener


class _Server(uvicorn.Server):
    """Says when it answers, and stops the searches before it waits for their answers."""

    def __init__(
        self, config: uvicorn.Config, searches: Searches, started: Callable[[], None]
    ) -> None:
        super().__init__(config)
        self._searches, self._started = searches, started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen."""
        await super().startup(sockets)
        self._started()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End every answer, then the server."""
        self._searches.stop_all()
        await super().shutdown(sockets)
