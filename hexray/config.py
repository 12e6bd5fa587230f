"""Every setting of a run: one frozen model per component, nested in RunConfig.

The command line, a YAML file and a sweep all set the same paths (``search.simulations``).
Each component receives its own part. Nothing else in the program holds a default.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, model_validator

from hexray.errors import SettingsError
from hexray.settings import Settings, explain, merged

Share = Annotated[float, Field(ge=0, le=1)]
Seconds = Annotated[float, Field(gt=0)]
Precision = Literal["auto", "float32", "bfloat16"]
Backend = Literal["auto", "eager", "compiled"]
ServingBackend = Literal["auto", "eager", "compiled", "graphs"]


class SearchSettings(Settings):
    """How a move is searched."""

    kind: Literal["mcts", "minimax"] = "mcts"
    """Tree search that samples (mcts) or a full tree of fixed widths (minimax)."""
    root: Literal["gumbel", "puct"] = "gumbel"
    """Rule of mcts: Gumbel with sequential halving (Danihelka 2022), or PUCT (AlphaZero)."""
    simulations: Annotated[int, Field(ge=1, le=100_000)] = 16
    """Simulations a move, 1 to 100000; each asks for at most one evaluation."""
    reuse_tree: bool = False
    """Mcts in self-play: keep what lies below the move played, so that less is left to search."""
    bridges: bool = False
    """Mcts: a chain of stones, bridges and edge bridges that joins the sides ends the search."""
    candidates: Annotated[int, Field(ge=1, le=361)] = 8
    """Moves considered at a Gumbel root, 1 to 361."""
    c_visit: Annotated[float, Field(ge=0)] = 50.0
    """Gumbel: visits added to the largest count when completed Q values are scaled."""
    c_scale: Annotated[float, Field(ge=0)] = 1.0
    """Gumbel: factor on the completed Q values, taken as winning probabilities in [0, 1]."""
    puct_init: Annotated[float, Field(ge=0)] = 1.25
    """PUCT: exploration factor c_init."""
    puct_base: Annotated[float, Field(gt=0)] = 19652.0
    """PUCT: visits at which exploration begins to grow, c_base."""
    unvisited_reduction: Annotated[float, Field(ge=0, le=2)] = 0.2
    """PUCT: an unvisited move is valued at its node's mean value less this, 0 to 2."""
    dirichlet_total: Annotated[float, Field(gt=0)] = 10.0
    """PUCT: sum of the Dirichlet parameters, shared by the legal moves."""
    dirichlet_share: Share = 0.25
    """PUCT: share of noise in the root prior during self-play, 0 to 1."""
    temperature: Annotated[float, Field(ge=0)] = 1.0
    """PUCT and minimax: self-play temperature of the first moves; 0 plays the best move."""
    temperature_plies: Annotated[int, Field(ge=0)] = 8
    """PUCT and minimax: searched moves of a game that use the temperature."""
    widths: Annotated[tuple[Annotated[int, Field(ge=1, le=361)], ...], Field(min_length=1)] = (
        13,
        8,
    )
    """Minimax: children kept at each ply, the best by prior."""
    width_temperature: Annotated[float, Field(ge=0)] = 1.0
    """Minimax: self-play draws children from the prior at this temperature; 0 keeps the best."""


class SelfplaySettings(Settings):
    """How games are made."""

    players: Annotated[int, Field(ge=1)] = 1
    """Player processes."""
    halves: Annotated[int, Field(ge=1, le=8)] = 2
    """Groups of games in one player; one searches while the others wait, 1 to 8."""
    games: Annotated[int, Field(ge=1, le=4096)] = 128
    """Games in progress in each group, 1 to 4096."""
    random_share: Share = 0.5
    """Share of games that begin with random stones, up to random_stones; the rest have 1 or 2."""
    random_stones: Share = 0.5
    """Upper bound of the random stones, as a share of the board."""
    adjudicate_share: Share = 0.8
    """Share of games that end as soon as the search has proven the result."""
    decided_simulations: Annotated[int, Field(ge=0, le=100_000)] = 0
    """Mcts: at most so many simulations a move in a decided game, 0 to 100000; 0 spares none."""
    decided_value: Annotated[float, Field(gt=0, le=1)] = 0.95
    """A game is decided when the root value for one colour has reached this, above 0 to 1."""
    decided_plies: Annotated[int, Field(ge=1, le=361)] = 3
    """Plies in a row for which it must have, 1 to 361; below it the game is open again."""
    decided_verify: Share = 0.1
    """Share of games searched in full even when decided, to count how often that was wrong."""
    round_seconds: Seconds = 1.0
    """Seconds between two deliveries of finished games."""


