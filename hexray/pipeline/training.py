"""Training from shuffled files: the learner of a run, fed from disk instead of replay."""

import hashlib
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from hexray.actors.learner import Learner
from hexray.config import RunConfig
from hexray.config.pipeline import StepSettings
from hexray.data.expand import PlacedRows, concat_rows, take_rows
from hexray.data.held_out import SplitRows
from hexray.data.row_file import read_rows
from hexray.data.rows import Rows
from hexray.data.shuffle import same_game_pairs
from hexray.errors import PipelineError
from hexray.evaluation import Leaves
from hexray.game.symmetry import half_turn
from hexray.metrics import MetricsWriter
from hexray.net.checkpoint import newest_checkpoint
from hexray.net.evaluator import Evaluator
from hexray.ratings.generalization import Said, generalization, value_loss


class Lesson(NamedTuple):
    """What one training is given.

    training     files of shuffled rows, in order
    held_out     files of rows that are never trained on
    rows         rows in the files of ``training``
    number       how many trainings came before, of ``of`` in all: one learning rate falls over all
    rows_before  rows trained in those
    """

    training: list[Path]
    held_out: list[Path]
    rows: int
    number: int
    of: int
    rows_before: int


class FileTrainer:
    """Trains on files and goes on, after a crash, where the newest checkpoint is."""

    def __init__(
        self, config: RunConfig, steps: StepSettings, lesson: Lesson, folder: Path
    ) -> None:
        """Go on from the newest checkpoint in ``folder / checkpoints``; metrics go into ``folder``.

        Raises PipelineError when there are too few rows for a block.
        """
        self._config, self._lesson = config, lesson
        self._folder = folder / "checkpoints"
        self._learner = Learner(config, self._folder, 0)
        block = config.learner.batch_rows * config.learner.batches
        self._block, self._blocks = block, lesson.rows * steps.epochs // block
        if not self._blocks:
            raise PipelineError(
                f"{lesson.rows} rows are too few to train on: a block has {block}; make more "
                "games, or lower run.learner.batches or batch_rows"
            )
        self._blocks_a_checkpoint = max(1, steps.checkpoint_rows // block)
        status = self._learner.status()
        self._done = (int(status["rows_trained"]) - lesson.rows_before) // block
        self._began, self._trained_s = time.monotonic(), float(status["trained_s"])
        self._metrics = MetricsWriter(folder)
        self._evaluate = Evaluator(config.net, config.inference, config.board)
        self._held = _some(lesson.held_out, config.board, config.judge.held_out_rows)
        self._rows = _blocks(lesson.training, config.board, steps.epochs, block, self._done)

    def progress(self) -> tuple[int, int]:
        """Return the rows trained and those of the whole lesson."""
        return self._done * self._block, self._blocks * self._block

    def advance(self, seconds: float) -> bool:
        """Train for about so long; return whether there is more to do."""
        until = time.monotonic() + seconds
        while self._done < self._blocks and time.monotonic() < until:
            self._train(next(self._rows))
        return self._done < self._blocks

    def finish(self) -> dict[str, Any]:
        """Close the metrics; return rows trained, the checkpoint's name and its weights' hash."""
        self._metrics.close()
        newest, _ = newest_checkpoint(self._folder)
        if newest is None:
            raise PipelineError(
                f"{self._folder} holds no valid checkpoint; it was removed meanwhile"
            )
        digest = hashlib.sha256()
        for name in sorted(newest.served):
            digest.update(newest.served[name].tobytes())
        return {
            "rows_trained": self._learner.status()["rows_trained"],
            "checkpoint": f"{newest.version:08d}",
            "weights_sha256": digest.hexdigest(),
        }

    def _train(self, placed: PlacedRows) -> None:
        """Train on a block; judge and save when it is time."""
        lesson = self._lesson
        overall = (lesson.number + self._done / self._blocks) / lesson.of
        rows = _turned(placed.rows, (self._config.seed, lesson.number, self._done))
        figures = self._learner.train(rows, overall)
        shown = {f"learner/{name}": value for name, value in figures.items()}
        shown["same_game_pairs"] = same_game_pairs(placed.game, self._config.learner.batch_rows)
        self._done += 1
        if self._done % self._blocks_a_checkpoint == 0 or self._done == self._blocks:
            shown |= self._judged(placed.rows)
            self._learner.save(self._seconds())
        self._metrics.write(self._seconds(), shown)

    def _judged(self, trained: Rows) -> dict[str, float]:
        """Measure the network on rows trained just now and on held-out ones."""
        if not len(self._held.outcome):
            return {}
        _, published = self._learner.publish()
        self._evaluate.load(*published)
        rows = SplitRows(
            Rows._make(column[: len(self._held.outcome)] for column in trained), self._held
        )
        size = self._config.board
        said = Said(*(self._evaluate(Leaves(part.cells, size)) for part in rows))
        losses = [value_loss(*part) for part in zip(rows, said, strict=True)]
        figures = generalization(rows, said, self._config.judge.calibration_bins)
        figures |= {"value_loss": losses[1], "value_loss_gap": losses[1] - losses[0]}
        return {f"held_out/{name}": value for name, value in figures.items()}

    def _seconds(self) -> float:
        return self._trained_s + time.monotonic() - self._began


def _blocks(
    paths: Sequence[Path], size: int, epochs: int, block: int, skip: int
) -> Iterator[PlacedRows]:
    """Yield rows in their order, ``block`` at a time, from block number ``skip`` on."""
    left, rest = skip * block, None
    for _ in range(epochs):
        for path in paths:
            placed = read_rows(path, size)
            count = len(placed.ply)
            if left >= count:
                left -= count
                continue
            fresh = take_rows(placed, np.arange(left, count))
            left = 0
            rest = fresh if rest is None else concat_rows([rest, fresh])
            whole = len(rest.ply) // block
            for number in range(whole):
                yield take_rows(rest, np.arange(number * block, (number + 1) * block))
            rest = take_rows(rest, np.arange(whole * block, len(rest.ply)))


def _turned(rows: Rows, seed: tuple[int, ...]) -> Rows:
    """Give each row a half turn or not, by chance that depends on the seed alone (a copy)."""
    turned = np.random.default_rng(seed).integers(2, size=len(rows.outcome)).astype(np.bool_)
    copies = Rows._make(column.copy() for column in rows)
    for boards in (copies.cells, copies.policy, copies.reply, copies.owner):
        boards[turned] = half_turn(boards[turned])
    return copies


def _some(paths: Sequence[Path], size: int, count: int) -> Rows:
    """Return the first ``count`` rows of some files, or all that there are."""
    parts = [read_rows(path, size) for path in paths]
    placed = concat_rows(parts)
    return take_rows(placed, np.arange(min(count, len(placed.ply)))).rows
