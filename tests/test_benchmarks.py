"""The scripts in benchmarks/."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

from random_games import random_block

from hexray.config import NetSettings, RunConfig
from hexray.data.store import GameStore
from hexray.net.checkpoint import Checkpoint, save_checkpoint
from hexray.net.trainer import Trainer

ROOT = Path(__file__).parent.parent


def test_a_table_is_made_of_what_the_gpu_script_wrote(tmp_path: Path) -> None:
    made = {"players": 7, "evaluations_per_s": 50_000.0, "batch_fill": 0.5, "busy_share": 0.8}
    more = {"players": 14, "evaluations_per_s": 80_000.0, "batch_fill": 0.75, "busy_share": 0.9}
    record = {"board": 11, "net_evaluations_per_s": 100_000.0, "rows": [made, more]}
    (tmp_path / "results.jsonl").write_text(json.dumps(record) + "\n")
    (tmp_path / "gpu-1.csv").write_text(
        "2026/11/21 10:00:00.000, 90 %, 4000 MiB\n2026/11/21 10:00:00.500, 80 %, 4000 MiB\n"
    )
    script = ROOT / "benchmarks" / "gpu_table.py"
    done = subprocess.run(
        [sys.executable, str(script), str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[2:] == [
        "| 11x11 | 7 | 100.0 k | 50.0 k | 0.50 | 0.50 | 0.80 |  |",
        "| 11x11 | 14 | 100.0 k | 80.0 k | 0.80 | 0.75 | 0.90 | 0.85 |",
    ]


def test_without_a_gpu_the_gpu_script_says_what_is_missing(tmp_path: Path) -> None:
    done = subprocess.run(
        ["bash", str(ROOT / "benchmarks" / "gpu.sh"), str(tmp_path / "out")],
        env={**os.environ, "PYTHON": sys.executable, "CUDA_VISIBLE_DEVICES": ""},
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert done.returncode == 1
    assert "torch finds no GPU here; install a CUDA build of torch" in done.stderr


def test_every_checkpoint_of_a_run_is_a_line_of_its_strength(tmp_path: Path) -> None:
    changes = {"board": 6, "curriculum": {"boards": [5], "until": [0.5]}}
    config = RunConfig.model_validate({**changes, "net": NetSettings(blocks=1, channels=8)})
    trainer = Trainer(config.net, config.learner, 6, seed=0)
    for version in range(1, 5):
        state, served = trainer.state(), trainer.published()
        checkpoint = Checkpoint(version, config, state, served, {"trained_s": 61.0 * version})
        save_checkpoint(tmp_path / "checkpoints", checkpoint)
    script = [sys.executable, str(ROOT / "benchmarks" / "time_to_mark.py"), str(tmp_path)]
    options = ["--simulations", "0", "--every", "2"]
    done = subprocess.run([*script, *options], capture_output=True, text=True, check=True)
    head, _, *lines = done.stdout.splitlines()
    assert head == "| training, min:s | 5x5 | 6x6 |"
    assert [line.split(" | ")[0] for line in lines] == ["| 2:02", "| 4:04"]
    assert all(len(re.findall(r"0\.\d{3} / 0\.\d{3}, \d+ wrong", line)) == 2 for line in lines)


def test_a_network_learns_again_from_the_games_of_a_run(tmp_path: Path) -> None:
    (tmp_path / "settings.yaml").write_text("board: 5\nlearner: {batch_rows: 8, batches: 2}\n")
    (tmp_path / "games").mkdir()
    GameStore(tmp_path / "games" / "5x5", 5).append(random_block(5, 30, seed=1))
    script = [sys.executable, str(ROOT / "benchmarks" / "relearn.py"), str(tmp_path)]
    options = ["--rows", "64", "--points", "2", "--seeds", "3", "4"]
    changes = ["--changes", "net.blocks", "1", "net.channels", "8", "learner.owner_weight", "0.5"]
    done = subprocess.run([*script, *options, *changes], capture_output=True, text=True, check=True)
    head, _, *lines = done.stdout.splitlines()
    assert head == "| rows trained | seed 3 | seed 4 |"
    assert [line.split(" | ")[0] for line in lines] == ["| 32", "| 64"]
    for line in lines:
        one, other = re.findall(r"\d\.\d{3} \+ \d\.\d{4}, raw 0\.\d{3}, 0\.\d{3} / 0\.\d{3}", line)
        assert one != other


def test_without_games_there_is_nothing_to_learn_from(tmp_path: Path) -> None:
    (tmp_path / "settings.yaml").write_text("board: 5\n")
    script = [sys.executable, str(ROOT / "benchmarks" / "relearn.py"), str(tmp_path)]
    done = subprocess.run(script, capture_output=True, text=True)
    assert done.returncode != 0
    assert "has no games of 5x5 to learn from" in done.stderr


def test_the_page_is_timed_for_moves_and_analyses() -> None:
    script = [sys.executable, str(ROOT / "benchmarks" / "page.py"), "--board=5", "--blocks=1"]
    options = ["--channels=8", "--simulations=8", "--count=3"]
    done = subprocess.run([*script, *options], capture_output=True, text=True, check=True)
    record = json.loads(done.stdout.splitlines()[-1])
    assert (record["board"], record["net"]) == (5, "1x8")
    move, first = record["seconds"].values()
    for times in (move, first):
        assert 0 < times["median"] <= times["most"]
