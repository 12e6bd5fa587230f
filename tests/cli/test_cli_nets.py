"""``hexray nets``: what lies in a run folder is listed, checked, and put away without any loss."""

import json
import os
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made_checkpoints import CONFIG, TRAINER, made

from hexray.cli.nets import nets
from hexray.errors import (
    CheckpointError,
    FileFormatError,
    RunFolderBusy,
    RunFolderError,
    SettingsError,
)
from hexray.files import atomic_write
from hexray.net.checkpoint import load_net, save_checkpoint
from hexray.net.kept import ServedNet, keep_net, kept_path, point_to_best
from hexray.ratings.ladder import Batch, Ladder
from hexray.ratings.ladder_file import write_ladder
from hexray.ratings.results import Pairs
from hexray.run_folder import open_run_folder
from hexray.run_owner import this_process, write_owner

KEPT, SAVED = (3, 8, 13, 21, 34), (5, 10, 15, 20, 25, 30, 35)


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run that has ended: 13 is the best, 21 its candidate, 34 and 35 the newest."""
    with open_run_folder(tmp_path / "run", CONFIG) as folder:
        path = folder.path
    for version in KEPT:
        keep_net(path, ServedNet(CONFIG, version, TRAINER.published(), []))
    for version in SAVED:
        save_checkpoint(path / "checkpoints", made(version))
    pairs = Pairs(lost=1, split=4, won=6)
    write_ladder(path, Ladder((Batch(8, 3, pairs), Batch(13, 8, pairs)), 13, 21, 34, 2))
    point_to_best(path, 13)
    lines = [
        {"trained_s": 1.0, "version": 9, "solved/winner_accuracy": 0.75},
        {"trained_s": 2.0, "version": 20},
        {"trained_s": 3.0, "solved/winner_accuracy": 0.875, "solved/move_accuracy": 0.5},
    ]
    (path / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def contents(folder: Path) -> dict[str, bytes]:
    """Read every file below ``folder``, but for the lock."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name != "lock"
    }


