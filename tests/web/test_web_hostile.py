"""Hostile requests: bodies without end, a thousand at once, ten thousand that are nearly right."""

import asyncio
import json
import random
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import mutated
import psutil
import pytest
from asked_app import JSON, Client, asked, scene

from hexray.web.wire import MAX_BODY_BYTES

_MANY = 10_000
_TOGETHER = 8
_ANSWER_S = 20
_GROWTH_BYTES = 60_000_000
GAME = {"net": "1", "size": 3, "moves": ["a1", "swap-pieces", "b2"], "simulations": 4}
HISTORY = {"size": 3, "movesHistory": "a1 swap-pieces b2"}
VALID: list[tuple[str, str, Any]] = [
    ("GET", "/", None),
    ("GET", "/static/app.js", None),
    ("GET", "/api/about", None),
    ("GET", "/status", None),
    ("POST", "/api/analyse", {**GAME, "seconds": 1.0}),
    ("POST", "/api/move", {**GAME, "swap": True, "resignBelow": 0.1}),
    ("POST", "/api/judge", GAME),
    ("POST", "/api/read", {"text": "(;FF[4]GM[11]SZ[3];B[a1];W[swap-pieces];B[b2])"}),
    ("POST", "/api/read", {"text": "#11,b3:sc6"}),
    ("POST", "/api/read", {"text": "#3 a1 b2"}),
    ("POST", "/api/write", {"size": 3, "moves": ["a1", "b2"], "format": "sgf", "first": "Ann"}),
    ("POST", "/api/read", {"text": "(;GM[11]SZ[3](;B[a1](;W[swap])(;W[b2];B[resign]))(;B[c3]))"}),
    (
        "POST",
        "/api/write",
        {
            **{"size": 3, "moves": ["a1", "b2"], "variations": ["0 c3", "1 swap-pieces b1"]},
            **{"format": "sgf", "result": "red"},
        },
    ),
    (
        "POST",
        "/calculate-move",
        {
            "game": {**HISTORY, "currentPlayer": "white", "swapRule": True},
            "ai": {"engine": "hexray", "simulations": 4},
        },
    ),
    ("POST", "/analyze-game", HISTORY),
]
VALUES = [*mutated.VALUES, 20_001, "sgf", "trmph", "hexworld", "black"]


def _pieces(count: int, sent: list[int]) -> Iterator[bytes]:
    for _ in range(count):
        sent.append(10_000)
        yield b"0" * 10_000
    yield b""


@pytest.mark.parametrize("length", [None, "5", "100000000", "-1", "9" * 500, "x"])
def test_a_body_of_100_mb_is_refused_and_not_read(length: str | None) -> None:
    sent: list[int] = []
    headers = JSON if length is None else {**JSON, "content-length": length}
    pieces = _pieces(10_000, sent)
    answer = asked("POST", "/api/read", pieces=pieces, headers=headers)
    assert answer.status == 413
    assert str(MAX_BODY_BYTES) in answer.json["error"]
    assert sum(sent) <= MAX_BODY_BYTES + 10_000


def test_a_body_of_the_greatest_size_is_read() -> None:
    said = json.dumps({"text": ""})
    text = "#3 a1" + " " * (MAX_BODY_BYTES - len(said) - 5)
    body = json.dumps({"text": text}).encode()
    assert len(body) == MAX_BODY_BYTES
    assert asked("POST", "/api/read", body=body).json["moves"] == ["a1"]
    assert asked("POST", "/api/read", body=body + b" ").status == 413


def test_a_body_that_does_not_come_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hexray.web.wire._BODY_SECONDS", 0.05)
    answer = asked("POST", "/api/read", pieces=[b"{"])
    assert answer.status == 408


def test_a_client_that_goes_away_within_its_body_harms_nobody() -> None:
    async def play(client: Client) -> int:
        asking = client.begin("POST", "/api/read", pieces=[b"{"])
        asking.leave()
        await asking.answer()
        return (await client.ask("GET", "/status")).status

    assert scene(play) == 200


def test_a_thousand_requests_at_once_are_each_answered() -> None:
    async def play(client: Client) -> Counter[int]:
        askings = [client.begin("POST", "/api/move", GAME) for _ in range(1000)]
        answers = [await asking.answer() for asking in askings]
        for answer in answers:
            assert answer.status == 200 or "retry-after" in answer.headers
        assert (await client.ask("POST", "/api/move", GAME)).status == 200
        return Counter(answer.status for answer in answers)

    counted = scene(play)
    assert set(counted) == {200, 503}
    assert counted[200] >= 33  # one goes on and a line of 32 waits


def _mutated(rng: random.Random) -> tuple[str, str, bytes, dict[str, str]]:
    """Draw a valid request and change some of it: its values, its bytes, its head."""
    method, path, said = rng.choice(VALID)
    headers = dict(JSON)
    body = b""
    if said is not None:
        said = mutated.changed(said, rng, VALUES, ("net", "size", "x", ""))
        body = json.dumps(said).encode()
    if body and rng.random() < 0.3:
        body = mutated.spoilt(body, rng)
    if rng.random() < 0.1:
        name = rng.choice(("host", "content-type", "content-length", "origin", "transfer-encoding"))
        headers[name] = rng.choice(("", "x", "evil.example", "text/plain", "-1", "1" * 100))
    if rng.random() < 0.05:
        method = rng.choice(("GET", "POST", "PUT", "HEAD", "OPTIONS", "BREW"))
    if rng.random() < 0.05:
        path += rng.choice(("/", "x", "/..", "?net=2", "%00", "//", "é"))
    return method, path, body, headers


@pytest.mark.timeout(300)
def test_ten_thousand_requests_that_are_nearly_right_get_a_clear_answer_each() -> None:
    rng = random.Random(1)
    known = {200, 400, 404, 405, 413, 415, 421}
    process = psutil.Process()

    async def play(client: Client) -> Counter[int]:
        counted: Counter[int] = Counter()
        before = 0
        for number in range(0, _MANY, _TOGETHER):
            if number == _MANY // 5:
                before = process.memory_info().rss
            drawn = [_mutated(rng) for _ in range(_TOGETHER)]
            began = time.monotonic()
            askings = [
                client.begin(method, path, body=body, headers=headers)
                for method, path, body, headers in drawn
            ]
            answers = await asyncio.gather(*(asking.answer() for asking in askings))
            assert time.monotonic() - began < _ANSWER_S, drawn
            for request, answer in zip(drawn, answers, strict=True):
                assert answer.status in known, (request, answer)
                if answer.status >= 400:
                    assert answer.json["error"], (request, answer)
            counted.update(answer.status for answer in answers)
        assert process.memory_info().rss - before < _GROWTH_BYTES
        return counted

    counted = scene(play)
    assert set(counted) >= {200, 400, 404, 405, 415, 421}
    assert counted[200] > _MANY / 10
    assert counted[400] > _MANY / 10
