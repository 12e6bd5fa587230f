"""Tells people who are away that a run needs them: a message to a webhook."""

import os
import queue
import socket
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self

import requests

from hexray.config import AlertSettings
from hexray.errors import SettingsError

Post = Callable[[str, dict[str, Any]], None]

_TIMEOUT_S = 5.0
_WAITING = 16


class Alerts:
    """Sends from a thread of its own, at most one message of a kind in a while.

    Without an address in the environment nothing is sent. The address is a secret: it is neither
    shown nor written anywhere.
    """

    def __init__(
        self,
        settings: AlertSettings,
        run: str,
        note: Callable[[str], None],
        environ: Mapping[str, str] = os.environ,
        clock: Callable[[], float] = time.monotonic,
        post: Post | None = None,
    ) -> None:
        """Alert about ``run``; ``note`` is told what could not be sent.

        Raises SettingsError when the address is none of https.
        """
        self._settings, self._run, self._note, self._clock = settings, run, note, clock
        self._url = environ.get(settings.url_variable, "")
        self._post = _post if post is None else post
        self._told: dict[str, float] = {}
        self._waiting: queue.Queue[tuple[str, str] | None] = queue.Queue(_WAITING)
        if self._url and not self._url.startswith("https://"):
            raise SettingsError(f"{settings.url_variable} is no address that begins with https://")
        self._thread = threading.Thread(target=self._send, name="alerts", daemon=True)
        if self._url:
            self._thread.start()

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Tell that the run has failed, if it has, and close."""
        if isinstance(error, Exception):
            self.tell("failed", f"the run has ended: {error}")
        self.close()

    def tell(self, kind: str, message: str) -> None:
        """Send a message soon, if none of its ``kind`` was sent lately; never waits."""
        now = self._clock()
        if not self._url or now < self._told.get(kind, now):
            return
        self._told[kind] = now + 60 * self._settings.cool_down_minutes
        try:
            self._waiting.put_nowait((kind, message))
        except queue.Full:
            self._note(f"alert {kind} was not sent: {_WAITING} others wait")

    def close(self) -> None:
        """Send what is waiting, for a few seconds at most."""
        if self._url:
            with suppress(queue.Full):
                self._waiting.put(None, timeout=_TIMEOUT_S)
            self._thread.join(_TIMEOUT_S)

    def _send(self) -> None:
        while (item := self._waiting.get()) is not None:
            kind, message = item
            try:
                self._post(self._url, self._body(kind, message))
            except requests.RequestException as error:
                answer = error.response
                why = type(error).__name__ if answer is None else f"status {answer.status_code}"
                self._note(f"alert {kind} was not sent: {why}")

    def _body(self, kind: str, message: str) -> dict[str, Any]:
        if self._settings.form == "slack":
            return {"text": f"hexray, {self._run}: {message}"}
        return {
            "source": "hexray",
            "run": self._run,
            "host": socket.gethostname(),
            "kind": kind,
            "message": message,
            "time": datetime.now(UTC).isoformat(timespec="seconds"),
        }


def _post(url: str, body: dict[str, Any]) -> None:
    answer = requests.post(url, json=body, timeout=_TIMEOUT_S, allow_redirects=False)
    answer.raise_for_status()
