"""Games judged move by move, by opinions that are made up, and by a search that sees all."""

import numpy as np
import pytest

from hexray.analysis.judged import Judged, judge, mark_of
from hexray.analysis.opinion import Candidate, Opinion, opinion_of
from hexray.evaluation import know_nothing
from hexray.game.board import BLUE, RED, Boards
from hexray.game.notation import parse_move
from hexray.htp.game import Game, parse_point
from hexray.play.think import Limit, Thinker, never


def _game(size: int, moves: str) -> Game:
    game = Game(size)
    for ply, name in enumerate(moves.split()):
        game.play(BLUE if ply % 2 else RED, parse_point(name, size))
    return game


class _Says:
    """Gives Red the chances that it was told, one after another, and finds one move best."""

    def __init__(self, best: str, *red: float) -> None:
        self.best, self.red, self.asked = best, list(red), []

    def __call__(self, board: Boards) -> Opinion:
        colour = int(board.to_move[0])
        self.asked.append(colour)
        red = self.red.pop(0)
        chance = red if colour == RED else 1 - red
        best = Candidate(parse_move(self.best, board.size), 9, chance, 0.5, [])
        return Opinion(board.size, colour, chance, 0, 9, [best], np.zeros(board.size**2))


def _told(judged: list[Judged]) -> list[tuple[str, float, float, str]]:
    return [(one.name, round(one.red_winrate, 3), round(one.loss, 3), one.mark) for one in judged]


def test_a_move_costs_what_its_player_has_less_after_it() -> None:
    says = _Says("e5", 0.5, 0.45, 0.7, 0.1)
    assert _told(list(judge(_game(5, "a1 b2 c3"), says))) == [
        ("a1", 0.5, 0.05, ""),
        ("b2", 0.45, 0.25, "mistake"),
        ("c3", 0.7, 0.6, "blunder"),
        ("", 0.1, 0.0, ""),
    ]
    assert says.asked == [RED, BLUE, RED, BLUE]


def test_a_move_that_gains_costs_nothing_nor_does_the_one_the_search_would_play() -> None:
    assert _told(list(judge(_game(5, "a1 b2"), _Says("b2", 0.5, 0.6, 0.9)))) == [
        ("a1", 0.5, 0.0, ""),
        ("b2", 0.6, 0.0, ""),
        ("", 0.9, 0.0, ""),
    ]


def test_a_swap_costs_what_the_stone_was_worth_less_than_the_answer() -> None:
    # Blue had 0.9 without swapping. By it he becomes the one whose opponent has 0.9.
    judged = list(judge(_game(5, "a1 swap-pieces"), _Says("c3", 0.2, 0.1, 0.9)))
    assert _told(judged) == [
        ("a1", 0.2, 0.1, "inaccuracy"),
        ("swap-pieces", 0.1, 0.8, "blunder"),
        ("", 0.9, 0.0, ""),
    ]


def test_a_game_that_is_won_ends_in_certainty_without_being_asked_about() -> None:
    says = _Says("c3", 0.5, 0.5, 0.5, 0.5, 0.5)
    judged = list(judge(_game(3, "a1 c1 a2 c2 a3"), says))
    assert [one.red_winrate for one in judged] == [0.5, 0.5, 0.5, 0.5, 0.5, 1.0]
    assert judged[-1].opinion is None
    assert says.red == []


def test_to_resign_is_not_marked_and_decides_the_game() -> None:
    judged = list(judge(_game(3, "a1 resign"), _Says("c3", 0.5, 0.6)))
    assert _told(judged) == [("a1", 0.5, 0.0, ""), ("resign", 0.6, 0.0, ""), ("", 1.0, 0.0, "")]


def test_one_colour_that_moves_twice_is_asked_about_as_it_moves() -> None:
    game = Game(3)
    game.play(RED, 0)
    game.play(RED, 1)
    says = _Says("c3", 0.5, 0.6, 0.7)
    assert [one.colour for one in judge(game, says)] == [RED, RED, BLUE]
    assert says.asked == [RED, RED, BLUE]


def test_an_empty_game_is_one_position() -> None:
    [only] = judge(Game(3), _Says("b2", 0.9))
    assert (only.ply, only.colour, only.name, only.red_winrate) == (0, RED, "", 0.9)


@pytest.mark.parametrize(
    ("loss", "mark"),
    [
        (0.0, ""),
        (0.099, ""),
        (0.1, "inaccuracy"),
        (0.2, "mistake"),
        (0.4, "blunder"),
        (1.0, "blunder"),
    ],
)
def test_marks_by_what_a_move_costs(loss: float, mark: str) -> None:
    assert mark_of(loss) == mark


def test_the_move_that_throws_a_won_game_away_is_found_by_search() -> None:
    # Red could win with b2 in the middle of 3x3; after c3 Blue has b2 and cannot be stopped.
    thinker = Thinker(know_nothing, None)

    def ask(board: Boards) -> Opinion:
        found = thinker.analyse(board, Limit(200), lambda _: None, never)
        return opinion_of(found, board, thinker.line)

    judged = list(judge(_game(3, "a1 c1 c3 b2"), ask))
    assert [round(one.red_winrate) for one in judged][2:] == [1, 0, 0]
    assert (judged[2].best, judged[2].mark) == ("b2", "blunder")
