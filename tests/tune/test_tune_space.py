"""What a sweep varies: files, ranges, and what a run would refuse."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hexray.config import RunConfig
from hexray.errors import SettingsError
from tune.space import (
    Choice,
    Range,
    Space,
    applied,
    check_space,
    grid_of,
    read_space,
    start_of,
    value_of,
)

SPACES = Path(__file__).parent.parent.parent / "tune" / "spaces"


def space_in(folder: Path, text: str) -> Path:
    path = folder / "space.yaml"
    path.write_text(text)
    return path


@pytest.mark.parametrize("path", sorted(SPACES.glob("*.yaml")), ids=lambda path: path.name)
def test_spaces_that_come_along_fit_every_board(path: Path) -> None:
    space = read_space(path)
    for board in (4, 7, 11):
        check_space(space, applied(RunConfig(), {"board": board}))


def test_a_range_is_cut_evenly_by_its_numbers_or_their_logarithms() -> None:
    assert Range(low=0, high=1).points(3) == [0, 0.5, 1]
    assert Range(low=1, high=100, log=True).points(3) == pytest.approx([1, 10, 100])
    assert Range(low=1, high=3, integer=True).points(9) == [1, 2, 3]


@given(st.floats(-100, 100), st.floats(0.01, 100), st.integers(1, 9))
def test_points_lie_in_their_range(low: float, width: float, count: int) -> None:
    points = Range(low=low, high=low + width).points(count)
    assert all(low <= point <= low + width * (1 + 1e-9) for point in points)
    assert len(set(points)) == len(points) <= count


def test_a_grid_has_every_combination_once() -> None:
    axes = {"search.simulations": Range(low=8, high=16, integer=True)}
    space = Space(space={**axes, "net.channels": Choice(values=(16, 32, 48))})
    grid = grid_of(space, 2)
    assert len(grid) == 6
    assert {tuple(values.values()) for values in grid} == {
        (simulations, channels) for simulations in (8, 16) for channels in (16, 32, 48)
    }


def test_settings_are_changed_by_their_paths_and_nothing_else() -> None:
    changed = applied(RunConfig(), {"learner.learning_rate": 1e-3, "seed": 7, "net.stem": 5})
    assert (changed.learner.learning_rate, changed.seed, changed.net.stem) == (1e-3, 7, 5)
    assert value_of(changed, "learner.learning_rate") == 1e-3
    assert changed.search == RunConfig().search


def test_it_starts_from_the_settings_as_far_as_they_lie_in_the_space() -> None:
    axes = {"learner.learning_rate": Range(low=0.1, high=0.2), "net.stem": Choice(values=(3, 5))}
    assert start_of(Space(space=axes), RunConfig()) == {
        "learner.learning_rate": 0.1,
        "net.stem": RunConfig().net.stem,
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("space: {}", "either space or arms"),
        ("space: {net.stem: {values: [3]}}\narms: {a: {net.stem: 5}}", "either space or arms"),
        ("arms: {baseline: {net.stem: 5}}", "baseline is the name"),
        ("space: {net.stem: {low: 5, high: 3}}", "low 5 is not below high 3"),
        ("space: {net.stem: {low: 0, high: 3, log: true}}", "has no logarithm"),
        ("space: {net.stem: {low: 0.5, high: 3, integer: true}}", "no integers"),
        ("space: {net.stem: {values: []}}", "values"),
        ("space: 7", "space = 7"),
        ("- 7", "expected settings"),
    ],
)
def test_a_file_that_makes_no_sense_is_refused_by_its_name(
    text: str, message: str, tmp_path: Path
) -> None:
    with pytest.raises(SettingsError) as refused:
        read_space(space_in(tmp_path, text))
    assert message in str(refused.value)
    assert "space.yaml" in str(refused.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("space: {net.colour: {values: [3]}}", "net.colour"),
        ("space: {search.simulations: {low: -4, high: 4}}", "search.simulations"),
        ("arms: {other: {net.stem: 4}}", "net.stem = 4"),
        ("arms: {other: {nowhere: 4}}", "nowhere"),
    ],
)
def test_what_a_run_would_refuse_is_refused_before_any_trial(
    text: str, message: str, tmp_path: Path
) -> None:
    space = read_space(space_in(tmp_path, text))
    with pytest.raises(SettingsError, match=message.replace(".", r"\.")):
        check_space(space, RunConfig())
