"""Which curves a page shows: strength, losses, rating, held-out games, speed, memory."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from hexray.page.curves import Curve, chart, curve_of, rate_of

_SMALLER = re.compile(r"solved/(\d+)x\d+/winner_accuracy")
_MEMORY = "memory_mb/"


def charts(metrics: Sequence[Mapping[str, Any]]) -> str:
    """Draw all curves of the lines of ``metrics.jsonl``, each figure also when it is empty."""

    def of(key: str, name: str) -> Curve:
        return curve_of(metrics, key, name)

    solved = [of("solved/winner_accuracy", "winner named")]
    solved += [of("solved/move_accuracy", "move keeps the win"), *_smaller(metrics)]
    rating = curve_of(metrics, "rating/elo", "newest version", ("rating/low", "rating/high"))
    held_out = [
        of("held_out/value_accuracy", "value right"),
        of("held_out/gap", "gap to games trained on"),
        of("held_out/ece", "calibration error"),
    ]
    losses = [
        of("learner/policy_loss", "policy"),
        of("learner/value_loss", "value"),
        of("held_out/policy_loss", "policy, held-out games"),
    ]
    speed = [of("evaluations_per_s", "evaluations/s")]
    made = [
        rate_of(metrics, "positions", "positions/s"),
        rate_of(metrics, "learner/rows_trained", "rows trained/s"),
    ]
    batches = [
        of("batch_fill", "batch fill"),
        of("server-0/busy_share", "network busy"),
        of("player/wait_share", "player waits"),
    ]
    return "".join(
        (
            chart("Strength on solved positions", solved, "{:.1%}".format),
            chart("Losses (mean per row)", losses, "{:.2f}".format, from_zero=True),
            chart("Rating (Elo, 95 % interval)", [rating], "{:+.0f}".format),
            chart("Held-out games", held_out, "{:.1%}".format, from_zero=True),
            chart("Evaluations", speed, "{:,.0f}".format, from_zero=True),
            chart("Positions made and trained", made, "{:,.0f}".format, from_zero=True),
            chart("Batches and waiting", batches, "{:.0%}".format, from_zero=True),
            chart("Memory (MB)", _memory(metrics), "{:,.0f}".format, from_zero=True),
        )
    )


def _smaller(metrics: Sequence[Mapping[str, Any]]) -> list[Curve]:
    """Take the winners named on the boards before the last, the smallest first."""
    keys = {key for line in metrics for key in line}
    found = sorted((int(m[1]), m[0]) for key in keys if (m := _SMALLER.fullmatch(key)))
    return [curve_of(metrics, key, f"winner named, {size}x{size}") for size, key in found]


def _memory(metrics: Sequence[Mapping[str, Any]]) -> list[Curve]:
    """Sum up what all processes held, at each reading."""
    points = [
        (float(line["minutes"]), float(sum(line[key] for key in line if key.startswith(_MEMORY))))
        for line in metrics
        if any(key.startswith(_MEMORY) for key in line)
    ]
    return [Curve("all processes", points)]
