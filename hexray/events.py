"""What happened to a run, in words: one JSON object a line in ``events.jsonl``."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

EVENTS_FILE = "events.jsonl"


class Event(NamedTuple):
    """What happened: a kind (start, death, back, machine, end ...), and the words for people.

    time       when, as ISO 8601 in UTC
    trained_s  seconds of training until then
    """

    time: str
    trained_s: float
    kind: str
    text: str


def append_event(run: Path, kind: str, text: str, trained_s: float) -> None:
    """Write down what happens now. Raises OSError."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    line = json.dumps(Event(now, round(trained_s, 1), kind, text)._asdict()) + "\n"
    with (run / EVENTS_FILE).open("ab") as file:
        if file.tell():
            with (run / EVENTS_FILE).open("rb") as before:
                before.seek(-1, 2)
                line = line if before.read() == b"\n" else "\n" + line  # a crash cut the last one
        file.write(line.encode())


def read_events(run: Path) -> list[Event]:
    """Read what happened to a run, oldest first; lines that a crash has cut are left out."""
    if not (run / EVENTS_FILE).exists():
        return []
    events = []
    for line in (run / EVENTS_FILE).read_bytes().split(b"\n"):
        try:
            found = json.loads(line)
            kind, text = str(found["kind"]), str(found["text"])
            events.append(Event(str(found["time"]), float(found["trained_s"]), kind, text))
        except (ValueError, KeyError, TypeError):
            continue
    return events
