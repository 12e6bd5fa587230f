"""A hundred games of ``hexray htp`` against itself, through a match runner that trusts nobody."""

import random
import sys

import pytest
from match_runner import SWAP, Program, Start, play_game
from oracle import BLUE, RED, random_position

COMMAND = [sys.executable, "-m", "hexray.cli", "htp", "random", "--simulations", "8"]


def _starts(rng: random.Random) -> list[Start]:
    """Draw fifty: boards of two sizes, openings of up to three moves, every other one with swap."""
    starts = []
    for number in range(50):
        size = rng.choice([4, 5])
        starts.append(Start(size, random_position(size, rng.randrange(4), rng), number % 2 == 1))
    return starts


@pytest.mark.process
@pytest.mark.timeout(200)
def test_a_hundred_games_against_itself_are_legal_and_both_agree_on_every_winner() -> None:
    with Program(COMMAND) as one, Program(COMMAND) as other:
        results = [
            play_game(programs, start)
            for start in _starts(random.Random(20))
            for programs in ({RED: one, BLUE: other}, {RED: other, BLUE: one})
        ]
        assert [program.quit() for program in (one, other)] == [0, 0]
    assert len(results) == 100
    assert {result.winner for result in results} == {RED, BLUE}
    swaps = [result.moves.index(SWAP) for result in results if SWAP in result.moves]
    assert swaps
    assert set(swaps) == {1}
