"""The folder of a run: made once, gone on with, held by one process at a time."""

import json
from pathlib import Path

import pytest
import yaml

from hexray.config import RunConfig, with_overrides
from hexray.errors import RunFolderError
from hexray.run_folder import open_run_folder


def contents(path: Path) -> dict[str, bytes]:
    """Read every file below ``path``."""
    return {str(p.relative_to(path)): p.read_bytes() for p in path.rglob("*") if p.is_file()}


def test_a_new_folder_is_made_with_its_parents_and_resolved_settings(tmp_path: Path) -> None:
    config = with_overrides(RunConfig(), {"search": {"simulations": 32}})
    with open_run_folder(tmp_path / "a" / "b", config) as folder:
        settings = yaml.safe_load((folder.path / "settings.yaml").read_text())
        assert RunConfig.model_validate(settings) == config
        run = json.loads((folder.path / "run.json").read_text())
        assert (run["run_id"], run["board"], run["starts"]) == (folder.run_id, 5, 1)


def test_each_start_counts_and_keeps_the_name_of_the_run(tmp_path: Path) -> None:
    seen = []
    for _ in range(3):
        with open_run_folder(tmp_path / "run", RunConfig()) as folder:
            seen.append((folder.run_id, folder.starts))
    assert seen == [(seen[0][0], 1), (seen[0][0], 2), (seen[0][0], 3)]


def test_two_runs_have_different_names(tmp_path: Path) -> None:
    with (
        open_run_folder(tmp_path / "one", RunConfig()) as one,
        open_run_folder(tmp_path / "two", RunConfig()) as two,
    ):
        assert one.run_id != two.run_id


def test_changed_settings_are_taken_and_the_old_ones_kept(tmp_path: Path) -> None:
    first, second = RunConfig(), with_overrides(RunConfig(), {"minutes": 9.0})
    for config in (first, first, second, second):
        open_run_folder(tmp_path, config).close()
    kept = sorted(path.name for path in tmp_path.glob("settings*.yaml"))
    assert kept == ["settings-2.yaml", "settings.yaml"]
    for name, config in (("settings-2.yaml", first), ("settings.yaml", second)):
        settings = yaml.safe_load((tmp_path / name).read_text())
        assert RunConfig.model_validate(settings) == config


def test_kept_settings_are_not_replaced_when_a_start_was_cut_short(tmp_path: Path) -> None:
    open_run_folder(tmp_path, RunConfig()).close()
    run = (tmp_path / "run.json").read_bytes()
    for minutes in (4.0, 5.0):
        open_run_folder(tmp_path, with_overrides(RunConfig(), {"minutes": minutes})).close()
        (tmp_path / "run.json").write_bytes(run)
    assert yaml.safe_load((tmp_path / "settings-1.yaml").read_text())["minutes"] == 3.0


def test_a_folder_of_another_board_is_refused_with_both_boards_and_the_remedy(
    tmp_path: Path,
) -> None:
    open_run_folder(tmp_path, RunConfig()).close()
    before = contents(tmp_path)
    with pytest.raises(RunFolderError, match=r"board 5, not 7; use --board 5 or another --run-dir"):
        open_run_folder(tmp_path, with_overrides(RunConfig(), {"board": 7}))
    assert contents(tmp_path) == before


def test_a_folder_of_another_network_is_refused_with_both_shapes_and_the_remedy(
    tmp_path: Path,
) -> None:
    open_run_folder(tmp_path, RunConfig()).close()
    before = contents(tmp_path)
    with pytest.raises(
        RunFolderError, match=r"net\.pool_every = 2, not 3; use --net\.pool-every 2"
    ):
        open_run_folder(tmp_path, with_overrides(RunConfig(), {"net": {"pool_every": 3}}))
    assert contents(tmp_path) == before


@pytest.mark.parametrize("name", ["thesis.txt", "settings.yaml.old", ".git"])
def test_a_folder_that_holds_something_else_is_refused_and_left_as_it_was(
    tmp_path: Path, name: str
) -> None:
    (tmp_path / name).write_text("precious")
    with pytest.raises(RunFolderError, match="not a run folder"):
        open_run_folder(tmp_path, RunConfig())
    assert contents(tmp_path) == {name: b"precious"}


def test_an_empty_folder_becomes_a_run_folder(tmp_path: Path) -> None:
    with open_run_folder(tmp_path, RunConfig()) as folder:
        assert folder.starts == 1


def test_a_first_start_that_was_cut_short_is_begun_again(tmp_path: Path) -> None:
    open_run_folder(tmp_path, RunConfig()).close()
    (tmp_path / "run.json").rename(tmp_path / ".run.json.partial")
    with open_run_folder(tmp_path, with_overrides(RunConfig(), {"board": 6})) as folder:
        assert folder.starts == 1


@pytest.mark.parametrize("below", ["file", "file/run"])
def test_a_file_in_the_way_is_refused_by_name(tmp_path: Path, below: str) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RunFolderError, match=str(tmp_path / below)):
        open_run_folder(tmp_path / below, RunConfig())


@pytest.mark.parametrize(
    "damage",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"[]",
        b'{"schema": 3}',
        b'{"schema": 2, "run_id": "x", "board": 5, "net": {}}',
        b'{"schema": 2, "run_id": "x", "board": "5", "net": {}, "starts": 1}',
    ],
)
def test_a_damaged_folder_is_refused_and_named(tmp_path: Path, damage: bytes) -> None:
    open_run_folder(tmp_path, RunConfig()).close()
    (tmp_path / "run.json").write_bytes(damage)
    with pytest.raises(RunFolderError, match=r"run\.json"):
        open_run_folder(tmp_path, RunConfig())
    assert (tmp_path / "run.json").read_bytes() == damage


def test_closing_frees_the_folder_and_may_be_repeated(tmp_path: Path) -> None:
    folder = open_run_folder(tmp_path, RunConfig())
    folder.close()
    folder.close()
    open_run_folder(tmp_path, RunConfig()).close()


def test_a_refusal_frees_the_folder(tmp_path: Path) -> None:
    open_run_folder(tmp_path, RunConfig()).close()
    with pytest.raises(RunFolderError):
        open_run_folder(tmp_path, with_overrides(RunConfig(), {"board": 7}))
    open_run_folder(tmp_path, RunConfig()).close()
