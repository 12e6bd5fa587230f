"""The learner: trains on what replay sends, publishes weights, writes checkpoints."""

import time
from math import isqrt
from pathlib import Path
from typing import Any

from hexray.config import RunConfig
from hexray.data.rows import Rows
from hexray.errors import CheckpointError, DiskRefuses, TrainingError
from hexray.net.checkpoint import Checkpoint, newest_checkpoint, prune, save_checkpoint
from hexray.net.kept import Published
from hexray.net.trainer import Trainer
from hexray.usage import Spent


class _WeightsLost(TrainingError):
    """Nothing good can come of the weights any more."""


class Learner:
    """Owns the weights. Versions only grow, also over crashes.

    ``spent`` is the CPU time of training, in seconds.
    """

    def __init__(
        self, config: RunConfig, folder: Path, stored_version: int, published_version: int = 0
    ) -> None:
        """Go on from the newest valid checkpoint in ``folder``, or begin with fresh weights.

        ``stored_version`` is the newest version that left its mark on a stored game, and
        ``published_version`` the newest that anybody was given. Raises CheckpointError when there
        are checkpoints and all are damaged.
        """
        self._config, self._folder = config, folder
        self._trainer = Trainer(config.net, config.learner, config.board, config.seed)
        self._version, self._trained_s = max(stored_version, published_version), 0.0
        self._faults = self._went_back = self._saved = 0
        self.spent: Spent = {"training": 0.0}
        found, self._skipped = newest_checkpoint(folder)
        if found is None and self._skipped:
            reasons = "\n  ".join(self._skipped)
            raise CheckpointError(
                f"no checkpoint in {folder} is valid; restore one, or remove the folder to train "
                f"a fresh network on the stored games:\n  {reasons}"
            )
        if found is not None:
            self._trainer.load_state(found.state)
            self._trained_s = found.counters["trained_s"]
            self._saved = int(found.counters.get("saved", 0))
            self._version = max(found.version, self._version)

    def status(self) -> dict[str, Any]:
        """Return version, rows and seconds trained, precision, and why checkpoints were skipped."""
        return {
            "version": self._version,
            "rows_trained": self._trainer.rows_trained,
            "trained_s": self._trained_s,
            "precision": self._trainer.precision,
            "skipped": self._skipped,
        }

    def train(self, rows: Rows, progress: float) -> dict[str, Any]:
        """Train on a block of batches of any board; ``progress`` [0, 1] sets the learning rate.

        ``us_per_row`` is what a row took, in microseconds, checks and loading included. Where the
        rows make no sense, or what is learned from them, ``fault`` says why, beside it stands only
        ``rows_trained``, and after ``learner.faults_most`` such blocks in a row, or when weights
        are no numbers, ``went_back`` says to which checkpoint the weights went back. Raises
        TrainingError when there is none, or when that did not help.
        """
        try:
            return self._train(rows, progress)
        except TrainingError as error:
            return self._after_fault(error)

    def _train(self, rows: Rows, progress: float) -> dict[str, Any]:
        start, cpu_start = time.perf_counter(), time.thread_time()
        losses = self._trainer.train(rows, isqrt(rows.cells.shape[1]), progress)
        if not self._trainer.is_finite():
            raise _WeightsLost("weights are no numbers after this block")
        self._faults = self._went_back = 0
        self.spent["training"] += time.thread_time() - cpu_start
        us_per_row = (time.perf_counter() - start) / len(rows.cells) * 1e6
        return {**losses, "us_per_row": us_per_row, "rows_trained": self._trainer.rows_trained}

    def publish(self) -> tuple[int, Published]:
        """Return a new version number, and apart from it number and weights to serve under it."""
        published = self._next_version()
        return published[0], published

    def save(self, trained_s: float) -> str:
        """Write all that is needed to go on, under a version of its own; return its name.

        Raises DiskRefuses when the disk does; the checkpoints before stay as they are.
        """
        version, served = self._next_version()
        settings = self._config.checkpoint
        rows_trained, saved = self._trainer.rows_trained, self._saved + 1
        counters = {"trained_s": trained_s, "rows_trained": rows_trained, "saved": saved}
        state = self._trainer.state()
        checkpoint = Checkpoint(version, self._config, state, dict(served), counters)
        try:
            path = save_checkpoint(self._folder, checkpoint)
            self._saved = saved
            prune(self._folder, settings.keep, settings.keep_every)
        except OSError as error:
            raise DiskRefuses(
                f"no checkpoint can be written to {self._folder} ({error}); mend the disk"
            ) from error
        return path.name

    def _after_fault(self, error: TrainingError) -> dict[str, Any]:
        self._faults += 1
        found: dict[str, Any] = {"fault": str(error)}
        if self._faults >= self._config.learner.faults_most or isinstance(error, _WeightsLost):
            found["went_back"] = self._go_back(error)
        return {**found, "rows_trained": self._trainer.rows_trained}

    def _go_back(self, error: TrainingError) -> str:
        """Take the weights of the newest valid checkpoint; return its name."""
        checkpoint, _ = newest_checkpoint(self._folder)
        if checkpoint is None or self._went_back:
            reason = "there is no checkpoint" if checkpoint is None else "it did not help before"
            raise TrainingError(
                f"{error}; no way back: {reason}. Look at suspects/ in the run folder, and lower "
                "learner.learning_rate"
            ) from error
        self._trainer.load_state(checkpoint.state)
        self._faults, self._went_back = 0, 1
        return f"{checkpoint.version:08d}"

    def _next_version(self) -> Published:
        self._version += 1
        return self._version, self._trainer.published()
