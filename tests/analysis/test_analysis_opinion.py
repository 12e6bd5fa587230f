"""What a search found, as people read it."""

import json

import numpy as np
import pytest
from evaluators import hashed, row_by_row

from hexray.analysis.opinion import as_json, opinion_of
from hexray.evaluation import know_nothing
from hexray.game.board import BLUE, RED, play_sequence
from hexray.play.think import Choice, Limit, Thinker, choose_many, never

B3 = play_sequence(3, [0])  # Red on a1, Blue to move


def _found(**changes: object) -> Choice:
    visits = np.array([0, 2, 0, 7, 7, 0, 0, 0, 0])
    values = np.array([0, -0.5, 0, 0.2, 0.6, 0, 0, 0, 0])
    found = Choice(4, 0.5, 0, visits, values, np.full(9, 1 / 9))
    return found._replace(**changes)


def _line(cell: int, length: int) -> list[int]:
    return [cell, 8, 7][:length]


def test_candidates_come_with_the_chosen_one_first_and_then_by_visits() -> None:
    opinion = opinion_of(_found(), B3, _line, length=2)
    assert [found.cell for found in opinion.candidates] == [4, 3, 1]
    assert [found.visits for found in opinion.candidates] == [7, 7, 2]
    assert [found.winrate for found in opinion.candidates] == pytest.approx([0.8, 0.6, 0.25])
    assert [found.line for found in opinion.candidates] == [[4, 8], [3, 8], [1, 8]]
    assert opinion.simulations == 16


def test_no_more_candidates_are_told_than_are_wanted() -> None:
    assert [found.cell for found in opinion_of(_found(), B3, _line, top=1).candidates] == [4]


def test_the_chance_of_the_player_to_move_and_that_of_red() -> None:
    opinion = opinion_of(_found(), B3, _line)
    assert opinion.to_move == BLUE
    assert (opinion.winrate, opinion.red_winrate) == pytest.approx((0.75, 0.25))
    opinion = opinion_of(_found(), play_sequence(3, [0, 8]), _line)
    assert opinion.to_move == RED
    assert (opinion.winrate, opinion.red_winrate) == pytest.approx((0.75, 0.75))


def test_a_move_that_was_never_tried_has_the_certain_result_of_its_position() -> None:
    found = _found(value=1.0, proven=1, visits=np.zeros(9, int), values=np.zeros(9))
    opinion = opinion_of(found, B3, _line)
    assert [(move.cell, move.winrate) for move in opinion.candidates] == [(4, 1.0)]
    assert opinion.proven == 1


def test_where_every_move_loses_untried_the_networks_own_comes_first() -> None:
    lost, never_tried = play_sequence(3, [4]), {"visits": np.zeros(9, int), "values": np.zeros(9)}
    priors = np.array([0.05, 0.1, 0.1, 0.4, 0, 0.1, 0.1, 0.1, 0.05])
    found = _found(move=0, value=-1.0, proven=-1, priors=priors, **never_tried)
    opinion = opinion_of(found, lost, lambda cell, _: [cell])
    assert [(move.cell, move.winrate) for move in opinion.candidates] == [(3, 0.0)]


def test_as_json_it_is_plain_names_and_numbers() -> None:
    thinker = Thinker(know_nothing, None)
    board = play_sequence(7, [6])
    found = thinker.analyse(board, Limit(40), lambda _: None, never)
    said = json.loads(json.dumps(as_json(opinion_of(found, board, thinker.line))))
    assert (said["size"], said["toMove"], said["simulations"]) == (7, "blue", 40)
    assert said["winrate"] + said["redWinrate"] == pytest.approx(1, abs=1e-4)
    assert len(said["policy"]) == 49
    assert said["policy"][6] == 0
    assert [move["order"] for move in said["moves"]] == list(range(len(said["moves"])))
    assert all(move["line"][0] == move["move"] != "g1" for move in said["moves"])


def test_many_positions_searched_together_are_found_as_one_by_one() -> None:
    games = [[], [12], [3, 17], [24, 25, 30], [0, 48]]
    boards = [play_sequence(7, game) for game in games]
    joined = type(boards[0])(*(np.concatenate(columns) for columns in zip(*boards, strict=True)))
    together = choose_many(joined, 100, row_by_row(hashed))
    for board, (found, line) in zip(boards, together, strict=True):
        thinker = Thinker(row_by_row(hashed), None)
        alone = thinker.analyse(board, Limit(100), lambda _: None, never)
        assert (found.move, found.value, found.proven) == (alone.move, alone.value, alone.proven)
        assert found.visits.tolist() == alone.visits.tolist()
        assert found.values.tolist() == alone.values.tolist()
        assert found.priors.tolist() == alone.priors.tolist()
        assert line(found.move, 6) == thinker.line(found.move, 6)
