"""A learner that is whole learns a few positions by heart; each planted fault is named."""

from functools import cache
from typing import Any

import numpy as np
import pytest
from learnable_rows import learnable, learnable_rows

from hexray.config import RunConfig, with_overrides
from hexray.data.rows import Rows, over_empty
from hexray.errors import StoreError
from hexray.probes.feeding import Sample, windowed
from hexray.probes.leak import Leak, look_for_leak
from hexray.probes.overfit import Fit, judge_overfit, learn_by_heart, reason_of

SIZE, STEPS, POSITIONS = 4, 400, 32
CONFIG = with_overrides(
    RunConfig(board=SIZE),
    {
        "net": {"blocks": 2, "channels": 16, "value_hidden": 16},
        "learner": {
            "batch_rows": 64,
            "learning_rate": 5e-3,
            "warmup_steps": 10,
            "precision": "float32",
        },
    },
)


@cache
def fitted(feed: Any = windowed, **learner: float) -> Fit:
    """Learn a few positions by heart; what came of it is kept."""
    config = with_overrides(CONFIG, {"learner": learner})
    return learn_by_heart(config, learnable_rows(POSITIONS, SIZE, 3), SIZE, STEPS, 0, feed)


def leak_of(feed: Any = windowed, steps: int = 150) -> Leak:
    return look_for_leak(CONFIG, learnable(600, 400, SIZE), SIZE, steps, 0, feed)


def shifted(rows: Rows) -> Sample:
    """Give every position the target of the one before, as far as it is legal there."""
    policy = over_empty(np.roll(rows.policy, 1, axis=0), rows.cells)
    return windowed(rows._replace(policy=policy))


def mixed_up(rows: Rows) -> Sample:
    """Shuffle positions and targets apart whenever a batch is drawn."""
    sample = windowed(rows)

    def wrong(count: int, rng: np.random.Generator) -> Rows:
        drawn = sample(count, rng)
        policy = over_empty(drawn.policy[rng.permutation(count)], drawn.cells)
        return drawn._replace(policy=policy)

    return wrong


def with_outcome_shown(rows: Rows) -> Sample:
    """Put a stone on the first cell that says who wins."""
    cells = rows.cells.copy()
    cells[:, 0] = rows.outcome
    cells[:, -1] = rows.outcome
    return windowed(rows._replace(cells=cells, policy=over_empty(rows.policy, cells)))


def with_move_shown(rows: Rows) -> Sample:
    """Fill the row of the best move but for the move itself."""
    best = rows.policy.argmax(axis=1)
    cells = rows.cells.reshape(-1, SIZE, SIZE).copy()
    cells[np.arange(len(best)), best // SIZE] = 1
    cells = cells.reshape(len(best), -1)
    cells[np.arange(len(best)), best] = 0
    return windowed(rows._replace(cells=cells, policy=over_empty(rows.policy, cells)))


def test_a_whole_learner_learns_positions_by_heart() -> None:
    fit = fitted()
    finding = judge_overfit(fit, None, POSITIONS, 5e-3)
    assert fit.accuracy[-1] >= 0.95
    assert finding.is_sound
    assert finding.verdict == "learnt by heart"


def test_the_same_seed_learns_the_same() -> None:
    assert fitted.__wrapped__() == fitted()


def test_targets_shifted_by_one_are_named() -> None:
    reason = reason_of(fitted(shifted), 5e-3)
    assert "shifted against positions" in reason


def test_targets_that_lose_their_positions_in_every_batch_are_named() -> None:
    reason = reason_of(fitted(mixed_up), 5e-3)
    assert "shifted against positions" in reason


def test_a_learning_rate_far_too_low_is_named() -> None:
    fit = fitted(learning_rate=1e-9)
    finding = judge_overfit(fit, None, POSITIONS, 1e-9)
    assert not finding.is_sound
    assert "raise learner.learning_rate 1e-09" in finding.sentence


def test_contradictory_targets_bound_what_is_asked_for_and_are_said() -> None:
    rows = learnable_rows(32, SIZE, 3)
    # Every position once more, with all on another empty cell.
    other = np.zeros_like(rows.policy)
    shares = np.where(rows.cells == 0, 1 - rows.policy.astype(float), -1)
    other[np.arange(32), shares.argmax(1)] = 1
    both = Rows._make(np.concatenate([column, column]) for column in rows)
    both = both._replace(policy=np.concatenate([rows.policy, other]))
    fit = learn_by_heart(CONFIG, both, SIZE, 20, 0)
    assert fit.possible == 0.5
    assert "50.0% can be" in judge_overfit(fit, None, POSITIONS, 5e-3).sentence


def test_rows_that_training_refuses_are_the_reason() -> None:
    rows = learnable_rows(POSITIONS, SIZE, 3)
    wrong = np.where(rows.cells != 0, 1, 0).astype(np.float16)
    wrong /= wrong.sum(1, keepdims=True)
    fit = fitted(lambda rows: windowed(rows._replace(policy=wrong)))
    assert reason_of(fit, 5e-3).startswith("training breaks off")


@pytest.mark.parametrize(
    ("curve", "moved", "said"),
    [
        ([2.0] * 50 + [5.0] * 50, 1.0, "the loss rises"),
        (list(np.linspace(3, 2.4, 100)), 0.5, "still falls"),
        ([3.0] * 100, 0.5, "stands at 3.00"),
        ([3.0] * 100, 1e-6, "raise learner.learning_rate"),
    ],
)
def test_each_curve_has_its_reason(curve: list[float], moved: float, said: str) -> None:
    fit = Fit([0.2], 1.0, 1.0, curve, 1.0, moved, "")
    assert said in reason_of(fit, 1e-3)


def test_shuffled_targets_of_unseen_positions_are_found_as_often_as_by_chance() -> None:
    leak = leak_of()
    assert not leak.is_leak
    assert leak.positions > 300


def test_a_winner_shown_in_the_input_is_a_leak() -> None:
    leak = leak_of(with_outcome_shown)
    assert leak.winners.low > leak.winners.chance
    finding = judge_overfit(fitted(), leak, POSITIONS, 5e-3)
    assert finding.verdict == "targets leak into the input"
    assert not finding.is_sound


def test_a_move_shown_in_the_input_is_a_leak() -> None:
    leak = leak_of(with_move_shown)
    assert leak.moves.low > leak.moves.chance


def test_too_few_held_out_positions_are_an_error() -> None:
    with pytest.raises(StoreError, match="20 held-out positions"):
        look_for_leak(CONFIG, learnable(100, 20, SIZE), SIZE, 1, 0)
