"""How a sweep chooses the settings of its next trial, and which trials it ends early."""

import pickle
import warnings
from collections.abc import Mapping
from math import log
from typing import Any, Literal, NamedTuple

import optuna
from optuna.distributions import BaseDistribution, FloatDistribution, IntDistribution
from ray import tune
from ray.tune.schedulers import (
    AsyncHyperBandScheduler,
    FIFOScheduler,
    HyperBandScheduler,
    TrialScheduler,
)
from ray.tune.search import ConcurrencyLimiter, Searcher
from ray.tune.search.basic_variant import BasicVariantGenerator
from ray.tune.search.optuna import OptunaSearch

from hexray.errors import SettingsError
from tune.population import Population
from tune.space import Axis, Choice, Range, Space, Values, grid_of

Search = Literal["grid", "random", "tpe", "cmaes"]
Scheduler = Literal["none", "asha", "hyperband", "pbt"]
METRIC = "score"
"""What trials report, more being better."""
TIME = "trained_s"
"""Seconds of training that a trial has had."""
VALUES = "values"
"""Under this key a trial finds what it changes."""
SIGMA = 0.25
"""Part of each range, by its logarithm where it has one, over which CMA-ES spreads at first."""
ANNEALED = 0.5
"""By how much it spreads less after each restart."""
PATIENCE = 2
"""Generations of CMA-ES without a better trial, after which it begins anew from the best."""
_PREFIX = f"{VALUES}/"
_REDUCTION = 3


class Choosing(NamedTuple):
    """What Tune is given: the space it draws from, how it chooses, how many trials it makes."""

    param_space: dict[str, Any]
    chooser: Any
    samples: int


