"""The slow engine checked by hand, since everything else leans on it."""

import random

import pytest
from oracle import (
    BLUE,
    EMPTY,
    RED,
    depth_limited,
    mover_view,
    neighbours,
    parse_board,
    random_game,
    random_position,
    replay,
    solve,
    winner_of,
)


def test_a_corner_an_edge_and_the_middle_have_the_neighbours_counted_by_hand() -> None:
    assert sorted(neighbours(0, 3)) == [1, 3]
    assert sorted(neighbours(2, 3)) == [1, 4, 5]
    assert sorted(neighbours(1, 3)) == [0, 2, 3, 4]
    assert sorted(neighbours(4, 3)) == [1, 2, 3, 5, 6, 7]


@pytest.mark.parametrize(
    ("drawing", "winner"),
    [
        ("R B  R B", RED),
        ("R R  B B", BLUE),
        ("B R  R B", RED),
        ("R B  B R", BLUE),
        ("R R .  B R .  . R B", RED),
        ("R . .  B R .  . . R", EMPTY),
        (". . R  . R .  R . .", RED),
        ("R . B  . B .  B R R", BLUE),
    ],
)
def test_drawn_positions_have_the_winner_seen_by_eye(drawing: str, winner: int) -> None:
    cells = parse_board(drawing)
    assert winner_of(cells, round(len(cells) ** 0.5)) == winner


def test_the_first_player_wins_the_empty_board() -> None:
    assert [solve([EMPTY] * size**2, RED, size, {}) for size in (2, 3)] == [1, 1]


def test_on_3x3_only_the_openings_a1_b1_b3_and_c3_lose() -> None:
    known: dict[tuple[object, int], int] = {}
    won = [solve([0] * cell + [1] + [0] * (8 - cell), BLUE, 3, known) == -1 for cell in range(9)]
    assert won == [False, False, True, True, True, True, True, False, False]


def test_blue_sees_the_transpose_with_colours_exchanged() -> None:
    seen = parse_board("R R .  . B .  . . .")
    assert mover_view(seen, BLUE, 3) == parse_board("B . .  B R .  . . .")


def test_random_games_end_with_their_first_win() -> None:
    rng = random.Random(1)
    for _ in range(50):
        moves = random_game(5, rng)
        assert replay(5, moves)[2] != EMPTY
        assert replay(5, moves[:-1])[2] == EMPTY


def test_random_positions_are_undecided() -> None:
    rng = random.Random(2)
    assert all(replay(4, random_position(4, 10, rng))[2] == EMPTY for _ in range(50))


def test_a_search_of_full_depth_knows_what_the_solver_knows() -> None:
    rng = random.Random(3)
    for _ in range(20):
        cells, to_move, _ = replay(3, random_position(3, 4, rng))
        value, proven = depth_limited(cells, to_move, 3, [9] * 5, lambda seen: ([0] * 9, 0.5))
        assert value == proven == solve(cells, to_move, 3, {})
