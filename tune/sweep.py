"""Train many times with other settings and say which are best: ``python -m tune.sweep``."""

import os
import signal
import sys
from collections.abc import Mapping, Sequence
from typing import NoReturn

import optuna
import ray
from rich.console import Console

from hexray.cluster import ray_session
from hexray.config import RunConfig, with_overrides
from hexray.errors import HexrayError, SettingsError
from hexray.placement import wanted_by
from tune.asked import Asked, read_asked, record
from tune.plots import draw_sweep
from tune.population import rounds_of
from tune.results import (
    WINNER,
    Trial,
    best_of,
    compared,
    scores_by_arm,
    show,
    write_best,
    write_results,
)
from tune.search import Scheduler, choosing, first_look, listed, scheduling
from tune.space import BASELINE, Values, applied, start_of
from tune.stage import Stage
from tune.trial import Trials

PICTURE_FILE = "sweep.png"


def main(arguments: Sequence[str] | None = None) -> int:
    """Sweep as the command line says; return the exit status."""
    try:
        asked = read_asked(arguments)
    except (HexrayError, OSError) as error:
        return _refused(error)
    signal.signal(signal.SIGTERM, _interrupt)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        return sweep(asked)
    except (HexrayError, OSError) as error:
        return _refused(error)
    except KeyboardInterrupt as interrupted:
        print(f"\ninterrupted; go on by   {sys.executable} -m tune.sweep --resume {asked.folder}")
        return 128 + (interrupted.args or (signal.SIGINT,))[0]


def sweep(asked: Asked) -> int:
    """Make all trials, train the best again with fresh seeds, and write what was found.

    Goes on where an earlier one in the folder was interrupted. Returns 0, or 1 when no trial came
    to its end. Raises SettingsError before anything is started for more than the cluster has.
    """
    options, config, space, folder = asked
    out = Console()
    chosen, start = None, start_of(space, config)
    if space.space:
        samples, points = options.samples, options.grid_points
        population = options.scheduler == "pbt"
        chosen = choosing(options.search, space, start, samples, points, config.seed, population)
    scheduler = scheduling(options.scheduler, space, config.minutes * 60, config.seed)
    need = wanted_by(config, options.gpus).cpus
    if config.cluster.address is None:
        _refuse_too_many(options.concurrent, need, max(os.cpu_count() or 1, need))
    with ray_session(config):
        cpus = ray.cluster_resources()["CPU"]
        _refuse_too_many(options.concurrent or 1, need, cpus)
        record(asked)
        out.print(f"sweep folder {folder}")
        at_once = options.concurrent or max(1, int(cpus // need))
        is_pbt = options.scheduler == "pbt"
        watched = _watched(config, options.scheduler)
        trials = Trials(
            watched, folder, options.metric, rounds=rounds_of(config.minutes * 60) if is_pbt else 1
        )
        stage = Stage(trials, at_once, options.gpus, out)
        arms: Mapping[str, Values] = space.arm_values()
        again: list[Trial] = []
        if chosen is None:
            found = stage.run("tune", listed(_seeded(arms, space.seeds)), None)
        else:
            found = stage.run("tune", chosen, scheduler)
            best = best_of(found, start)
            if best is not None and options.repeats and dict(best.values) != start:
                out.print("the best, and the settings unchanged, again with fresh seeds")
                arms = {BASELINE: {}, WINNER: dict(best.values)}
                # Trials of pbt take over weights of others.
                unchanged = [] if is_pbt else _unchosen(found, start)
                seeds = range(config.seed + 1, config.seed + 1 + options.repeats)
                fresh = [*_seeded({WINNER: arms[WINNER]}, seeds)]
                fresh += _seeded({BASELINE: {}}, seeds[len(unchanged) :])
                alone = Stage(trials._replace(rounds=1), at_once, options.gpus, out)
                again = [*unchanged, *alone.run("again", listed(fresh), None)]
    return _finish(asked, found, again, arms, out)


def _watched(config: RunConfig, scheduler: Scheduler) -> RunConfig:
    """Let trials that may be ended early be measured before they may."""
    if scheduler == "none":
        return config
    often = min(config.judge.every_seconds, first_look(config.minutes * 60))
    return with_overrides(config, {"judge": {"every_seconds": often}})


def _unchosen(found: Sequence[Trial], start: Values) -> list[Trial]:
    """Return the trial of the unchanged settings, if it had all its time.

    Its score chose nothing, so it may judge.
    """
    whole = [trial for trial in found if trial.state == "whole" and dict(trial.values) == start]
    return [trial._replace(values={}) for trial in whole[:1]]


def _finish(
    asked: Asked,
    found: Sequence[Trial],
    again: Sequence[Trial],
    arms: Mapping[str, Values],
    out: Console,
) -> int:
    """Show and write what was found; return the exit status."""
    folder, space = asked.folder, asked.space
    # What chose the best may not judge it too.
    judged = again or (found if space.arms else [])
    lines = compared(scores_by_arm(judged, arms)) if judged else []
    facts = {"metric": asked.options.metric, "search": asked.options.search}
    facts |= {"scheduler": asked.options.scheduler, "minutes": asked.config.minutes}
    known = {trial.id for trial in found}
    every = [*found, *(trial for trial in again if trial.id not in known)]
    start = start_of(space, asked.config)
    best = best_of(found, start)
    write_results(folder, facts, best, found, again, lines)
    if space.space:
        draw_sweep(found, space.space, folder / PICTURE_FILE)
    show(every, lines, out)
    if best is None:
        out.print("no trial came to its end")
        return 1
    if space.space and dict(best.values) == start:
        out.print("no trial was better than the settings unchanged")
    if space.space:
        path = write_best(applied(asked.config, best.values), folder)
        out.print(f"best settings {path}, pictures {folder / PICTURE_FILE}")
        out.print(f"to train with them:   {sys.executable} -m hexray.loop --config {path}")
    return 0


def _refused(error: Exception) -> int:
    print(f"hexray: {error}", file=sys.stderr)
    return 2


def _interrupt(number: int, _: object) -> NoReturn:
    raise KeyboardInterrupt(number)


def _refuse_too_many(at_once: int, each: int, cpus: float) -> None:
    if at_once * each > cpus:
        raise SettingsError(
            f"{at_once} trials at once need {at_once * each} CPUs ({each} each: inference.servers, "
            f"selfplay.players and learner.threads), there are {cpus:g}"
        )


def _seeded(arms: Mapping[str, Values], seeds: Sequence[int]) -> list[Values]:
    """Return every arm with every seed, all arms of a seed one after the other."""
    return [{**values, "seed": seed} for seed in seeds for values in arms.values()]


if __name__ == "__main__":
    sys.exit(main())
