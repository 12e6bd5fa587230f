"""F18: files of other versions are read, or refused naming both."""

import json
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from made_checkpoints import edited, made
from made_stores import FIRST, everything, stored
from random_games import assert_same, random_block

from hexray.config import RunConfig, with_overrides
from hexray.data.index import Came, Index
from hexray.data.store import GameStore
from hexray.errors import CheckpointError, RunFolderError, StoreError
from hexray.net.checkpoint import load_checkpoint, save_checkpoint
from hexray.run_folder import open_run_folder


def test_a_file_of_another_format_is_named(tmp_path: Path) -> None:
    stored(tmp_path, random_block(3, 1, 1))
    table = pq.read_table(tmp_path / FIRST)
    facts = {**table.schema.metadata, b"hexray.format": b"9"}
    pq.write_table(table.replace_schema_metadata(facts), tmp_path / FIRST)
    with pytest.raises(StoreError, match=f"{FIRST} is damaged .it is of format b'9'"):
        GameStore(tmp_path, 3)


def test_games_of_the_first_format_are_read_without_what_it_did_not_know(tmp_path: Path) -> None:
    block = random_block(4, 6, 1)
    stored(tmp_path, block)
    table = pq.read_table(tmp_path / FIRST)
    older = table.drop_columns(["swapped", "first", "second", "source"])
    facts = {**table.schema.metadata, b"hexray.format": b"1"}
    pq.write_table(older.replace_schema_metadata(facts), tmp_path / FIRST)
    nobody, none = ("",) * 6, np.zeros(6, np.bool_)
    assert_same(
        everything(GameStore(tmp_path, 4))[0],
        block._replace(swapped=none, first=nobody, second=nobody, source=nobody),
    )


def test_an_index_of_another_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "index.sqlite"
    with closing(Index(path)) as index:
        index._db.execute("PRAGMA user_version = 7")
    with pytest.raises(StoreError, match=r"version 7, this hexray reads 1 to 2"):
        Index(path)
    path.write_bytes(b"no database at all, but long enough to be looked at")
    with pytest.raises(StoreError, match=r"index\.sqlite cannot be used"):
        Index(path)


def test_an_index_of_the_first_version_is_read_and_written_on(tmp_path: Path) -> None:
    path = tmp_path / "index.sqlite"
    with closing(Index(path)) as index:
        index.add_source(Came("old.trmph", "trmph", games=3))
        index._db.executescript(
            "DROP TABLE runs; DROP TABLE models; DROP TABLE matches; PRAGMA user_version = 1"
        )
    for _ in range(2):
        with closing(Index(path)) as index:
            assert index.sources() == [Came("old.trmph", "trmph", games=3)]
            assert index.matches() == index.runs() == index.models() == []


def test_a_folder_of_before_a_net_setting_was_made_goes_on_with_its_default(tmp_path: Path) -> None:
    open_run_folder(tmp_path, RunConfig()).close()
    file = tmp_path / "run.json"
    run = json.loads(file.read_text())
    for name in ("kind", "norm", "stem"):
        del run["net"][name]
    file.write_text(json.dumps(run))
    open_run_folder(tmp_path, RunConfig()).close()
    with pytest.raises(RunFolderError, match=r"net\.kind = pooled, not simple"):
        open_run_folder(tmp_path, with_overrides(RunConfig(), {"net": {"kind": "simple"}}))


@pytest.mark.parametrize("schema", [0, 2, "1", None])
def test_another_schema_is_refused_naming_both(tmp_path: Path, schema: Any) -> None:
    path = save_checkpoint(tmp_path, made(1))
    edited(path, schema=schema)
    with pytest.raises(CheckpointError, match=f"schema is {schema!r}, this program reads 1"):
        load_checkpoint(path)
