"""Population-based training (Jaderberg et al. 2017, arXiv:1711.09846) for any number of slots.

Every trial trains a round and waits until all have; then the worst quarter goes on from the
checkpoints of the best, with their settings changed a little. One slot after another will do.
"""

import random
from typing import Any

from ray.tune.experiment import Trial
from ray.tune.schedulers import PopulationBasedTraining

from tune.space import Space

ROUNDS_MOST = 4
ROUND_SECONDS = 15
"""Rounds are no shorter, unless two are: to begin one costs about as much on two cores."""
ROUND = "round"
"""How many of them a trial has behind it."""


def rounds_of(seconds: float) -> int:
    """Return in how many parts ``seconds`` of training are cut."""
    return min(ROUNDS_MOST, max(2, int(seconds / ROUND_SECONDS)))


class Population(PopulationBasedTraining):
    """Ray's, waiting for no trial that has failed, and within the ranges of the space."""

    def __init__(
        self, space: Space, mutations: dict[str, Any], key: str, metric: str, seed: int
    ) -> None:
        """Change what is under ``key`` in the settings of a trial, to make ``metric`` higher.

        Ray draws whom to follow and what to change from Python's own generator; it gets ``seed``.
        """
        random.seed(seed)
        self._failed: list[Trial] = []

        def within(changed: dict[str, Any]) -> dict[str, Any]:
            values = {path: space.space[path].nearest(v) for path, v in changed[key].items()}
            return {**changed, key: values}

        super().__init__(
            time_attr=ROUND,
            metric=metric,
            mode="max",
            perturbation_interval=1,
            hyperparam_mutations={key: mutations},
            custom_explore_fn=within,
            synch=True,
        )

    def on_trial_result(self, tune_controller: Any, trial: Trial, result: dict[str, Any]) -> str:
        """Decide as Ray does, as if trials that have failed had come as far as all others.

        Without this the others wait for them: https://github.com/ray-project/ray/issues/12122.
        """
        for failed in self._failed:
            self._trial_state[failed].last_train_time = self._next_perturbation_sync
        return super().on_trial_result(tune_controller, trial, result)

    def on_trial_error(self, tune_controller: Any, trial: Trial) -> None:
        """Let the others go on, unchanged this once, if this one was the last they waited for."""
        if trial.should_recover():
            return
        self._failed.append(trial)
        others = [each for each in self._trial_state if each not in self._failed]
        if all(self._has_its_round(each) for each in others):
            self._next_perturbation_sync += 1

    def _quantiles(self) -> tuple[list[Trial], list[Trial]]:
        """Return whom to make copies of the best, and the best: nobody follows who is no worse."""
        low, high = super()._quantiles()
        scores = {t: float(self._trial_state[t].last_score or 0.0) for t in (*low, *high)}
        least = min((scores[trial] for trial in high), default=0.0)
        return [trial for trial in low if scores[trial] < least], high

    def _has_its_round(self, trial: Trial) -> bool:
        state = self._trial_state[trial]
        return trial.is_finished() or state.last_train_time >= self._next_perturbation_sync
