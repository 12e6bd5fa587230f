"""Measuring strength: against evaluators that know the truth, lie, or know nothing."""

import json
from collections.abc import Sequence
from pathlib import Path

import oracle
import pytest
from evaluators import hashed, row_by_row

from hexray.errors import FileFormatError
from hexray.evaluation import drive, know_nothing
from hexray.game.notation import parse_moves
from hexray.play.solved import measure, read_solved, shipped_openings, shipped_positions

_KNOWN: dict[tuple[object, int], int] = {}


def _truth(seen: Sequence[int]) -> tuple[list[float], float]:
    """Answer exactly: solve the position as its mover sees it."""
    logits = []
    for cell, stone in enumerate(seen):
        after = list(seen)
        after[cell] = 1
        wins = stone == 0 and oracle.solve(after, -1, 3, _KNOWN) == -1
        logits.append(5.0 if wins else -5.0)
    return logits, float(oracle.solve(seen, 1, 3, _KNOWN))


def _lie(seen: Sequence[int]) -> tuple[list[float], float]:
    logits, value = _truth(seen)
    return [-logit for logit in logits], -value


@pytest.mark.parametrize("simulations", [0, 16])
def test_the_truth_makes_no_mistake_on_all_3x3_openings(simulations: int) -> None:
    openings = shipped_openings(3)
    assert openings is not None
    strength = drive(measure(openings, simulations), row_by_row(_truth))
    assert (strength.positions, strength.winner_accuracy) == (9, 1.0)


def test_a_raw_liar_is_always_wrong() -> None:
    openings = shipped_openings(3)
    assert openings is not None
    assert drive(measure(openings, 0), row_by_row(_lie)).winner_accuracy == 0.0


def test_a_value_of_zero_names_nobody() -> None:
    openings = shipped_openings(5)
    assert openings is not None
    assert drive(measure(openings, 0), know_nothing).winner_accuracy == 0.0


def test_shipped_5x5_openings_agree_with_their_count() -> None:
    openings = shipped_openings(5)
    assert openings is not None
    assert (~openings.wins).sum() == 13


@pytest.mark.parametrize("size", [4, 5, 6, 7, 8])
def test_shipped_positions_load(size: int) -> None:
    path = shipped_positions(size)
    assert path is not None
    solved = read_solved(path)
    assert len(solved.wins) >= 150
    assert (solved.winning.any(1) == solved.wins).all()


def test_shipped_4x4_positions_are_true() -> None:
    """By the slow engine, which tries everything; those with few stones would take hours."""
    path = shipped_positions(4)
    assert path is not None
    known: dict[tuple[object, int], int] = {}
    records = [json.loads(line) for line in path.read_text().splitlines()]
    late = [record for record in records if len(record["moves"].split()) >= 9]
    assert len(late) > 100
    assert len({record["moves"] for record in records}) == len(records)
    for record in late:
        cells, to_move, _ = oracle.replay(4, parse_moves(record["moves"], 4))
        wins = []
        for move in range(16):
            if cells[move] == oracle.EMPTY:
                cells[move] = to_move
                if oracle.solve(cells, -to_move, 4, known) == -1:
                    wins.append(move)
                cells[move] = oracle.EMPTY
        assert wins == parse_moves(record["winning_moves"], 4)
        assert (record["winner"] == record["to_move"]) == bool(wins)


def test_no_positions_are_shipped_for_other_boards() -> None:
    assert shipped_positions(3) is None
    assert shipped_openings(9) is None


def test_moves_count_only_where_the_mover_can_win(tmp_path: Path) -> None:
    path = tmp_path / "some.jsonl"
    path.write_text(
        '{"size": 2, "moves": "", "to_move": "red", "winner": "red", "winning_moves": "b1 a2"}\n'
        '{"size": 2, "moves": "b1", "to_move": "blue", "winner": "red", "winning_moves": ""}\n'
    )
    strength = drive(measure(read_solved(path), 64), row_by_row(hashed))
    assert (strength.positions, strength.movable, strength.move_accuracy) == (2, 1, 1.0)


GOOD = {"size": 3, "moves": "a1", "to_move": "blue", "winner": "blue", "winning_moves": "b2"}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"size": "3"}, "size Input should be a valid integer"),
        ({"size": 99}, "less than or equal to 19"),
        ({"moves": "a1 a1"}, "occupied"),
        ({"moves": "z9"}, "off the"),
        ({"moves": 7}, "moves Input"),
        ({"to_move": "red"}, "to_move"),
        ({"to_move": "green"}, "to_move Input"),
        ({"winner": "red"}, "contradict"),
        ({"winning_moves": ""}, "contradict"),
        ({"winning_moves": "a1"}, "occupied"),
    ],
)
def test_a_bad_record_is_named_by_file_and_line(
    tmp_path: Path, change: dict[str, object], reason: str
) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_text(json.dumps(GOOD) + "\n" + json.dumps({**GOOD, **change}) + "\n")
    with pytest.raises(FileFormatError, match=f"bad.jsonl:2:.*{reason}"):
        read_solved(path)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", ":1:1: no positions"),
        ("{", ":1:1: Invalid JSON"),
        ("[]", ":1:1: "),
        ("7", ":1:1: "),
        ("null", ":1:1: "),
        ("\x00\xff", ":1:1: "),
        ('{"size": 3}', ":1:1: moves Field required"),
        (json.dumps(GOOD) + "\n" + json.dumps({**GOOD, "size": 4}), ":2:1: size 4 among"),
        ("[" * 100_000, ":1:1: Invalid JSON: recursion"),
    ],
)
def test_a_broken_file_is_refused(tmp_path: Path, text: str, reason: str) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_text(text)
    with pytest.raises(FileFormatError, match=reason):
        read_solved(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileFormatError, match=r"nowhere\.jsonl: no such file"):
        read_solved(tmp_path / "nowhere.jsonl")
