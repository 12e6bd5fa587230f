"""``hexray solved`` as a user and as a program call it."""

import json
from pathlib import Path

import pytest

from hexray.cli import main
from hexray.config import NetSettings, RunConfig, with_overrides
from hexray.net.checkpoint import Checkpoint, save_checkpoint
from hexray.net.trainer import Trainer

CONFIG = RunConfig(board=2, net=NetSettings(blocks=1, channels=8))
WON = '{"size": 2, "moves": "", "to_move": "red", "winner": "red", "winning_moves": "b1 a2"}\n'
LOST = '{"size": 2, "moves": "b1", "to_move": "blue", "winner": "red", "winning_moves": ""}\n'


@pytest.fixture
def net(tmp_path: Path) -> Path:
    trainer = Trainer(CONFIG.net, CONFIG.learner, 2, seed=0)
    for version in (1, 2):
        state, served = trainer.state(), trainer.published()
        checkpoint = Checkpoint(version, CONFIG, state, served, {"trained_s": 0.0})
        save_checkpoint(tmp_path / "run" / "checkpoints", checkpoint)
    return tmp_path / "run"


@pytest.fixture
def positions(tmp_path: Path) -> Path:
    path = tmp_path / "positions.jsonl"
    path.write_text(WON + LOST)
    return path


def test_json_is_one_line_for_each_file_and_nothing_else(
    net: Path, positions: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = [str(positions)] * 2
    assert main(["solved", str(net), *files, "--json"]) == 0
    first, second = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert first == second
    assert (first["positions"], first["movable"], first["simulations"]) == (2, 1, 64)
    assert first["version"] == 2
    # So many simulations solve 2x2 by search alone.
    assert (first["winner_accuracy"], first["move_accuracy"]) == (1, 1)
    assert first["openings_wrong"] is None


def test_every_board_of_a_curriculum_is_measured_and_any_other_by_its_side(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    changes = {"board": 6, "curriculum": {"boards": [3, 5], "until": [0.1, 0.2]}}
    config = with_overrides(CONFIG, changes)
    trainer = Trainer(config.net, config.learner, 6, seed=0)
    state, served = trainer.state(), trainer.published()
    save_checkpoint(tmp_path / "checkpoints", Checkpoint(1, config, state, served, {}))
    for arguments, boards in (([], [5, 6]), (["--board", "7"], [7])):
        line = ["solved", str(tmp_path), *arguments, "--simulations", "0", "--json"]
        assert main(line) == 0
        files = [json.loads(line)["file"] for line in capsys.readouterr().out.splitlines()]
        assert [Path(file).name for file in files] == [f"hex{size}.jsonl" for size in boards]


def test_an_accuracy_of_nothing_is_null_not_nan(
    net: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "lost.jsonl"
    path.write_text(LOST)
    assert main(["solved", str(net), str(path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["move_accuracy"] is None
    assert main(["solved", str(net), str(path)]) == 0
    assert "nan" not in capsys.readouterr().out


def test_a_damaged_newest_checkpoint_is_named_and_the_older_measured(
    net: Path, positions: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    damaged = net / "checkpoints" / "00000002" / "training.pt"
    damaged.write_bytes(damaged.read_bytes()[:-1])
    assert main(["solved", str(net), str(positions), "--simulations", "0", "--json"]) == 0
    shown = capsys.readouterr()
    assert json.loads(shown.out)["version"] == 1
    assert "training.pt is damaged" in shown.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere"], "nowhere: no such file or folder"),
        (["RUN", "nowhere.jsonl"], "nowhere.jsonl: no such file"),
        (["RUN", "."], "Is a directory"),
        (["RUN"], "no solved positions of 2x2 come with hexray"),
        (["RUN", "--board", "9"], "no solved positions of 9x9 come with hexray"),
        (["RUN", "POSITIONS", "--board", "5"], "--board 5: files say their board themselves"),
        (["RUN", "POSITIONS", "--simulations", "-1"], "--simulations -1: use 0 to 100000"),
        (["x" * 5000], "too long"),
    ],
)
def test_bad_input_is_one_message_and_status_2(
    net: Path,
    positions: Path,
    arguments: list[str],
    message: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    given = {"RUN": str(net), "POSITIONS": str(positions)}
    assert main(["solved", *(given.get(text, text) for text in arguments)]) == 2
    shown = capsys.readouterr()
    assert message in shown.err
    assert shown.err.startswith("hexray: ")
    assert shown.out == ""