def choosing(
    search: Search,
    space: Space,
    start: Values,
    samples: int,
    points: int,
    seed: int,
    at_once: bool = False,
) -> Choosing:
    """Say how trials are chosen; the first has the values of ``start``, but for a grid.

    A grid has ``points`` values of each range. Where all are drawn ``at_once``, as population-based
    training wants it, CMA-ES spreads them around the start, and TPE has nothing to learn from.
    Raises SettingsError where CMA-ES has no numbers.
    """
    if search == "grid":
        return listed(grid_of(space, points))
    drawn = {VALUES: {path: _domain(axis) for path, axis in space.space.items()}}
    first = [{VALUES: dict(start)}]
    if search == "random" or (search == "tpe" and at_once):
        return Choosing(drawn, BasicVariantGenerator(first, random_state=seed), samples)
    if search == "tpe":
        sampler = optuna.samplers.TPESampler(seed=seed, n_startup_trials=max(2, samples // 3))
        flat = [{_PREFIX + path: value for path, value in start.items()}]
        chooser = OptunaSearch(metric=METRIC, mode="max", sampler=sampler, points_to_evaluate=flat)
        return Choosing(drawn, chooser, samples)
    annealed = AnnealedCma(_numbers(space), start, seed)
    if at_once:
        return listed([annealed.suggest(str(number))[VALUES] for number in range(samples)])
    return Choosing({}, annealed, samples)


def listed(every: list[Values]) -> Choosing:
    """Say that exactly these trials are made."""
    space = {VALUES: tune.grid_search([dict(values) for values in every])}
    return Choosing(space, BasicVariantGenerator(), 1)


def limited(chooser: Any, at_once: int) -> Any:
    """Let ``chooser`` have so many trials under way and no more; 0 sets no limit."""
    if isinstance(chooser, BasicVariantGenerator):
        chooser.max_concurrent = at_once
        return chooser
    return ConcurrencyLimiter(chooser, at_once)


def first_look(seconds: float) -> float:
    """Return after how many of the seconds of a trial it may first be ended."""
    return seconds / _REDUCTION**2


def scheduling(scheduler: Scheduler, space: Space, seconds: float, seed: int = 0) -> TrialScheduler:
    """Say which trials of ``seconds`` of training end early, or go on as others.

    Raises SettingsError for settings that population-based training cannot change in a run.
    """
    common: dict[str, Any] = {"time_attr": TIME, "metric": METRIC, "mode": "max"}
    if scheduler == "asha":
        rungs: dict[str, Any] = {"max_t": seconds, "grace_period": first_look(seconds)}
        return AsyncHyperBandScheduler(**common, **rungs, reduction_factor=_REDUCTION)
    if scheduler == "hyperband":
        return HyperBandScheduler(**common, max_t=round(seconds), reduction_factor=_REDUCTION)
    if scheduler == "pbt":
        fixed = [path for path in space.space if path.split(".")[0] in ("net", "board", "seed")]
        if fixed:
            raise SettingsError(
                f"--scheduler pbt changes settings while a run goes on, and {fixed[0]} cannot be; "
                "leave it out of the space, or use another scheduler"
            )
        mutations = {path: _mutation(axis) for path, axis in space.space.items()}
        return Population(space, mutations, VALUES, METRIC, seed)
    return FIFOScheduler()


class AnnealedCma(Searcher):
    """CMA-ES from given settings on, anew and ever narrower from the best when it gets no further.

    A generation is as large as the sampler makes it by default.
    """

    def __init__(
        self, distributions: Mapping[str, BaseDistribution], start: Values, seed: int
    ) -> None:
        super().__init__(metric=METRIC, mode="max")
        self._distributions = dict(distributions)
        self._best: dict[str, Any] = dict(start)
        self._best_score: float | None = None
        self._seed, self.restarts = seed, 0
        self._generation = optuna_generation(len(distributions))
        self._since_better = 0
        self._asked: dict[str, tuple[int, Any]] = {}
        self._study = self._new_study()

    def suggest(self, trial_id: str) -> dict[str, Any]:
        """Return the settings of a trial."""
        asked = self._study.ask(fixed_distributions=self._distributions)
        self._asked[trial_id] = (self.restarts, asked)
        return {VALUES: dict(asked.params)}

    def on_trial_complete(
        self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False
    ) -> None:
        """Learn from a trial; one that failed says nothing of its settings."""
        study, asked = self._asked.pop(trial_id)
        score = None if error or not result else result.get(METRIC)
        state = optuna.trial.TrialState
        if study == self.restarts:
            self._study.tell(asked, score, state.FAIL if score is None else state.COMPLETE)
        self._since_better += 1
        if score is not None and (self._best_score is None or score > self._best_score):
            self._best, self._best_score = dict(asked.params), score
            self._since_better = 0
        if self._since_better >= PATIENCE * self._generation:
            self.restarts += 1
            self._since_better = 0
            self._study = self._new_study()

    def on_trial_result(self, trial_id: str, result: dict[str, Any]) -> None:
        """Wait for the end of a trial."""

    def save(self, checkpoint_path: str) -> None:
        """Write all that is known."""
        with open(checkpoint_path, "wb") as file:
            pickle.dump(self.__dict__, file)

    def restore(self, checkpoint_path: str) -> None:
        """Read what ``save`` wrote; only ever from the sweep's own folder."""
        with open(checkpoint_path, "rb") as file:
            self.__dict__.update(pickle.load(file))

    def _new_study(self) -> optuna.Study:
        with warnings.catch_warnings():
            # x0 and sigma0 leave Optuna in version 6, which pyproject.toml excludes.
            warnings.simplefilter("ignore", FutureWarning)
            sampler = optuna.samplers.CmaEsSampler(
                x0=self._best,
                sigma0=SIGMA * ANNEALED**self.restarts,
                seed=self._seed + self.restarts,
                warn_independent_sampling=False,
            )
        study = optuna.create_study(sampler=sampler, direction="maximize")
        study.enqueue_trial(self._best)
        return study


def optuna_generation(dimensions: int) -> int:
    """Return how many trials the sampler takes for a generation (Hansen 2016, table 1)."""
    return 4 + int(3 * log(dimensions))


def _numbers(space: Space) -> dict[str, BaseDistribution]:
    found: dict[str, BaseDistribution] = {}
    for path, axis in space.space.items():
        if isinstance(axis, Choice):
            raise SettingsError(
                f"--search cmaes knows numbers only, and {path} is a choice; give it low and high, "
                "leave it out, or use --search tpe"
            )
        found[path] = _distribution(axis)
    if len(found) < 2:
        raise SettingsError("--search cmaes needs two settings to vary or more; use --search tpe")
    return found


def _distribution(axis: Range) -> BaseDistribution:
    if axis.integer:
        return IntDistribution(round(axis.low), round(axis.high), log=axis.log)
    return FloatDistribution(axis.low, axis.high, log=axis.log)


def _domain(axis: Axis) -> Any:
    if isinstance(axis, Choice):
        return tune.choice(list(axis.values))
    if axis.integer:
        draw = tune.lograndint if axis.log else tune.randint
        return draw(round(axis.low), round(axis.high) + 1)
    return (tune.loguniform if axis.log else tune.uniform)(axis.low, axis.high)


def _mutation(axis: Axis) -> Any:
    return list(axis.values) if isinstance(axis, Choice) else _domain(axis)
