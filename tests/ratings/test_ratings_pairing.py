"""The next pairing, where the answer is plain and where it was found by playing the game."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from hexray.errors import RatingsError
from hexray.ratings.pairing import next_opponent, next_pairing
from hexray.ratings.table import PRIOR_ELO, fit

NAMES = ["ada", "bea", "cora", "dora"]


def test_groups_that_never_met_meet() -> None:
    wins = _equal({("ada", "bea"): 50, ("cora", "dora"): 50})
    assert next_pairing(NAMES, wins) == ("ada", "cora")


def test_a_player_without_games_plays_first() -> None:
    wins = _equal({("ada", "bea"): 4, ("bea", "dora"): 4, ("ada", "dora"): 4})
    assert "cora" in next_pairing(NAMES, wins)


def test_an_even_game_tells_more_than_a_decided_one() -> None:
    """Both have played 80 games; ada and bea are even, ada beats cora 79 times."""
    wins = np.array([[0, 40, 79], [40, 0, 79], [1, 1, 0]])
    assert next_pairing(NAMES[:3], wins) == ("ada", "bea")


def test_of_even_players_those_with_the_fewest_games_meet() -> None:
    games = dict.fromkeys(combinations(NAMES, 2), 10) | {("bea", "dora"): 8}
    assert next_pairing(NAMES, _equal(games)) == ("bea", "dora")


def test_of_equal_pairings_the_one_with_the_fewest_games_comes_before_the_name() -> None:
    """Two players with the same games against all others differ by 8 / (their games + 2 mutual).

    That is 84 + 2 * 2 games without the mutual ones for the last two, 80 + 2 * 4 for the first two.
    """
    games = dict.fromkeys(combinations(NAMES, 2), 20)
    games |= {("ada", "bea"): 4, ("cora", "dora"): 2}
    wins = np.zeros((5, 5), dtype=np.int64)
    wins[:4, :4] = _equal(games)
    wins[4, :4] = wins[:4, 4] = (20, 20, 22, 22)
    assert next_pairing([*NAMES, "eve"], wins) == ("cora", "dora")


def test_equal_pairings_go_by_name_whatever_the_order_of_the_players() -> None:
    wins = _equal(dict.fromkeys(combinations(NAMES, 2), 10))
    assert next_pairing(NAMES, wins) == ("ada", "bea")
    assert next_pairing(NAMES[::-1], wins) == ("ada", "bea")


def test_without_any_games_the_first_two_by_name_begin() -> None:
    assert next_pairing(["cora", "bea", "ada"], np.zeros((3, 3), dtype=np.int64)) == ("ada", "bea")


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(0, 20), min_size=12, max_size=12), st.permutations(range(4)))
def test_the_order_of_the_players_does_not_matter(counts: list[int], order: list[int]) -> None:
    wins = np.zeros((4, 4), dtype=np.int64)
    wins[~np.eye(4, dtype=bool)] = counts
    moved = wins[np.ix_(order, order)]
    one, other = next_pairing(NAMES, wins)
    assert one < other
    assert next_pairing([NAMES[i] for i in order], moved) == (one, other)


@pytest.mark.parametrize("seed", range(5))
def test_no_other_game_would_leave_less_uncertainty(seed: int) -> None:
    """The slow way: add each game's information at the ratings, take the determinant."""
    rng = np.random.default_rng(seed)
    wins = rng.integers(0, 12, (4, 4))
    np.fill_diagonal(wins, 0)
    elo, covariance = fit(NAMES, wins)
    left = {}
    for one, other in combinations(range(4), 2):
        direction = np.zeros(4)
        direction[[one, other]] = 1.0, -1.0
        chance = 1.0 / (1.0 + 10.0 ** ((elo[one] - elo[other]) / 400.0))
        told = chance * (1.0 - chance) * (np.log(10.0) / 400.0) ** 2
        after = np.linalg.inv(covariance) + told * np.outer(direction, direction)
        left[NAMES[one], NAMES[other]] = -np.linalg.slogdet(after * PRIOR_ELO**2)[1]
    assert next_pairing(NAMES, wins) == min(left, key=lambda pair: left[pair])


def test_a_player_is_not_paired_with_itself() -> None:
    with pytest.raises(RatingsError, match="ada is there twice"):
        next_pairing(["ada", "ada"], np.zeros((2, 2), dtype=np.int64))


def _equal(games: dict[tuple[str, str], int]) -> NDArray[np.int64]:
    """Give each pair half of its games to either player."""
    wins = np.zeros((4, 4), dtype=np.int64)
    for (one, other), count in games.items():
        i, j = NAMES.index(one), NAMES.index(other)
        wins[i, j] = wins[j, i] = count // 2
    return wins


def test_an_opponent_is_chosen_by_the_same_measure_as_a_pairing() -> None:
    """Whoever the best pairing is of, its other player is the best opponent."""
    rng = np.random.default_rng(3)
    for _ in range(20):
        wins = rng.integers(0, 30, (4, 4))
        np.fill_diagonal(wins, 0)
        one, other = next_pairing(NAMES, wins)
        for player, opponent in ((one, other), (other, one)):
            among = [name for name in NAMES if name != player]
            assert next_opponent(player, among, NAMES, wins) == opponent


def test_an_opponent_comes_from_those_who_may_be_met() -> None:
    wins = np.array([[0, 40, 79], [40, 0, 79], [1, 1, 0]])
    assert next_opponent("ada", ["bea", "cora"], NAMES[:3], wins) == "bea"
    assert next_opponent("ada", ["cora"], NAMES[:3], wins) == "cora"
    assert next_opponent("cora", ["ada"], NAMES[:3], wins) == "ada"


@pytest.mark.parametrize(
    ("player", "among"), [("ada", []), ("ada", ["ada", "bea"]), ("eve", ["ada"]), ("ada", ["eve"])]
)
def test_who_can_meet_nobody_is_named(player: str, among: list[str]) -> None:
    with pytest.raises(RatingsError, match=f"{player} cannot meet one of"):
        next_opponent(player, among, NAMES, np.zeros((4, 4), np.int64))
