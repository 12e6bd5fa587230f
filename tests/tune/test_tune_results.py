"""What a sweep says it has found."""

import io
import json
from pathlib import Path

import pytest
import yaml
from rich.console import Console

from hexray.config import RunConfig, with_overrides
from hexray.options import parse_run
from hexray.ratings.differences import mean_difference, verdict
from tune.plots import draw_sweep, importance
from tune.results import (
    Trial,
    best_of,
    compared,
    scores_by_arm,
    show,
    write_best,
    write_results,
)
from tune.space import BASELINE, Axis, Choice, Range
from tune.trial import config_of

AXES: dict[str, Axis] = {
    "learner.learning_rate": Range(low=1e-4, high=1e-1, log=True),
    "net.stem": Choice(values=(3, 5)),
}


def trial(number: int, score: float | None, state: str = "whole", **values: object) -> Trial:
    given = {name.replace("__", "."): value for name, value in values.items()}
    error = "it broke" if state == "failed" else ""
    curve = [] if score is None else [(30.0, score)]
    return Trial(number, f"id{number}", given, score, 30.0, state, 0, error, curve)  # pyright: ignore[reportArgumentType]


def sweep_of(count: int) -> list[Trial]:
    """Better with a stem of 5, whatever the rate."""
    return [
        trial(
            number,
            0.5 + 0.4 * (number % 2) + 0.001 * number,
            learner__learning_rate=10 ** -(1 + number % 3),
            net__stem=5 if number % 2 else 3,
        )
        for number in range(1, count + 1)
    ]


def test_the_best_had_all_its_time() -> None:
    trials = [trial(1, 0.8), trial(2, 0.99, "ended"), trial(3, 0.9), trial(4, None, "failed")]
    assert best_of(trials, {}) == trials[2]
    assert best_of(trials[3:], {}) is None


def test_of_equal_trials_the_unchanged_settings_are_best_and_then_the_first() -> None:
    trials = [trial(3, 0.9, net__stem=5), trial(2, 0.9, net__stem=3), trial(1, 0.8, net__stem=3)]
    assert best_of(trials, {"net.stem": 5}) == trials[0]
    assert best_of(trials, {"net.stem": 7}) == trials[1]


def test_the_best_settings_are_a_file_that_a_run_takes(tmp_path: Path) -> None:
    best = with_overrides(RunConfig(board=7), {"learner": {"learning_rate": 0.0123}, "seed": 5})
    path = write_best(best, tmp_path)
    _, config = parse_run(["--config", str(path), "--seed", "9"])
    assert config == best.model_copy(update={"seed": 9})
    assert "seed" not in yaml.safe_load(path.read_text())


def test_arms_are_told_by_what_they_change() -> None:
    arms = {BASELINE: {}, "stem": {"net.stem": 5}}
    trials = [
        trial(1, 0.5, seed=0),
        trial(2, 0.6, seed=0, net__stem=5),
        trial(3, 0.7, seed=1, net__stem=5),
        trial(4, 0.9, "ended", seed=1),
    ]
    assert scores_by_arm(trials, arms) == {BASELINE: [0.5], "stem": [0.6, 0.7]}


def test_a_difference_has_the_interval_of_welch() -> None:
    # Means 3 and 2, variances 1 and 1, three each: 1 -+ t(4 degrees, 97.5 %) sqrt(2 / 3).
    found = mean_difference([2, 3, 4], [1, 2, 3])
    assert found is not None
    assert found.value == pytest.approx(1.0)
    reach = 2.7764451 * (2 / 3) ** 0.5
    assert (found.low, found.high) == pytest.approx((1 - reach, 1 + reach), abs=1e-6)
    assert verdict(found, "a", "b") == "no difference between a and b can be told"
    assert verdict(mean_difference([9, 9.1], [1, 1.1]), "a", "b") == "a is better than b"
    assert verdict(mean_difference([1, 1.1], [9, 9.1]), "a", "b") == "b is better than a"
    assert mean_difference([1], [2, 3]) is None
    assert verdict(None, "a", "b").startswith("no verdict")
    assert mean_difference([1, 1], [0, 0]) == (1, 1, 1)


def test_everything_is_in_the_file_and_the_table(tmp_path: Path) -> None:
    trials = [*sweep_of(4), trial(5, None, "failed", net__stem=3)]
    arms = compared({BASELINE: [0.5, 0.51], "winner": [0.8, 0.81], "alone": [0.7]})
    best = best_of(trials, {})
    write_results(tmp_path, {"metric": "move_accuracy"}, best, trials, trials[:1], arms)
    found = json.loads((tmp_path / "sweep.json").read_text())
    assert found["best"] == "id3"
    assert [line["id"] for line in found["trials"]] == ["id1", "id2", "id3", "id4", "id5"]
    assert found["trials"][4]["error"] == "it broke"
    assert found["compared"][1]["interval"][0] > 0
    assert found["compared"][2]["interval"] is None
    out = Console(file=io.StringIO(), width=200)
    show(trials, arms, out)
    text = out.file.getvalue()  # pyright: ignore[reportAttributeAccessIssue]
    assert text.index("id3") < text.index("id4") < text.index("it broke")
    assert "winner is better than baseline" in text
    assert "no verdict on alone" in text


def test_what_decides_is_found_and_too_few_trials_say_nothing() -> None:
    shares = importance(sweep_of(24), AXES)
    assert shares["net.stem"] > 0.5 > shares["learner.learning_rate"]
    assert sum(shares.values()) == pytest.approx(1)
    assert importance(sweep_of(3), AXES) == {}
    same = [each._replace(score=0.5) for each in sweep_of(9)]
    assert importance(same, AXES) == {}


@pytest.mark.parametrize("count", [0, 1, 24])
def test_pictures_are_drawn_of_any_number_of_trials(count: int, tmp_path: Path) -> None:
    draw_sweep(sweep_of(count), AXES, tmp_path / "sweep.png")
    assert (tmp_path / "sweep.png").read_bytes().startswith(b"\x89PNG")


def test_trials_have_seeds_of_their_own_that_depend_on_nothing_else() -> None:
    base = RunConfig(seed=3)
    one, other = {"net.stem": 5}, {"net.stem": 3}
    assert config_of(base, one) == config_of(base, one)
    assert config_of(base, one).seed != config_of(base, other).seed
    assert config_of(base, one).seed != config_of(RunConfig(seed=4), one).seed
    assert config_of(base, {**one, "seed": 8}).seed == 8
