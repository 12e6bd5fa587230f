"""Examples of other trainers: what they mean here, and files that mean harm."""

import gzip
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from oracle import BLUE, RED, mover_cell, mover_view

from hexray.data.archive import Archive
from hexray.data.examples import example_files, read_example_file
from hexray.data.importing import import_examples
from hexray.data.row_file import read_rows
from hexray.data.unpickle import MEMORY_MB
from hexray.errors import FileFormatError
from hexray.game.fill_in import filled

pytestmark = pytest.mark.process


def planes(size: int, blue: list[int], red: list[int]) -> np.ndarray:
    board = np.zeros((2, size * size), np.float32)
    board[0, blue] = board[1, red] = 1
    return board.reshape(2, size, size)


def policy(size: int, shares: dict[int, float]) -> np.ndarray:
    found = np.zeros(size * size, np.float32)
    for cell, share in shares.items():
        found[cell] = share
    return found


def packed(path: Path, content: Any, protocol: int = 4) -> Path:
    path.write_bytes(gzip.compress(pickle.dumps(content, protocol)))
    return path


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_blue_is_red_here_and_a_value_is_the_movers(tmp_path: Path, protocol: int) -> None:
    size, stones = 5, ([7, 12], [3])
    records = [
        (planes(size, [7, 12], [3]), policy(size, {9: 0.75, 21: 0.25}), 1.0),
        {
            "board": planes(size, [12], [3]).astype(np.int8),
            "policy": policy(size, {0: 1.0}).reshape(size, size),
            "value": np.float32(0.25),
            "player_to_move": "blue",
            "metadata": {"game_id": "g7", "position": 2},
        },
    ]
    found = read_example_file(packed(tmp_path / "a.pkl.gz", records, protocol))
    assert (found.rejected, found.records) == ([], 2)
    placed = found.rows[size]
    for index, (to_move, blue, red) in enumerate(((BLUE, *stones), (RED, [12], [3]))):
        board = [RED if cell in blue else BLUE if cell in red else 0 for cell in range(size**2)]
        seen = np.array([mover_view(board, to_move, size)], np.int8)
        assert (placed.rows.cells[index] == filled(seen, size)[0]).all()
    # Red, who is Blue here, is to move and has won; his shares lie at the mirror cells.
    assert (placed.rows.outcome[0], placed.rows.root_value[0]) == (1, 1.0)
    shares = placed.rows.policy[0]
    assert shares[mover_cell(9, BLUE, size)] == 0.75
    assert shares[mover_cell(21, BLUE, size)] == 0.25
    # A quarter for red is a half against blue, who is to move.
    assert (placed.rows.outcome[1], placed.rows.root_value[1]) == (1, 0.5)
    assert placed.rows.policy[1, 0] == 1
    assert placed.ply.tolist() == [3, 2]


def test_one_negative_value_makes_all_values_signed(tmp_path: Path) -> None:
    records = [(planes(3, [4], []), None, value) for value in (0.5, -0.5)]
    found = read_example_file(packed(tmp_path / "a.pkl.gz", records))
    assert found.rows[3].rows.root_value.tolist() == [0.5, -0.5]


@pytest.mark.parametrize("none", [None, np.zeros(9, np.float32), np.zeros((3, 3))])
def test_no_policy_stays_no_policy(tmp_path: Path, none: Any) -> None:
    found = read_example_file(packed(tmp_path / "a.pkl.gz", [(planes(3, [4], []), none, 1.0)]))
    assert not found.rows[3].rows.policy.any()


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        ((planes(3, [4], []), None), "neither a board"),
        ("board", "neither a board"),
        ((np.zeros((3, 5, 5)), None, 1.0), "a board of shape (3, 5, 5)"),
        ((np.zeros((2, 4, 5)), None, 1.0), "a board of shape (2, 4, 5)"),
        ((np.zeros((2, 20, 20)), None, 1.0), "a board of shape (2, 20, 20)"),
        ((planes(3, [4], []) * 2, None, 1.0), "planes that are not 0 and 1"),
        ((planes(3, [4, 5], [5]), None, 1.0), "two stones on a cell"),
        ((planes(3, [4, 5], []), None, 1.0), "stones of no game"),
        ((planes(3, [], [5]), None, 1.0), "stones of no game"),
        ((planes(3, [4], []), np.ones(8), 1.0), "a policy that is not 9 numbers"),
        ((planes(3, [4], []), np.full(9, np.nan), 1.0), "negative or not finite"),
        ((planes(3, [4], []), policy(3, {0: 0.5}), 1.0), "a policy that sums to 0.500"),
        ((planes(3, [4], []), policy(3, {4: 1.0}), 1.0), "mass on an occupied cell"),
        ((planes(3, [4], []), None, float("nan")), "a value of nan"),
        ((planes(3, [4], []), None, 1.5), "a value of 1.5"),
        ((planes(3, [4], []), None, "red"), "a value of red"),
        (
            {"board": planes(3, [4], []), "policy": None, "value": 1, "player_to_move": "green"},
            "a player to move 'green'",
        ),
        (
            {"board": planes(3, [4], []), "policy": None, "value": 1, "player_to_move": "blue"},
            "has not his turn",
        ),
    ],
)
def test_a_bad_record_is_rejected_and_the_others_kept(
    tmp_path: Path, record: Any, reason: str
) -> None:
    good = (planes(3, [4], []), None, 1.0)
    found = read_example_file(packed(tmp_path / "a.pkl.gz", [good, record, good]))
    assert [one.line for one in found.rejected] == [2]
    assert reason in found.rejected[0].reason
    assert len(found.rows[3].ply) == 2


def test_examples_are_stored_once_and_found_again(tmp_path: Path) -> None:
    records = [(planes(3, [4], []), None, 1.0), (planes(5, [4], [3]), None, 0.0), "bad"]
    path = packed(tmp_path / "a.pkl.gz", records)
    archive = Archive(tmp_path / "store")
    with archive.index() as index:
        first, again = (import_examples(archive, index, path, MEMORY_MB) for _ in range(2))
        (held,) = index.held()
    assert (first.positions, first.rejected, first.duplicates) == (2, 1, 0)
    assert (again.positions, again.rejected, again.duplicates) == (0, 1, 2)
    assert held.rejected.line == 3
    for size in (3, 5):
        (file,) = example_files(tmp_path / "store", size)
        assert len(read_rows(file, size).ply) == 1


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileFormatError, match="no such file"):
        read_example_file(tmp_path / "none.pkl.gz")
