"""How trials are chosen: each search on a hill whose top is known."""

from pathlib import Path
from typing import Any

import pytest
from ray.tune.schedulers import FIFOScheduler, PopulationBasedTraining
from ray.tune.search.basic_variant import BasicVariantGenerator

from hexray.errors import SettingsError
from tune.search import (
    METRIC,
    PATIENCE,
    VALUES,
    AnnealedCma,
    choosing,
    limited,
    optuna_generation,
    scheduling,
)
from tune.space import Choice, Range, Space

HILL = Space(
    space={
        "learner.learning_rate": Range(low=1e-4, high=1e-1, log=True),
        "learner.value_weight": Range(low=0, high=4),
        "replay.reuse_most": Range(low=1, high=32),
    }
)
START = {
    "learner.learning_rate": 1e-2,
    "learner.value_weight": 3.5,
    "replay.reuse_most": 4.0,
}


def height(values: dict[str, Any]) -> float:
    """Highest, 0, at value_weight 1 and reuse_most 20."""
    return -abs(values["learner.value_weight"] - 1) - abs(values["replay.reuse_most"] - 20) / 10


def climb(search: AnnealedCma, trials: int) -> list[float]:
    heights = []
    for number in range(trials):
        found = search.suggest(str(number))[VALUES]
        for path, value in found.items():
            axis = HILL.space[path]
            assert isinstance(axis, Range)
            assert axis.low <= value <= axis.high
        heights.append(height(found))
        search.on_trial_complete(str(number), {METRIC: heights[-1]})
    return heights


def cma(seed: int = 0) -> AnnealedCma:
    chooser = choosing("cmaes", HILL, START, 100, 3, seed).chooser
    assert isinstance(chooser, AnnealedCma)
    return chooser


def test_cma_begins_with_the_settings_given_and_climbs() -> None:
    heights = climb(cma(), 80)
    assert heights[0] == height(START)
    assert max(heights) > -0.3 > heights[0]
    assert sum(heights[60:]) / 20 > sum(heights[:20]) / 20


def test_cma_with_the_same_seed_makes_the_same_trials() -> None:
    assert climb(cma(3), 20) == climb(cma(3), 20)
    assert climb(cma(3), 20) != climb(cma(4), 20)


def test_cma_begins_anew_and_narrower_when_it_gets_no_further() -> None:
    search = cma()
    seen = []
    generation = optuna_generation(3)
    assert generation == 7  # 4 + floor(3 ln 3)
    for number in range(1 + 4 * PATIENCE * generation):
        values = search.suggest(str(number))[VALUES]
        seen.append((search.restarts, values))
        search.on_trial_complete(str(number), {METRIC: -1.0 if number else 0.0})
    assert search.restarts == 4

    def spread(restart: int) -> float:
        found = [values["learner.value_weight"] for made, values in seen if made == restart]
        return max(found) - min(found)

    assert spread(3) < spread(0) / 2
    firsts = [next(values for made, values in seen if made == n) for n in range(4)]
    assert firsts == [START] * 4


def test_cma_goes_on_where_it_was_saved(tmp_path: Path) -> None:
    whole, first = cma(), cma()
    expected = climb(whole, 30)
    assert climb(first, 12) == expected[:12]
    first.save(str(tmp_path / "state"))
    second = cma(9)
    second.restore(str(tmp_path / "state"))
    later = []
    for number in range(12, 30):
        values = second.suggest(str(number))[VALUES]
        later.append(height(values))
        second.on_trial_complete(str(number), {METRIC: later[-1]})
    assert later == expected[12:]


def test_a_trial_that_fails_does_not_stop_cma() -> None:
    search = cma()
    for number in range(30):
        search.suggest(str(number))
        search.on_trial_complete(str(number), None, error=True)
    assert search.suggest("last")


@pytest.mark.parametrize("axis", [Choice(values=(3, 5)), None])
def test_cma_refuses_what_are_no_two_numbers(axis: Choice | None) -> None:
    axes: dict[str, Any] = {"learner.value_weight": Range(low=0, high=4)}
    if axis is not None:
        axes["net.stem"] = axis
    with pytest.raises(SettingsError, match="--search cmaes"):
        choosing("cmaes", Space(space=axes), {}, 4, 3, 0)


def test_pbt_changes_nothing_that_a_run_cannot_change() -> None:
    assert isinstance(scheduling("pbt", HILL, 60), PopulationBasedTraining)
    fixed = Space(space={"net.channels": Choice(values=(16, 32))})
    with pytest.raises(SettingsError, match=r"net\.channels cannot be"):
        scheduling("pbt", fixed, 60)
    assert isinstance(scheduling("none", fixed, 60), FIFOScheduler)


@pytest.mark.parametrize("search", ["grid", "random", "tpe", "cmaes"])
def test_every_search_keeps_to_so_many_trials_at_once(search: Any) -> None:
    chosen = choosing(search, HILL, START, 10, 2, 0)
    chooser = limited(chosen.chooser, 2)
    assert getattr(chooser, "max_concurrent", None) == 2
    assert chosen.samples == (1 if search == "grid" else 10)


@pytest.mark.parametrize("search", ["cmaes", "tpe"])
def test_a_population_is_drawn_before_anything_is_known_of_it(search: Any) -> None:
    chosen = choosing(search, HILL, START, 8, 3, 0, at_once=True)
    assert isinstance(chosen.chooser, BasicVariantGenerator)
    if search == "cmaes":
        drawn = chosen.param_space[VALUES]["grid_search"]
        assert drawn[0] == pytest.approx(START)
        assert len({tuple(values.values()) for values in drawn}) == 8
