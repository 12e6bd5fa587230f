"""What is found before a run begins."""

import json
import os
import socket
import time
from pathlib import Path
from typing import Any

import psutil
import pytest
from random_games import random_block

from hexray import preflight as module
from hexray.cli import main
from hexray.config import RunConfig, with_overrides
from hexray.data.held_out import SplitWindow
from hexray.data.rows import Further
from hexray.data.store import GameStore
from hexray.errors import SettingsError
from hexray.loop import main as loop
from hexray.preflight import memory_needs_mb, preflight, refuse_what_cannot_fit
from hexray.run_folder import open_run_folder

CONFIG = with_overrides(RunConfig(), {"board": 4, "guard": {"mode": "off"}})


def _found(folder: Path, config: RunConfig = CONFIG) -> dict[str, tuple[str, str]]:
    return {check.name: (check.verdict, check.found) for check in preflight(folder, config)}


def test_a_fresh_folder_on_a_sound_machine_is_fine(tmp_path: Path) -> None:
    found = _found(tmp_path / "run")
    assert {verdict for verdict, _ in found.values()} <= {"fine", "warning"}
    assert not (tmp_path / "run").exists()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("further", [Further(), Further(reply=True, owner=True)])
def test_the_window_is_counted_as_large_as_it_is(further: Further) -> None:
    weights = {"opponent_weight": float(further.reply), "owner_weight": float(further.owner)}
    replay = {"window_rows": 3000, "held_out": 0.5, "min_rows": 1}
    config = with_overrides(CONFIG, {"replay": replay, "learner": weights})
    window = SplitWindow(3000, 0.5, 4, further)
    for seed in range(20):
        window.add(window.split(random_block(4, 20, seed=seed)))
    assert min(len(window.training), len(window.held_out)) > 0
    needed = [mb for what, mb in memory_needs_mb(config).items() if "window" in what]
    assert sum(needed) * 2**20 == window.size_bytes


def test_every_board_and_process_is_counted() -> None:
    config = with_overrides(
        CONFIG,
        {
            "board": 7,
            "curriculum": {"boards": [5, 6], "until": [0.1, 0.2]},
            "selfplay": {"players": 5},
            "inference": {"servers": 2},
        },
    )
    needs = memory_needs_mb(config)
    assert needs["16 processes of 550 MB"] == 16 * 550
    assert [what.split()[-1] for what in needs if "window" in what] == ["5x5", "6x6", "7x7"]


def test_on_a_cluster_the_machine_of_the_driver_holds_driver_replay_and_judge() -> None:
    config = with_overrides(CONFIG, {"cluster": {"address": "auto"}, "selfplay": {"players": 500}})
    needs = memory_needs_mb(config)
    assert needs["3 processes of 550 MB"] == 3 * 550
    assert "cluster.object_store_mb" not in needs
    assert any("window" in what for what in needs)


def test_settings_that_cannot_fit_are_refused_with_the_sum(tmp_path: Path) -> None:
    config = with_overrides(CONFIG, {"replay": {"window_rows": 10**11}})
    with pytest.raises(SettingsError, match=r"= [0-9,]+ MB; a run may use .* lower") as caught:
        refuse_what_cannot_fit(tmp_path, config)
    parts = [part.rsplit(" ", 1)[1] for part in str(caught.value).split(" = ")[0].split(" + ")]
    total = str(caught.value).split(" = ")[1].split(" MB")[0]
    assert abs(sum(int(part.replace(",", "")) for part in parts) - int(total.replace(",", ""))) <= 3


def test_the_share_that_the_guard_allows_is_the_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    needed = sum(memory_needs_mb(CONFIG).values())

    class Memory:
        total, percent = needed / 0.85 * 2**20, 10.0

    monkeypatch.setattr(psutil, "virtual_memory", Memory)
    assert _found(tmp_path)["memory"][0] == "fine"
    guarded = with_overrides(CONFIG, {"guard": {"mode": "dedicated"}})
    assert _found(tmp_path, guarded)["memory"][0] == "refused"


def test_an_object_store_larger_than_shared_memory_is_refused(tmp_path: Path) -> None:
    config = with_overrides(CONFIG, {"cluster": {"object_store_mb": 10**8}})
    verdict, found = _found(tmp_path, config)["object store"]
    assert verdict == "refused"
    assert "--shm-size" in found


def test_a_folder_that_cannot_be_written_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    verdict, found = _found(tmp_path)["disk"]
    assert verdict == "refused"
    assert "No space left" in found


def test_a_run_under_way_is_not_begun_twice(tmp_path: Path) -> None:
    with open_run_folder(tmp_path, CONFIG):
        verdict, found = _found(tmp_path)["run folder"]
    assert verdict == "refused"
    assert str(os.getpid()) in found
    assert _found(tmp_path)["run folder"][0] == "fine"


def test_damaged_games_are_refused_by_name(tmp_path: Path) -> None:
    store = GameStore(tmp_path / "games" / "4x4", 4)
    store.append(random_block(4, 5, seed=1))
    assert _found(tmp_path)["games"] == ("fine", "5 of 4x4")
    [path] = store.paths()
    path.write_bytes(path.read_bytes()[:-9])
    verdict, found = _found(tmp_path)["games"]
    assert verdict == "refused"
    assert path.name in found


def test_damaged_checkpoints_are_refused_by_name(tmp_path: Path) -> None:
    damaged = tmp_path / "checkpoints" / "00000007"
    damaged.mkdir(parents=True)
    (damaged / "manifest.json").write_text("{}")
    verdict, found = _found(tmp_path)["checkpoint"]
    assert verdict == "refused"
    assert "00000007" in found


def test_a_clock_behind_the_run_is_told(tmp_path: Path) -> None:
    (tmp_path / "metrics.jsonl").write_text("")
    os.utime(tmp_path / "metrics.jsonl", (time.time() + 7200,) * 2)
    verdict, found = _found(tmp_path)["clock"]
    assert verdict == "warning"
    assert "7,1" in found or "7,2" in found


def test_a_taken_dashboard_port_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        monkeypatch.setattr(module, "_DASHBOARD_PORT", taken.getsockname()[1])
        assert _found(tmp_path)["ports"][0] == "warning"
    assert _found(tmp_path)["ports"][0] == "fine"


@pytest.mark.parametrize(("rows", "status"), [("1000", 0), ("100000000000", 1)])
def test_the_command_takes_what_a_run_takes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], rows: str, status: int
) -> None:
    arguments = ["--run-dir", str(tmp_path / "run"), "--board", "4", "--guard.mode", "off"]
    window = ["--replay.window-rows", rows, "--replay.min-rows", "100"]
    assert main(["preflight", "--json", *arguments, *window]) == status
    checks: list[dict[str, Any]] = json.loads(capsys.readouterr().out)
    assert [check["name"] for check in checks if check["verdict"] == "refused"] == [
        "memory"
    ] * status
    assert main(["preflight", *arguments, *window]) == status
    assert "object store" in capsys.readouterr().out


def test_a_run_that_cannot_fit_does_not_begin(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--run-dir", str(tmp_path / "run"), "--replay.window-rows", "100000000000"]
    assert loop(arguments) == 2
    assert "lower replay.window_rows" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()
