"""Every example runs as its first lines say."""

import runpy
import sys
from pathlib import Path

import pytest
from random_games import random_block

from hexray.config import NetSettings, RunConfig
from hexray.data.store import GameStore
from hexray.net.checkpoint import Checkpoint, save_checkpoint
from hexray.net.trainer import Trainer
from hexray.run_folder import open_run_folder

EXAMPLES = Path(__file__).parents[1] / "examples"
CONFIG = RunConfig(board=4, net=NetSettings(blocks=1, channels=8))


@pytest.fixture
def run(tmp_path: Path) -> Path:
    with open_run_folder(tmp_path / "run", CONFIG) as folder:
        GameStore(folder.path / "games", 4).append(random_block(4, 20, seed=0))
        trainer = Trainer(CONFIG.net, CONFIG.learner, 4, seed=0)
        served = trainer.published()
        checkpoint = Checkpoint(1, CONFIG, trainer.state(), served, {"trained_s": 0.0})
        save_checkpoint(folder.path / "checkpoints", checkpoint)
        return folder.path


@pytest.mark.parametrize(
    ("example", "arguments", "says"),
    [
        ("play_a_game.py", [], "wins"),
        ("ask_a_network.py", ["RUN", "a1 c3 b2"], "Blue to move wins with probability"),
        ("read_games.py", ["RUN"], "20 games"),
    ],
)
def test_an_example_runs(
    run: Path,
    example: str,
    arguments: list[str],
    says: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    given = [str(run) if argument == "RUN" else argument for argument in arguments]
    monkeypatch.setattr(sys, "argv", [example, *given])
    runpy.run_path(str(EXAMPLES / example), run_name="__main__")
    assert says in capsys.readouterr().out


def test_every_example_is_tested() -> None:
    tested = {"play_a_game.py", "ask_a_network.py", "read_games.py"}
    assert {path.name for path in EXAMPLES.glob("*.py")} == tested
