"""Games on disk: exact round trips, duplicates, crashes, damage and other boards."""

import os
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_stores import FIRST, everything, stored
from random_games import assert_same, random_block

from hexray.data.games import Ended, concat_games, take_games
from hexray.data.rows import rows_of
from hexray.data.store import GameStore
from hexray.errors import StoreError
from hexray.files import partial_path


@settings(max_examples=25, deadline=None)
@given(
    st.integers(2, 5), st.lists(st.integers(1, 6), min_size=1, max_size=3), st.integers(0, 2**32)
)
def test_blocks_come_back_from_disk_to_the_bit(
    tmp_path_factory: pytest.TempPathFactory, size: int, counts: list[int], seed: int
) -> None:
    folder = tmp_path_factory.mktemp("store")
    blocks = [random_block(size, count, seed + number) for number, count in enumerate(counts)]
    written = stored(folder, *blocks)
    opened = GameStore(folder, size)
    for store in (written, opened):
        found = everything(store)
        assert len(found) == len(blocks)
        for one, other in zip(found, blocks, strict=True):
            assert_same(one, other)
    assert (opened.games, opened.rows) == (sum(counts), sum(len(b.version) for b in blocks))


def test_counts_and_bytes_are_the_same_after_opening_again(tmp_path: Path) -> None:
    written = stored(tmp_path, random_block(4, 3, 1), random_block(4, 5, 2))
    opened = GameStore(tmp_path, 4)
    assert (opened.games, opened.rows) == (written.games, written.rows)
    on_disk = sum(path.stat().st_size for path in tmp_path.iterdir())
    assert opened.size_bytes == written.size_bytes == on_disk


def test_a_folder_that_is_not_there_is_made(tmp_path: Path) -> None:
    store = GameStore(tmp_path / "run" / "games", 5)
    assert (store.games, store.rows, list(store.newest(10))) == (0, 0, [])


def test_each_append_writes_one_numbered_file(tmp_path: Path) -> None:
    stored(tmp_path, random_block(3, 2, 1), random_block(3, 2, 2))
    stored(tmp_path, random_block(3, 2, 3))
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        FIRST, "games-00000001.parquet", "games-00000002.parquet"
    ]  # fmt: skip


def test_games_already_stored_are_left_out(tmp_path: Path) -> None:
    block = random_block(4, 6, 1)
    half = np.arange(6) < 3
    store = stored(tmp_path, take_games(block, half))
    assert store.append(block).game_id == block.game_id[3:]
    assert_same(concat_games(everything(store)), block)


def test_a_known_block_writes_no_file(tmp_path: Path) -> None:
    block = random_block(3, 2, 1)
    assert stored(tmp_path, block).append(block).game_id == ()
    assert GameStore(tmp_path, 3).append(block).game_id == ()
    assert len(list(tmp_path.iterdir())) == 1


def test_a_game_twice_in_one_block_is_stored_once(tmp_path: Path) -> None:
    block = random_block(3, 4, 1)
    store = GameStore(tmp_path, 3)
    assert_same(store.append(concat_games([block, block])), block)
    assert_same(everything(store)[0], block)


def test_the_first_of_each_new_name_is_stored(tmp_path: Path) -> None:
    store = stored(tmp_path, random_block(3, 1, 1))
    new = random_block(3, 2, 2)
    mixed = concat_games([random_block(3, 1, 1), new, random_block(3, 1, 2)])
    assert_same(store.append(mixed), new)


def test_an_empty_block_writes_no_file(tmp_path: Path) -> None:
    assert GameStore(tmp_path, 3).append(random_block(3, 0, 1)).game_id == ()
    assert not list(tmp_path.iterdir())


def test_games_without_a_searched_ply_are_kept(tmp_path: Path) -> None:
    block = random_block(3, 3, 1)
    opened = block._replace(
        opening=block.length, root_value=block.root_value[:0],
        policy=block.policy[:0], version=block.version[:0],
    )  # fmt: skip
    assert_same(everything(stored(tmp_path, opened))[0], opened)


def test_names_of_any_letters_come_back(tmp_path: Path) -> None:
    block = random_block(3, 3, 1)._replace(game_id=("a b/c\n", "Zürich-1", "x" * 500))
    stored(tmp_path, block)
    assert everything(GameStore(tmp_path, 3))[0].game_id == block.game_id


@pytest.mark.parametrize("wanted", [0, 1, 40, 41, 80, 10_000])
def test_the_newest_files_that_hold_enough_rows_come_oldest_first(
    tmp_path: Path, wanted: int
) -> None:
    blocks = [random_block(4, 5, seed) for seed in range(6)]
    store = stored(tmp_path, *blocks)
    found = list(store.newest(wanted))
    counts = [len(block.version) for block in found]
    assert sum(counts) >= min(wanted, store.rows)
    assert sum(counts[1:]) < wanted or not counts
    for one, other in zip(found, blocks[len(blocks) - len(found) :], strict=True):
        assert_same(one, other)


