"""The shuffle: the same rows in the same order whatever files they came in, and well mixed."""

import math
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_games import assert_same, random_block

from hexray.data.expand import PlacedRows, concat_rows, expand, take_rows
from hexray.data.shuffle import mixed, same_game_pairs, spread


def shuffled(files: list[PlacedRows], buckets: int, seed: int, weight: float = 1.0) -> PlacedRows:
    parts = [spread(file, buckets, seed, weight) for file in files]
    return concat_rows([mixed([part[b] for part in parts], seed) for b in range(buckets)])


def identities(placed: PlacedRows) -> list[tuple[int, int]]:
    return list(zip(placed.game.tolist(), placed.ply.tolist(), strict=True))


@settings(max_examples=30, deadline=None)
@given(
    st.integers(0, 2**32), st.integers(1, 5), st.integers(1, 6), st.sampled_from([0.3, 1.0, 2.5])
)
def test_files_and_their_order_do_not_show(
    seed: int, files: int, buckets: int, weight: float
) -> None:
    placed = expand(random_block(3, 20, seed))
    rng = random.Random(seed)
    owner = np.array([rng.randrange(files) for _ in range(len(placed.ply))])
    apart = [take_rows(placed, np.flatnonzero(owner == file)) for file in range(files)]
    rng.shuffle(apart)
    whole = shuffled([placed], buckets, seed, weight)
    again = shuffled(apart, buckets, seed, weight)
    assert identities(whole) == identities(again)
    assert_same(whole.rows, again.rows)


def test_every_row_comes_once_and_the_seed_makes_the_order() -> None:
    placed = expand(random_block(4, 50, 1))
    one, other = (identities(shuffled([placed], 4, seed)) for seed in (1, 2))
    assert sorted(one) == sorted(other) == sorted(identities(placed))
    assert one != other
    moved = sum(a != b for a, b in zip(one, identities(placed), strict=True))
    assert moved > 0.95 * len(one)


def test_a_weight_says_how_often_a_row_comes() -> None:
    placed = expand(random_block(4, 200, 1))
    rows = len(placed.ply)
    for weight in (0.25, 1.0, 2.0, 2.5):
        found = identities(shuffled([placed], 3, 5, weight))
        assert len(found) == pytest.approx(weight * rows, abs=4 * math.sqrt(rows))
        counts = {identity: found.count(identity) for identity in identities(placed)[:50]}
        assert set(counts.values()) <= {math.floor(weight), math.ceil(weight)}


def test_rows_of_one_game_do_not_sit_together() -> None:
    placed = expand(random_block(5, 300, 1))
    batch = 64
    mixed_pairs = same_game_pairs(shuffled([placed], 4, 1).game, batch)
    lengths = np.unique(placed.game, return_counts=True)[1].astype(float)
    rows = len(placed.ply)
    expected = batch * (batch - 1) / 2 * (lengths * (lengths - 1)).sum() / (rows * (rows - 1))
    assert mixed_pairs == pytest.approx(expected, rel=0.25)
    assert same_game_pairs(placed.game, batch) > 20 * mixed_pairs


def test_pairs_are_counted_in_whole_batches() -> None:
    game = np.array([1, 1, 1, 2, 3, 3, 4, 4, 5, 5], np.uint64)
    assert same_game_pairs(game, 4) == (3 + 2) / 2
    assert same_game_pairs(game, 2) == (1 + 0 + 1 + 1 + 1) / 5
    assert math.isnan(same_game_pairs(game, 11))


def test_buckets_are_filled_evenly() -> None:
    placed = expand(random_block(5, 300, 3))
    counts = [len(part.ply) for part in spread(placed, 8, 9)]
    assert min(counts) > 0.85 * len(placed.ply) / 8
