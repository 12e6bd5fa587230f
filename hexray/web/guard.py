"""What holds for every request: it is meant for this machine, and its answer loads nothing else."""

import ipaddress

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hexray.web.wire import json_answer

_POLICY = (
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "content-security-policy": _POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
}


def guarded(app: ASGIApp, names: frozenset[str], has_others: bool) -> ASGIApp:
    """Refuse requests that name another host, and add headers of safety to every answer.

    A page of another site can have its name lead to this machine, and so pass for the page that is
    served here; the name is what tells them apart. ``has_others``: others than this machine may
    ask, so that any address in numbers is taken besides ``names``.
    """

    async def guard(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return

        async def send_safely(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(raw=list(message["headers"]))
                headers.update(_HEADERS)
                message = {**message, "headers": headers.raw}
            await send(message)

        hosts = Headers(scope=scope).getlist("host")
        if len(hosts) == 1 and is_own(hosts[0], names, has_others):
            await app(scope, receive, send_safely)
            return
        shown = ", ".join(hosts)
        reason = f"the host is {shown!r:.80}; ask for the address that hexray play has printed"
        await json_answer({"error": reason}, 421)(scope, receive, send_safely)

    return guard


def is_own(host: str, names: frozenset[str], has_others: bool) -> bool:
    """Say whether a Host header names this machine, whatever the port."""
    name = host.lower()
    head, colon, port = name.rpartition(":")
    if colon and (port == "" or (port.isascii() and port.isdigit())):
        name = head
    if name in names:
        return True
    try:
        address = ipaddress.ip_address(name.removeprefix("[").removesuffix("]"))
    except ValueError:
        return False
    return address.is_loopback or has_others
