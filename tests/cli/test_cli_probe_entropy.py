"""``hexray probe entropy`` as a user and as a program call it, without Ray."""

import json
from pathlib import Path

import numpy as np
import pytest
import yaml
from made_checkpoints import made
from made_outcomes import scaling_outcomes
from made_stores import stored
from random_games import random_block

from hexray.cli.probe_entropy import entropy
from hexray.errors import CheckpointError, HexrayError, SettingsError, StoreError
from hexray.net.checkpoint import save_checkpoint
from hexray.probes.entropy import study

pytestmark = pytest.mark.filterwarnings("ignore:.*torch.jit.script.*:DeprecationWarning")
"""Of torch itself, where it first differentiates forward."""
SMALL = "--workers 0 --update-positions 8 --draws 2 --micro-batch 8 --evaluation-positions"


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "run"
    save_checkpoint(folder / "checkpoints", made(3))
    stored(folder / "games" / "3x3", random_block(3, 200, 1))
    return folder


def asked(kind: str, run: Path, text: str) -> int:
    return entropy(kind, "--checkpoint", str(run), *text.split())


def the_folder(kind: str) -> Path:
    (folder,) = Path("results", kind).iterdir()
    return folder


def test_single_says_in_a_sentence_what_the_step_does(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert asked("single", run, f"{SMALL} 16") in (0, 1)
    out = capsys.readouterr().out
    assert "this step" in out
    assert "nats" in out
    folder = the_folder("single")
    assert folder.name.startswith("entropy_")
    written = {path.name for path in folder.iterdir()}
    assert written == {
        "config.yaml",
        "picture.png",
        "probe_log.txt",
        "results.json",
        "runs.csv",
        "summary.json",
        "tensorboard",
    }
    config = yaml.safe_load((folder / "config.yaml").read_text())
    assert (config["version"], config["board"]) == (3, 3)
    assert config["settings"]["evaluation_positions"] == [16]


def test_the_same_seed_answers_the_same_from_its_config_too(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked("single", run, f"{SMALL} 16 --seed 5 --json")
    first = json.loads(capsys.readouterr().out)
    asked("single", run, f"--config {the_folder('single') / 'config.yaml'} --json --name again")
    second = json.loads(capsys.readouterr().out)
    for found in (first, second):
        del found["numbers"]["seconds"], found["folder"]
    assert first == second


def test_debug_saves_gradients(run: Path) -> None:
    asked("debug", run, f"{SMALL} 16")
    assert (the_folder("debug") / "detail.safetensors").stat().st_size > 1000


def test_sanity_check_runs_both_arms(run: Path) -> None:
    asked("sanity-check", run, f"{SMALL} 16 --runs 20")
    found = json.loads((the_folder("sanity-check") / "results.json").read_text())
    arms = [line["arm"] for line in found["numbers"]["each_run"]]
    assert (arms.count("fixed"), arms.count("redrawn")) == (20, 20)


def test_failed_runs_are_counted_and_leave_their_errors(
    run: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    made_up = iter(scaling_outcomes((8, 16, 32), 12, np.random.default_rng(1), 0.3))

    def probe(*_: object) -> object:
        outcome = next(made_up)
        if outcome.task.number in (2, 30):
            raise CheckpointError("torn")
        return outcome.single

    monkeypatch.setattr(study, "probe_once", probe)
    asked("batch-scaling", run, f"{SMALL} 8 16 32 --runs 12 --json")
    found = json.loads(capsys.readouterr().out)
    assert (found["numbers"]["runs"], found["numbers"]["failed"]) == (36, 2)
    folder = the_folder("batch-scaling")
    assert sorted(path.name for path in (folder / "failed").iterdir()) == ["0002", "0030"]
    assert "torn" in (folder / "failed" / "0030" / "error.txt").read_text()
    assert "run 2 (fixed update, B_E 8) failed" in (folder / "probe_log.txt").read_text()


def test_when_every_run_fails_that_is_what_is_found(
    run: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def probe(*_: object) -> object:
        raise CheckpointError("torn")

    monkeypatch.setattr(study, "probe_once", probe)
    assert asked("sanity-check", run, f"{SMALL} 8 --runs 20") == 1
    assert "all 40 runs failed" in capsys.readouterr().out
    with pytest.raises(CheckpointError, match="torn"):
        asked("single", run, f"{SMALL} 8")
    assert "torn" in (the_folder("single") / "error.txt").read_text()


def test_how_much_is_said_can_be_chosen(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    checking = f"{SMALL} 8 --runs 20"
    asked("sanity-check", run, f"{checking} --quiet")
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "")
    asked("sanity-check", run, f"{checking} --minimal")
    said = capsys.readouterr()
    assert (len(said.out.splitlines()), said.err) == (2, "")
    asked("sanity-check", run, f"{checking} --verbose")
    assert capsys.readouterr().err.count("predicted") == 40


def test_only_the_newest_folders_of_a_kind_are_kept(run: Path) -> None:
    for _ in range(3):
        asked("single", run, f"{SMALL} 8 --keep 2 --quiet")
    assert len(list(Path("results", "single").iterdir())) == 2


def test_games_may_be_those_of_another_folder(run: Path, tmp_path: Path) -> None:
    other = tmp_path / "elsewhere"
    other.mkdir()
    (run / "games").rename(other / "games")
    with pytest.raises(HexrayError, match="run"):
        asked("single", run, f"{SMALL} 8")
    asked("single", run, f"{SMALL} 8 --games {other}")
    assert (the_folder("single") / "results.json").exists()


def test_more_positions_than_there_are_is_refused_before_anything_is_written(run: Path) -> None:
    with pytest.raises(StoreError, match=r"20,008 are drawn at once"):
        asked("single", run, f"{SMALL} 20000")
    assert not Path("results").exists()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"{SMALL} 8 --quiet --verbose", "one of them"),
        (f"{SMALL} 8 9", "takes one number"),
        (f"{SMALL} 8 8", "command line: .*each once"),
        (f"{SMALL} 8 --draws 0", "command line: draws = 0"),
    ],
)
def test_mistakes_on_the_command_line_are_named(run: Path, text: str, said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        asked("single", run, text)


def test_help_tells_the_values_of_the_template(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        entropy("sanity-check", "--help")
    assert left.value.code == 0
    out = capsys.readouterr().out
    assert "--evaluation-positions" in out
    assert "--update-positions" in out


def test_help_without_a_kind_names_the_kinds(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        entropy("--help")
    assert left.value.code == 0
    assert "sanity-check" in capsys.readouterr().out


def test_what_is_no_kind_is_refused_by_name(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        entropy("multiple")
    assert left.value.code == 2
    assert "multiple" in capsys.readouterr().err
