"""Settings of the pipeline, which trains from files: one YAML file drives it."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from hexray.config.base import Settings
from hexray.config.run import RunConfig


class SourceSettings(Settings):
    """Games that are there already."""

    games: str
    """Folder of a store or of a run."""
    weight: Annotated[float, Field(gt=0, le=100)] = 1.0
    """How often each of its rows is trained on compared to others, above 0 to 100."""
    skip: tuple[tuple[int, int], ...] = ()
    """Ranges of games left out, begin and end, numbered from 0 in the order they were stored."""


class StepSettings(Settings):
    """What the steps between games and training do."""

    duplicates: Literal["keep", "drop", "drop-turned"] = "keep"
    """Games of the same moves: keep all, or the first, also up to a half turn."""
    positions: Literal["all", "searched", "final", "penultimate", "every"] = "all"
    """Positions of a game: all of them, before searched moves, after the last, before it."""
    every: Annotated[int, Field(ge=1)] = 1
    """With positions every: the first and each so many plies after it."""
    buckets: Annotated[int, Field(ge=1, le=4096)] = 8
    """Files of shuffled rows, 1 to 4096; one is held in memory at a time."""
    epochs: Annotated[int, Field(ge=1)] = 1
    """Times that each row is trained on in a training."""
    checkpoint_rows: Annotated[int, Field(ge=1)] = 100_000
    """Rows trained between two checkpoints."""


class PipelineConfig(Settings):
    """Train from files of games: self-play, clean, expand, shuffle, train, each step once."""

    work: str = "runs/pipeline"
    """Folder of all steps."""
    workers: Annotated[int, Field(ge=1)] = 2
    """Tasks at once."""
    keep: bool = False
    """Keep the files of a step when the next one has them; otherwise they are removed."""
    sources: tuple[SourceSettings, ...] = ()
    """Games to start from; without any, self-play makes them."""
    exclude: str = ""
    """List of files of games to leave out, as hexray data audit --exclude writes it; or none."""
    target_positions: Annotated[int, Field(ge=0)] = 20_000
    """Searched positions that self-play makes in a cycle; 0 for no self-play."""
    task_games: Annotated[int, Field(ge=1)] = 128
    """Games of self-play in a task."""
    cycles: Annotated[int, Field(ge=1)] = 1
    """Rounds of self-play and training, each with the network of the one before."""
    trainings_per_cycle: Annotated[int, Field(ge=1)] = 1
    """Trainings on the games of a cycle, one after another, each shuffled anew."""
    steps: StepSettings = StepSettings()
    run: RunConfig = RunConfig()
    """Board, network, search, self-play and learner, as in a run."""

    @model_validator(mode="after")
    def _has_games(self) -> "PipelineConfig":
        if not self.sources and not self.target_positions:
            raise ValueError("no sources and target_positions 0; there would be no games")
        if self.cycles > 1 and not self.target_positions:
            raise ValueError(f"cycles {self.cycles} and target_positions 0; nothing would be new")
        return self
