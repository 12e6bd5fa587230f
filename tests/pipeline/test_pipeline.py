"""The pipeline: from games to a network, once, whoever does it and however often it is stopped."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest
import yaml
from filelock import FileLock
from random_games import random_block

from hexray.cli import main
from hexray.data.archive import Archive
from hexray.data.expand import expand
from hexray.data.held_out import is_held_out
from hexray.data.importing import records_of
from hexray.data.row_file import read_rows
from hexray.game.formats.trmph import trmph_line
from hexray.pipeline.manifest import read_manifest

pytestmark = pytest.mark.ray

RUN = {
    "board": 3,
    "net": {"blocks": 1, "channels": 8},
    "search": {"simulations": 4, "candidates": 4},
    "selfplay": {"games": 16, "opening_choices": 1},
    "inference": {"precision": "float32"},
    "learner": {"batch_rows": 32, "batches": 4, "precision": "float32"},
    "cluster": {"dashboard": False},
}
STEPS = {"buckets": 3, "epochs": 3, "checkpoint_rows": 256}


@pytest.fixture(autouse=True, scope="module")
def one_session(ray_here: None) -> Iterator[None]:
    """Let all pipelines of this module share one Ray."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("hexray.cli.pipeline.ray_session", lambda config: nullcontext())
        yield


def settings(folder: Path, **changes: object) -> Path:
    """Write a settings file for a pipeline in ``folder / work``."""
    given = {"work": str(folder / "work"), "workers": 2, "steps": STEPS, "run": RUN, **changes}
    path = folder / "pipeline.yaml"
    folder.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(given))
    return path


def store(folder: Path, *seeds: int, games: int = 150) -> str:
    archive = Archive(folder)
    for seed in seeds:
        archive.games(3).append(random_block(3, games, seed))
    return str(folder)


def manifests(work: Path) -> dict[str, str]:
    return {
        str(path.relative_to(work)): path.read_text()
        for path in work.rglob("manifest.json")
        if "checkpoints" not in path.parts
    }


def metrics(folder: Path) -> list[dict[str, float]]:
    lines = (folder / "work" / "metrics.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


def run(path: Path, *arguments: str) -> int:
    return main(["pipeline", "--config", str(path), *arguments])


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, one_session: None) -> Path:
    """The folder of a pipeline that ran without interruption, with two sources and no self-play."""
    folder = tmp_path_factory.mktemp("whole")
    sources = [{"games": store(folder / "a", 1, 2)}, {"games": store(folder / "b", 3), "weight": 2}]
    assert run(settings(folder, sources=sources, target_positions=0, keep=True)) == 0
    return folder


def test_every_game_is_on_one_side_and_every_position_is_trained_on(whole: Path) -> None:
    work = whole / "work" / "cycle-000"
    blocks = [random_block(3, 150, seed) for seed in (1, 2, 3)]
    clean, shuffle = (read_manifest(work / name) for name in ("clean", "shuffle-000"))
    names = [name for block in blocks for name in block.game_id]
    held = sum(is_held_out(name, 0.1) for name in names)
    assert (clean.counts["training"], clean.counts["held_out"]) == (450 - held, held)
    expected: list[tuple[int, int]] = []
    for block, weight in zip(blocks, (1, 1, 2), strict=True):
        placed = expand(block)
        numbers = dict(
            zip(
                (n for n, w in zip(block.game_id, block.winner, strict=True) if w),
                dict.fromkeys(placed.game.tolist()),
                strict=True,
            )
        )
        kept = {number for name, number in numbers.items() if not is_held_out(name, 0.1)}
        rows = zip(placed.game.tolist(), placed.ply.tolist(), strict=True)
        expected += [row for row in rows if row[0] in kept] * weight
    found: list[tuple[int, int]] = []
    for made in shuffle.files["rows"]:
        placed = read_rows(work / "shuffle-000" / made.name, 3)
        found += zip(placed.game.tolist(), placed.ply.tolist(), strict=True)
    assert sorted(found) == sorted(expected)
    train = read_manifest(work / "train-000")
    block = RUN["learner"]["batch_rows"] * RUN["learner"]["batches"]
    assert train.counts["rows_trained"] == 3 * len(found) // block * block


