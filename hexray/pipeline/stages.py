"""How each step of the pipeline is made from those before it."""

import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hexray.config.pipeline import PipelineConfig
from hexray.data.clean import GameKeys, kept_games, skipped
from hexray.data.rows import Further
from hexray.errors import PipelineError
from hexray.pipeline.manifest import Made, Manifest, key_of
from hexray.pipeline.notes import Done, done_before, forget
from hexray.pipeline.plan import Kind, Step, example_sources, source_files
from hexray.pipeline.playing import Task, play_file
from hexray.pipeline.pool import Pool
from hexray.pipeline.tasks import (
    HELD_OUT,
    TRAINING,
    clean,
    expand_file,
    keys_of_file,
    mix_bucket,
    split_examples,
    spread_file,
)
from hexray.pipeline.training import Lesson

Report = Callable[[str, int, int], None]
"""Told the step, how much of it is done, and how much there is in all."""

Outcome = tuple[dict[str, Any], dict[str, list[Made]]]
Inputs = Mapping[str, Manifest]
Stage = Callable[[PipelineConfig, Step, Path, Inputs, Pool, Report], Outcome]

_GAMES = "games"
_ROWS = "rows"
_PARTS = "parts"


def selfplay(
    config: PipelineConfig, step: Step, work: Path, inputs: Inputs, pool: Pool, report: Report
) -> Outcome:
    """Play until the first tasks, counted from 0 without a gap, have made enough positions."""
    folder, target = work / step.name, config.target_positions
    checkpoint = _checkpoint(work, inputs)
    done: dict[int, Done] = {}

    def enough() -> int | None:
        """Return how many tasks are enough; None while they are not."""
        positions = 0
        for number in range(len(done)):
            if number not in done:
                break
            positions += done[number].counts["positions"]
            if positions >= target:
                return number + 1
        report(step.name, min(positions, target), target)
        return None

    def calls() -> Iterator[tuple[int, tuple]]:
        for number in count():
            if enough() is not None:
                return
            name = f"{number:06d}"
            if found := done_before(folder, name):
                done[number] = found
            else:
                player = f"{key_of(step.facts)[:8]}-{step.cycle}-{number}"
                plan = Task(config.run, player, config.task_games, (step.cycle, number, 0))
                yield number, (folder, name, plan, checkpoint)

    for number, found in pool.run(play_file, calls()):
        done[number] = found
    tasks = enough() or len(done)
    games = [done[number].files[_GAMES] for number in range(tasks)]
    positions = sum(done[number].counts["positions"] for number in range(tasks))
    for number in done.keys() - set(range(tasks)):
        forget(folder, f"{number:06d}", done[number])
    report(step.name, target, target)
    counts = {"games": sum(made.items for made in games), "positions": positions}
    return counts, {_GAMES: games}


def cleaning(
    config: PipelineConfig, step: Step, work: Path, inputs: Inputs, pool: Pool, report: Report
) -> Outcome:
    """Take each game once, without those to be skipped; hold some out."""
    files = [(file.source, file.path) for file in source_files(config)]
    for name, manifest in inputs.items():
        files += [(-1, work / name / made.name) for made in manifest.files[_GAMES]]
    folder, size, share = work / step.name, config.run.board, config.run.replay.held_out
    reading = {number: (path, size) for number, (_, path) in enumerate(files)}
    keys = _in_order(pool.run(keys_of_file, reading.items()), len(files), step.name, report)
    taken = _taken(config, [source for source, _ in files], [len(one.ids) for one in keys])
    left = [
        GameKeys(*(column[take] for column in one)) for one, take in zip(keys, taken, strict=True)
    ]
    kept = kept_games(left, config.steps.duplicates)
    calls = {}
    for number, (take, keep) in enumerate(zip(taken, kept.keep, strict=True)):
        wanted = np.zeros(len(take), np.bool_)
        wanted[np.flatnonzero(take)[keep]] = True
        calls[f"{number:05d}"] = (files[number][1], size, wanted, share)
    done = _all_done(pool, clean, folder, calls, step.name, report)
    parts = {kind: [one.files[kind] for one in done] for kind in (TRAINING, HELD_OUT)}
    counts = {
        "games": sum(len(take) for take in taken),
        "skipped": int(sum((~take).sum() for take in taken)),
        "repeated_ids": kept.repeated,
        "duplicates": kept.duplicates,
        "duplicates_turned": kept.turned,
        **{kind: sum(made.items for made in some) for kind, some in parts.items()},
        "sources": [source for source, _ in files],
    }
    if not counts[TRAINING] and not example_sources(config):
        raise PipelineError(f"{folder}: no game is left to train on; figures: {counts}")
    return counts, parts


