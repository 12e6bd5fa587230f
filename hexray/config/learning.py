"""Settings of what learns from games, and from which."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from hexray.config.base import Backend, Precision, Seconds, Settings, Share


class ReplaySettings(Settings):
    """What the learner learns from."""

    window_rows: Annotated[int, Field(ge=1)] = 200_000
    """Newest positions kept in memory to train on, in rows."""
    held_out: Annotated[float, Field(ge=0, le=0.5)] = 0.1
    """Share of games never trained on, 0 to 0.5, chosen by name; the same for a whole run."""
    sampling: Literal["random", "recent", "top_random"] = "random"
    """Drawn from: the whole window; its newest part; top_share from that, the rest from older."""
    newest_share: Annotated[float, Field(gt=0, le=1)] = 0.25
    """Sampling recent and top_random: share of the rows held that is the newest part."""
    top_share: Share = 0.7
    """Sampling top_random: share of each batch drawn from the newest part, 0 to 1."""
    min_rows: Annotated[int, Field(ge=1)] = 5_000
    """Positions before training begins, in rows."""
    reuse_most: Annotated[float, Field(gt=0)] = 8.0
    """Rows trained per row generated beyond which the learner waits for players."""
    reuse_least: Annotated[float, Field(ge=0)] = 0.5
    """Rows trained per row generated below which players wait for the learner; 0 never waits."""
    commit_seconds: Annotated[float, Field(ge=0)] = 0.5
    """Seconds over which arriving games are gathered into one file on disk."""


class LearnerSettings(Settings):
    """How the network is trained."""

    batch_rows: Annotated[int, Field(ge=1)] = 256
    """Positions in a training batch."""
    batches: Annotated[int, Field(ge=1)] = 16
    """Batches in one block sent from replay to the learner."""
    optimizer: Literal["adamw", "muon"] = "muon"
    """Kernels are moved by Muon, some 5 % more a row, or by AdamW like all other weights."""
    learning_rate: Annotated[float, Field(gt=0)] = 2e-3
    """Learning rate after warm-up."""
    warmup_steps: Annotated[int, Field(ge=0)] = 100
    """Steps over which the learning rate rises from zero."""
    decay_from: Share = 0.5
    """Part of the run after which the learning rate falls linearly, 0 to 1."""
    final_rate: Share = 0.01
    """Learning rate at the end of the run as a share of learning_rate."""
    weight_decay: Annotated[float, Field(ge=0)] = 0.1
    """Decoupled weight decay of kernels and matrices; holds their size, so the true rate."""
    clip_norm: Annotated[float, Field(gt=0)] = 5.0
    """Gradient norm above which gradients are scaled down."""
    ema_decay: Annotated[float, Field(ge=0, lt=1)] = 0.98
    """Decay a step of the averaged weights that are served; 0 serves the raw ones."""
    value_weight: Annotated[float, Field(ge=0)] = 1.0
    """Weight of the value loss beside the policy loss."""
    opponent_weight: Annotated[float, Field(ge=0)] = 0.0
    """Weight of predicting the policy of the opponent's reply (KataGo); 0 leaves it out."""
    soft_policy_weight: Annotated[float, Field(ge=0)] = 0.0
    """Weight of predicting the policy to the power 1/4, renormalised (KataGo); 0 leaves it out."""
    owner_weight: Annotated[float, Field(ge=0)] = 0.0
    """Weight of predicting who holds each cell at the end of a game played out; 0 leaves it out."""
    winning_weight: Annotated[float, Field(ge=0)] = 0.5
    """Weight of predicting of each move whether it wins; 0 leaves it out."""
    outcome_share: Share = 0.8
    """Share of the game's outcome in the value target; the rest is the root value."""
    precision: Precision = "auto"
    """Autocast format of training; auto measures at start and takes the faster."""
    backend: Backend = "eager"
    """Compiled is some 15 % faster and begins some 40 s later; auto compiles if it can."""
    threads: Annotated[int, Field(ge=1)] = 1
    """CPU threads of the learner."""
    publish_seconds: Seconds = 1.0
    """Seconds between two versions of the weights sent to the servers."""
    lag_most: Annotated[int, Field(ge=1)] = 1_000_000
    """Rows trained since players last got weights, beyond which training waits for that."""
    faults_most: Annotated[int, Field(ge=1)] = 3
    """Blocks in a row that nothing can be learned from, before the last checkpoint is taken."""
    entropy_every: Annotated[int, Field(ge=0)] = 200
    """Of so many steps one is watched: how it changes the entropy of the policy; 0: of none."""


class CheckpointSettings(Settings):
    """What survives a crash."""

    every_seconds: Seconds = 20.0
    """Seconds of training between two checkpoints: the most that a crash can cost."""
    keep: Annotated[int, Field(ge=1)] = 3
    """Newest checkpoints kept."""
    keep_every: Annotated[int, Field(ge=0)] = 100
    """Of the older ones every so manieth stays, to look back at; 0 keeps none."""


class CurriculumSettings(Settings):
    """Smaller boards first, with the same network."""

    boards: tuple[Annotated[int, Field(ge=2, le=18)], ...] = ()
    """Boards trained before ``board``, growing (5 6); none trains one board only."""
    until: tuple[Annotated[float, Field(gt=0, lt=1)], ...] = ()
    """Part of the run, 0 to 1, at which each of them gives way to the next."""
    rehearsal: Share = 0.1
    """Share of playing and training on boards that had their turn, so that they stay known."""

    @model_validator(mode="after")
    def _grows(self) -> "CurriculumSettings":
        if len(self.boards) != len(self.until):
            raise ValueError(
                f"{len(self.boards)} boards and {len(self.until)} times in until; give one for each"
            )
        for name, values in (("boards", self.boards), ("until", self.until)):
            if list(values) != sorted(set(values)):
                raise ValueError(f"{name} {values} do not grow; order them, each once")
        return self
