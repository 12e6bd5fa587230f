"""A number of trials by Ray Tune, in a folder from which they can go on."""

import os
import re
from pathlib import Path
from typing import Any

from ray import tune
from ray.tune.experiment import Trial as TuneTrial
from ray.tune.logger import JsonLoggerCallback
from rich.console import Console

from hexray.config import RunConfig
from hexray.placement import wanted_by
from tune.results import Trial
from tune.search import METRIC, TIME, VALUES, Choosing, limited
from tune.trial import COPIES, WHOLE, Trials, run_trial
from tune.words import copied, in_words

_FAILURES = 2
"""How often a trial that failed goes on from its checkpoint before it is given up."""


_FOLDER = re.compile(r"run_trial_[0-9a-f]+(?:_[0-9]{5})?_([0-9]+)(?:_|$)")
_TUNE = {
    # What is known of the trials is written down each second, so that a kill loses nothing.
    "TUNE_GLOBAL_CHECKPOINT_S": "1",
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",
    "TUNE_DISABLE_SIGINT_HANDLER": "1",
    "RAY_AIR_NEW_OUTPUT": "0",
}
"""How Tune is told what it takes no argument for."""


class Stage:
    """Runs trials: ``at_once`` of them, each with the CPUs of its settings and ``gpus`` GPUs."""

    def __init__(self, trials: Trials, at_once: int, gpus: int, out: Console) -> None:
        self._trials, self._at_once, self._gpus, self._out = trials, at_once, gpus, out

    def run(self, name: str, chosen: Choosing, scheduler: Any) -> list[Trial]:
        """Make the trials that ``chosen`` says, or go on with those begun under this ``name``.

        Trials that came to their end are not made again.
        """
        os.environ.update(_TUNE)
        folder = self._trials.folder / name
        trainable = tune.with_resources(
            tune.with_parameters(run_trial, trials=self._trials),
            bundles(self._trials.config, self._gpus),
        )
        if tune.Tuner.can_restore(str(folder)):
            tuner = tune.Tuner.restore(str(folder), trainable, resume_unfinished=True)
        else:
            tuner = tune.Tuner(
                trainable,
                param_space=chosen.param_space,
                tune_config=tune.TuneConfig(
                    # All trials of a population are under way, as many as there is room for run.
                    search_alg=limited(
                        chosen.chooser, self._at_once if self._trials.rounds == 1 else 0
                    ),
                    scheduler=scheduler,
                    num_samples=chosen.samples,
                    reuse_actors=True,  # the next trial finds all libraries loaded
                ),
                run_config=tune.RunConfig(
                    name=name,
                    storage_path=str(self._trials.folder),
                    failure_config=tune.FailureConfig(max_failures=_FAILURES),
                    stop={WHOLE: True},
                    callbacks=[_Teller(self._out), JsonLoggerCallback()],
                    verbose=0,
                ),
            )
        found = tuner.fit()
        every = sorted((found[place] for place in range(len(found))), key=_place)
        return [_ended(number, each) for number, each in enumerate(every, 1)]


def bundles(config: RunConfig, gpus: int) -> tune.PlacementGroupFactory:
    """Return what a trial reserves: the CPUs of all its actors and ``gpus``, on one node."""
    wanted = {"CPU": float(wanted_by(config, gpus).cpus)}
    return tune.PlacementGroupFactory(
        [{}, {**wanted, "GPU": float(gpus)} if gpus else wanted], strategy="STRICT_PACK"
    )


class _Teller(tune.Callback):
    """Says how each trial does when it ends."""

    def __init__(self, out: Console) -> None:
        self._out, self._best, self._ended = out, float("-inf"), 0

    def on_trial_complete(self, iteration: int, trials: Any, trial: TuneTrial, **_: Any) -> None:
        how = "done" if trial.last_result.get(WHOLE) else "ended early"
        self._tell(trial, how + copied(trial.last_result.get(COPIES, 0)))

    def on_trial_error(self, iteration: int, trials: Any, trial: TuneTrial, **_: Any) -> None:
        self._tell(trial, "failed")

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_out": None}  # a console cannot be pickled

    def __setstate__(self, state: dict[str, Any]) -> None:
        self._out, self._best, self._ended = Console(), state["_best"], state["_ended"]

    def _tell(self, trial: TuneTrial, how: str) -> None:
        score = trial.last_result.get(METRIC)
        self._ended += 1
        self._best = max(self._best, float("-inf") if score is None else score)
        shown = "no score" if score is None else f"{score:.4f} (best {self._best:.4f})"
        minutes = trial.last_result.get(TIME, 0.0) / 60
        changed = in_words(trial.config.get(VALUES, {}))
        self._out.print(
            f"trial {trial.trial_id} {how} after {minutes:.1f} min: {shown}; {changed}",
            highlight=False,
            soft_wrap=True,
        )


def _place(found: Any) -> int:
    """Return which trial it is, from the name of its folder; a restart mixes their order up."""
    named = _FOLDER.match(Path(found.path).name)
    return 0 if named is None else int(named[1])


def _ended(number: int, found: Any) -> Trial:
    metrics = found.metrics or {}
    score = metrics.get(METRIC)
    curve: list[tuple[float, float]] = []
    frame = found.metrics_dataframe
    if frame is not None and METRIC in frame:
        rows = frame[[TIME, METRIC]].dropna().itertuples(index=False)
        curve = [(float(second), float(value)) for second, value in rows]
    return Trial(
        number=number,
        id=metrics.get("trial_id") or Path(found.path).name,
        values=dict((found.config or {}).get(VALUES, {})),
        score=None if score is None else float(score),
        trained_s=float(metrics.get(TIME, 0.0)),
        state="failed" if found.error else "whole" if metrics.get(WHOLE) else "ended",
        copies=metrics.get(COPIES, 0),
        error=str(found.error).strip().splitlines()[-1] if found.error else "",
        curve=curve,
    )
