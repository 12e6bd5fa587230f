"""The steps of a pipeline, what each is made from, and what it depends on."""

from pathlib import Path
from typing import Any, Literal, NamedTuple

from hexray.config.pipeline import PipelineConfig
from hexray.data.archive import Archive
from hexray.data.examples import example_files
from hexray.data.exclusions import read_exclusions
from hexray.errors import PipelineError

Kind = Literal["selfplay", "clean", "expand", "shuffle", "train"]
KINDS: tuple[Kind, ...] = ("selfplay", "clean", "expand", "shuffle", "train")


class Step(NamedTuple):
    """One step.

    name    its folder below that of the pipeline
    kind    what it does
    cycle   the cycle it is of, from 0
    number  of shuffle and train, how many came before in all cycles
    inputs  names of the steps it is made from
    facts   settings that it depends on
    """

    name: str
    kind: Kind
    cycle: int
    number: int
    inputs: tuple[str, ...]
    facts: dict[str, Any]


class SourceFile(NamedTuple):
    """A file of games that were there before: its source, its path, its name in the source."""

    source: int
    path: Path
    name: str


def steps_of(config: PipelineConfig) -> list[Step]:
    """Return the steps in the order they are made.

    Raises StoreError when a source is none, PipelineError when it has no games of the board.
    """
    sources, examples = (
        [[file.name, file.path.stat().st_size] for file in files]
        for files in (source_files(config), example_sources(config))
    )
    steps: list[Step] = []
    played: tuple[str, ...] = ()
    trained: tuple[str, ...] = ()
    for cycle in range(config.cycles):
        at = f"cycle-{cycle:03d}"
        if config.target_positions:
            steps.append(Step(f"{at}/selfplay", "selfplay", cycle, 0, trained, _play_facts(config)))
            played += (steps[-1].name,)
        clean = Step(f"{at}/clean", "clean", cycle, 0, played, _clean_facts(config, sources))
        expand = Step(
            f"{at}/expand", "expand", cycle, 0, (clean.name,), _expand_facts(config, examples)
        )
        steps += [clean, expand]
        for training in range(config.trainings_per_cycle):
            number = cycle * config.trainings_per_cycle + training
            shuffle = Step(
                f"{at}/shuffle-{training:03d}",
                "shuffle",
                cycle,
                number,
                (expand.name,),
                _shuffle_facts(config),
            )
            train = Step(
                f"{at}/train-{training:03d}",
                "train",
                cycle,
                number,
                (shuffle.name, expand.name, *trained),
                _train_facts(config),
            )
            steps += [shuffle, train]
            trained = (train.name,)
    return steps


def source_files(config: PipelineConfig) -> list[SourceFile]:
    """Return the files of all sources on the pipeline's board, in order."""
    size, found, without = config.run.board, [], _excluded(config)
    for number, source in enumerate(config.sources):
        archive = Archive(Path(source.games).resolve(), may_write=False, without=without)
        if example_files(archive.folder, size) and size not in archive.sizes():
            continue
        if size not in archive.sizes():
            there = ", ".join(f"{size}x{size}" for size in archive.sizes()) or "nothing"
            raise PipelineError(
                f"{source.games} has no games of {size}x{size}, it has {there}; set run.board"
            )
        found += [_source_file(number, path) for path in archive.games(size).paths()]
    return found


def example_sources(config: PipelineConfig) -> list[SourceFile]:
    """Return the files of positions without games of all sources, in order."""
    without = _excluded(config)
    return [
        _source_file(number, path)
        for number, source in enumerate(config.sources)
        for path in example_files(Path(source.games).resolve(), config.run.board)
        if path not in without
    ]


def _excluded(config: PipelineConfig) -> frozenset[Path]:
    return read_exclusions(Path(config.exclude)) if config.exclude else frozenset()


def _source_file(number: int, path: Path) -> SourceFile:
    return SourceFile(number, path, f"{number}/{path.parent.name}/{path.name}")


def _play_facts(config: PipelineConfig) -> dict[str, Any]:
    run = config.run
    return {
        "board": run.board,
        "seed": run.seed,
        "search": run.search.model_dump(),
        "selfplay": run.selfplay.model_dump(),
        "net": run.net.model_dump(),
        "target_positions": config.target_positions,
        "task_games": config.task_games,
    }


def _clean_facts(config: PipelineConfig, sources: list[list[Any]]) -> dict[str, Any]:
    return {
        "board": config.run.board,
        "held_out": config.run.replay.held_out,
        "duplicates": config.steps.duplicates,
        "skip": [source.skip for source in config.sources],
        "sources": sources,
    }


def _expand_facts(config: PipelineConfig, examples: list[list[Any]]) -> dict[str, Any]:
    learner = config.run.learner
    return {
        "examples": examples,
        "positions": config.steps.positions,
        "every": config.steps.every,
        "reply": learner.opponent_weight > 0,
        "owner": learner.owner_weight > 0,
    }


def _shuffle_facts(config: PipelineConfig) -> dict[str, Any]:
    return {
        "seed": config.run.seed,
        "buckets": config.steps.buckets,
        "weights": [source.weight for source in config.sources],
    }


def _train_facts(config: PipelineConfig) -> dict[str, Any]:
    return {
        "seed": config.run.seed,
        "net": config.run.net.model_dump(),
        "learner": config.run.learner.model_dump(),
        "epochs": config.steps.epochs,
        "checkpoint_rows": config.steps.checkpoint_rows,
        "trainings": config.cycles * config.trainings_per_cycle,
    }
