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
from hexray.play.think import ROUND, Choice, Limit, Thinker, moves_between, never, warm_up
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
    warm_up(simulations, 3)


def _analysed(
    thinker: Thinker, board: Boards, simulations: int, reports: list[Choice] | None = None
) -> Choice:
    report = _ignore if reports is None else reports.append
    return thinker.analyse(board, Limit(simulations), report, never)


def test_an_analysis_makes_just_the_simulations_it_may_and_reports_on_the_way() -> None:
    thinker, reports = Thinker(row_by_row(hashed), None), []
    _analysed(thinker, new_boards(1, 7), 2 * ROUND + 5, reports)
    assert [found.visits.sum() for found in reports] == [ROUND, 2 * ROUND, 2 * ROUND + 5]


def test_an_analysis_that_is_taken_up_again_counts_what_was_made_before() -> None:
    thinker, board = Thinker(row_by_row(hashed), None), new_boards(1, 7)
    _analysed(thinker, board, 100)
    assert _analysed(thinker, board, 50).visits.sum() == 100
    assert _analysed(thinker, board, 150).visits.sum() == 150


def test_an_analysis_holds_no_more_of_a_position_than_it_was_given_room_for() -> None:
    thinker = Thinker(row_by_row(hashed), None, most=70)
    assert _analysed(thinker, new_boards(1, 7), 1000).visits.sum() == 70


def test_an_analysis_that_is_stopped_ends_with_the_round_it_is_in() -> None:
    reports: list[Choice] = []
    thinker = Thinker(row_by_row(hashed), None)
    stop = Limit(10_000)
    found = thinker.analyse(new_boards(1, 7), stop, reports.append, lambda: len(reports) == 3)
    assert found.visits.sum() == 3 * ROUND


def test_priors_are_the_networks_policy_in_the_absolute_frame() -> None:
    board = play_sequence(5, [7])
    leaves = mover_cells(board.cells, board.to_move)
    logits = row_by_row(hashed)(Leaves(leaves, 5)).logits[0].astype(np.float64)
    expected = np.zeros(25)
    for cell in range(25):
        if cell != 7:
            expected[cell] = np.exp(logits[oracle.mover_cell(cell, BLUE, 5)])
    found = _analysed(Thinker(row_by_row(hashed), None), board, 8)
    np.testing.assert_allclose(found.priors, expected / expected.sum(), rtol=1e-5)


@pytest.mark.parametrize("played", [[], [24], [3, 17]])
def test_a_line_is_what_is_kept_as_most_visited_when_it_is_played(played: list[int]) -> None:
    board = play_sequence(7, played)
    thinker = Thinker(row_by_row(hashed), None)
    found = _analysed(thinker, board, 400)
    line = thinker.line(found.move, 4)
    assert line[0] == found.move
    assert len(line) == 4
    for played_now, follows in itertools.pairwise(line):
        board = _after(board, played_now)
        assert int(np.argmax(_analysed(thinker, board, 1).visits)) == follows


def test_a_line_ends_with_the_game_and_where_nothing_was_tried() -> None:
    thinker = Thinker(know_nothing, None)
    with pytest.raises(ValueError, match="nothing was searched"):
        thinker.line(6, 5)
    found = _analysed(thinker, WON, 8)
    assert found.proven == 1
    assert thinker.line(found.move, 10) == [6]
    assert thinker.line(1, 10) == [1]