def test_metrics_show_pairs_of_one_game_and_the_gap(whole: Path) -> None:
    lines = metrics(whole)
    # In the order played a batch of 32 rows would have some 80 pairs.
    assert all(line["same_game_pairs"] < 10 for line in lines)
    judged = [line for line in lines if "held_out/value_loss_gap" in line]
    assert len(judged) >= 3
    assert {"learner/policy_loss", "learner/value_loss"} <= lines[0].keys()


def test_the_network_can_be_measured_and_has_learnt(
    whole: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = metrics(whole)
    losses = [line["learner/value_loss"] for line in lines]
    assert np.mean(losses[-3:]) < 0.9 * np.mean(losses[:3])
    assert main(["openings", str(whole / "work"), "--simulations", "16"]) == 0
    capsys.readouterr()


def test_a_second_start_makes_nothing_again(whole: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in (whole / "work").rglob("*.parquet")}
    texts = manifests(whole / "work")
    assert run(whole / "pipeline.yaml") == 0
    assert {path: path.stat().st_mtime_ns for path in (whole / "work").rglob("*.parquet")} == before
    assert manifests(whole / "work") == texts


@pytest.mark.parametrize("workers", [1, 4])
def test_the_number_of_workers_does_not_show(whole: Path, tmp_path: Path, workers: int) -> None:
    given = yaml.safe_load((whole / "pipeline.yaml").read_text())
    path = settings(tmp_path, sources=given["sources"], target_positions=0, workers=workers)
    assert run(path, "--until", "shuffle") == 0
    made = manifests(tmp_path / "work")
    assert made == {name: text for name, text in manifests(whole / "work").items() if name in made}
    assert len(made) == 3
    for file in (whole / "work" / "cycle-000" / "shuffle-000").glob("*.parquet"):
        again = tmp_path / "work" / "cycle-000" / "shuffle-000" / file.name
        assert again.read_bytes() == file.read_bytes()


def test_self_play_in_cycles_learns_from_itself(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = settings(tmp_path, cycles=2, trainings_per_cycle=2, target_positions=300, task_games=24)
    assert run(path) == 0
    told = capsys.readouterr().out
    work = tmp_path / "work"
    played = [read_manifest(work / f"cycle-00{cycle}" / "selfplay") for cycle in (0, 1)]
    assert all(manifest.counts["positions"] >= 300 for manifest in played)
    cleaned = [read_manifest(work / f"cycle-00{cycle}" / "clean") for cycle in (0, 1)]
    assert cleaned[1].counts["games"] == sum(manifest.counts["games"] for manifest in played)
    trained = [
        read_manifest(work / f"cycle-00{cycle}" / f"train-00{number}").counts["rows_trained"]
        for cycle in (0, 1)
        for number in (0, 1)
    ]
    assert trained == sorted(set(trained))
    assert "selfplay" in told
    kept = {path.parent.name for path in work.rglob("*.parquet")}
    assert kept == {"selfplay"}, "what is used up is removed, games are not"
    assert run(path, "--status") == 0
    assert "of 300 positions" in capsys.readouterr().out


def test_the_example_trains_from_the_games_of_a_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    example = Path(__file__).parents[2] / "examples" / "pipeline.yaml"
    monkeypatch.chdir(tmp_path)
    Archive(Path("runs/five")).games(5).append(random_block(5, 400, 1))
    # Games of chance have nothing in them that is worth forty looks.
    text = example.read_text()
    assert "epochs: 40 " in text
    Path("pipeline.yaml").write_text(text.replace("epochs: 40 ", "epochs: 4 "))
    assert run(Path("pipeline.yaml")) == 0
    assert "hexray solved runs/pipeline-5x5" in capsys.readouterr().out
    assert main(["solved", "runs/pipeline-5x5", "--simulations", "0"]) == 0
    named = re.search(r"winner named +([0-9.]+) of 600", capsys.readouterr().out)
    assert named is not None
    assert float(named[1]) > 0.6, "no better than chance: nothing was learnt"


def test_games_of_others_are_enough(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What the README shows: import, train without self-play, use the network."""
    monkeypatch.chdir(tmp_path)
    block = random_block(5, 600, 1)
    lines = [trmph_line(record) for record in records_of(block) if record.moves]
    Path("games.trmph").write_text("\n".join(lines))
    assert main(["data", "import", "games.trmph", "--store", "mygames"]) == 0
    arguments = ["--games", "mygames", "--from", "clean", "--work", "from-games"]
    assert main(["pipeline", *arguments]) == 0
    assert main(["openings", "from-games", "--simulations", "4"]) == 0
    clean = read_manifest(Path("from-games") / "cycle-000" / "clean")
    assert clean is not None
    assert clean.counts["games"] == len(set(lines))
    capsys.readouterr()


def test_files_that_an_audit_finds_too_bad_are_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    source = store(Path("some"), 1, 2, 3)
    damaged = Path("some/games/3x3/games-00000001.parquet")
    damaged.write_bytes(damaged.read_bytes()[:-9])
    path = settings(Path(), sources=[{"games": source}], target_positions=0)
    assert run(path, "--until", "clean") == 2
    assert "games-00000001.parquet is damaged" in capsys.readouterr().err
    assert main(["data", "audit", source, "--exclude", "bad.txt"]) == 0
    assert run(path, "--until", "clean", "--exclude", "bad.txt") == 0
    clean = read_manifest(Path("work/cycle-000/clean"))
    assert clean is not None
    assert clean.counts["games"] == 300
    assert run(path, "--until", "clean", "--exclude", "no.txt") == 2
    assert "no.txt is no list of files to leave out" in capsys.readouterr().err


def test_a_dry_run_touches_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = settings(tmp_path)
    assert run(path, "--dry-run") == 0
    shown = capsys.readouterr().out
    for name in ("selfplay", "clean", "expand", "shuffle-000", "train-000"):
        assert f"cycle-000/{name}" in shown
    assert not (tmp_path / "work").exists()


def test_other_settings_are_refused_until_told_to_begin_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sources = [{"games": store(tmp_path / "a", 1)}]
    assert run(settings(tmp_path, sources=sources, target_positions=0)) == 0
    path = settings(
        tmp_path, sources=sources, target_positions=0, steps={**STEPS, "positions": "searched"}
    )
    assert run(path) == 2
    assert "cycle-000/expand: made with other settings or games; --from expand" in (
        capsys.readouterr().err
    )
    assert run(path, "--from", "expand") == 0
    expanded = read_manifest(tmp_path / "work" / "cycle-000" / "expand")
    block = random_block(3, 150, 1)
    assert sum(expanded.counts[kind] for kind in ("training", "held_out")) == len(block.version)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"target_positions": 0}, "no sources and target_positions 0"),
        ({"sources": [{"games": "nowhere"}]}, "nowhere holds no games"),
        ({"run": {**RUN, "board": 4}, "sources": "a"}, "has no games of 4x4, it has 3x3"),
        ({"steps": {"bucket": 3}}, "steps.bucket"),
        ({"run": {**RUN, "learner": {"batches": 100_000}}, "sources": "a"}, "too few to train on"),
        ({"sources": "a", "skip": [[0, 1000]]}, "no game is left to train on"),
    ],
)
def test_what_cannot_be_done_is_told(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    changes: dict,
    message: str,
) -> None:
    if changes.get("sources") == "a":
        source = {"games": store(tmp_path / "a", 1), "skip": changes.pop("skip", [])}
        changes = {**changes, "sources": [source], "target_positions": 0}
    assert run(settings(tmp_path, **changes)) == 2
    assert message in capsys.readouterr().err


def test_a_second_process_is_kept_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = settings(tmp_path)
    (tmp_path / "work").mkdir()
    with FileLock(tmp_path / "work" / "lock"):
        assert run(path) == 2
    assert "work is in use by another process" in capsys.readouterr().err


@pytest.mark.process
def test_killed_in_every_step_it_ends_in_the_same_files(tmp_path: Path) -> None:
    """SIGKILL as soon as a step has begun; the same command then goes on."""
    changes = {
        "sources": [{"games": store(tmp_path / "a", 1)}],
        "target_positions": 200,
        "task_games": 16,
    }
    assert run(settings(tmp_path / "whole", **changes)) == 0
    path = settings(tmp_path / "killed", **changes)
    work = tmp_path / "killed" / "work"
    command = [sys.executable, "-m", "hexray.cli", "pipeline", "--config", str(path)]
    killed = []
    for step in ("selfplay", "clean", "expand", "shuffle-000", "train-000"):
        folder = work / "cycle-000" / step
        with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
            while process.poll() is None and not folder.exists():
                time.sleep(0.002)
            os.kill(process.pid, signal.SIGKILL)
        killed.append((folder / "manifest.json").exists())
    assert killed.count(False) >= 4, "it was to be killed before the steps were made"
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    assert manifests(work) == manifests(tmp_path / "whole" / "work")
