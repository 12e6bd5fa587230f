"""Choosing moves: what is kept from move to move, when the time is up, what is reported."""

import itertools
from collections.abc import Iterator

import numpy as np
import oracle
import pytest
from drawn import drawn
from evaluators import hashed, row_by_row

from hexray.config import SearchSettings
from hexray.evaluation import Evaluation, Leaves, drive, know_nothing
from hexray.game.board import BLUE, EMPTY, RED, Boards, new_boards, play, play_sequence
from hexray.game.frame import mover_cells, swap_moves
from hexray.game.symmetry import reflect
from hexray.htp.think import ROUND, Choice, Thinker, moves_between, warm_up
from hexray.search import search

WON = drawn("R . B\n R . B\n . . .")  # Red joins at a3


def _ignore(found: Choice) -> None:
    assert found.visits.sum() > 0 or abs(found.value) == 1


def _after(board: Boards, *moves: int) -> Boards:
    board = board.take(np.zeros(1, np.intp))
    play(board, np.zeros(len(moves), np.intp), np.array(moves))
    return board


def _ticking(step_s: float) -> Iterator[float]:
    return (number * step_s for number in itertools.count())


@pytest.mark.parametrize("simulations", [32, None])
@pytest.mark.parametrize("colour", [RED, BLUE])
def test_a_win_in_one_is_played_and_certain(simulations: int | None, colour: int) -> None:
    board = WON
    if colour == BLUE:
        board = Boards(reflect(WON.cells), WON.links, -WON.to_move, WON.winner)
        board = drawn(
            "\n".join(
                " ".join({1: "R", -1: "B", 0: "."}[int(stone)] for stone in row)
                for row in board.cells.reshape(3, 3)
            ),
            BLUE,
        )
    seconds = None if simulations else 0.0
    found = Thinker(know_nothing, simulations).choose(board, seconds, _ignore)
    assert found.move == (6 if colour == RED else 2)  # a3, or its mirror c1
    assert (found.value, found.values[found.move]) == (1, 1)
    assert found.visits[board.cells[0] != EMPTY].sum() == 0


@pytest.mark.parametrize("simulations", [20, None])
def test_the_choice_is_that_of_the_search_in_the_absolute_frame(simulations: int | None) -> None:
    board = play_sequence(7, [5])
    asked = SearchSettings(root="puct", simulations=ROUND)
    if simulations:
        asked = SearchSettings(simulations=simulations, candidates=16)
    plain = drive(search(board, asked, None, np.zeros(1, np.bool_)), row_by_row(hashed))
    seconds = None if simulations else 0.0
    found = Thinker(row_by_row(hashed), simulations).choose(board, seconds, _ignore)
    assert found.move == swap_moves(plain.moves, board.to_move, 7)[0]
    assert found.value == plain.value[0]
    assert found.visits.sum() == (simulations or ROUND)
    if simulations is None:
        expected = [plain.policy[0, oracle.mover_cell(cell, BLUE, 7)] for cell in range(49)]
        np.testing.assert_allclose(found.visits / ROUND, expected, atol=1e-6)


@pytest.mark.parametrize("simulations", [32, None])
def test_what_is_known_below_two_moves_is_not_asked_again(simulations: int | None) -> None:
    asked: list[int] = []
    thinker = Thinker(row_by_row(hashed, asked), simulations)
    seconds = None if simulations else 0.0
    board = play_sequence(7, [0])
    mine = thinker.choose(board, seconds, _ignore).move
    after = _after(board, mine)
    answer = int(np.argmax(thinker.choose(after, seconds, _ignore).visits))
    then, fresh = _after(after, answer), []
    asked.clear()
    Thinker(row_by_row(hashed, fresh), simulations).choose(then, seconds, _ignore)
    thinker.choose(then, seconds, _ignore)
    assert 0 <= sum(asked) < sum(fresh)


def test_a_fixed_search_of_the_same_position_is_not_made_twice() -> None:
    asked: list[int] = []
    thinker, board = Thinker(row_by_row(hashed, asked), 32), new_boards(1, 7)
    first = thinker.choose(board, None, _ignore)
    asked.clear()
    second = thinker.choose(board, None, _ignore)
    assert asked == []
    assert first is second


def test_a_search_by_time_goes_on_where_it_stopped() -> None:
    thinker, board = Thinker(row_by_row(hashed), None), new_boards(1, 7)
    assert thinker.choose(board, 0.0, _ignore).visits.sum() == ROUND
    assert thinker.choose(board, 0.0, _ignore).visits.sum() == 2 * ROUND


