"""F10: the files of a store are cut, changed, or were being written when the power went."""

import os
import random
from pathlib import Path

import pytest
from made_stores import FIRST, everything, stored
from random_games import assert_same, random_block

from hexray.data.games import concat_games
from hexray.data.store import GameStore
from hexray.errors import StoreError


def test_a_crash_before_the_rename_loses_only_what_was_not_acknowledged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, lost = random_block(3, 2, 1), random_block(3, 2, 2)
    store = stored(tmp_path, kept)

    def crash(*_: object) -> None:
        raise OSError("the machine stopped")

    with monkeypatch.context() as broken:
        for name in ("rename", "replace", "link"):
            broken.setattr(os, name, crash)
        with pytest.raises(StoreError, match=r"games-0000000[01].parquet cannot be written"):
            store.append(lost)
    assert (store.games, store.rows) == (2, len(kept.version))
    opened = GameStore(tmp_path, 3)
    assert [path.name for path in tmp_path.iterdir()] == [FIRST]
    assert opened.append(lost).game_id == lost.game_id
    assert_same(concat_games(everything(opened)), concat_games([kept, lost]))


def test_the_file_is_on_disk_before_it_has_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, calls = GameStore(tmp_path, 3), []
    for name in ("fsync", "replace"):
        true = getattr(os, name)
        monkeypatch.setattr(
            os, name, lambda *args, name=name, true=true: (calls.append(name), true(*args))[1]
        )
    store.append(random_block(3, 1, 1))
    assert calls == ["fsync", "replace", "fsync"]


def test_damaged_bytes_are_never_read_as_games(tmp_path: Path) -> None:
    block = random_block(5, 20, 1)
    stored(tmp_path, block)
    whole = (tmp_path / FIRST).read_bytes()
    rng = random.Random(1)
    messages = []
    for _ in range(300):
        damaged = bytearray(whole)
        damaged[rng.randrange(len(whole))] ^= 1 << rng.randrange(8)
        (tmp_path / FIRST).write_bytes(damaged)
        try:
            found = everything(GameStore(tmp_path, 5))
        except StoreError as refusal:
            messages.append(str(refusal))
        else:
            assert_same(found[0], block)
    assert len(messages) > 100
    assert all(FIRST in message for message in messages)


def test_a_last_file_cut_at_any_byte_is_named_and_all_before_it_are_read(tmp_path: Path) -> None:
    blocks = [random_block(4, 3, seed) for seed in (1, 2, 3)]
    for block in blocks:
        stored(tmp_path, block)
    *earlier, last = sorted(tmp_path.glob("games-*.parquet"))
    whole = last.read_bytes()
    for length in range(len(whole)):
        last.write_bytes(whole[:length])
        with pytest.raises(StoreError, match=f"{last.name} is damaged.*; restore it, or remove it"):
            GameStore(tmp_path, 4)
    last.unlink()  # as the message says
    store = GameStore(tmp_path, 4)
    assert store.paths() == earlier
    for found, block in zip(store.blocks(), blocks, strict=False):
        assert_same(found, block)
    assert_same(store.append(blocks[-1]), blocks[-1])
    assert last.read_bytes() == whole
