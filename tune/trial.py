"""One trial of a sweep: a run of the loop in a folder of its own, which tells Tune how it does."""

import json
import shutil
import tempfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple

from ray import tune

from hexray.config import RunConfig
from hexray.files import atomic_write
from hexray.net.checkpoint import newest_path
from hexray.run_folder import open_run_folder
from hexray.training import train_quietly
from tune.search import METRIC, TIME, VALUES
from tune.space import Values, applied

Metric = Literal["move_accuracy", "winner_accuracy", "rating"]
RESULT_FILE = "trial.json"
"""Written last into the folder of a trial that has reached its end."""
_MEASURED = {
    "move_accuracy": "solved/move_accuracy",
    "winner_accuracy": "solved/winner_accuracy",
    "rating": "rating/elo",
}
_SEED = "seed"
_LOG_FILE = "log.txt"


class Trials(NamedTuple):
    """What all trials of a sweep have in common.

    config      settings before a trial changes some of them
    folder      of the sweep; each trial has one of its own in ``trials/``
    metric      what their score is
    has_clones  trials may be told to go on from the checkpoint of another one
    """

    config: RunConfig
    folder: Path
    metric: Metric
    has_clones: bool


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
    with open_run_folder(folder, config) as run, (folder / _LOG_FILE).open("a") as log:
        _take_over(folder, name)

        def watch(trained_s: float, values: Mapping[str, float]) -> None:
            score = values.get(_MEASURED[trials.metric])
            # The last one is reported in the end: a scheduler may take it for the end of all time.
            if score is not None and trained_s < config.minutes * 60:
                report = {METRIC: score, TIME: trained_s, "trial": name}
                _report(report, folder if trials.has_clones else None)

        reached, trained_s = train_quietly(run, config, log, watch, label=name)
    score = reached.strength.get(trials.metric, _last_rating(reached.strength))
    last = {METRIC: score, TIME: trained_s, "trial": name, "is_whole": True}
    atomic_write(result, (json.dumps(last) + "\n").encode())
    tune.report(last)


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


def _report(values: dict[str, Any], folder: Path | None) -> None:
    """Report, with the newest checkpoint where others may take it over."""
    newest = None if folder is None else newest_path(folder / "checkpoints")
    if newest is None:
        tune.report(values)
        return
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
        if (Path(beside) / "owner").read_text() == name:
            return  # its own folder is as new, or newer
        own = folder / "checkpoints"
        if own.exists():
            shutil.rmtree(own)
        own.mkdir()
        for checkpoint in Path(beside).glob("[0-9]*"):
            shutil.copytree(checkpoint, own / checkpoint.name)
