"""Rows on disk: exact round trips, equal bytes for equal rows, damage."""

import random
from pathlib import Path

import numpy as np
import pytest
from random_games import assert_same, random_block

from hexray.data.expand import PlacedRows, expand, take_rows
from hexray.data.row_file import read_rows, write_rows
from hexray.data.rows import Further
from hexray.errors import StoreError


def assert_equal(one: PlacedRows, other: PlacedRows) -> None:
    assert_same(one.rows, other.rows)
    for found, expected in ((one.game, other.game), (one.ply, other.ply)):
        assert found.dtype == expected.dtype
        assert found.tolist() == expected.tolist()


@pytest.mark.parametrize("further", [Further(), Further(reply=True), Further(True, True)])
@pytest.mark.parametrize("size", [2, 5, 19])
def test_rows_come_back_to_the_bit(tmp_path: Path, further: Further, size: int) -> None:
    placed = expand(random_block(size, 4, 1), further=further)
    write_rows(tmp_path / "a", placed, size)
    write_rows(tmp_path / "b", placed, size)
    assert_equal(read_rows(tmp_path / "a", size), placed)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_no_rows_at_all_come_back_too(tmp_path: Path) -> None:
    placed = take_rows(expand(random_block(3, 2, 1), further=Further(True, True)), np.arange(0))
    write_rows(tmp_path / "a", placed, 3)
    assert_equal(read_rows(tmp_path / "a", 3), placed)


def test_another_board_and_damage_are_named(tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    placed = expand(random_block(4, 6, 1))
    write_rows(path, placed, 4)
    with pytest.raises(StoreError, match=r"rows\.parquet is damaged .it is no file of rows of 5x5"):
        read_rows(path, 5)
    whole, rng, refused = path.read_bytes(), random.Random(1), 0
    for _ in range(200):
        damaged = bytearray(whole)
        damaged[rng.randrange(len(whole))] ^= 1 << rng.randrange(8)
        path.write_bytes(damaged)
        try:
            found = read_rows(path, 4)
        except StoreError as error:
            refused += "rows.parquet is damaged" in str(error)
        else:
            assert_equal(found, placed)
    assert refused > 100
    path.write_bytes(whole[:100])
    with pytest.raises(StoreError, match="damaged"):
        read_rows(path, 4)
