"""Every setting of a run: one frozen model per component, nested in RunConfig.

The command line, a YAML file and a sweep all set the same paths (``search.simulations``).
Each component receives its own part. Nothing else in the program holds a default.
"""

from hexray.config.base import (
    Backend,
    Precision,
    Seconds,
    ServingBackend,
    Settings,
    Share,
    explain,
    settings_hash,
)
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
from hexray.config.play import (
    InferenceSettings,
    NetSettings,
    SearchSettings,
    SelfplaySettings,
    candidates_for,
    measuring,
)
from hexray.config.run import RunConfig, with_overrides

__all__ = [
    "AlertSettings",
    "Backend",
    "CheckpointSettings",
    "ClusterSettings",
    "CurriculumSettings",
    "GuardSettings",
    "InferenceSettings",
    "JudgeSettings",
    "LearnerSettings",
    "MetricsSettings",
    "NetSettings",
    "Precision",
    "PromotionSettings",
    "ReplaySettings",
    "RunConfig",
    "SearchSettings",
    "Seconds",
    "SelfplaySettings",
    "ServingBackend",
    "Settings",
    "Share",
    "StorageSettings",
    "SupervisionSettings",
    "candidates_for",
    "explain",
    "measuring",
    "settings_hash",
    "with_overrides",
]