def listed(run: Path, capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    assert nets(run, json_output=True) == 0
    return json.loads(capsys.readouterr().out)


def named(run: Path) -> set[str]:
    """Name the networks of a run or an archive, as ``v3`` and ``c5``."""
    return {f"v{int(path.stem)}" for path in run.glob("versions/*.safetensors")} | {
        f"c{int(path.name)}" for path in run.glob("checkpoints/*") if path.name.isdigit()
    }


def test_everything_on_disk_is_listed_by_version(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = listed(run, capsys)
    assert [row["version"] for row in rows] == sorted(KEPT + SAVED)
    assert [row["version"] for row in rows if row["kind"] == "kept"] == list(KEPT)
    for row in rows:
        path = Path(row["path"])
        files = [path] if path.is_file() else list(path.iterdir())
        assert row["size_bytes"] == sum(len(file.read_bytes()) for file in files)
        assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ", row["written"])


def test_the_best_the_newest_and_ratings_are_told(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = {row["version"]: row for row in listed(run, capsys)}
    assert [version for version, row in rows.items() if row["is_best"]] == [13]
    assert [version for version, row in rows.items() if row["is_newest"]] == [35]
    assert rows[3]["elo"] == 0
    assert rows[3]["elo"] < rows[8]["elo"] < rows[13]["elo"]
    assert rows[13]["low"] < rows[13]["elo"] < rows[13]["high"]
    assert [rows[version]["games"] for version in (3, 8, 13)] == [22, 44, 22]
    assert rows[34]["elo"] is None


def test_the_accuracy_is_that_of_the_nearest_version_measured(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    solved = {row["version"]: row["solved"] for row in listed(run, capsys)}
    early = {"version": 9, "winner_accuracy": 0.75, "move_accuracy": None}
    late = {"version": 20, "winner_accuracy": 0.875, "move_accuracy": 0.5}
    assert [solved[version] for version in (3, 10, 13)] == [early] * 3
    assert [solved[version] for version in (15, 20, 35)] == [late] * 3


@pytest.mark.parametrize(("age_s", "version"), [(100, 20), (-100, 35)])
def test_the_end_of_a_run_is_of_its_newest_checkpoint_unless_it_went_on(
    run: Path, capsys: pytest.CaptureFixture[str], age_s: float, version: int
) -> None:
    atomic_write(run / "strength.json", b'{"winner_accuracy": 1.0, "move_accuracy": null}')
    written = (run / "checkpoints" / "00000035" / "manifest.json").stat().st_mtime
    os.utime(run / "strength.json", (written - age_s, written - age_s))
    assert listed(run, capsys)[-1]["solved"]["version"] == version


def test_the_table_shows_the_same(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert nets(run) == 0
    lines = {line.split()[0]: line for line in capsys.readouterr().out.splitlines()}
    assert lines["13"].rstrip().endswith("best")
    assert lines["35"].rstrip().endswith("newest")
    assert "87.5%" in lines["20"]
    assert "+0" in lines["3"]
    assert max(len(line.rstrip()) for line in lines.values()) <= 80


def test_damaged_files_stop_no_list(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (run / "ratings.json").write_text("{")
    (run / "metrics.jsonl").write_text("no json\n")
    assert nets(run, json_output=True) == 0
    told = capsys.readouterr()
    assert len(json.loads(told.out)) == len(KEPT + SAVED)
    assert "ratings.json:1:1" in told.err
    assert "metrics.jsonl:1" in told.err


def test_an_empty_run_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with open_run_folder(tmp_path, CONFIG):
        assert nets(tmp_path) == nets(tmp_path, validate=True) == 0
    assert capsys.readouterr().out.count("holds no networks yet") == 2
    assert nets(tmp_path, prune=True) == 0


def test_whole_networks_are_found_whole_one_line_each(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert nets(run, validate=True) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(KEPT + SAVED)
    assert all(line.endswith(": whole") for line in lines)


def test_each_bad_network_is_named_and_the_status_is_1(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    damaged = kept_path(run, 3)
    damaged.write_bytes(damaged.read_bytes()[:-1] + b"?")
    weights = {name: array.copy() for name, array in TRAINER.published().items()}
    weights[min(weights)].flat[0] = np.nan
    keep_net(run, ServedNet(CONFIG, 8, weights, []))  # its hash fits
    (run / "checkpoints" / "00000010" / "training.pt").unlink()
    assert nets(run, validate=True, json_output=True) == 1
    found = json.loads(capsys.readouterr().out)
    faults = {record["version"]: record["fault"] for record in found if record["fault"]}
    assert set(faults) == {3, 8, 10}
    assert "damaged" in faults[3]
    assert "not finite" in faults[8]
    assert "training.pt is missing" in faults[10]
    assert nets(run, validate=True) == 1
    assert sum(line.startswith("BAD ") for line in capsys.readouterr().out.splitlines()) == 3


def test_what_has_a_role_and_the_newest_stay_and_the_others_are_archived_whole(run: Path) -> None:
    before = contents(run)
    assert nets(run, prune=True) == 0
    assert named(run) == {"v13", "v21", "v34", "c35"}
    assert named(run / "archive") == {"v3", "v8", "c5", "c10", "c15", "c20", "c25", "c30"}
    after = {name.removeprefix("archive/"): content for name, content in contents(run).items()}
    assert after == before
    assert load_net(Path(f"{run}@best")).version == 13
    assert load_net(run).version == 35


def test_every_third_stays_and_a_second_prune_does_nothing(run: Path) -> None:
    for _ in range(2):
        assert nets(run, prune=True, every=3) == 0
        # The 1st and 4th kept, and the 1st, 4th and 7th checkpoints, stay besides.
        assert named(run) == {"v3", "v13", "v21", "v34", "c5", "c20", "c35"}
    assert named(run / "archive") == {"v8", "c10", "c15", "c25", "c30"}


def test_a_dry_run_says_what_would_go_and_changes_nothing(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = contents(run), sorted(run.rglob("*"))
    assert nets(run, prune=True, every=3, dry_run=True) == 0
    out = capsys.readouterr().out
    assert (contents(run), sorted(run.rglob("*"))) == before
    said = re.findall(r"would archive (\S+)", out)
    nets(run, prune=True, every=3)
    assert sorted(said) == sorted(re.findall(r"^archived (\S+)", capsys.readouterr().out, re.M))
    assert len(said) == 5


def test_a_restored_network_is_found_again(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = contents(run)
    nets(run, prune=True)
    shutil.move(run / "archive" / "versions" / "00000003.safetensors", run / "versions")
    shutil.move(run / "archive" / "checkpoints" / "00000010", run / "checkpoints")
    capsys.readouterr()
    assert {3, 10} <= {row["version"] for row in listed(run, capsys)}
    assert nets(run, validate=True) == 0
    assert {name: text for name, text in contents(run).items() if name in before}.keys() >= {
        "versions/00000003.safetensors",
        "checkpoints/00000010/training.pt",
    }


@pytest.mark.parametrize("changed", [False, True])
def test_what_lies_in_both_places_is_kept_once_or_left_when_it_differs(
    run: Path, capsys: pytest.CaptureFixture[str], changed: bool
) -> None:
    before = contents(run)
    for name in ("versions", "checkpoints"):
        shutil.copytree(run / name, run / "archive" / name)
    if changed:
        (run / "archive" / "checkpoints" / "00000010" / "settings.json").write_text("{}")
        kept_path(run / "archive", 3).write_bytes(b"something else")
    assert nets(run, prune=True) == int(changed)
    left = {"v3", "c10"} if changed else set()
    assert named(run) == {"v13", "v21", "v34", "c35"} | left
    after = contents(run)
    for name, content in before.items():
        assert content in (after.get(name), after.get(f"archive/{name}"))
    assert capsys.readouterr().out.count("rename one of them") == len(left)


def test_a_damaged_newest_checkpoint_keeps_the_one_that_a_run_would_go_on_from(run: Path) -> None:
    (run / "checkpoints" / "00000035" / "training.pt").write_bytes(b"")
    assert nets(run, prune=True) == 0
    assert {"c30", "c35"} <= named(run)
    assert load_net(run).version == 30


def test_without_a_whole_checkpoint_none_goes(run: Path) -> None:
    for version in SAVED:
        (run / "checkpoints" / f"{version:08d}" / "training.pt").write_bytes(b"")
    assert nets(run, prune=True) == 0
    assert {f"c{version}" for version in SAVED} <= named(run)


@pytest.mark.parametrize("dry_run", [False, True])
@pytest.mark.parametrize(("host", "words"), [(None, "is in use by process"), ("far", "on far")])
def test_a_run_that_lives_is_not_touched(
    run: Path, dry_run: bool, host: str | None, words: str
) -> None:
    owner = this_process()
    write_owner(run, owner if host is None else owner._replace(host=host))
    before = contents(run)
    with pytest.raises(RunFolderBusy, match=words):
        nets(run, prune=True, dry_run=dry_run)
    assert contents(run) == before


def test_a_lock_without_an_owner_is_respected_too(run: Path) -> None:
    with open_run_folder(run, CONFIG):
        (run / "lock-owner.json").unlink()
        before = contents(run)
        with pytest.raises(RunFolderBusy, match="another process"):
            nets(run, prune=True)
        assert contents(run) == before
    assert nets(run, prune=True) == 0


def test_no_run_starts_while_networks_are_moved(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    refused = []

    def start(*_: object) -> list[Any]:
        with pytest.raises(RunFolderBusy):
            open_run_folder(run, CONFIG)
        refused.append(True)
        return []

    monkeypatch.setattr("hexray.cli.nets.may_go", start)
    assert nets(run, prune=True) == 0
    assert refused
    open_run_folder(run, CONFIG).close()


@pytest.mark.parametrize(
    ("file", "error"), [("ratings.json", FileFormatError), ("best.json", CheckpointError)]
)
def test_nothing_goes_while_it_cannot_be_told_what_is_needed(
    run: Path, file: str, error: type[Exception]
) -> None:
    (run / file).write_text("{")
    before = contents(run)
    with pytest.raises(error, match=file):
        nets(run, prune=True)
    assert contents(run) == before


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"validate": True, "prune": True}, "one after the other"),
        ({"every": 3}, "are for --prune"),
        ({"dry_run": True}, "are for --prune"),
        ({"prune": True, "every": -1}, "use 0 or more"),
    ],
)
def test_options_that_do_not_fit_are_refused(
    run: Path, options: dict[str, Any], words: str
) -> None:
    with pytest.raises(SettingsError, match=words):
        nets(run, **options)


def test_what_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunFolderError, match="is no run folder"):
        nets(tmp_path)
