"""Population-based training with one slot for all trials, and with a trial that fails."""

import json
import math
import os
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import ray
from hypothesis import given
from hypothesis import strategies as st
from ray import tune

from tune.population import ROUND, rounds_of
from tune.search import METRIC, VALUES, choosing, limited, scheduling
from tune.space import Choice, Range, Space
from tune.trial import WHOLE

RATE = "learner.learning_rate"
CLIMB = Space(space={RATE: Range(low=1, high=1000, log=True)})
STATE = "state.json"
ROUNDS = 3


def climb(config: Mapping[str, Any]) -> None:
    """Rise by the rate in every round, from the height that the checkpoint has."""
    held = tune.get_checkpoint()
    state = {"height": 0.0, "rounds": 0, "rates": []}
    if held is not None:
        with held.as_directory() as folder:
            state = json.loads((Path(folder) / STATE).read_text())
    while state["rounds"] < ROUNDS:
        rate = config[VALUES][RATE]
        state = {
            "height": state["height"] + rate,
            "rounds": state["rounds"] + 1,
            "rates": [*state["rates"], rate],
        }
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / STATE).write_text(json.dumps(state))
            told = {METRIC: state["height"], ROUND: state["rounds"], "rates": state["rates"]}
            told[WHOLE] = state["rounds"] == ROUNDS
            tune.report(told, checkpoint=tune.Checkpoint.from_directory(folder))


def one_after_another(
    climber: Callable[[Mapping[str, Any]], None], folder: Path, samples: int
) -> tune.ResultGrid:
    start = {RATE: 10.0}
    chosen = choosing("random", CLIMB, start, samples, 2, seed=1, at_once=True)
    every_cpu = tune.PlacementGroupFactory([{"CPU": ray.cluster_resources()["CPU"]}])
    os.environ["RAY_AIR_NEW_OUTPUT"] = "0"
    tuner = tune.Tuner(
        tune.with_resources(climber, every_cpu),
        param_space=chosen.param_space,
        tune_config=tune.TuneConfig(
            search_alg=limited(chosen.chooser, 0),
            scheduler=scheduling("pbt", CLIMB, 60, seed=1),
            num_samples=chosen.samples,
            reuse_actors=True,
        ),
        run_config=tune.RunConfig(storage_path=str(folder), stop={WHOLE: True}, verbose=0),
    )
    return tuner.fit()


@pytest.mark.timeout(240)
def test_the_worst_go_on_from_the_best_though_only_one_runs_at_a_time(
    ray_here: None, tmp_path: Path
) -> None:
    found = one_after_another(climb, tmp_path, samples=4)
    assert not found.errors
    ended = [found[place].metrics for place in range(4)]
    assert all(metrics is not None and metrics[WHOLE] for metrics in ended)
    first_rates = [metrics["rates"][0] for metrics in ended if metrics is not None]
    # One of four took over the best one's first round, and no one has the worst one's any more.
    assert len(set(first_rates)) < 4
    best = max(first_rates)
    assert first_rates.count(best) >= 2
    log = next(tmp_path.glob("*/pbt_global.txt")).read_text().splitlines()
    assert len(log) == ROUNDS - 1
    for metrics in ended:
        assert metrics is not None
        assert metrics[METRIC] == pytest.approx(sum(metrics["rates"]))
        assert all(1 <= rate <= 1000 for rate in metrics["rates"])


@pytest.mark.timeout(240)
def test_no_one_waits_for_a_trial_that_failed(ray_here: None, tmp_path: Path) -> None:
    def climb_or_fall(config: Mapping[str, Any]) -> None:
        if (tmp_path / "began").exists() and not (tmp_path / "fell").exists():
            (tmp_path / "fell").touch()
            raise RuntimeError("fell")
        (tmp_path / "began").touch()
        climb(config)

    found = one_after_another(climb_or_fall, tmp_path, samples=2)
    assert len(found.errors) == 1
    (whole,) = [each.metrics for each in found if each.error is None]
    assert whole is not None
    assert whole[WHOLE]


def test_rounds_are_few_and_not_too_short() -> None:
    assert [rounds_of(seconds) for seconds in (6, 30, 50, 60, 3600)] == [2, 2, 3, 4, 4]


@pytest.mark.timeout(240)
def test_nobody_follows_who_is_no_worse(ray_here: None, tmp_path: Path) -> None:
    def even(config: Mapping[str, Any]) -> None:
        climb({VALUES: {RATE: 1.0}})

    assert not one_after_another(even, tmp_path, samples=3).errors
    assert not list(tmp_path.glob("*/pbt_global.txt"))


@given(st.floats(0, 1e9) | st.sampled_from([math.inf]), st.integers(-5, 5))
def test_changed_settings_stay_in_their_ranges(rate: float, kernel: int) -> None:
    space = Space(
        space={
            RATE: Range(low=0.5, high=8, log=True),
            "search.simulations": Range(low=8, high=32, integer=True),
            "learner.batches": Choice(values=(1, 2)),
        }
    )
    change = scheduling("pbt", space, 60)._custom_explore_fn  # pyright: ignore[reportAttributeAccessIssue]
    given_values = {RATE: rate, "search.simulations": rate, "learner.batches": kernel}
    values = change({VALUES: given_values})[VALUES]
    assert 0.5 <= values[RATE] <= 8
    assert 8 <= values["search.simulations"] <= 32
    assert isinstance(values["search.simulations"], int)
    assert values["learner.batches"] in (1, 2)