class NetSettings(Settings):
    """The shape of the network."""

    kind: Literal["pooled", "resnet", "simple"] = "pooled"
    """Residual tower with global pooling (KataGo), without it (AlphaZero), or 3 convolutions."""
    norm: Literal["batch", "none"] = "batch"
    """BatchNorm, or none: standardised kernels (Brock 2021), the same for any mix of boards."""
    stem: Literal[3, 5] = 3
    """Width of the first convolution in cells, 3 or 5."""
    blocks: Annotated[int, Field(ge=1, le=80)] = 3
    """Residual blocks, 1 to 80; kind simple has none."""
    channels: Annotated[int, Field(ge=4, le=1024)] = 32
    """Channels of the trunk, 4 to 1024."""
    pool_every: Annotated[int, Field(ge=1)] = 2
    """Kind pooled: every how many blocks global pooling feeds back into the trunk."""
    value_hidden: Annotated[int, Field(ge=4, le=4096)] = 64
    """Hidden units of the value head, 4 to 4096."""


class InferenceSettings(Settings):
    """How leaves are evaluated."""

    servers: Annotated[int, Field(ge=1)] = 1
    """Inference server processes; where there are GPUs each takes one, or half of one."""
    precision: Precision = "auto"
    """Number format; auto measures and takes the faster. What auto finds is remembered."""
    backend: ServingBackend = "eager"
    """Eager; compiled, 5 to 25 % faster and some 20 s later; graphs, CUDA only; auto measures."""
    threads: Annotated[int, Field(ge=0)] = 1
    """CPU threads of a server; 0 measures. More than one collapses beside busy neighbours."""
    batch_rows: Annotated[int, Field(ge=1, le=65_536)] = 512
    """Most positions in one batch."""
    wait_ms: Annotated[float, Field(ge=0)] = 2.0
    """Milliseconds the oldest request waits for others before its batch goes."""
    cache_positions: Annotated[int, Field(ge=0)] = 0
    """Positions remembered for each set of weights, 0 for none; 3 bytes a cell and 17 for each."""


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
    learning_rate: Annotated[float, Field(gt=0)] = 2e-3
    """AdamW learning rate after warm-up."""
    warmup_steps: Annotated[int, Field(ge=0)] = 100
    """Steps over which the learning rate rises from zero."""
    decay_from: Share = 0.5
    """Part of the run after which the learning rate falls linearly, 0 to 1."""
    final_rate: Share = 0.01
    """Learning rate at the end of the run as a share of learning_rate."""
    weight_decay: Annotated[float, Field(ge=0)] = 1e-4
    """AdamW weight decay."""
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


class CheckpointSettings(Settings):
    """What survives a crash."""

    every_seconds: Seconds = 20.0
    """Seconds of training between two checkpoints: the most that a crash can cost."""
    keep: Annotated[int, Field(ge=1)] = 3
    """Newest checkpoints kept."""


class JudgeSettings(Settings):
    """How strength is measured while training."""

    every_seconds: Seconds = 15.0
    """Seconds between two measurements."""
    positions: Annotated[int, Field(ge=1)] = 120
    """Solved positions of each measurement, the first ones of the shipped file."""
    simulations: Annotated[int, Field(ge=0, le=100_000)] = 16
    """Simulations a move in each measurement, 0 to 100000; 0 asks the raw network."""
    held_out_rows: Annotated[int, Field(ge=1, le=100_000)] = 1000
    """Rows of held-out games the raw network is asked about, and as many rows trained on."""
    calibration_bins: Annotated[int, Field(ge=1, le=1000)] = 10
    """Intervals of winning chance over which the calibration error is taken, 1 to 1000."""
    gap_bound: Annotated[float, Field(ge=0, le=1)] = 0.1
    """Alarm when the sign of the value is right this much more often on trained rows, 0 to 1."""
    final_simulations: Annotated[int, Field(ge=0, le=100_000)] = 64
    """Simulations a move in the final measurement over all positions, 0 to 100000."""
    match_seconds: Annotated[float, Field(ge=0)] = 30.0
    """Seconds between two batches of games against earlier versions; 0 plays and rates none."""
    match_pairs: Annotated[int, Field(ge=1, le=256)] = 16
    """Openings of one batch, each of two stones and played in both colours, 1 to 256."""
    match_simulations: Annotated[int, Field(ge=1, le=100_000)] = 8
    """Simulations a move in these games, 1 to 100000."""
    share: Annotated[float, Field(gt=0, le=0.05)] = 0.04
    """Share of the last minute that these games may take of a core or the network, to 0.05."""
    versions: Annotated[int, Field(ge=4, le=1000)] = 12
    """Versions whose weights are kept as opponents, 4 to 1000."""


