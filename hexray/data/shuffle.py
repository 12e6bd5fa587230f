"""Mix the rows of many files so that neither files nor games nor resumes show in the order.

A row goes into a bucket and takes its place there by hashes of seed, game and ply alone. So the
same rows make the same buckets, whatever files they came from and whoever did the work.
"""

import math

import numpy as np
from numpy.typing import NDArray

from hexray.data.expand import PlacedRows, concat_rows, take_rows

_BUCKET, _PLACE, _SHARE = 1, 2, 3
"""What a hash is for: hashes for one purpose say nothing of those for another."""


def spread(placed: PlacedRows, buckets: int, seed: int, weight: float = 1.0) -> list[PlacedRows]:
    """Return the rows for each bucket; with weight 2.5 every row comes twice, half of them thrice.

    Copies of a row go their own ways.
    """
    whole = math.floor(weight)
    share = _hash(placed, seed, _SHARE) < np.uint64((weight - whole) * 2**64 * (1 - 2**-53))
    copies = whole + share.astype(np.int64)
    index = np.repeat(np.arange(len(copies)), copies)
    nth = np.arange(len(index)) - np.repeat(np.cumsum(copies) - copies, copies)
    many = take_rows(placed, index)
    bucket = _hash(many, seed, _BUCKET, nth) % np.uint64(buckets)
    return [take_rows(many, np.flatnonzero(bucket == number)) for number in range(buckets)]


def mixed(parts: list[PlacedRows], seed: int) -> PlacedRows:
    """Return the rows of one bucket in their final order."""
    placed = concat_rows(parts)
    # Copies of a row are equal, so it does not matter which of them comes first.
    order = np.lexsort((placed.ply, placed.game))
    placed = take_rows(placed, order)
    is_new = np.ones(len(order), np.bool_)
    is_new[1:] = (placed.game[1:] != placed.game[:-1]) | (placed.ply[1:] != placed.ply[:-1])
    begin = np.maximum.accumulate(np.where(is_new, np.arange(len(order)), 0))
    nth = np.arange(len(order)) - begin
    return take_rows(placed, np.argsort(_hash(placed, seed, _PLACE, nth), kind="stable"))


def split_by_game(placed: PlacedRows, share: float) -> tuple[PlacedRows, PlacedRows]:
    """Return the rows to train on and those held out, as ``is_held_out`` has it for their games."""
    is_held = placed.game < np.uint64(math.ceil(share * 2**64))
    training, held = (take_rows(placed, np.flatnonzero(side)) for side in (~is_held, is_held))
    return training, held


def same_game_pairs(game: NDArray[np.uint64], batch_rows: int) -> float:
    """Return the mean number of pairs of rows of one game in a batch; partial batches are left out.

    NaN where there is no whole batch.
    """
    batches = len(game) // batch_rows
    if batches == 0:
        return math.nan
    pairs = 0
    for batch in game[: batches * batch_rows].reshape(batches, batch_rows):
        _, count = np.unique(batch, return_counts=True)
        pairs += int((count * (count - 1) // 2).sum())
    return pairs / batches


def _hash(
    placed: PlacedRows, seed: int, purpose: int, nth: NDArray[np.int64] | int = 0
) -> NDArray[np.uint64]:
    """Hash each row by SplitMix64 (Steele 2014), once for each thing that it depends on."""
    state = _scrambled(np.uint64(seed % 2**64) ^ _scrambled(np.array([purpose], np.uint64)))
    for part in (placed.game, placed.ply, np.broadcast_to(nth, placed.game.shape)):
        state = _scrambled(state ^ part.astype(np.uint64))
    return state


def _scrambled(x: NDArray[np.uint64]) -> NDArray[np.uint64]:
    x = x + np.uint64(0x9E3779B97F4A7C15)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))
