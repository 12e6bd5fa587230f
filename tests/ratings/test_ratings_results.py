"""Counting the games of pairs."""

import pytest

from hexray.errors import RatingsError
from hexray.ratings.results import Pairs, count_pairs


def test_pairs_are_counted_by_the_points_they_brought() -> None:
    games = [(0, True), (1, False), (0, True), (1, False), (2, True), (2, False), (7, False)]
    assert count_pairs([*games, (7, True)]) == Pairs(lost=1, split=2, won=1)
    assert count_pairs([]) == Pairs(0, 0, 0)


@pytest.mark.parametrize("games", [[(4, True)], [(4, True)] * 3])
def test_an_opening_that_was_not_played_twice_is_named(games: list[tuple[int, bool]]) -> None:
    with pytest.raises(RatingsError, match=f"opening 4 was played {len(games)} times"):
        count_pairs([(1, True), (1, True), *games])
