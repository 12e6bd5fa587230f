"""Settings of what keeps a run going and its machine from filling, and of who is told."""

from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from hexray.config.base import Seconds, Settings

Percent = Annotated[float, Field(gt=0, le=100)]


class GuardSettings(Settings):
    """How full disk and memory may be, and how busy the machine, before a run holds back.

    Above warn self-play and training go on half of the time, near critical a tenth of it, from
    critical on not at all until it is below warn again. What cannot be read counts as critical.
    """

    mode: Literal["dedicated", "shared", "off"] = "dedicated"
    """Dedicated: disk and memory count. Shared with people at work: CPU, GPU and load too."""
    every_seconds: Seconds = 5.0
    """Seconds between two looks at the machine."""
    disk_warn: Percent = 65.0
    """Percent of the run folder's disk in use."""
    disk_critical: Percent = 70.0
    """Percent of the run folder's disk in use."""
    memory_warn: Percent = 70.0
    """Percent of the machine's memory in use."""
    memory_critical: Percent = 80.0
    """Percent of the machine's memory in use."""
    busy_warn: Percent = 70.0
    """Shared: percent of the time that CPUs or a GPU are busy, by anybody."""
    busy_critical: Percent = 80.0
    """Shared: percent of the time that CPUs or a GPU are busy, by anybody."""
    load_critical: Annotated[float, Field(gt=0)] = 1.5
    """Shared: processes that want a core, for each core; warn is at nine tenths of it."""

    @model_validator(mode="after")
    def _warns_first(self) -> "GuardSettings":
        for what in ("disk", "memory", "busy"):
            warn, critical = getattr(self, f"{what}_warn"), getattr(self, f"{what}_critical")
            if warn >= critical:
                raise ValueError(
                    f"{what}_warn {warn:g} is not below {what}_critical {critical:g}; all would "
                    "stop at once, with nothing held back before"
                )
        return self


class SupervisionSettings(Settings):
    """What is done about processes of a run that die, hang or are slow."""

    deaths: Annotated[int, Field(ge=0)] = 30
    """Crash budget: deaths of one actor within window_minutes after which the run ends."""
    window_minutes: Annotated[float, Field(gt=0)] = 60.0
    """Minutes over which deaths count."""
    wait_seconds: Seconds = 1.0
    """Seconds before an actor that died while it was built is built again; doubled each time."""
    wait_most_seconds: Seconds = 10.0
    """The longest of those waits, in seconds."""
    silent_seconds: Seconds = 60.0
    """Seconds without a sign of life after which a process counts as frozen and is replaced."""
    slow_seconds: Seconds = 60.0
    """Seconds that a call may be under way before it is reported as slow."""
    hang_seconds: Seconds = 900.0
    """Seconds that a call may be under way before the actor is replaced."""


class StorageSettings(Settings):
    """A second home for the run folder, which outlives the machine of the first."""

    url: str | None = None
    """Where it is, one for each run: s3://BUCKET/PATH, gs://BUCKET/PATH or a folder; or nowhere."""
    every_seconds: Seconds = 60.0
    """Seconds between two times that what is new is written there."""

    @model_validator(mode="after")
    def _holds_no_secret(self) -> "StorageSettings":
        if self.url is not None and urlsplit(self.url).password is not None:
            raise ValueError(
                "url holds a password, and settings are written down; leave it to the environment "
                "(AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY) or to the role of the machine"
            )
        return self


class AlertSettings(Settings):
    """Messages to a webhook when a run needs somebody."""

    form: Literal["json", "slack"] = "json"
    """What is posted: an object with run, host, kind, message and time, or Slack's form."""
    url_variable: str = "HEXRAY_ALERT_URL"
    """Environment variable that holds the https address, a secret; without it nothing is sent."""
    cool_down_minutes: Annotated[float, Field(ge=0)] = 30.0
    """Minutes in which no second message of a kind is sent."""


class MetricsSettings(Settings):
    """Where what is measured goes beside the run folder and Prometheus; none can stop a run."""

    wandb: str | None = None
    """Project of Weights & Biases (needs pip install wandb); none sends nothing there."""
    mlflow: str | None = None
    """Experiment of MLflow (needs pip install mlflow), at MLFLOW_TRACKING_URI or in the folder."""
    send_seconds: Seconds = 10.0
    """Seconds between two messages to either of them."""
