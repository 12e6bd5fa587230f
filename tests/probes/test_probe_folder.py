"""Where probes leave what they found, and what is left when they fail."""

import json
import math
from pathlib import Path

import pytest
import yaml

from hexray.errors import SettingsError
from hexray.probes.finding import PICTURE_FILE, RESULTS_FILE, Finding, write_finding
from hexray.probes.folder import CONFIG_FILE, ERROR_FILE, LOG_FILE, probe_folder

FOUND = Finding("gradients", "all flow", "nothing is wrong", True, {"norm": 1.5, "none": None})


def test_a_probe_leaves_what_was_asked_what_was_done_and_what_was_found(tmp_path: Path) -> None:
    with probe_folder(tmp_path, "gradients", "mine", {"probe": "gradients", "rows": 3}) as folder:
        folder.log.info("read 3 rows")
        write_finding(folder.path, FOUND, lambda figure: figure.add_subplot().plot([1, 2]))
    assert folder.path.parent == tmp_path / "gradients"
    assert folder.path.name.startswith("mine_")
    assert yaml.safe_load((folder.path / CONFIG_FILE).read_text())["rows"] == 3
    assert "read 3 rows" in (folder.path / LOG_FILE).read_text()
    assert json.loads((folder.path / RESULTS_FILE).read_text())["numbers"]["norm"] == 1.5
    assert (folder.path / PICTURE_FILE).read_bytes().startswith(b"\x89PNG")
    assert not (folder.path / ERROR_FILE).exists()


def test_an_error_is_written_down_and_goes_on(tmp_path: Path) -> None:
    with (
        pytest.raises(SettingsError, match="no such board"),
        probe_folder(tmp_path, "value", "value", {}) as folder,
    ):
        raise SettingsError("no such board")
    assert "no such board" in (folder.path / ERROR_FILE).read_text()
    assert "failed: no such board" in (folder.path / LOG_FILE).read_text()
    assert not (folder.path / RESULTS_FILE).exists()


def test_the_newest_stay_and_what_others_put_there_is_left_alone(tmp_path: Path) -> None:
    notes = tmp_path / "value" / "my_20260101-120000"
    notes.mkdir(parents=True)
    (tmp_path / "value" / "notes.txt").write_text("mine")
    for number in range(5):
        with probe_folder(tmp_path, "value", "value", {"number": number}, keep=2):
            continue
    left = (tmp_path / "value").glob(f"value_*/{CONFIG_FILE}")
    assert sorted(yaml.safe_load(file.read_text())["number"] for file in left) == [3, 4]
    assert notes.exists()
    assert (tmp_path / "value" / "notes.txt").read_text() == "mine"


def test_keeping_none_away_keeps_all(tmp_path: Path) -> None:
    for _ in range(3):
        with probe_folder(tmp_path, "value", "value", {}, keep=0):
            continue
    assert len(list((tmp_path / "value").iterdir())) == 3


def test_a_number_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_finding(tmp_path, FOUND._replace(numbers={"norm": math.nan}))
    assert not list(tmp_path.iterdir())