class PromotionSettings(Settings):
    """When the best version of a run gives way to a newer one: a sequential test of Elo."""

    players_use: Literal["latest", "best"] = "latest"
    """Weights of the players: those published last, which run ahead, or the best version's."""
    elo0: Annotated[float, Field(ge=-1000, le=1000)] = 0.0
    """The test keeps the best if the newer one is this much stronger or less, -1000 to 1000 Elo."""
    elo1: Annotated[float, Field(ge=-1000, le=1000)] = 50.0
    """And promotes the newer one if it is this much stronger or more, -1000 to 1000 Elo."""
    alpha: Annotated[float, Field(gt=0, lt=0.5)] = 0.05
    """How often it may promote where elo0 is true, above 0, below 0.5."""
    beta: Annotated[float, Field(gt=0, lt=0.5)] = 0.05
    """How often it may keep the best version where elo1 is true, above 0, below 0.5."""
    most_games: Annotated[int, Field(ge=2)] = 1000
    """Games after which a test without a result ends and the best version stays."""


class ClusterSettings(Settings):
    """Where it runs."""

    address: str | None = None
    """Address of a running Ray cluster (``auto`` finds it); none starts Ray on this machine."""
    dashboard: bool = True
    """Start the Ray dashboard on 127.0.0.1."""
    object_store_mb: Annotated[int, Field(ge=80)] = 500
    """Size of Ray's object store in MB, when Ray is started here."""


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


class RunConfig(Settings):
    """Train a Hex player by self-play."""

    board: Annotated[int, Field(ge=2, le=19)] = 5
    """Board side, 2 to 19."""
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0
    """Seed of every random stream, 0 to 2**63 - 1."""
    minutes: Annotated[float, Field(gt=0)] = 3.0
    """Training time in minutes, restarts included; setting up comes on top."""
    search: SearchSettings = SearchSettings()
    selfplay: SelfplaySettings = SelfplaySettings()
    net: NetSettings = NetSettings()
    inference: InferenceSettings = InferenceSettings()
    replay: ReplaySettings = ReplaySettings()
    learner: LearnerSettings = LearnerSettings()
    curriculum: CurriculumSettings = CurriculumSettings()
    checkpoint: CheckpointSettings = CheckpointSettings()
    judge: JudgeSettings = JudgeSettings()
    promotion: PromotionSettings = PromotionSettings()
    cluster: ClusterSettings = ClusterSettings()

    @model_validator(mode="after")
    def _fits_together(self) -> "RunConfig":
        if self.curriculum.boards and self.curriculum.boards[-1] >= self.board:
            raise ValueError(
                f"curriculum.boards {self.curriculum.boards} do not end below board {self.board}"
            )
        if self.replay.min_rows > self.replay.window_rows:
            raise ValueError(
                f"replay.min_rows {self.replay.min_rows} is more than replay.window_rows "
                f"{self.replay.window_rows}; training would never begin"
            )
        if self.replay.reuse_least > self.replay.reuse_most:
            raise ValueError(
                f"replay.reuse_least {self.replay.reuse_least} is more than replay.reuse_most "
                f"{self.replay.reuse_most}; players and learner would wait for each other"
            )
        if self.promotion.elo0 >= self.promotion.elo1:
            raise ValueError(
                f"promotion.elo0 {self.promotion.elo0} is not below promotion.elo1 "
                f"{self.promotion.elo1}; there would be nothing to test"
            )
        if self.promotion.players_use == "best" and not self.judge.match_seconds:
            raise ValueError(
                "promotion.players_use is best and judge.match_seconds 0; without games between "
                "versions the players would never get new weights"
            )
        return self


def with_overrides(config: RunConfig, overrides: Mapping[str, Any]) -> RunConfig:
    """Return ``config`` with nested ``overrides`` laid over it, checked.

    Raises SettingsError naming the full path, the value and what is allowed.
    """
    try:
        return RunConfig.model_validate(merged(config.model_dump(), overrides))
    except ValidationError as error:
        raise SettingsError(explain(error)) from error
