"""JSON that is nearly right: values exchanged or left out, bytes spoilt."""

import json
import random
from collections.abc import Sequence
from copy import deepcopy
from typing import Any

VALUES: list[Any] = [
    *(None, True, False, 0, 1, 2, 3, 4, 5, -1, 20, 10**30, -(10**400), 0.5, 1e-300, 1e308),
    *("", "a1", "b2", "swap-pieces", "resign", "1", "é", "\ud800", "\0", "../../etc/passwd"),
    *("a" * 5000, [], {}, [[[[]]]], ["a1"], ["a1"] * 400, {"size": {"size": 3}}, "#3 a1"),
    *("(;SZ[3];B[a1]", "(" * 500, "#19,a1s19", "#3,a1%", "\\"),
]
"""None of them is a number of simulations or seconds that would make a request a long one."""


def changed(said: Any, rng: random.Random, values: Sequence[Any], names: Sequence[str]) -> Any:
    """Return a copy of ``said`` of which up to two values are others or missing.

    Now and then a field of ``names`` comes in addition.
    """
    said = json.loads(json.dumps(said))
    for _ in range(rng.choice((0, 1, 1, 2))):
        places = _places(said)
        if not places:
            break
        holder, key = rng.choice(places)
        if rng.random() < 0.2:
            del holder[key]
        else:
            holder[key] = deepcopy(rng.choice(values))
    if rng.random() < 0.1:
        said[rng.choice(names)] = rng.choice(values)
    return said


def spoilt(body: bytes, rng: random.Random) -> bytes:
    """Cut, change, repeat, or put something into a text that is not empty."""
    at = rng.randrange(len(body))
    ways = [
        body[:at],
        body[:at] + bytes([rng.randrange(256)]) + body[at + 1 :],
        body[:at] + body[at:] * 2,
        body[:at] + rng.randbytes(20) + body[at:],
        body.decode().encode("utf-16"),
        body[:at] + b"[" * 3000 + body[at:],
    ]
    return rng.choice(ways)


def _places(value: Any) -> list[tuple[Any, Any]]:
    """Return every container with each of its keys."""
    entries = value.items() if isinstance(value, dict) else enumerate(value)
    found = []
    for key, part in list(entries):
        found.append((value, key))
        if isinstance(part, dict | list):
            found += _places(part)
    return found
