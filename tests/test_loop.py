"""The command itself: trains, survives its death, refuses what it must."""

from pathlib import Path

import pytest
from training_command import start, stored_ids, train

from hexray.config import RunConfig
from hexray.data.store import GameStore
from hexray.loop import main
from hexray.metrics import METRICS_FILE, read_metrics
from hexray.net.checkpoint import newest_checkpoint
from hexray.ratings.ladder_file import read_ladder
from hexray.run_folder import open_run_folder

pytestmark = [pytest.mark.process, pytest.mark.timeout(180)]


def test_players_can_be_held_to_the_best_version(tmp_path: Path, home: dict[str, str]) -> None:
    """Weights are published every tenth of a second; games see those of the ladder alone."""
    folder = tmp_path / "run"
    held = ("--promotion.players-use=best", "--learner.publish-seconds=0.1")
    train(folder, home, "--minutes=0.15", *held)
    published = [
        line["version"] for line in read_metrics(folder / METRICS_FILE) if "version" in line
    ]
    blocks = GameStore(folder / "games" / "3x3", 3).newest(10**9)
    played = {int(version) for block in blocks for version in block.version.ravel()}
    ladder = read_ladder(folder)
    rated = {version for batch in ladder.batches for version in batch[:2]}
    assert len(played) >= 2
    assert played <= rated | {1, ladder.best}
    assert len(set(published)) > 2 * len(played)


def test_a_bad_line_of_metrics_is_found_before_training(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with open_run_folder(tmp_path, RunConfig(board=3)):
        (tmp_path / METRICS_FILE).write_text('{"minutes": 1}\nnonsense\n{"minutes": 2}\n')
    assert main(["--run-dir", str(tmp_path), "--board", "3"]) == 2
    assert "metrics.jsonl:2:" in capsys.readouterr().err


def test_a_damaged_store_ends_the_run_with_its_name(tmp_path: Path, home: dict[str, str]) -> None:
    folder = tmp_path / "run"
    with open_run_folder(folder, RunConfig(board=3)):
        (folder / "games" / "3x3").mkdir(parents=True)
        (folder / "games" / "3x3" / "games-00000000.parquet").write_bytes(
            b"PAR1 no games here PAR1"
        )
    process = start(folder, home, "--net.blocks=3", "--net.channels=32")
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 2, output
    assert "games-00000000.parquet" in output
    assert "Traceback" not in output


def test_a_run_folder_of_another_board_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with open_run_folder(tmp_path, RunConfig(board=5)):
        pass
    assert main(["--run-dir", str(tmp_path), "--board", "3"]) == 2
    message = capsys.readouterr().err
    assert "holds a run on board 5, not 3" in message


def test_a_curriculum_trains_small_boards_first_and_goes_on(
    tmp_path: Path, home: dict[str, str]
) -> None:
    folder = tmp_path / "run"
    stages = ("--board=4", "--curriculum.boards=3", "--curriculum.until=0.4")
    output = train(folder, home, "--minutes=0.2", *stages, "--curriculum.rehearsal=0.3")
    lines = read_metrics(folder / METRICS_FILE)
    boards = [line["board"] for line in lines if "board" in line]
    assert boards == sorted(boards)
    assert set(boards) == {3, 4}
    for board in (3, 4):
        [block, *_] = GameStore(folder / "games" / f"{board}x{board}", board).newest(10**9)
        assert block.size == board
    final, _ = newest_checkpoint(folder / "checkpoints")
    assert final is not None
    assert "trained 0.2 of 0.2 minutes" in output
    games = [line["games"] for line in lines if "games" in line][-1]
    train(folder, home, "--minutes=0.3", *stages, "--curriculum.rehearsal=0.3")
    assert [line["games"] for line in read_metrics(folder / METRICS_FILE) if "games" in line][
        -1
    ] > games


def test_on_a_full_machine_nothing_is_played_and_the_run_says_why(
    tmp_path: Path, home: dict[str, str]
) -> None:
    full = ("--guard.mode=dedicated", "--guard.disk-warn=0.001", "--guard.disk-critical=0.002")
    output = train(tmp_path / "run", home, "--minutes=0.05", *full)
    assert "neither playing nor training until it is better: disk is at" in output
    assert "critical 0.002 by guard.disk_critical" in output
    assert "held back to 0% of the time" in output
    lines = read_metrics(tmp_path / "run" / METRICS_FILE)
    assert {line["guard/level"] for line in lines if "guard/level" in line} == {3}
    assert not stored_ids(tmp_path / "run")
