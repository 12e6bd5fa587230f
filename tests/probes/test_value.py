"""Whether values mean what they say: planted networks are called what they are."""

import json
from pathlib import Path

import numpy as np
import pytest
from made_checkpoints import made
from made_stores import stored
from made_unseen import SIZE, calibrated, scaled, told, unseen
from oracle import mover_view, replay
from random_games import random_block

from hexray.cli.probe_looking import value as probe_value
from hexray.data.held_out import is_held_out
from hexray.errors import StoreError
from hexray.evaluation import Evaluation, Leaves
from hexray.net.checkpoint import save_checkpoint
from hexray.play.solved import read_solved, shipped_positions
from hexray.probes.unseen import searched_boards, unseen_games
from hexray.probes.value import find_value, judge_solved, judge_values

POSITIONS, TRUTH = calibrated(900, 1)


def found(factor: float) -> tuple[str, float]:
    judged = judge_values(
        POSITIONS, scaled(told(POSITIONS, TRUTH), factor), np.random.default_rng(2)
    )
    assert judged is not None
    return find_value(judged, judged.games, None).verdict, judged.temperature


def test_values_that_are_true_are_called_calibrated() -> None:
    verdict, temperature = found(1.0)
    assert verdict == "calibrated"
    assert temperature == pytest.approx(1.0, abs=0.1)


def test_logits_times_four_are_called_overconfident_with_a_temperature_near_four() -> None:
    verdict, temperature = found(4.0)
    assert verdict == "overconfident"
    assert temperature == pytest.approx(4.0, rel=0.1)


def test_logits_divided_by_three_are_called_underconfident() -> None:
    verdict, temperature = found(1 / 3)
    assert verdict == "underconfident"
    assert temperature == pytest.approx(1 / 3, rel=0.1)


def test_values_that_favour_the_mover_are_called_skewed() -> None:
    skewed = np.tanh(np.arctanh(TRUTH) + 1)
    judged = judge_values(POSITIONS, told(POSITIONS, skewed), np.random.default_rng(2))
    finding = find_value(judged, 900, None)
    assert finding.verdict == "skewed"
    assert "too high in the mean" in finding.sentence


def test_correction_is_judged_on_games_that_it_was_not_fitted_on() -> None:
    judged = judge_values(POSITIONS, told(POSITIONS, TRUTH), np.random.default_rng(2))
    assert judged is not None
    share = len(judged.value) / len(TRUTH)
    assert 0.45 < share < 0.55
    assert judged.gain.low < 0.002


def test_too_few_games_are_not_called_fine() -> None:
    few = unseen(39, 3)
    network = told(few, np.zeros(len(few.game)))
    assert judge_values(few, network, np.random.default_rng(0)) is None
    finding = find_value(None, 39, None)
    assert (finding.verdict, finding.is_sound) == ("too few games to judge", False)


def test_solved_positions_are_judged_by_their_truth() -> None:
    path = shipped_positions(SIZE)
    assert path is not None
    solved = read_solved(path).first(50)
    views = {}
    for row, wins in enumerate(solved.wins.tolist()):
        cells = solved.boards.cells[row].tolist()
        seen = mover_view(cells, int(solved.boards.to_move[row]), SIZE)
        views[bytes(cell + 1 for cell in seen)] = wins

    def knows(leaves: Leaves) -> Evaluation:
        wins = [views[bytes(cell + 1 for cell in cells)] for cells in leaves.cells.tolist()]
        return Evaluation(np.zeros(leaves.cells.shape), np.where(wins, 0.9, -0.9), 1)

    measured = judge_solved(solved, knows, 1.0)
    assert (measured["accuracy"], measured["rows"]) == (1.0, 50)
    assert measured["log_loss"] == pytest.approx(-np.log(0.95))


def test_boards_of_searched_moves_are_those_of_the_slow_engine() -> None:
    block = random_block(SIZE, 12, 4)
    boards = searched_boards(block)
    row = first = 0
    for game in range(12):
        moves = block.moves[first : first + block.length[game]].tolist()
        first += len(moves)
        for ply in range(block.opening[game], len(moves)):
            cells, to_move, winner = replay(SIZE, moves[:ply])
            assert boards.cells[row].tolist() == cells
            assert (boards.to_move[row], boards.winner[row]) == (to_move, winner)
            row += 1
    assert row == len(boards.winner)


def test_only_held_out_games_are_taken_the_newest_first(tmp_path: Path) -> None:
    blocks = [random_block(SIZE, 40, seed) for seed in (5, 6, 7)]
    stored(tmp_path / "games" / f"{SIZE}x{SIZE}", *blocks)
    found = unseen_games(tmp_path, 0.3, SIZE, 10_000, every=False)
    assert all(is_held_out(name, 0.3) for name in found.block.game_id)
    few = unseen_games(tmp_path, 0.3, SIZE, 20, every=False)
    assert few.block.game_id == found.block.game_id[-len(few.block.game_id) :]
    assert len(few.game) >= 20
    with pytest.raises(StoreError, match="no held-out games of 5x5"):
        unseen_games(tmp_path, 0.0, SIZE, 20, every=False)


def test_the_command_says_and_writes_what_it_found(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    save_checkpoint(run / "checkpoints", made(3))
    stored(run / "games" / "3x3", random_block(3, 120, 1))
    results = tmp_path / "results"
    status = probe_value(run, every=True, results=results, json_output=True)
    said = json.loads(capsys.readouterr().out)
    assert said["is_sound"] == (status == 0)
    assert said["numbers"]["games"] > 40
    assert (Path(said["folder"]) / "picture.png").read_bytes()[:4] == b"\x89PNG"
    assert probe_value(run, results=results) == 1
    assert "too few games to judge" in capsys.readouterr().out
