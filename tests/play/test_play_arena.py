"""A match: every opening in both colours, and no player can spoil it."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from oracle import winner_of

from hexray.errors import EngineFault, EngineResigned, SettingsError
from hexray.game.board import EMPTY, Boards, play_sequence
from hexray.play.arena import MatchGame, play_match
from hexray.play.openings import draw_openings
from hexray.play.players import RandomPlayer

SIZE = 4
OPENINGS = [(0,), (5,), (6, 9)]


class Scripted:
    """Plays what ``rule`` says of a history, or the first empty cell."""

    def __init__(
        self, name: str, rule: Callable[[Sequence[int]], int | None], at_once: int = 100
    ) -> None:
        self.name, self.at_once, self._rule = name, at_once, rule
        self.asked: list[int] = []

    def choose(self, boards: Boards, histories: Sequence[Sequence[int]]) -> NDArray[np.int64]:
        self.asked.append(len(histories))
        moves = []
        for cells, links, history in zip(boards.cells, boards.links, histories, strict=True):
            expected = play_sequence(SIZE, history)
            np.testing.assert_array_equal(cells, expected.cells[0])
            assert len(links) == SIZE * SIZE + 4
            chosen = self._rule(history)
            moves.append(int(np.flatnonzero(cells == EMPTY)[0]) if chosen is None else chosen)
        return np.array(moves)


def first_empty(name: str, at_once: int = 100) -> Scripted:
    return Scripted(name, lambda history: None, at_once)


def failing(error: Exception, after: int) -> Scripted:
    def rule(history: Sequence[int]) -> int | None:
        if len(history) >= after:
            raise error
        return None

    return Scripted("faulty", rule, at_once=1)


def colours(game: MatchGame) -> list[int]:
    """Return the cells of the end of a game, +1 for Red."""
    cells = [0] * (SIZE * SIZE)
    for ply, move in enumerate(game.moves):
        assert cells[move] == 0
        cells[move] = -1 if ply % 2 else 1
    return cells


@settings(deadline=None)
@given(at_once=st.sampled_from([1, 2, 7]), seed=st.integers(0, 99))
def test_every_opening_is_played_in_both_colours_to_a_joined_side(at_once: int, seed: int) -> None:
    players = (RandomPlayer(seed), first_empty("b", at_once))
    games = list(play_match(players, SIZE, OPENINGS))
    assert sorted((game.opening, game.red) for game in games) == [
        (number, red) for number in range(3) for red in (0, 1)
    ]
    for game in games:
        assert game.moves[: len(OPENINGS[game.opening])] == OPENINGS[game.opening]
        winner = winner_of(colours(game), SIZE)
        assert (game.winner == game.red) == (winner == 1)
        assert winner_of(colours(game._replace(moves=game.moves[:-1])), SIZE) == 0
        assert (game.ended, game.note) == ("joined", "")
    assert max(players[1].asked) <= at_once


def test_games_do_not_depend_on_how_many_are_played_at_once() -> None:
    played = [
        sorted(play_match((first_empty("a", many), first_empty("b")), SIZE, OPENINGS))
        for many in (1, 3, 100)
    ]
    assert played[0] == played[1] == played[2]


@pytest.mark.parametrize("place", [0, 1])
@pytest.mark.parametrize(
    ("error", "ended"),
    [(EngineFault("it died"), "fault"), (EngineResigned("it resigns"), "resigned")],
)
def test_who_fails_or_resigns_loses_and_the_match_goes_on(
    place: int, error: Exception, ended: str
) -> None:
    faulty, other = failing(error, 4), first_empty("b")
    players = (faulty, other) if place == 0 else (other, faulty)
    games = list(play_match(players, SIZE, OPENINGS))
    assert [game.winner for game in games] == [1 - place] * 6
    assert {(game.ended, game.note) for game in games} == {(ended, str(error))}


@pytest.mark.parametrize(
    ("move", "note"),
    [(0, "cheat plays a1, which is occupied"), (16, "off the 4x4 board"), (-1, "off")],
)
def test_a_move_that_is_not_legal_loses_only_that_game(move: int, note: str) -> None:
    def rule(history: Sequence[int]) -> int | None:
        return move if history[0] == 0 else None

    games = list(play_match((Scripted("cheat", rule), first_empty("b")), SIZE, OPENINGS))
    lost = [game for game in games if game.ended == "fault"]
    assert {game.opening for game in lost} == {0}
    assert len(lost) == 2
    for game in lost:
        assert game.winner == 1
        assert note in game.note


def test_openings_are_all_different_and_begin_with_every_first_move() -> None:
    drawn = draw_openings("first", 3, 81, seed=1)
    assert len(set(drawn)) == 81
    assert {opening[0] for opening in drawn[:9]} == set(range(9))
    assert {len(opening) for opening in drawn[9:]} == {2}
    assert drawn[:9] == draw_openings("first", 3, 9, seed=1) != draw_openings("first", 3, 9, seed=2)


def test_pairs_are_all_openings_of_two_stones_whatever_part_is_asked_for() -> None:
    drawn = draw_openings("pairs", 3, 72, seed=4)
    assert set(drawn) == {(one, other) for one in range(9) for other in range(9) if one != other}
    assert drawn[:30] == draw_openings("pairs", 3, 30, seed=4)


def test_balanced_openings_come_once_up_to_the_half_turn() -> None:
    drawn = draw_openings("balanced", 4, 40, seed=0)
    turned = [tuple(15 - move for move in opening) for opening in drawn]
    assert len(set(drawn)) == 40
    assert not [
        one for one, other in zip(drawn, turned, strict=True) if one != other and other in drawn
    ]


def test_a_corner_is_more_balanced_than_the_centre() -> None:
    drawn = draw_openings("balanced", 5, 100, seed=0)
    assert (0,) in drawn
    assert (12,) not in drawn[: drawn.index((0,))]


@pytest.mark.parametrize("count", [0, 82])
def test_more_openings_than_there_are_are_refused(count: int) -> None:
    with pytest.raises(SettingsError, match=f"{count} openings: 3x3 has 81 of the kind 'first'"):
        draw_openings("first", 3, count, seed=0)
