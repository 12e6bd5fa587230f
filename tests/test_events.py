"""What happened to a run, and on what machine: written, read again, and cut by crashes."""

import json
import platform
from pathlib import Path

import psutil
import pytest

from hexray.events import EVENTS_FILE, append_event, read_events
from hexray.machine import MACHINE_FILE, read_machine, write_machine


def test_events_are_read_as_they_were_written_in_order(tmp_path: Path) -> None:
    assert read_events(tmp_path) == []
    append_event(tmp_path, "start", "set up in 3 s", 0.0)
    append_event(tmp_path, "death", "player-0 died:\nits process ended", 61.26)
    found = read_events(tmp_path)
    assert [event[1:] for event in found] == [
        (0.0, "start", "set up in 3 s"),
        (61.3, "death", "player-0 died:\nits process ended"),
    ]
    assert all(event.time.endswith("+00:00") for event in found)
    assert len((tmp_path / EVENTS_FILE).read_text().splitlines()) == 2


@pytest.mark.parametrize("cut", range(1, 40, 3))
def test_a_cut_line_is_left_out_and_does_not_spoil_the_next(tmp_path: Path, cut: int) -> None:
    append_event(tmp_path, "start", "first", 0.0)
    append_event(tmp_path, "back", "second", 1.0)
    file = tmp_path / EVENTS_FILE
    file.write_bytes(file.read_bytes()[:-cut])
    append_event(tmp_path, "end", "third", 2.0)
    words = [event.text for event in read_events(tmp_path)]
    # A line that lacks nothing but its end is whole.
    assert words == (["first", "second", "third"] if cut == 1 else ["first", "third"])


def test_the_machine_is_described_by_what_the_system_says(tmp_path: Path) -> None:
    assert read_machine(tmp_path) == {}
    write_machine(tmp_path)
    found = read_machine(tmp_path)
    assert found["cores"] == psutil.cpu_count()
    assert found["python"] == platform.python_version()
    assert found["memory_gb"] == pytest.approx(psutil.virtual_memory().total / 2**30, abs=0.1)
    assert isinstance(found["gpus"], list)
    assert json.loads((tmp_path / MACHINE_FILE).read_text()) == found


def test_a_damaged_description_is_none(tmp_path: Path) -> None:
    for text in ("", "[]", "{"):
        (tmp_path / MACHINE_FILE).write_text(text)
        assert read_machine(tmp_path) == {}
