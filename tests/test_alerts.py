"""Messages to a webhook: what is sent, how often, and that nothing waits for them."""

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
import requests

from hexray.alerts import Alerts
from hexray.config import AlertSettings
from hexray.errors import SettingsError

URL = {"HEXRAY_ALERT_URL": "https://example.org/secret"}


class Sent:
    """Keeps what is posted; fails or sleeps as told."""

    def __init__(self, error: Exception | None = None, seconds: float = 0.0) -> None:
        self.bodies: list[dict[str, Any]] = []
        self._error, self._seconds = error, seconds

    def __call__(self, url: str, body: dict[str, Any]) -> None:
        time.sleep(self._seconds)
        if self._error is not None:
            raise self._error
        assert url == URL["HEXRAY_ALERT_URL"]
        self.bodies.append(body)


def test_a_message_says_what_happened_where() -> None:
    sent = Sent()
    alerts = Alerts(AlertSettings(), "runs/a", print, URL, post=sent)
    alerts.tell("machine", "disk is full")
    alerts.close()
    [body] = sent.bodies
    assert {key: body[key] for key in ("source", "run", "kind", "message")} == {
        "source": "hexray",
        "run": "runs/a",
        "kind": "machine",
        "message": "disk is full",
    }
    json.dumps(body)


def test_slack_gets_its_form() -> None:
    sent = Sent()
    alerts = Alerts(AlertSettings(form="slack"), "runs/a", print, URL, post=sent)
    alerts.tell("machine", "disk is full")
    alerts.close()
    assert sent.bodies == [{"text": "hexray, runs/a: disk is full"}]


def test_a_kind_is_told_once_in_a_while() -> None:
    sent, now = Sent(), [0.0]
    settings = AlertSettings(cool_down_minutes=10)
    alerts = Alerts(settings, "a", print, URL, clock=lambda: now[0], post=sent)
    for minute in range(0, 25, 3):  # 0, 3, .., 24
        now[0] = 60.0 * minute
        alerts.tell("one", str(minute))
        if minute == 3:
            alerts.tell("two", "3")
    alerts.close()
    assert [(body["kind"], body["message"]) for body in sent.bodies] == [
        ("one", "0"),
        ("two", "3"),
        ("one", "12"),
        ("one", "24"),
    ]


def test_without_an_address_nothing_is_sent_and_http_is_refused() -> None:
    sent = Sent()
    alerts = Alerts(AlertSettings(), "a", print, {}, post=sent)
    alerts.tell("one", "text")
    alerts.close()
    assert not sent.bodies
    with pytest.raises(SettingsError, match="HEXRAY_ALERT_URL is no address that begins with http"):
        Alerts(AlertSettings(), "a", print, {"HEXRAY_ALERT_URL": "http://example.org/secret"})


def test_nobody_waits_for_a_slow_receiver() -> None:
    notes: list[str] = []
    settings = AlertSettings(cool_down_minutes=0)
    alerts = Alerts(settings, "a", notes.append, URL, post=Sent(seconds=0.3))
    began = time.monotonic()
    for number in range(30):
        alerts.tell("one", str(number))
    assert time.monotonic() - began < 0.2
    assert len(notes) >= 12
    assert set(notes) == {"alert one was not sent: 16 others wait"}


def test_what_fails_is_noted_without_the_address() -> None:
    notes: list[str] = []
    error = requests.ConnectionError("cannot reach https://example.org/secret")
    alerts = Alerts(AlertSettings(), "a", notes.append, URL, post=Sent(error))
    alerts.tell("one", "text")
    alerts.close()
    assert notes == ["alert one was not sent: ConnectionError"]


def test_a_run_that_fails_is_told() -> None:
    sent = Sent()
    with (
        pytest.raises(SettingsError, match="no such thing"),
        Alerts(AlertSettings(), "runs/a", print, URL, post=sent),
    ):
        raise SettingsError("no such thing")
    [body] = sent.bodies
    assert (body["kind"], body["message"]) == ("failed", "the run has ended: no such thing")


class Receiver(BaseHTTPRequestHandler):
    got: list[bytes]

    def do_POST(self) -> None:
        """Take the message and answer as the path says."""
        self.got.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(int(self.path.strip("/")))
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A server without https; requests is told to take it for one of https."""
    Receiver.got = []
    server = HTTPServer(("127.0.0.1", 0), Receiver)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    plain = requests.post
    monkeypatch.setattr(
        requests, "post", lambda url, **given: plain(url.replace("https", "http"), **given)
    )
    yield f"https://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.parametrize(("status", "notes"), [(200, 0), (404, 1), (500, 1)])
def test_it_is_posted_as_json_and_refusals_are_noted(
    receiver: str, status: int, notes: int
) -> None:
    noted: list[str] = []
    alerts = Alerts(
        AlertSettings(), "a", noted.append, {"HEXRAY_ALERT_URL": f"{receiver}/{status}"}
    )
    alerts.tell("one", "text")
    alerts.close()
    assert json.loads(Receiver.got[0])["message"] == "text"
    assert noted == [f"alert one was not sent: status {status}"] * notes
