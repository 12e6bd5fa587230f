"""Settings of how strength is measured, and where it all runs."""

from typing import Annotated, Literal

from pydantic import Field

from hexray.config.base import Seconds, Settings


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
    """Seconds of CPU and of the network that these games may take a second, above 0 to 0.05."""
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
    """Start the Ray dashboard."""
    dashboard_host: str = "127.0.0.1"
    """Address on which the dashboard listens; any but this machine's own takes Ray's token."""
    object_store_mb: Annotated[int, Field(ge=80)] = 500
    """Size of Ray's object store in MB, when Ray is started here."""
    gpus: Annotated[int, Field(ge=0)] = 0
    """GPUs to ask the cluster at address for, and to wait for; 0 takes those that are there."""
    wait_minutes: Annotated[float, Field(ge=0)] = 30.0
    """Minutes to wait until the cluster at address has the nodes that a run needs."""
