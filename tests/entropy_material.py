"""A small network that has really learned 5x5, its checkpoint, and positions to probe it on."""

from functools import cache
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from hexray.config import RunConfig, SearchSettings, SelfplaySettings, with_overrides
from hexray.data.games import concat_games
from hexray.data.rows import Rows, rows_of
from hexray.evaluation import Evaluation, Leaves, drive
from hexray.net.checkpoint import Checkpoint
from hexray.net.entropy import draw_moves, entropy_scores, scattered
from hexray.net.model import HexNet
from hexray.net.trainer import Trainer
from hexray.play.selfplay import SelfPlay
from hexray.probes.entropy.moves import rewards_of
from hexray.probes.entropy.policy import Units, log_policies, planes_of

SIZE = 5
_STEPS, _BATCH = 120, 64


@cache
def searched_rows() -> Rows:
    """Rows of games that a search plays which knows connections, and nothing else."""
    search = SearchSettings(simulations=16, candidates=8)
    group = SelfPlay(SIZE, SelfplaySettings(games=64), search, "material", 0, (0,))
    blocks = [drive(group.step(), _level) for _ in range(40)]
    return rows_of(concat_games([block for block in blocks if block is not None]))


@cache
def learned(optimizer: str = "muon", norm: str = "batch", half_turn: bool = True) -> Checkpoint:
    """A checkpoint after some steps on ``searched_rows``, with the optimizer's moments."""
    config = with_overrides(
        RunConfig(board=SIZE),
        {
            "net": {"blocks": 2, "channels": 8, "value_hidden": 8, "norm": norm}
            | {"half_turn": half_turn},
            "learner": {"batch_rows": _BATCH, "precision": "float32", "optimizer": optimizer}
            | {"warmup_steps": 10},
        },
    )
    trainer = Trainer(config.net, config.learner, SIZE, 0)
    rows, rng = searched_rows(), np.random.default_rng(0)
    chosen = rng.integers(0, len(rows.cells), _STEPS * _BATCH)
    trainer.train(Rows._make(column[chosen] for column in rows), SIZE, 0.0)
    counters = {"trained_s": 60.0 * config.minutes / 4, "saved": 1}
    return Checkpoint(1, config, trainer.state(), trainer.published(), counters)


def some_rows(count: int, seed: int) -> Rows:
    """Different rows of the games."""
    rows = searched_rows()
    chosen = np.random.default_rng(seed).permutation(len(rows.cells))[:count]
    return Rows._make(column[chosen] for column in rows)


class Pool(NamedTuple):
    """A population of positions, with what drawing from it again and again needs.

    rewards float64[B, A] are of every move.
    """

    planes: Tensor
    empty: Tensor
    policy: Tensor
    rewards: Tensor

    def drawn(self, count: int, draws: int, rng: np.random.Generator) -> tuple[Units, Units]:
        """Draw positions with repetition, and moves in them: units of the entropy, of the loss."""
        chosen, ours, theirs = self.factors(count, draws, rng)
        planes, empty = self.planes[chosen], self.empty[chosen]
        return Units(planes, empty, ours), Units(planes, empty, theirs)

    def factors(
        self, count: int, draws: int, rng: np.random.Generator
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Draw the same, and return the numbers of the positions and the factors of the units."""
        chosen = torch.from_numpy(rng.integers(0, len(self.planes), count))
        moves = draw_moves(self.policy[chosen], draws, rng)
        rewards = self.rewards[chosen].gather(1, moves)
        loss = -(rewards - rewards.mean(1, keepdim=True)) / draws
        return (
            chosen,
            entropy_scores(self.policy[chosen], moves),
            scattered(loss, moves, SIZE**2),
        )


def pool_of(net: HexNet, count: int, seed: int = 0) -> Pool:
    """Take ``count`` positions with an empty cell, in the number format of ``net``."""
    cells = some_rows(count, seed).cells
    cells = cells[(cells == 0).any(1)]
    policy, empty, _ = log_policies(net, cells, SIZE)
    every = torch.arange(SIZE**2).expand(len(cells), -1)
    at = torch.where(empty, every, empty.int().argmax(1, keepdim=True))
    rewards = rewards_of(net, cells, at, SIZE, "search", np.random.default_rng(0))
    return Pool(planes_of(net, cells, SIZE), empty, policy, torch.from_numpy(rewards))


def random_vector(net: HexNet, seed: int, scale: float = 1.0) -> dict[str, Tensor]:
    """Numbers for all weights, each from a normal distribution."""
    maker = torch.Generator().manual_seed(seed)
    return {
        name: scale * torch.randn(weight.shape, generator=maker, dtype=weight.dtype)
        for name, weight in net.named_parameters()
    }


def changed(found: Checkpoint, **settings: Any) -> Checkpoint:
    """The same checkpoint with other settings of the learner."""
    return found._replace(config=with_overrides(found.config, {"learner": settings}))


def _level(leaves: Leaves) -> Evaluation:
    count, area = leaves.cells.shape
    return Evaluation(np.zeros((count, area), np.float32), np.zeros(count, np.float32), 0)
