"""The game of a session against the slow engine: any order of colours, swap, undo."""

import oracle
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hexray.errors import IllegalMove
from hexray.game.board import BLUE, EMPTY, RED
from hexray.htp.game import RESIGN, SWAP, Game, parse_point, point_name

PLIES = st.lists(st.tuples(st.sampled_from([RED, BLUE]), st.integers(-2, 16)), max_size=30)


def _played(size: int, plies: list[tuple[int, int]]) -> Game:
    game = Game(size)
    for ply in plies:
        game.play(*ply)
    return game


def _slow(size: int, plies: list[tuple[int, int]]) -> list[int]:
    """Set the stones; a swap turns the only one over to the other colour, mirrored."""
    cells = [EMPTY] * (size * size)
    for colour, point in plies:
        if point == SWAP:
            (stone,) = (cell for cell, what in enumerate(cells) if what != EMPTY)
            cells[stone] = EMPTY
            cells[stone % size * size + stone // size] = colour
        elif point >= 0:
            cells[point] = colour
    return cells


@given(PLIES)
@settings(max_examples=300, deadline=None)
def test_stones_and_winner_are_those_of_the_slow_engine(plies: list[tuple[int, int]]) -> None:
    game, legal = Game(4), []
    for colour, point in plies:
        cells = _slow(4, legal)
        has_resigned = bool(legal) and legal[-1][1] == RESIGN
        is_reply = len(legal) == 1 and legal[0][0] == -colour and legal[0][1] >= 0
        is_empty = 0 <= point < 16 and cells[point] == EMPTY
        if not has_resigned and (point == RESIGN or is_empty or (point == SWAP and is_reply)):
            game.play(colour, point)
            legal.append((colour, point))
        else:
            with pytest.raises(IllegalMove):
                game.play(colour, point)
        assert game.plies == legal
        assert game.board.cells[0].tolist() == _slow(4, legal)
        if legal and legal[-1][1] == RESIGN:
            assert game.winner == -legal[-1][0]
        else:
            assert game.winner == oracle.winner_of(_slow(4, legal), 4)


@given(PLIES, st.integers(0, 30))
@settings(max_examples=200, deadline=None)
def test_undo_is_as_if_it_had_never_been_played(plies: list[tuple[int, int]], back: int) -> None:
    game = Game(4)
    for ply in plies:
        try:
            game.play(*ply)
        except IllegalMove:
            break
    back = min(back, len(game.plies))
    before = _played(4, [tuple(ply) for ply in game.plies[: len(game.plies) - back]])
    for _ in range(back):
        game.undo()
    assert game.plies == before.plies
    assert game.winner == before.winner
    for column, other in zip(game.board, before.board, strict=True):
        assert column.tolist() == other.tolist()


def test_a_swapped_stone_lies_in_the_mirror_and_belongs_to_the_other() -> None:
    game = _played(3, [(RED, 1), (BLUE, SWAP)])  # b1, and its mirror a2
    assert game.board.cells[0].tolist() == [0, 0, 0, BLUE, 0, 0, 0, 0, 0]
    assert game.board.to_move[0] == RED
    game.play(RED, 1)
    assert game.board.cells[0, 1] == RED


@pytest.mark.parametrize(
    "before",
    [[], [(RED, 0), (BLUE, 1)], [(BLUE, 0)], [(RED, 0), (RED, 1)], [(RED, 0), (BLUE, SWAP)]],
)
def test_swap_is_refused_but_as_the_second_move(before: list[tuple[int, int]]) -> None:
    game = _played(3, before)
    with pytest.raises(IllegalMove, match="only as the second move"):
        game.play(BLUE, SWAP)


def test_a_won_board_takes_further_stones_and_keeps_its_winner() -> None:
    column = [(RED, 0), (RED, 3), (RED, 6)]
    assert _played(3, [*column, (BLUE, 1), (BLUE, 4), (BLUE, 7)]).winner == RED


def test_errors_name_the_cell() -> None:
    game = _played(3, [(RED, 4)])
    with pytest.raises(IllegalMove, match="b2 is occupied"):
        game.play(BLUE, 4)
    with pytest.raises(IllegalMove, match="off the board"):
        game.play(BLUE, 9)
    with pytest.raises(IllegalMove, match="no move to undo"):
        Game(3).undo()


@pytest.mark.parametrize(
    ("text", "point"), [("A1", 0), ("c2", 5), ("SWAP-pieces", SWAP), ("Resign", RESIGN)]
)
def test_points_have_names_in_any_case(text: str, point: int) -> None:
    assert parse_point(text, 3) == point
    assert point_name(point, 3) == text.lower()


@pytest.mark.parametrize("text", ["north", "d1", "a4", "a0", "a01", "swap", "swap-sides", "pass"])
def test_what_is_no_point_is_named(text: str) -> None:
    with pytest.raises(IllegalMove, match=f"'{text}'"):
        parse_point(text, 3)
