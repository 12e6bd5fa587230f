"""What the curves of a run say is wrong with its pace: who waits for whom, and for what."""

from collections.abc import Mapping

import numpy as np

from hexray.probes.curve_rules import BLOCKS, LOOKS, Rule, Run, later


def _stale(run: Run) -> str:
    learner = run.config.learner
    lag = float(np.median(later(run.of("lag_rows"))))
    held = float(run.of("window_rows")[-1])
    bound = max(0.1 * held, 10 * learner.batch_rows * learner.batches)
    said = f"players are {lag:,.0f} trained rows behind, of a window of {held:,.0f}"
    return said if lag > bound else ""


def _thin(run: Run) -> str:
    fill = float(np.median(later(run.of("batch_fill"))))
    rows = fill * run.config.inference.batch_rows
    return f"a batch has {rows:.0f} positions, {fill:.0%} of its room" if fill < 0.1 else ""


def _players_wait(run: Run) -> str:
    # Servers are 0 where their number is left to the machine.
    expected = max(1, run.config.inference.servers) * run.config.selfplay.players
    share = float(later(run.of("in_flight/play")).mean()) / expected
    return f"they play {share:.0%} of the time" if share < 0.5 else ""


def _learner_waits(run: Run) -> str:
    made, trained = run.of("positions")[-1], run.of("learner/rows_trained")[-1]
    most, reuse = run.config.replay.reuse_most, trained / max(1.0, made)
    said = f"every position was trained {reuse:.1f} times, and reuse_most is {most:g}"
    return said if reuse > 0.95 * most else ""


def _held_back(run: Run) -> str:
    share = float((later(run.of("guard/level")) > 0).mean())
    return f"the guard slowed it in {share:.0%} of the later half" if share > 0.1 else ""


PACE_RULES: Mapping[str, Rule] = {
    "stale players": Rule(
        ("lag_rows", "window_rows"),
        BLOCKS,
        _stale,
        "lower learner.publish_seconds or learner.lag_most",
    ),
    "batch fill": Rule(
        ("batch_fill",),
        BLOCKS,
        _thin,
        "raise selfplay.games or inference.wait_ms, or lower inference.batch_rows",
    ),
    "players wait": Rule(
        ("in_flight/play",),
        BLOCKS,
        _players_wait,
        "the learner is too slow for them: lower replay.reuse_least, or give it more threads",
    ),
    "learner waits": Rule(
        ("learner/rows_trained", "positions"),
        BLOCKS,
        _learner_waits,
        "more selfplay.players or fewer search.simulations; the learner has nothing new to learn",
    ),
    "guard": Rule(
        ("guard/level",),
        LOOKS,
        _held_back,
        "free memory or disk, or see the guard's limits (guard.memory_warn and the like)",
    ),
}
"""By name."""