def test_rounds_of_one_root_equal_one_long_search() -> None:
    board, many = play_sequence(7, [12, 7]), 6 * ROUND
    asked = SearchSettings(root="puct", simulations=many)
    plain = drive(search(board, asked, None, np.zeros(1, np.bool_)), row_by_row(hashed))
    thinker = Thinker(row_by_row(hashed), None)
    for _ in range(6):
        found = thinker.choose(board, 0.0, _ignore)
    assert found.visits.tolist() == np.rint(plain.policy[0] * many).astype(int).tolist()
    assert found.value == pytest.approx(plain.value[0])


@pytest.mark.parametrize(("seconds", "rounds"), [(0.0, 1), (2.9, 1), (4.1, 2), (10.1, 5)])
def test_no_round_begins_that_would_end_too_late(seconds: float, rounds: int) -> None:
    # The clock is read once, then twice a round, and moves on by one second each time.
    ticks = _ticking(1.0)
    thinker = Thinker(know_nothing, None, lambda: next(ticks))
    reports: list[Choice] = []
    found = thinker.choose(new_boards(1, 7), seconds, reports.append)
    assert len(reports) == rounds
    assert found.visits.sum() == rounds * ROUND
    assert [report.visits.sum() for report in reports] == [ROUND * n for n in range(1, rounds + 1)]


def test_a_proven_position_ends_the_search_before_its_time() -> None:
    ticks = _ticking(1e-6)
    reports: list[Choice] = []
    Thinker(know_nothing, None, lambda: next(ticks)).choose(WON, 1e9, reports.append)
    assert len(reports) == 1


def test_boards_of_any_size_follow_each_other() -> None:
    thinker = Thinker(know_nothing, 16)
    for size in (3, 5, 3):
        found = thinker.choose(new_boards(1, size), None, _ignore)
        assert len(found.visits) == size * size


def test_moves_between_positions_are_found_in_games() -> None:
    rng = oracle.random.Random(0)
    for size in (2, 3, 5):
        for _ in range(30):
            game = oracle.random_game(size, rng)
            seen = []
            for ply in range(len(game)):
                board = play_sequence(size, game[:ply])
                seen.append(mover_cells(board.cells, board.to_move)[0])
            for ply in range(len(game)):
                assert moves_between(seen[ply], seen[ply]) == []
                for later in (1, 2):
                    if ply + later < len(game):
                        colours = [RED if (ply + i) % 2 == 0 else BLUE for i in range(later)]
                        expected = [
                            oracle.mover_cell(game[ply + i], colours[i], size) for i in range(later)
                        ]
                        assert moves_between(seen[ply], seen[ply + later]) == expected
                if ply + 3 < len(game):
                    assert moves_between(seen[ply], seen[ply + 3]) is None
                if ply > 1:
                    assert moves_between(seen[ply], seen[ply - 2]) is None


def test_a_position_that_does_not_follow_is_searched_as_if_it_were_the_first() -> None:
    one, other = play_sequence(7, [0, 5]), play_sequence(7, [0, 6])
    for simulations in (24, None):
        seconds = None if simulations else 0.0
        thinker = Thinker(row_by_row(hashed), simulations)
        thinker.choose(one, seconds, _ignore)
        after = thinker.choose(other, seconds, _ignore)
        fresh = Thinker(row_by_row(hashed), simulations).choose(other, seconds, _ignore)
        assert (after.move, after.value) == (fresh.move, fresh.value)
        assert after.visits.tolist() == fresh.visits.tolist()


def test_an_evaluation_that_fails_leaves_nothing_behind() -> None:
    def fail(leaves: Leaves) -> Evaluation:
        raise ConnectionError

    says = [know_nothing]
    thinker = Thinker(lambda leaves: says[0](leaves), 32)
    board = new_boards(1, 7)
    found = thinker.choose(board, None, _ignore)
    says[0] = fail
    after = _after(board, found.move)
    with pytest.raises(ConnectionError):
        thinker.choose(after, None, _ignore)
    says[0] = know_nothing
    again = thinker.choose(after, None, _ignore)
    fresh = Thinker(know_nothing, 32).choose(after, None, _ignore)
    assert again.visits.tolist() == fresh.visits.tolist()


@pytest.mark.parametrize("simulations", [None, 4])
def test_warming_up_needs_no_network(simulations: int | None) -> None:
    warm_up(simulations)
