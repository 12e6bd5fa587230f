"""The learning curve and the strength of a run as files."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from hexray.report import held_out_lines, rating_lines, write_curve, write_strength

SOLVED = {"solved/winner_accuracy": 0.9, "solved/move_accuracy": 0.95}
LOSSES = {"learner/policy_loss": 2.0, "learner/value_loss": 0.5}


def ink(path: Path) -> int:
    """Count the pixels of a PNG that are not white."""
    with Image.open(path) as image:
        assert image.format == "PNG"
        return int((np.asarray(image.convert("L")) < 250).sum())


@pytest.mark.parametrize(
    "metrics",
    [
        [],
        [{"minutes": 0.0, "games": 3}],
        [{"minutes": 0.0, **SOLVED}],
        [{"minutes": 1.0, **LOSSES}],
        [{"minutes": 1.0, **SOLVED}, {"minutes": 2.0, **LOSSES}],
        [{"minutes": minute / 60, **LOSSES} for minute in range(500)],
        [{"minutes": 1.0, "solved/winner_accuracy": 0.0, "learner/value_loss": 0.0}],
    ],
)
def test_a_curve_is_drawn_from_whatever_was_measured(metrics: list[dict], tmp_path: Path) -> None:
    write_curve(metrics, tmp_path / "curve.png", "a run")
    with Image.open(tmp_path / "curve.png") as image:
        assert image.size == (1260, 924)


def test_measurements_leave_ink(tmp_path: Path) -> None:
    write_curve([], tmp_path / "none.png", "a run")
    metrics = [{"minutes": m, **SOLVED, **LOSSES} for m in (1.0, 2.0, 3.0)]
    write_curve(metrics, tmp_path / "some.png", "a run")
    assert ink(tmp_path / "some.png") > ink(tmp_path / "none.png")


def test_smaller_boards_leave_ink_of_their_own(tmp_path: Path) -> None:
    metrics = [{"minutes": m, **SOLVED} for m in (1.0, 2.0)]
    write_curve(metrics, tmp_path / "one.png", "a run")
    smaller = [{**line, "solved/5x5/winner_accuracy": 0.7} for line in metrics]
    write_curve(smaller, tmp_path / "two.png", "a run")
    assert ink(tmp_path / "two.png") > ink(tmp_path / "one.png")


def test_a_title_is_text_not_mathematics(tmp_path: Path) -> None:
    write_curve([], tmp_path / "curve.png", r"runs/$\frac{1$_x & <b>")
    assert ink(tmp_path / "curve.png") > 0


def test_the_order_of_the_panels_does_not_depend_on_earlier_figures(tmp_path: Path) -> None:
    for name in ("one.png", "two.png"):
        write_curve([{"minutes": 1.0, **SOLVED, **LOSSES}], tmp_path / name, "a run")
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()


def test_what_was_measured_on_held_out_games_is_said_by_stage() -> None:
    figures = {
        "held_out/value_accuracy": 0.8125,
        "held_out/gap": 0.0625,
        "held_out/policy_loss": 1.5,
        "held_out/ece": 0.031,
        "held_out/brier": 0.125,
        "held_out/ece/opening": 0.01,
        "held_out/ece/end": 0.02,
        "held_out/brier/opening": 0.2,
        "held_out/brier/end": 0.05,
    }
    assert held_out_lines(figures) == [
        "value on held-out games: right 0.812 (+0.062 on games trained on), policy loss 1.500",
        "  calibration error 0.031: opening 0.010, end 0.020",
        "  Brier score 0.125: opening 0.200, end 0.050",
    ]


def test_without_held_out_games_nothing_is_said() -> None:
    assert held_out_lines({"winner_accuracy": 0.9}) == []


def test_strength_is_written_as_json(tmp_path: Path) -> None:
    write_strength({"winner_accuracy": 0.99, "positions": 600}, tmp_path / "strength.json")
    read = json.loads((tmp_path / "strength.json").read_text())
    assert read == {"winner_accuracy": 0.99, "positions": 600}


def test_a_strength_that_is_no_number_is_refused_and_nothing_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_strength({"winner_accuracy": math.nan}, tmp_path / "strength.json")
    assert not list(tmp_path.iterdir())


def rating(version: int, *, is_best: bool = False) -> dict[str, float | bool]:
    elo = {"elo": version - 1.4, "low": version - 50.0, "high": version + 50.0}
    return {"version": version, **elo, "games": 32, "is_best": is_best}


def test_ratings_are_a_table_with_the_best_marked() -> None:
    assert rating_lines([rating(1), rating(7, is_best=True)]) == [
        "ratings in Elo, 95 % intervals, 2 of 2 versions:",
        "  version    Elo     low    high   games",
        "        1     -0     -49     +51      32",
        "        7     +6     -43     +57      32  best",
    ]


def test_without_ratings_there_is_no_table() -> None:
    assert rating_lines([]) == []


@pytest.mark.parametrize("best", [0, 5, 29])
def test_of_many_ratings_the_first_the_best_and_the_newest_are_shown(best: int) -> None:
    lines = rating_lines([rating(version, is_best=version == best) for version in range(30)])
    shown = [int(line.split()[0]) for line in lines[2:]]
    assert shown == sorted({0, best} | set(range(18, 30)))
    assert f"{len(shown)} of 30 versions" in lines[0]