def test_a_store_of_another_board_names_both_sizes(tmp_path: Path) -> None:
    stored(tmp_path, random_block(4, 1, 1))
    with pytest.raises(StoreError, match=r"4x4 board.*5x5"):
        GameStore(tmp_path, 5)


def test_a_block_of_another_board_names_both_sizes(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"4x4 board.*5x5"):
        GameStore(tmp_path, 5).append(random_block(4, 1, 1))
    assert not list(tmp_path.iterdir())


def test_a_failed_append_can_be_sent_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store, block = GameStore(tmp_path, 3), random_block(3, 2, 1)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(os, "fsync", full)
        with pytest.raises(StoreError, match=r"games-0000000[01].parquet cannot be written"):
            store.append(block)
    assert store.append(block).game_id == block.game_id
    assert_same(everything(GameStore(tmp_path, 3))[0], block)


def test_a_second_writer_is_noticed(tmp_path: Path) -> None:
    one, other = GameStore(tmp_path, 3), GameStore(tmp_path, 3)
    one.append(random_block(3, 1, 1))
    with pytest.raises(StoreError, match=f"{FIRST} appeared"):
        other.append(random_block(3, 1, 2))


def test_a_copied_file_is_noticed(tmp_path: Path) -> None:
    stored(tmp_path, random_block(3, 1, 1))
    (tmp_path / "games-00000007.parquet").write_bytes((tmp_path / FIRST).read_bytes())
    with pytest.raises(StoreError, match=r"games-00000007.parquet repeats games"):
        GameStore(tmp_path, 3)


def test_numbers_go_on_after_a_gap(tmp_path: Path) -> None:
    stored(tmp_path, random_block(3, 1, 1))
    (tmp_path / FIRST).rename(tmp_path / "games-00000041.parquet")
    stored(tmp_path, random_block(3, 1, 2))
    assert (tmp_path / "games-00000042.parquet").exists()


@pytest.mark.parametrize("content", [b"", b"PAR1", b"hello", b"PAR1" + b"\0" * 100 + b"PAR1"])
def test_a_file_that_is_no_parquet_is_named(tmp_path: Path, content: bytes) -> None:
    stored(tmp_path, random_block(3, 1, 1))
    (tmp_path / "games-00000001.parquet").write_bytes(content)
    with pytest.raises(StoreError, match=r"games-00000001.parquet is damaged"):
        GameStore(tmp_path, 3)


def test_a_parquet_file_of_something_else_is_named(tmp_path: Path) -> None:
    stored(tmp_path, random_block(3, 1, 1))
    table = pq.read_table(tmp_path / FIRST)
    pq.write_table(table.drop_columns(["seed"]), tmp_path / FIRST)
    with pytest.raises(StoreError, match=f"{FIRST} is damaged .its columns"):
        GameStore(tmp_path, 3)


def test_the_documented_columns_can_be_read_without_hexray(tmp_path: Path) -> None:
    block = random_block(4, 3, 2)
    stored(tmp_path, block)
    games = pq.read_table(tmp_path / FIRST).to_pylist()
    plies = block.length - block.opening
    assert [game["moves"] for game in games] == [
        part.tolist() for part in np.split(block.moves, np.cumsum(block.length)[:-1])
    ]
    policies = [np.frombuffer(game["policy"], "<f2").reshape(-1, 16) for game in games]
    assert [len(policy) for policy in policies] == plies.tolist()
    assert np.array_equal(np.concatenate(policies), block.policy)
    assert [game["ended"] for game in games] == [Ended(code).name.lower() for code in block.ended]
    assert {game["size"] for game in games} == {4}
    assert [game["settings"] for game in games] == list(block.settings)


def test_rows_can_be_made_of_what_was_read(tmp_path: Path) -> None:
    block = random_block(5, 4, 3)
    stored(tmp_path, block)
    assert_same(rows_of(everything(GameStore(tmp_path, 5))[0]), rows_of(block))


def test_a_reader_leaves_the_unfinished_file_of_a_writer_alone(tmp_path: Path) -> None:
    GameStore(tmp_path, 4).append(random_block(4, 3, seed=0))
    unfinished = partial_path(tmp_path / "games-00000001.parquet")
    unfinished.write_bytes(b"half")
    assert GameStore(tmp_path, 4, may_write=False).games == 3
    assert unfinished.exists()
    assert not GameStore(tmp_path / "none", 4, may_write=False).games
    assert not (tmp_path / "none").exists()
