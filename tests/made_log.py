"""The log of a run that goes well, made up, and the run it belongs to."""

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import yaml

from hexray.config import RunConfig, with_overrides

MINUTES, LINES = 10.0, 200
Curves = dict[str, np.ndarray]


def healthy(seed: int = 0) -> Curves:
    """Make the curves of a run of 7x7 in which all is well, one value a line."""
    rng = np.random.default_rng(seed)
    part = np.linspace(0, 1, LINES)
    noise = lambda size: size * rng.standard_normal(LINES)  # noqa: E731
    fall = np.exp(-6 * part)
    return {
        "learner/loss": 1.3 + 1.8 * fall + noise(0.03),
        "learner/policy_loss": 1.1 + 1.3 * fall + noise(0.02),
        "learner/value_loss": 0.25 + 0.44 * fall + noise(0.01),
        "learner/learning_rate": 2e-3 * np.minimum(1, 0.01 + 0.99 * 2 * (1 - part)),
        "learner/grad_norm": 0.7 + 0.3 * fall + noise(0.05),
        "learner/rows_trained": 2e6 * part + 1,
        "positions": 6e5 * part + 1,
        "held_out/gap": 0.03 + noise(0.01),
        "held_out/policy_loss": 1.15 + 1.2 * fall + noise(0.02),
        "held_out/ece": 0.02 + 0.05 * fall + np.abs(noise(0.005)),
        "solved/winner_accuracy": np.minimum(1, 0.99 - 0.3 * fall + noise(0.004)),
        "solved/move_accuracy": np.minimum(1, 0.98 - 0.3 * fall + noise(0.004)),
        "lag_rows": 4096.0 * rng.integers(0, 2, LINES),
        "window_rows": np.minimum(2e5, 6e5 * part),
        "batch_fill": np.clip(0.4 + noise(0.05), 0, 1),
        "in_flight/play": np.ones(LINES),
        "guard/level": np.zeros(LINES),
        "board": np.full(LINES, 7.0),
    }


def write_log(
    run: Path, curves: Mapping[str, np.ndarray], settings: Mapping[str, object] | None = None
) -> Path:
    """Write a run folder with these curves and settings."""
    run.mkdir(exist_ok=True)
    config = with_overrides(RunConfig(board=7, minutes=MINUTES), settings or {})
    (run / "settings.yaml").write_text(yaml.safe_dump(config.model_dump(mode="json")))
    count = max(len(curve) for curve in curves.values())
    lines = []
    for place in range(count):
        values = {name: float(curve[place]) for name, curve in curves.items() if place < len(curve)}
        lines.append(json.dumps({"trained_s": 60 * MINUTES * (place + 1) / LINES, **values}))
    (run / "metrics.jsonl").write_text("\n".join(lines) + "\n")
    return run