def expanding(
    config: PipelineConfig, step: Step, work: Path, inputs: Inputs, pool: Pool, report: Report
) -> Outcome:
    """Turn games into positions, and take in positions that came without games."""
    (name,) = step.inputs
    folder, size, learner = work / step.name, config.run.board, config.run.learner
    further = Further(reply=learner.opponent_weight > 0, owner=learner.owner_weight > 0)
    files: dict[str, list[Made]] = {TRAINING: [], HELD_OUT: []}
    without = 0
    for kind, some in inputs[name].files.items():
        calls = {
            f"{kind}-{number:05d}": (work / name / made.name, size, config.steps, further)
            for number, made in enumerate(some)
        }
        for done in _all_done(pool, expand_file, folder, calls, step.name, report):
            files[kind].append(done.files[_ROWS])
            without += done.counts["games_without_winner"]
    sources, share = example_sources(config), config.run.replay.held_out
    splitting = {
        f"examples-{number:05d}": (file.path, size, share, further)
        for number, file in enumerate(sources)
    }
    for done in _all_done(pool, split_examples, folder, splitting, step.name, report):
        for kind in files:
            files[kind].append(done.files[kind])
    counts = {kind: sum(made.items for made in some) for kind, some in files.items()}
    of = [*inputs[name].counts["sources"], *(file.source for file in sources)]
    return {**counts, "games_without_winner": without, "sources": of}, files


def shuffling(
    config: PipelineConfig, step: Step, work: Path, inputs: Inputs, pool: Pool, report: Report
) -> Outcome:
    """Mix the rows to train on."""
    (expanded,) = step.inputs
    folder, size, buckets = work / step.name, config.run.board, config.steps.buckets
    seed = (config.run.seed << 16) + step.number
    parts = folder / _PARTS
    parts.mkdir(exist_ok=True)
    calls = {
        f"{number:05d}": (work / expanded / made.name, size, buckets, seed, weight)
        for number, (made, weight) in enumerate(
            zip(inputs[expanded].files[TRAINING], _weights(config, inputs[expanded]), strict=True)
        )
    }
    spread = _all_done(pool, spread_file, parts, calls, step.name, report)
    mixing = {}
    for bucket in range(buckets):
        paths = [parts / one.files[f"{bucket:04d}"].name for one in spread]
        mixing[f"{bucket:04d}"] = (paths, size, seed)
    done = _all_done(pool, mix_bucket, folder, mixing, step.name, report)
    shutil.rmtree(parts)
    files = {_ROWS: [one.files[_ROWS] for one in done]}
    return {"rows": sum(made.items for made in files[_ROWS])}, files


def training(
    config: PipelineConfig, step: Step, work: Path, inputs: Inputs, pool: Pool, report: Report
) -> Outcome:
    """Train on the mixed rows, from the network of the training before."""
    shuffled, expanded, *before = step.inputs
    lesson = Lesson(
        training=[work / shuffled / made.name for made in inputs[shuffled].files[_ROWS]],
        held_out=[work / expanded / made.name for made in inputs[expanded].files[HELD_OUT]],
        rows=inputs[shuffled].counts["rows"],
        number=step.number,
        of=config.cycles * config.trainings_per_cycle,
        rows_before=inputs[before[0]].counts["rows_trained"] if before else 0,
    )
    counts = pool.learn(
        config.run, config.steps, lesson, work, lambda done, of: report(step.name, done, of)
    )
    return counts, {}


STAGES: dict[Kind, Stage] = {
    "selfplay": selfplay,
    "clean": cleaning,
    "expand": expanding,
    "shuffle": shuffling,
    "train": training,
}


def _checkpoint(work: Path, inputs: Inputs) -> Path | None:
    for manifest in inputs.values():
        return work / "checkpoints" / manifest.counts["checkpoint"]
    return None


def _taken(
    config: PipelineConfig, sources: list[int], lengths: list[int]
) -> list[NDArray[np.bool_]]:
    """Say of each file's games which are not skipped; they are numbered through each source."""
    begun: dict[int, int] = {}
    taken = []
    for source, length in zip(sources, lengths, strict=True):
        first = begun.get(source, 0)
        ranges = config.sources[source].skip if source >= 0 else ()
        taken.append(~skipped(length, first, ranges))
        begun[source] = first + length
    return taken


def _weights(config: PipelineConfig, expanded: Manifest) -> list[float]:
    sources = expanded.counts["sources"]
    return [config.sources[source].weight if source >= 0 else 1.0 for source in sources]


def _all_done(
    pool: Pool,
    task: Callable[..., Done],
    folder: Path,
    calls: Mapping[str, tuple],
    step: str,
    report: Report,
) -> list[Done]:
    """Do the tasks that have not left their notes; return what all have made, in order."""
    found = {name: done_before(folder, name) for name in calls}
    missing = {
        name: (folder, name, *arguments) for name, arguments in calls.items() if not found[name]
    }
    for name, done in pool.run(task, missing.items()):
        found[name] = done
        report(step, sum(one is not None for one in found.values()), len(calls))
    return [done for done in found.values() if done is not None]


def _in_order(results: Iterable[tuple[int, Any]], of: int, step: str, report: Report) -> list[Any]:
    found: dict[int, Any] = {}
    for number, result in results:
        found[number] = result
        report(step, len(found), of)
    return [found[number] for number in range(of)]
