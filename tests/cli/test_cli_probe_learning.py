"""``hexray probe`` about learning, on a small run: what it says, writes and refuses."""

import json
from pathlib import Path

import pytest
import yaml
from made_stores import stored
from random_games import random_block

from hexray.cli.probe_learning import gradients, init, overfit
from hexray.cli.probe_lessons import ablate, compare_training
from hexray.config import RunConfig, with_overrides
from hexray.data.held_out import split_rows
from hexray.data.rows import Rows
from hexray.errors import CheckpointError, SettingsError, StoreError
from hexray.net.checkpoint import Checkpoint, save_checkpoint
from hexray.net.trainer import Trainer

CONFIG = with_overrides(
    RunConfig(board=4, minutes=10.0),
    {
        "net": {"blocks": 1, "channels": 8, "value_hidden": 8},
        "learner": {"batch_rows": 32, "precision": "float32", "learning_rate": 5e-3},
        "replay": {"held_out": 0.3},
    },
)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of 4x4 with games and one checkpoint."""
    folder = tmp_path_factory.mktemp("run")
    block = random_block(4, 150, 0)
    stored(folder / "games" / "4x4", block)
    rows = split_rows(block, CONFIG.replay.held_out).training
    trainer = Trainer(CONFIG.net, CONFIG.learner, 4, 0)
    count = len(rows.cells) // 32 * 32
    trainer.train(Rows._make(column[:count] for column in rows), 4, 0.1)
    counters = {"trained_s": 60.0, "rows_trained": count}
    made = Checkpoint(1, CONFIG, trainer.state(), trainer.published(), counters)
    save_checkpoint(folder / "checkpoints", made)
    return folder


def found_in(results: Path, kind: str) -> dict:
    (folder,) = (results / kind).iterdir()
    assert (folder / "picture.png").read_bytes().startswith(b"\x89PNG")
    assert yaml.safe_load((folder / "config.yaml").read_text())["probe"] == kind
    return json.loads((folder / "results.json").read_text())


def test_overfit_says_what_became_of_the_positions(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status = overfit(run, positions=32, steps=40, results=tmp_path)
    found = found_in(tmp_path, "overfit")
    assert status == (0 if found["is_sound"] else 1)
    assert found["sentence"] in capsys.readouterr().out
    assert found["numbers"]["leak"]["positions"] >= 50


def test_overfit_takes_one_game(run: Path, tmp_path: Path) -> None:
    overfit(run, is_one_game=True, steps=20, results=tmp_path)
    assert len(found_in(tmp_path, "overfit")["numbers"]["curve"]) <= 20


def test_init_takes_a_run_or_a_preset(run: Path, tmp_path: Path) -> None:
    assert init(run, positions=16, seeds=1, results=tmp_path / "run") == 0
    assert len(found_in(tmp_path / "run", "init")["numbers"]["shapes"]) == 12
    status = init(
        preset="quick", board=3, channels=4, positions=16, seeds=1, results=tmp_path / "preset"
    )
    assert status == 0


def test_gradients_of_a_checkpoint_are_measured(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    gradients(run, batches=4, results=tmp_path, json_output=True)
    found = found_in(tmp_path, "gradients")
    said = json.loads(capsys.readouterr().out)
    assert said["numbers"] == found["numbers"]
    assert len(found["numbers"]["norms"]) == 4


def test_the_same_seed_finds_the_same(run: Path, tmp_path: Path) -> None:
    for name in ("one", "other"):
        gradients(run, batches=3, seed=7, results=tmp_path / name)
    assert found_in(tmp_path / "one", "gradients") == found_in(tmp_path / "other", "gradients")


def test_compare_training_fills_the_table(run: Path, tmp_path: Path) -> None:
    compare_training(run, steps=3, seeds=3, workers=0, results=tmp_path)
    table = found_in(tmp_path, "compare-training")["numbers"]["table"]
    assert [row["name"] for row in table[:2]] == ["learner", "plain loop"]
    assert all(len(row["losses"]) == 3 for row in table)


def test_ablate_climbs_to_the_network_of_the_run(run: Path, tmp_path: Path) -> None:
    ablate(run, steps=3, seeds=3, workers=0, results=tmp_path)
    ladder = found_in(tmp_path, "ablate")["numbers"]["ladder"]
    assert ladder[0]["factor"].startswith("two planes, 3x3 stem")
    assert ladder[-1]["factor"] == "half turn"


def test_a_folder_that_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="no valid checkpoint"):
        gradients(tmp_path, results=tmp_path / "results")


def test_a_board_without_games_is_refused(run: Path, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no games of 5x5"):
        overfit(run, board=5, results=tmp_path)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda run, to: gradients(run, batches=1, results=to), "--batches 1"),
        (lambda run, to: compare_training(run, seeds=2, results=to), "--seeds 2"),
        (lambda run, to: ablate(run, workers=-1, results=to), "--workers -1"),
        (lambda run, to: init(preset="none", results=to), "--preset none"),
        (lambda run, to: overfit(run, board=40, results=to), "--board 40"),
    ],
)
def test_arguments_that_make_no_sense_are_refused(call, said: str, run: Path, tmp_path) -> None:
    with pytest.raises(SettingsError, match=said):
        call(run, tmp_path)
