"""Learn from the stored games of a run once more, with other settings: what is a setting worth?

No games are made, so a change of network, targets or optimizer shows in minutes, by the same rows
in the same order. Prints a learning curve as a Markdown table: what the raw network makes of
held-out games, which tell small differences, and of the solved positions, which are the truth. What
it says of settings that make other games it cannot know.

    python benchmarks/relearn.py runs/default-7x7-seed0 --rows 400000 --seeds 0 1
    python benchmarks/relearn.py runs/default-7x7-seed0 --seeds 0 1 --changes net.blocks 6
"""

from collections.abc import Iterator, Mapping
from math import isqrt
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import tyro
import yaml

from hexray.config import InferenceSettings, RunConfig, with_overrides
from hexray.data.held_out import SplitWindow
from hexray.data.rows import Further, Rows
from hexray.data.store import GameStore
from hexray.errors import SettingsError, StoreError
from hexray.evaluation import Leaves, drive
from hexray.net.evaluator import Evaluator
from hexray.net.loss import heads_of
from hexray.net.trainer import Trainer
from hexray.options import read_settings
from hexray.play.solved import Solved, measure, read_solved, shipped_positions
from hexray.ratings.generalization import policy_loss, value_loss

HELD_OUT_ROWS = 20_000
"""Drawn with repetition, where there are fewer."""


def main(
    run: tyro.conf.Positional[Path],
    /,
    changes: dict[str, str] | None = None,
    rows: Annotated[int, tyro.conf.arg(metavar="1..")] = 400_000,
    seeds: tuple[int, ...] = (0,),
    points: Annotated[int, tyro.conf.arg(metavar="1..")] = 4,
) -> None:
    """Print losses on held-out games, policy + value, then winner accuracy of the raw network
    and winner / move accuracy with 64 simulations.

    Args:
        run: Run folder.
        changes: Settings other than the run's, such as learner.owner_weight 0.15.
        rows: Rows trained; the learning rate falls over them as over a whole run.
        seeds: Seeds of weights and of the rows drawn; a column for each.
        points: Measurements along the way.
    """
    config = with_overrides(
        with_overrides(RunConfig(), read_settings(run / "settings.yaml")), nested(changes or {})
    )
    path = shipped_positions(config.board)
    if path is None:
        raise SettingsError(f"no solved positions of {config.board}x{config.board}; use 5 to 8")
    windows, positions = stored(run, config), read_solved(path)
    print(f"| rows trained | {' | '.join(f'seed {seed}' for seed in seeds)} |")
    print("|---" * (1 + len(seeds)) + "|", flush=True)
    curves = [curve(windows, positions, config, seed, rows, points) for seed in seeds]
    for point, figures in enumerate(zip(*curves, strict=True), start=1):
        print(f"| {rows * point // points:,} | {' | '.join(figures)} |", flush=True)


def nested(changes: Mapping[str, str]) -> dict[str, Any]:
    """Turn ``{"net.blocks": "6"}`` into ``{"net": {"blocks": 6}}``, values read as YAML."""
    settings: dict[str, Any] = {}
    for name, value in changes.items():
        section, _, field = name.rpartition(".")
        into = settings.setdefault(section, {}) if section else settings
        into[field] = yaml.safe_load(value)
    return settings


def stored(run: Path, config: RunConfig) -> SplitWindow:
    """Return the rows of the run's own board, all of them, held-out games apart."""
    heads = heads_of(config.learner)
    further = Further(reply="opponent" in heads, owner="owner" in heads)
    folder = run / "games" / f"{config.board}x{config.board}"
    store = GameStore(folder, config.board, may_write=False)
    windows = SplitWindow(max(1, store.rows), config.replay.held_out, config.board, further)
    windows.fill(store)
    if not len(windows.training):
        raise StoreError(f"{run} has no games of {config.board}x{config.board} to learn from")
    return windows


def curve(
    windows: SplitWindow, positions: Solved, config: RunConfig, seed: int, rows: int, points: int
) -> Iterator[str]:
    """Train a fresh network; yield its figures ``points`` times."""
    size, block = config.board, config.learner.batch_rows * config.learner.batches
    trainer = Trainer(config.net, config.learner, size, seed)
    evaluate = Evaluator(config.net, InferenceSettings(), size)
    held_out = None
    if len(windows.held_out):
        held_out = windows.held_out.sample(HELD_OUT_ROWS, np.random.default_rng(0))
    rng, trained = np.random.default_rng(seed), 0
    for point in range(1, points + 1):
        while trained * points < rows * point:
            trainer.train(windows.training.sample(block, rng), size, trained / rows)
            trained += block
        evaluate.load(point, trainer.published())
        raw, searched = (drive(measure(positions, count), evaluate) for count in (0, 64))
        yield (
            f"{_losses(held_out, evaluate)}, raw {raw.winner_accuracy:.3f}, "
            f"{searched.winner_accuracy:.3f} / {searched.move_accuracy:.3f}"
        )


def _losses(held_out: Rows | None, evaluate: Evaluator) -> str:
    if held_out is None:
        return "nothing held out"
    said = evaluate(Leaves(held_out.cells, isqrt(held_out.cells.shape[1])))
    return f"{policy_loss(held_out, said):.3f} + {value_loss(held_out, said):.4f}"


if __name__ == "__main__":
    tyro.cli(main)
