"""``hexray probe compare-training, ablate``: short trainings of one run's games side by side."""

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import Annotated

import numpy as np
import rich.console
import tyro
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from hexray.cli.probing import RESULTS, Draw, Json, Keep, Results, probed
from hexray.cli.probing_asked import (
    Board,
    Count,
    Games,
    Material,
    Run,
    asked_for,
    at_least,
    material,
)
from hexray.cluster import ray_session
from hexray.config import with_overrides
from hexray.data.held_out import SplitRows
from hexray.probes import compare_training as comparison
from hexray.probes import ladder
from hexray.probes.finding import Finding
from hexray.probes.folder import KEPT, ProbeFolder
from hexray.probes.lessons import Learnt, Lesson, taught_all
from hexray.probes.material import drawn, rows_of_games

Seeds = Annotated[int, tyro.conf.arg(metavar="3..")]
Workers = Annotated[int | None, tyro.conf.arg(metavar="0..")]
LEAST_SEEDS = 3
_HELD_OUT = 2_000


def compare_training(
    run: Run,
    /,
    games: Games = None,
    board: Board = None,
    steps: Count = 100,
    seeds: Seeds = 4,
    seed: int = 0,
    workers: Workers = None,
    results: Results = RESULTS,
    keep: Keep = KEPT,
    json_output: Json = False,
) -> int:
    """Train the run's learner, a plain loop, and the learner with one setting changed at a time.

    Clipping, weight decay, precision, value weight, averaged weights and Muon are tried. All learn
    from the same games, and the table names the setting without which held-out loss is lower. Exit
    status 1 says that one hurts.

    Args:
        run: Run folder or checkpoint whose settings are used.
        games: Run folder or store to learn from; by default the run itself.
        board: Side of the board in cells; by default the run's.
        steps: Optimizer steps of each training.
        seeds: Trainings of each kind, of other weights and other batches.
        seed: Of the first of them.
        workers: Ray tasks at once; 0 trains one after another in this process. By default one for
            each CPU.
        results: Folder of results.
        keep: Results of this kind that stay; 0 keeps all.
        json_output: Print one line of JSON.
    """
    asked = asked_for(comparison.PROBE, locals())
    _check(steps, seeds, workers)

    def probe(folder: ProbeFolder) -> tuple[Finding, Draw]:
        given = material(run, games, board)
        config = given.found.config
        lessons = comparison.lessons_of(
            config.net, config.learner, given.size, steps, range(seed, seed + seeds)
        )
        table = comparison.table_of(lessons, _taught(given, lessons, seed, workers, folder))
        changes = comparison.changes_of(lessons[0].learner)
        finding = comparison.judge_training(table, changes)
        return finding, lambda figure: comparison.draw_training(figure, table, finding)

    return probed(results, keep, asked, probe, json_output)


def ablate(
    run: Run,
    /,
    games: Games = None,
    board: Board = None,
    steps: Count = 100,
    seeds: Seeds = 3,
    seed: int = 0,
    workers: Workers = None,
    results: Results = RESULTS,
    keep: Keep = KEPT,
    json_output: Json = False,
) -> int:
    """Climb from a small network to the run's, one factor a step, and say what each is worth.

    The lowest sees two planes, has a 3x3 stem and 3 convolutions. All learn from the same games;
    what counts is the loss on held-out ones after so many steps. Exit status 1 says that a factor
    hurts.

    Args:
        run: Run folder or checkpoint whose network and settings are used.
        games: Run folder or store to learn from; by default the run itself.
        board: Side of the board in cells; by default the run's.
        steps: Optimizer steps of each training.
        seeds: Trainings of each network, of other weights and other batches.
        seed: Of the first of them.
        workers: Ray tasks at once; 0 trains one after another in this process. By default one for
            each CPU.
        results: Folder of results.
        keep: Results of this kind that stay; 0 keeps all.
        json_output: Print one line of JSON.
    """
    asked = asked_for(ladder.PROBE, locals())
    _check(steps, seeds, workers)

    def probe(folder: ProbeFolder) -> tuple[Finding, Draw]:
        given = material(run, games, board)
        config = given.found.config
        rungs = ladder.rungs_of(config.net)
        lessons = ladder.lessons_of(
            rungs, config.learner, given.size, steps, range(seed, seed + seeds)
        )
        climbed = ladder.steps_of(rungs, _taught(given, lessons, seed, workers, folder))
        finding = ladder.judge_ladder(climbed)
        return finding, lambda figure: ladder.draw_ladder(figure, climbed, finding)

    return probed(results, keep, asked, probe, json_output)


def _check(steps: int, seeds: int, workers: int | None) -> None:
    at_least(1, steps=steps)
    at_least(LEAST_SEEDS, seeds=seeds)
    at_least(0, workers=workers or 0)


def _taught(
    given: Material, lessons: Sequence[Lesson], seed: int, workers: int | None, folder: ProbeFolder
) -> list[Learnt]:
    """Teach all lessons from the newest games, as many as one training has rows for."""
    config, wanted = given.found.config, lessons[0].steps * lessons[0].learner.batch_rows
    rows = rows_of_games(given.games, config, given.size, min(wanted, config.replay.window_rows))
    held_out = rows.held_out
    held_out = drawn(held_out, min(_HELD_OUT, len(held_out.cells)), np.random.default_rng(seed))
    folder.log.info(
        "%d trainings on %d positions, measured on %d held-out ones",
        len(lessons),
        len(rows.training.cells),
        len(held_out.cells),
    )
    at_once = (os.cpu_count() or 1) if workers is None else workers
    here = with_overrides(config, {"cluster": {"address": None, "dashboard": False}})
    with ray_session(here) if at_once else nullcontext(), _shown(folder, len(lessons)) as report:
        learnt = taught_all(lessons, SplitRows(rows.training, held_out), at_once, report)
    for lesson, found in zip(lessons, learnt, strict=True):
        said = found.fault or f"held-out loss {found.held_out:.4f}"
        folder.log.info("%s, seed %d: %s", lesson.name, lesson.seed, said)
    return learnt


@contextmanager
def _shown(folder: ProbeFolder, count: int) -> Iterator:
    """Show how far trainings are, on stderr and in the log."""
    columns = (TextColumn("trainings"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=rich.console.Console(file=sys.stderr)) as progress:
        task = progress.add_task("trainings", total=count)

        def report(done: int, of: int) -> None:
            progress.update(task, completed=done, total=of)
            folder.log.info("%d of %d trainings done", done, of)

        yield report
