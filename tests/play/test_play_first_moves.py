"""First moves: the values of the positions they lead to, from Red's side, and what is wrong."""

import numpy as np
import oracle
import pytest
from evaluators import hashed, row_by_row

from hexray.evaluation import Evaluation, Leaves, drive
from hexray.game.notation import parse_moves
from hexray.play.first_moves import FirstMoves, judge_first_moves, table
from hexray.play.solved import measure, shipped_openings


def found(size: int, simulations: int) -> FirstMoves:
    return drive(judge_first_moves(size, simulations), row_by_row(hashed))


def slow_winners(size: int) -> list[bool]:
    """Solve the empty board by trying everything: does Red win after each first move?"""
    known: dict[tuple[int, ...], int] = {}

    def winner(cells: tuple[int, ...], to_move: int) -> int:
        if cells not in known:
            done = oracle.winner_of(list(cells), size)
            free = [] if done else [cell for cell in range(size * size) if not cells[cell]]
            after = ((*cells[:cell], to_move, *cells[cell + 1 :]) for cell in free)
            wins = any(winner(board, -to_move) == to_move for board in after)
            known[cells] = done or (to_move if wins else -to_move)
        return known[cells]

    area = size * size
    boards = [tuple(oracle.RED if c == move else 0 for c in range(area)) for move in range(area)]
    return [winner(board, oracle.BLUE) == oracle.RED for board in boards]


@pytest.mark.parametrize("size", range(3, 9))
def test_the_truth_is_known_from_3x3_to_8x8_and_is_the_same_after_a_half_turn(size: int) -> None:
    moves = found(size, 0)
    assert moves.wins is not None
    assert moves.wins.tolist() == moves.wins[::-1].tolist()
    assert 0 < moves.wins.sum() < size * size


def test_the_truth_of_3x3_is_that_of_trying_everything() -> None:
    assert found(3, 0).truth == slow_winners(3)


@pytest.mark.parametrize("size", [2, 9, 11])
def test_on_other_boards_there_are_values_without_truth(size: int) -> None:
    moves = found(size, 0)
    assert moves.wins is moves.truth is None
    assert moves.counts == {}
    assert not moves.wrong.any()
    assert len(moves.value) == size * size
    assert "not known" in moves.verdict
    record = moves.record()
    assert (record["truth"], record["wrong"]) == (None, None)


@pytest.mark.parametrize("size", [3, 5, 9])
def test_the_raw_value_is_the_networks_from_the_other_side(size: int) -> None:
    area = size * size
    expected = []
    for move in range(area):
        board = [oracle.RED if cell == move else 0 for cell in range(area)]
        expected.append(-hashed(oracle.mover_view(board, oracle.BLUE, size))[1])
    assert found(size, 0).value.tolist() == pytest.approx(expected)


@pytest.mark.parametrize("simulations", [0, 8])
def test_as_many_are_wrong_as_a_plain_measurement_counts(simulations: int) -> None:
    openings = shipped_openings(5)
    assert openings is not None
    plain = drive(measure(openings, simulations), row_by_row(hashed))
    moves = found(5, simulations)
    assert moves.counts == {"openings": 25, "openings_wrong": plain.wrong}
    assert moves.verdict == f"first moves on the empty board judged wrongly: {plain.wrong} of 25"
    assert moves.wrong.sum() == plain.wrong == len(moves.record()["wrong"])


def test_a_value_of_nothing_names_nobody_and_is_wrong() -> None:
    def even(leaves: Leaves) -> Evaluation:
        rows = len(leaves.cells)
        return Evaluation(np.zeros((rows, 25), np.float32), np.zeros(rows, np.float32), 0)

    assert drive(judge_first_moves(5, 0), even).wrong.all()


def test_the_record_goes_by_the_names_of_the_moves() -> None:
    wins = np.array([False, True, True, False])
    moves = FirstMoves(2, np.array([0.5, 0.25, -0.5, -1], np.float32), wins)
    assert moves.record() == {
        "values": {"a1": 0.5, "b1": 0.25, "a2": -0.5, "b2": -1.0},
        "truth": {"a1": False, "b1": True, "a2": True, "b2": False},
        "wrong": ["a1", "a2"],
    }


def test_the_table_is_the_board_with_wrong_values_marked() -> None:
    wins = np.zeros(9, np.bool_)
    wins[parse_moves("c1 a2 b2 c2 a3", 3)] = True
    value = [-0.97, 0.036, 0.5, 0.9949, 1.0, -1.0, 0.996, -0.001, 0.0]
    expected = """
     a     b     c
 1 -.97  +.04! +.50
    2 +.99  +1.0  -1.0!
       3 +1.0  -.00  +.00!
              a     b     c
"""
    assert table(FirstMoves(3, np.array(value, np.float32), wins)) == expected.strip("\n")


@pytest.mark.parametrize("size", [2, 8, 11, 19])
def test_every_row_of_the_table_begins_half_a_cell_further_in(size: int) -> None:
    head, *rows, foot = table(FirstMoves(size, np.zeros(size * size, np.float32), None)).split("\n")
    for row, line in enumerate(rows):
        assert line[: 3 * row].strip() == ""
        assert line[3 * row :].split() == [str(row + 1), *["+.00"] * size]
        # The middle of a value lies half a cell further than that of the row above.
        assert line.index("+.00") == 3 + 3 * row
    assert foot == " " * 3 * size + head
