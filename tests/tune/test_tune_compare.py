"""Finished runs beside each other."""

import json
from pathlib import Path

import numpy as np
import pytest

from hexray.ratings.differences import share_difference
from tune.compare import aligned, compare, main


def run(folder: Path, winner: float, move: float, minutes: float = 4.0) -> Path:
    """A run that was measured each minute and got better evenly."""
    folder.mkdir()
    strength = {"positions": 600, "movable": 400}
    strength |= {"winner_accuracy": winner, "move_accuracy": move}
    (folder / "strength.json").write_text(json.dumps(strength))
    lines = [
        {"minutes": minute, "trained_s": 60 * minute, "solved/winner_accuracy": winner * share}
        for minute, share in zip(np.linspace(1, minutes, 4), (0.25, 0.5, 0.75, 1), strict=True)
    ]
    text = "".join(json.dumps(line) + "\n" for line in lines)
    (folder / "metrics.jsonl").write_text(text)
    return folder


def test_several_runs_each_are_compared_by_their_means(tmp_path: Path) -> None:
    ours = [run(tmp_path / f"a{n}", 0.99 + 0.001 * n, 0.98) for n in range(3)]
    theirs = [run(tmp_path / f"b{n}", 0.95 + 0.001 * n, 0.98) for n in range(3)]
    winner, move = compare(ours, theirs)
    assert winner["difference"] == pytest.approx(0.04)
    assert winner["interval"][0] > 0.03
    assert winner["verdict"] == "ours is better than theirs"
    assert move["verdict"] == "no difference between ours and theirs can be told"


def test_one_run_each_is_compared_by_its_positions(tmp_path: Path) -> None:
    ours, theirs = run(tmp_path / "a", 0.99, 0.5), run(tmp_path / "b", 0.985, 0.99)
    winner, move = compare([ours], [theirs])
    assert winner["interval"][0] < 0 < winner["interval"][1]
    assert move["verdict"] == "theirs is better than ours"


def test_the_interval_of_a_difference_is_newcombes() -> None:
    # Newcombe 1998, table II, example (a) by method 10: 56/70 and 48/80, 0.0524 to 0.3339; here
    # with equal denominators, by hand from Wilson's intervals of 56/70 and 42/70.
    found = share_difference(56 / 70, 42 / 70, 70)
    low_a, high_a, low_b, high_b = 0.6918, 0.8769, 0.4831, 0.7066
    assert found.value == pytest.approx(0.2)
    below = ((0.8 - low_a) ** 2 + (high_b - 0.6) ** 2) ** 0.5
    above = ((high_a - 0.8) ** 2 + (0.6 - low_b) ** 2) ** 0.5
    assert (found.low, found.high) == pytest.approx((0.2 - below, 0.2 + above), abs=2e-3)


def test_curves_are_aligned_by_training_time(tmp_path: Path) -> None:
    slow, fast = run(tmp_path / "a", 0.8, 0.9, 8.0), run(tmp_path / "b", 0.8, 0.9, 4.0)
    curves = aligned([slow, fast], "solved/winner_accuracy", np.array([0.5, 1.0, 4.0, 6.0]))
    assert curves[0] == pytest.approx(
        [np.nan, 0.2, 0.2 + 0.6 * 3 / 7, 0.2 + 0.6 * 5 / 7], nan_ok=True
    )
    assert curves[1] == pytest.approx([np.nan, 0.2, 0.8, np.nan], nan_ok=True)
    assert np.isnan(aligned([slow], "no/such", np.array([1.0]))).all()


def test_the_command_prints_a_verdict_and_draws(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ours, theirs = run(tmp_path / "a", 0.99, 0.9), run(tmp_path / "b", 0.9, 0.9)
    picture = tmp_path / "curves.png"
    where = ["--ours", str(ours), "--theirs", str(theirs), "--picture", str(picture)]
    assert main(where) == 0
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert "ours is better than theirs" in " ".join(capsys.readouterr().out.split())
    assert main([*where, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["share"] == "winner_accuracy"
    (theirs / "strength.json").unlink()
    assert main(where) == 2
    assert "only finished runs" in capsys.readouterr().err
