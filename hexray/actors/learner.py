"""The learner: trains on what replay sends, publishes weights, writes checkpoints."""

from collections.abc import Mapping
from pathlib import Path

from numpy.typing import NDArray

from hexray.config import RunConfig
from hexray.data.samples import Rows
from hexray.net.checkpoint import newest_checkpoint, prune_checkpoints, save_checkpoint
from hexray.net.trainer import Trainer


class Learner:
    """Owns the weights. Versions only grow, also over crashes."""

    def __init__(self, config: RunConfig, folder: Path, stored_version: int) -> None:
        """Go on from the newest valid checkpoint in ``folder``, or begin with fresh weights.

        ``stored_version`` is the newest version that left its mark on a stored game.
        """
        self._config, self._folder = config, folder
        self._trainer = Trainer(config.net, config.learner, config.board, config.seed)
        self._trained_s = 0.0
        self._version = stored_version + 1
        self.notes: list[str] = []
        found, self.notes = newest_checkpoint(folder)
        if found is not None:
            self._trainer.load_state(found.training)
            self._trained_s = found.counters["trained_s"]
            self._version = max(found.version, stored_version) + 1

    def status(self) -> dict[str, float | list[str]]:
        """Return version, rows trained, seconds trained, and what was wrong with checkpoints."""
        return {
            "version": self._version,
            "rows_trained": self._trainer.rows,
            "trained_s": self._trained_s,
            "notes": self.notes,
        }

    def train(self, rows: Rows, progress: float) -> dict[str, float]:
        """Train on a block of batches; ``progress`` in [0, 1] sets the learning rate."""
        losses = self._trainer.train(rows, self._config.board, progress)
        return {**losses, "rows_trained": self._trainer.rows}

    def publish(self) -> tuple[int, Mapping[str, NDArray]]:
        """Return a new version number and the weights to serve under it."""
        self._version += 1
        return self._version, self._trainer.published()

    def save(self, trained_s: float) -> str:
        """Write a checkpoint of everything needed to go on; return its name."""
        self._trained_s = trained_s
        path = save_checkpoint(
            self._folder,
            version=self._version,
            config=self._config,
            trainer=self._trainer,
            counters={"trained_s": trained_s, "rows_trained": self._trainer.rows},
        )
        prune_checkpoints(self._folder, self._config.checkpoint.keep)
        return path.name
