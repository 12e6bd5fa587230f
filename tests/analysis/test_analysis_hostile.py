"""Ten thousand lines that are nearly queries of the analysis protocol."""

import io
import json
import random
import time
from collections import Counter
from typing import Any

import mutated
import psutil
import pytest

from hexray.analysis.batch import serve
from hexray.evaluation import know_nothing

_MANY, _TOGETHER = 10_000, 500
_ANSWER_S = 30
_GROWTH_BYTES = 60_000_000
QUERY = {"id": "q", "boardXSize": 3, "moves": ["a1", "swap-pieces", "b2"], "maxVisits": 4}
VALID: list[dict[str, Any]] = [
    {**QUERY, "analyzeTurns": [0, 1, 2, 3], "includePolicy": True},
    {**QUERY, "moves": [["B", "a1"], ["W", "b2"]], "boardYSize": 3, "maxMoves": 2},
    {**QUERY, "initialStones": [["B", "c1"]], "initialPlayer": "W", "moves": []},
    {"id": "v", "action": "query_version"},
    {"id": "t", "action": "terminate", "terminateId": "q", "turnNumbers": [1]},
    {"id": "u", "action": "terminate_all"},
]
NAMES = ("id", "moves", "boardXSize", "x", "action", "")


def _line(rng: random.Random) -> bytes:
    said = mutated.changed(rng.choice(VALID), rng, mutated.VALUES, NAMES)
    line = json.dumps(said).encode()
    return mutated.spoilt(line, rng) if rng.random() < 0.3 else line


@pytest.mark.timeout(300)
def test_ten_thousand_lines_that_are_nearly_right_are_each_answered() -> None:
    rng = random.Random(1)
    counted: Counter[str] = Counter()
    process, before = psutil.Process(), 0
    for number in range(0, _MANY, _TOGETHER):
        if number == _MANY // 5:
            before = process.memory_info().rss
        stream = b"\n".join(_line(rng) for _ in range(_TOGETHER)) + b"\n"
        asked = [line for line in stream.split(b"\n") if line.strip()]
        written: list[str] = []
        began = time.monotonic()
        serve(know_nothing, 4, io.BytesIO(stream), written.append)
        assert time.monotonic() - began < _ANSWER_S
        answers = [json.loads(line) for line in written]
        for answer in answers:
            kinds = [key for key in ("error", "rootInfo", "noResults", "action") if key in answer]
            assert len(kinds) == 1, answer
            counted[kinds[0]] += 1
        refused_or_done = sum("turnNumber" not in answer for answer in answers)
        assert refused_or_done <= len(asked)
    assert process.memory_info().rss - before < _GROWTH_BYTES
    assert min(counted[kind] for kind in ("error", "rootInfo", "noResults", "action")) > 100
    assert sum(counted.values()) > _MANY
