"""One trial of a sweep: a run of the loop in a folder of its own, which tells Tune how it does."""

import json
import math
import shutil
import tempfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple

import ray
from ray import tune

from hexray.config import RunConfig
from hexray.controller import Controller
from hexray.events import append_event, read_events
from hexray.files import atomic_write
from hexray.net.checkpoint import load_checkpoint, newest_checkpoint, newest_path
from hexray.run_folder import open_run_folder
from hexray.spares import Spares
from hexray.training import train_quietly
from tune.population import ROUND
from tune.search import METRIC, TIME, VALUES
from tune.space import Values, applied

Metric = Literal["move_accuracy", "winner_accuracy", "rating"]
RESULT_FILE = "trial.json"
"""Written last into the folder of a trial that has reached its end."""
WHOLE = "is_whole"
"""Whether a trial has had all its time."""
COPIES = "copies"
"""How often it went on from another trial's checkpoint."""
_MEASURED = {
    "move_accuracy": "solved/move_accuracy",
    "winner_accuracy": "solved/winner_accuracy",
    "rating": "rating/elo",
}
_SEED = "seed"
_LOG_FILE = "log.txt"
_COPIED = "copied"
_SPARES = Spares()
"""Tune makes one trial after another in this process; so they need not start theirs anew."""


class Trials(NamedTuple):
    """What all trials of a sweep have in common.

    config  settings before a trial changes some of them
    folder  of the sweep; each trial has one of its own in ``trials/``
    metric  what their score is
    rounds  in so many equal parts training is cut; after each but the last a trial shows its
            checkpoint, and may be told to go on from that of another one; 1: never
    """

    config: RunConfig
    folder: Path
    metric: Metric
    rounds: int


def run_trial(parameters: Mapping[str, Any], trials: Trials) -> None:
    """Train as ``parameters`` say, and report to Tune at each measurement and at the end.

    A trial that was interrupted goes on from its own folder; one that is told to take over
    another's weights begins with that one's checkpoint.
    """
    name = tune.get_context().get_trial_id()
    assert name is not None
    folder = trials.folder / "trials" / name
    result = folder / RESULT_FILE
    if result.exists():
        tune.report(json.loads(result.read_text()))
        return
    config = config_of(trials.config, parameters[VALUES])
    # The folder is free while a report waits: Tune may end this process there.
    while not (reached := _train_a_round(folder, config, trials, name))[WHOLE]:
        _report(reached, folder)
    atomic_write(result, (json.dumps(reached) + "\n").encode())
    tune.report(reached)


def config_of(config: RunConfig, values: Values) -> RunConfig:
    """Return the settings of a trial, with a seed of its own unless ``values`` has one.

    It depends on ``values`` and the seed of ``config``: the same sweep makes the same trials.
    """
    if _SEED in values:
        return applied(config, values)
    text = json.dumps(dict(values), sort_keys=True)
    seed = (config.seed << 32) + zlib.crc32(text.encode())
    return applied(config, {**values, _SEED: seed % 2**63})


def _last_rating(strength: Mapping[str, Any]) -> float | None:
    ratings = strength.get("ratings") or [{"elo": None}]
    return ratings[-1]["elo"]


class _Round:
    """Watches the training of a round: reports what is measured, and ends it in time."""

    def __init__(self, trials: Trials, name: str, before_s: float, total_s: float) -> None:
        self._measured = _MEASURED[trials.metric]
        part = total_s / trials.rounds
        self.before = int(before_s / part)
        self._name, self._until, self._total = name, (self.before + 1) * part, total_s
        self._controller: Controller | None = None

    def started(self, controller: Controller) -> None:
        self._controller = controller

    def watch(self, trained_s: float, values: Mapping[str, float]) -> None:
        assert self._controller is not None
        if self._until <= trained_s < self._total:
            self._controller.stop()
        score = values.get(self._measured)
        # The end of a round, and of all, is reported when it is measured.
        if score is not None and trained_s < min(self._until, self._total):
            tune.report(self.told(score, trained_s, self.before))

    def told(self, score: float | None, trained_s: float, rounds: int) -> dict[str, Any]:
        is_whole = trained_s >= self._total
        told = {METRIC: score, TIME: trained_s, ROUND: rounds, WHOLE: is_whole}
        return {**told, "trial": self._name}


def _train_a_round(folder: Path, config: RunConfig, trials: Trials, name: str) -> dict[str, Any]:
    """Train to the end of the round that the newest checkpoint is in; return what to report."""
    with open_run_folder(folder, config) as run, (folder / _LOG_FILE).open("a") as log:
        _take_over(folder, name)
        found, _ = newest_checkpoint(folder / "checkpoints")
        before_s = found.counters["trained_s"] if found else 0.0
        one = _Round(trials, name, before_s, config.minutes * 60)
        place = ray.get_runtime_context().get_worker_id()[:8]
        reached, trained_s = train_quietly(
            run, config, log, one.watch, f"trials-{place}-", one.started, _SPARES
        )
        copies = sum(event.kind == _COPIED for event in read_events(folder))
    score = reached.strength.get(trials.metric, _last_rating(reached.strength))
    if score is None and trained_s < config.minutes * 60:
        score = math.nan  # not known yet: whom to follow is decided among the others
    return {**one.told(score, trained_s, one.before + 1), COPIES: copies}


def _report(values: dict[str, Any], folder: Path) -> None:
    """Report the end of a round, with the checkpoint that another trial may take over."""
    newest = newest_path(folder / "checkpoints")
    assert newest is not None
    with tempfile.TemporaryDirectory() as beside:
        shutil.copytree(newest, Path(beside) / newest.name)
        (Path(beside) / "owner").write_text(values["trial"])
        tune.report(values, checkpoint=tune.Checkpoint.from_directory(beside))


def _take_over(folder: Path, name: str) -> None:
    """Put the checkpoint that Tune hands to this trial in place of its own, if it is another's."""
    given = tune.get_checkpoint()
    if given is None:
        return
    with given.as_directory() as beside:
        owner = (Path(beside) / "owner").read_text()
        if owner == name:
            return  # its own folder is as new, or newer
        (given_path,) = Path(beside).glob("[0-9]*")
        taken = load_checkpoint(given_path)
        text = f"goes on from version {taken.version} of trial {owner}"
        if text in (event.text for event in read_events(folder)):
            return  # and did so before it was interrupted
        own = folder / "checkpoints"
        if own.exists():
            shutil.rmtree(own)
        own.mkdir()
        shutil.copytree(given_path, own / given_path.name)
        append_event(folder, _COPIED, text, taken.counters["trained_s"])
