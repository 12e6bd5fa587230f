"""Checkpoints: what was saved is loaded, found, kept and pruned."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made_checkpoints import CONFIG, ROWS, TRAINER, made, make_trainer, same
from training_rows import random_rows

from hexray.config import RunConfig, with_overrides
from hexray.data.rows import Further
from hexray.errors import CheckpointError
from hexray.evaluation import Leaves
from hexray.net.checkpoint import (
    Checkpoint,
    load_checkpoint,
    load_net,
    newest_checkpoint,
    prune,
    save_checkpoint,
)
from hexray.net.evaluator import Evaluator
from hexray.net.trainer import Trainer


def test_what_was_saved_is_loaded(tmp_path: Path) -> None:
    path = save_checkpoint(tmp_path / "deep" / "checkpoints", made(42))
    assert path.name == "00000042"
    loaded = load_checkpoint(path)
    assert (loaded.version, loaded.config, loaded.counters) == (42, CONFIG, {"trained_s": 1.5})
    assert same(loaded.state, TRAINER.state())
    served = TRAINER.published()
    assert loaded.served.keys() == served.keys()
    assert all(np.array_equal(loaded.served[name], served[name]) for name in served)


def test_training_goes_on_from_a_checkpoint_bit_by_bit(tmp_path: Path) -> None:
    straight = make_trainer()
    save_checkpoint(tmp_path, made(1)._replace(state=straight.state()))
    resumed = Trainer(CONFIG.net, CONFIG.learner, CONFIG.board, 99)
    resumed.load_state(load_checkpoint(tmp_path / "00000001").state)
    for trainer in (straight, resumed):
        trainer.train(random_rows(8, 3, seed=5), 3, 0.7)
    assert same(resumed.state(), straight.state())


def test_a_checkpoint_is_enough_to_play(tmp_path: Path) -> None:
    config, version, served, _ = load_net(save_checkpoint(tmp_path, made(7)))
    evaluator = Evaluator(config.net, config.inference, config.board)
    evaluator.load(version, served)
    assert evaluator(Leaves(ROWS.cells, config.board)).version == 7


def test_a_checkpoint_of_before_the_kinds_of_networks_is_loaded(tmp_path: Path) -> None:
    old = CONFIG.model_dump(mode="json")
    for section, names in {
        "net": ("kind", "norm", "stem"),
        "replay": ("sampling", "newest_share", "top_share"),
        "learner": ("opponent_weight", "soft_policy_weight", "owner_weight"),
    }.items():
        for name in names:
            del old[section][name]
    assert RunConfig.model_validate(old) == CONFIG


@pytest.mark.parametrize(
    "net", [{"kind": "simple"}, {"kind": "resnet"}, {"norm": "none"}, {"stem": 5}], ids=str
)
def test_every_kind_of_network_comes_back_from_disk(tmp_path: Path, net: dict[str, Any]) -> None:
    weights = {"opponent_weight": 0.1, "owner_weight": 0.1}
    config = with_overrides(CONFIG, {"net": net, "learner": weights})
    trainer = Trainer(config.net, config.learner, 3, 0)
    trainer.train(random_rows(8, 3, further=Further(reply=True, owner=True)), 3, 0.0)
    kept = Checkpoint(1, config, trainer.state(), trainer.published(), {})
    path = save_checkpoint(tmp_path, kept)
    loaded = load_checkpoint(path)
    resumed = Trainer(loaded.config.net, loaded.config.learner, 3, 9)
    resumed.load_state(loaded.state)
    assert same(resumed.state(), trainer.state())
    evaluator = Evaluator(loaded.config.net, loaded.config.inference, 3)
    evaluator.load(1, load_net(path).weights)
    assert evaluator(Leaves(ROWS.cells, 3)).version == 1


def test_a_version_saved_again_replaces_the_first(tmp_path: Path) -> None:
    save_checkpoint(tmp_path, made(1))
    save_checkpoint(tmp_path, made(1)._replace(counters={"trained_s": 9.0}))
    assert [path.name for path in tmp_path.iterdir()] == ["00000001"]
    assert load_checkpoint(tmp_path / "00000001").counters == {"trained_s": 9.0}


def test_no_checkpoint_is_no_error_but_no_net_either(tmp_path: Path) -> None:
    assert newest_checkpoint(tmp_path) == (None, [])
    assert newest_checkpoint(tmp_path / "missing") == (None, [])


def test_the_newest_is_the_largest_version_not_the_last_written(tmp_path: Path) -> None:
    for version in (100_000_000, 9, 99_999_999):
        save_checkpoint(tmp_path, made(version))
    newest, _ = newest_checkpoint(tmp_path)
    assert newest is not None
    assert newest.version == 100_000_000


def test_pruning_keeps_the_newest(tmp_path: Path) -> None:
    for version in range(1, 6):
        save_checkpoint(tmp_path, made(version))
    prune(tmp_path, keep=2)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["00000004", "00000005"]


def test_pruning_keeps_every_so_manieth_of_the_older_ones(tmp_path: Path) -> None:
    for saved in range(1, 13):
        checkpoint = made(10 * saved)
        counters = {**checkpoint.counters, "saved": float(saved)}
        save_checkpoint(tmp_path, checkpoint._replace(counters=counters))
        prune(tmp_path, keep=2, every=4)
    kept = sorted(int(path.name) for path in tmp_path.iterdir())
    assert kept == [40, 80, 110, 120]


def test_a_checkpoint_of_before_they_were_counted_is_pruned(tmp_path: Path) -> None:
    for version in range(1, 6):
        save_checkpoint(tmp_path, made(version))
    (tmp_path / "00000002" / "manifest.json").write_text("{}")
    prune(tmp_path, keep=1, every=1)
    assert [path.name for path in tmp_path.iterdir()] == ["00000005"]


def test_pruning_leaves_foreign_files_alone(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    save_checkpoint(tmp_path, made(1))
    prune(tmp_path, keep=1)
    assert (tmp_path / "notes.txt").exists()


@pytest.mark.parametrize("inside", ["run", "run/checkpoints", "run/checkpoints/00000002"])
def test_a_net_is_found_in_a_run_its_checkpoints_or_one_of_them(
    tmp_path: Path, inside: str
) -> None:
    for version in (1, 2):
        save_checkpoint(tmp_path / "run" / "checkpoints", made(version))
    assert load_net(tmp_path / inside)[:2] == (CONFIG, 2)


def test_a_checkpoint_may_be_copied_under_another_name(tmp_path: Path) -> None:
    shutil.copytree(save_checkpoint(tmp_path / "checkpoints", made(5)), tmp_path / "best")
    assert load_net(tmp_path / "best")[1] == 5


@pytest.mark.parametrize("name", ["", "missing", "file", "00000009"])
def test_a_path_without_a_net_says_what_to_name(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(CheckpointError, match=r"run folder|manifest\.json is missing"):
        load_net(tmp_path / name)
