"""Players without a network: legal, the same for a seed, each stronger than the one before."""

import random

import numpy as np
import oracle
import pytest
from drawn import drawn, together

from hexray.errors import IllegalMove, SettingsError
from hexray.game.board import BLUE, RED, Boards, new_boards, play_sequence
from hexray.game.notation import parse_move
from hexray.play.players import (
    HeuristicPlayer,
    Player,
    RandomPlayer,
    parse_heuristic,
    strongest_heuristic,
)
from hexray.search.heuristic import Heuristic

QUICK = Heuristic("resistance", 1, 8)
PLAYERS = {
    "random": lambda seed: RandomPlayer(seed),
    "heuristic": lambda seed: HeuristicPlayer(QUICK, seed),
}
each_player = pytest.mark.parametrize("player", PLAYERS)


def _choose(player: Player, boards: Boards) -> list[int]:
    return player.choose(boards, [[]] * len(boards.cells)).tolist()


def _positions(size: int, count: int, seed: int) -> Boards:
    rng = random.Random(seed)
    sequences = [oracle.random_position(size, rng.randrange(10), rng) for _ in range(count)]
    return together([play_sequence(size, moves) for moves in sequences])


def _wins(player: Player, other: Player, size: int, openings: list[list[int]]) -> int:
    """Play every opening with both colours; count the games that ``player`` wins."""
    wins = 0
    for opening in openings:
        for colour in (RED, BLUE):
            moves, board = list(opening), play_sequence(size, opening)
            while board.winner[0] == 0:
                asked = player if board.to_move[0] == colour else other
                moves += asked.choose(board, [moves]).tolist()
                board = play_sequence(size, moves)
            wins += board.winner[0] == colour
    return wins


@each_player
def test_every_move_is_legal_for_either_colour(player: str) -> None:
    boards = _positions(5, 40, seed=1)
    moves = _choose(PLAYERS[player](1), boards)
    assert {RED, BLUE} == set(boards.to_move.tolist())
    assert all(boards.cells[game, move] == 0 for game, move in enumerate(moves))


@each_player
def test_a_seed_repeats_its_moves_and_another_does_not(player: str) -> None:
    boards = together([new_boards(1, 5)] * 30)
    first = [_choose(PLAYERS[player](3), boards) for _ in range(2)]
    assert first[0] == first[1] != _choose(PLAYERS[player](4), boards)


@each_player
def test_many_games_at_once_are_answered_as_one_by_one(player: str) -> None:
    boards = _positions(5, 20, seed=2)
    alone = PLAYERS[player](5)
    one_by_one = [_choose(alone, boards.take(np.array([game])))[0] for game in range(20)]
    assert _choose(PLAYERS[player](5), boards) == one_by_one


@each_player
def test_a_game_already_won_is_refused_by_its_number(player: str) -> None:
    boards = together([new_boards(1, 2), drawn("R B  R .")])
    with pytest.raises(IllegalMove, match="game 1 is already won"):
        _choose(PLAYERS[player](0), boards)


def test_any_of_equal_moves_is_played() -> None:
    boards = together([new_boards(1, 5)] * 50)
    assert len(set(_choose(HeuristicPlayer(QUICK, 0), boards))) > 1


@pytest.mark.parametrize(
    ("drawing", "to_move", "move"),
    [
        ("R R . .  B B . B  R R R .  . . . .", BLUE, "c2"),
        ("R B . .  R B . .  . B B .  R . . .", RED, "a3"),
    ],
)
def test_the_move_that_wins_is_named_on_the_board_as_people_see_it(
    drawing: str, to_move: int, move: str
) -> None:
    chosen = _choose(HeuristicPlayer(QUICK, 0), drawn(drawing, to_move))
    assert chosen == [parse_move(move, 4)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("heuristic", strongest_heuristic()),
        ("heuristic:depth=1", strongest_heuristic()._replace(depth=1)),
        ("resistance:depth=2,width=12", Heuristic("resistance", 2, 12)),
        ("two-distance:width=5,depth=3", Heuristic("two-distance", 3, 5)),
        ("resistance", strongest_heuristic()._replace(kind="resistance")),
    ],
)
def test_a_setting_is_read_from_text(text: str, expected: Heuristic) -> None:
    assert parse_heuristic(text) == expected


def test_a_player_is_named_by_the_text_that_makes_it() -> None:
    name = HeuristicPlayer(QUICK, 0).name
    assert name == "resistance:depth=1,width=8"
    assert parse_heuristic(name) == QUICK


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("voltage", "'voltage' is unknown"),
        ("resistance:deep=2", "'deep=2' is no setting; write depth=2 or width=12"),
        ("resistance:depth=two", "'depth=two' is no setting"),
        ("resistance:depth", "'depth' is no setting"),
        ("resistance:width=0", "width 0 is below 1"),
    ],
)
def test_a_bad_setting_is_refused_by_name(text: str, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        parse_heuristic(text)


@pytest.mark.parametrize("kind", ["two-distance", "resistance"])
def test_a_heuristic_beats_random_moves(kind: str) -> None:
    openings = [[cell] for cell in range(0, 40, 2)]
    player = HeuristicPlayer(parse_heuristic(f"{kind}:depth=1,width=8"), 1)
    assert _wins(player, RandomPlayer(2), 7, openings) >= 38


@pytest.mark.parametrize("kind", ["two-distance", "resistance"])
def test_two_plies_beat_one(kind: str) -> None:
    """Play 120 games; the lower end of the 95 % Wilson interval must be above one half.

    Resistance won 93 (0.69 to 0.84), two-distance 77 (0.55 to 0.72).
    """
    rng = random.Random(5)
    openings = [rng.sample(range(49), 2) for _ in range(60)]
    one, two = (HeuristicPlayer(parse_heuristic(f"{kind}:depth={d},width=12"), d) for d in (1, 2))
    wins, games, z = _wins(two, one, 7, openings), 120, 1.96
    centre = (wins + z * z / 2) / (games + z * z)
    reach = z / (games + z * z) * (wins * (games - wins) / games + z * z / 4) ** 0.5
    assert centre - reach > 0.5
