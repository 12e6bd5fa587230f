"""The ladder comes back from disk as it was, or not at all."""

import json
import os
from pathlib import Path

import pytest

from hexray.errors import FileFormatError
from hexray.ratings.ladder import Batch, Ladder
from hexray.ratings.ladder_file import LADDER_FILE, read_ladder, write_ladder
from hexray.ratings.results import Pairs

FULL = Ladder((Batch(4, 2, Pairs(1, 2, 3)), Batch(7, 4, Pairs(0, 0, 16))), 4, None, 7, 1)


@pytest.mark.parametrize("ladder", [Ladder(), FULL, Ladder((), 2, 4, 4, 0)])
def test_a_ladder_is_read_as_it_was_written(tmp_path: Path, ladder: Ladder) -> None:
    write_ladder(tmp_path, ladder)
    assert read_ladder(tmp_path) == ladder
    assert [path.name for path in tmp_path.iterdir()] == [LADDER_FILE]


def test_a_run_without_a_ladder_has_an_empty_one(tmp_path: Path) -> None:
    assert read_ladder(tmp_path) == Ladder()


def test_a_write_that_dies_leaves_the_old_ladder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_ladder(tmp_path, FULL)

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", die)
    with pytest.raises(KeyboardInterrupt):
        write_ladder(tmp_path, Ladder())
    assert read_ladder(tmp_path) == FULL


def _edited(**changes: object) -> str:
    record = {"schema": 1, "batches": [], "best": 1, "candidate": None, "newest": 1}
    return json.dumps({**record, "promotions": 0, **changes})


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        "{}",
        "[" * 100_000,
        _edited(schema=2),
        _edited(best="one"),
        _edited(more=1),
        _edited(batches=[{"player": 1, "opponent": 2}]),
        _edited(batches=[{"player": 1, "opponent": 1, "pairs": [1, 1, 1]}]),
        _edited(batches=[{"player": 1, "opponent": 2, "pairs": [1, 1, -1]}]),
        _edited(batches=[{"player": 1, "opponent": 2, "pairs": [1, 1]}]),
    ],
)
def test_a_damaged_ladder_is_named_with_the_remedy(tmp_path: Path, text: str) -> None:
    (tmp_path / LADDER_FILE).write_text(text)
    with pytest.raises(FileFormatError, match=r"ratings\.json:1:1: .*; remove it to rate anew"):
        read_ladder(tmp_path)
