"""A whole run: every part's settings together, and others laid over them."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field, ValidationError, model_validator

from hexray.config.base import Settings, explain, merged
from hexray.config.guarding import (
    AlertSettings,
    GuardSettings,
    MetricsSettings,
    StorageSettings,
    SupervisionSettings,
)
from hexray.config.judging import ClusterSettings, JudgeSettings, PromotionSettings
from hexray.config.learning import (
    CheckpointSettings,
    CurriculumSettings,
    LearnerSettings,
    ReplaySettings,
)
from hexray.config.play import InferenceSettings, NetSettings, SearchSettings, SelfplaySettings
from hexray.errors import SettingsError


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
    supervision: SupervisionSettings = SupervisionSettings()
    guard: GuardSettings = GuardSettings()
    alerts: AlertSettings = AlertSettings()
    metrics: MetricsSettings = MetricsSettings()
    cluster: ClusterSettings = ClusterSettings()
    storage: StorageSettings = StorageSettings()

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
        if self.learner.owner_weight and self.selfplay.adjudicate_share == 1:
            raise ValueError(
                f"learner.owner_weight is {self.learner.owner_weight} and "
                "selfplay.adjudicate_share 1; it learns from games played out, so leave some: 0.8"
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
        if 0 < self.inference.servers < self.cluster.gpus - 1:
            raise ValueError(
                f"cluster.gpus {self.cluster.gpus} is more than one for each of inference.servers "
                f"{self.inference.servers} and one for the learner; the others would be idle"
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
