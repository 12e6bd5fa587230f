"""Pictures of a sweep: best so far, parallel coordinates, importance of each setting."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import optuna
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from hexray.files import atomic_write
from tune.results import Trial
from tune.space import Axis, Choice

_INK, _FADED, _BEST = "#33312e", "#9bb3a6", "#d1662b"
_LEAST_TRIALS = 4
"""Fewer trials say nothing of which setting matters."""


def draw_sweep(trials: Sequence[Trial], space: dict[str, Axis], path: Path) -> None:
    """Draw the three pictures of a sweep, one above the other, as a PNG at ``path``."""
    figure = Figure(figsize=(10, 13), dpi=120, layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    above, middle, below = figure.subplots(3, 1)
    scored = [trial for trial in trials if trial.score is not None]
    _draw_best(above, scored)
    _draw_parallel(middle, scored, space)
    _draw_importance(below, importance(scored, space))
    atomic_write(path, lambda file: figure.savefig(file, format="png"))


def importance(trials: Sequence[Trial], space: dict[str, Axis]) -> dict[str, float]:
    """Return how much each setting decides whether a trial is among the better ones, summing to 1.

    PED-ANOVA (Watanabe 2023). Empty for fewer than four whole trials or equal scores.
    """
    whole = [trial for trial in trials if trial.state == "whole"]
    if len(whole) < _LEAST_TRIALS or len({trial.score for trial in whole}) == 1:
        return {}
    study = optuna.create_study(direction="maximize")
    distributions = {name: _distribution(axis) for name, axis in space.items()}
    for trial in whole:
        found = optuna.trial.create_trial(
            params=dict(trial.values), distributions=distributions, value=trial.score
        )
        study.add_trial(found)
    evaluator = optuna.importance.PedAnovaImportanceEvaluator()
    return optuna.importance.get_param_importances(study, evaluator=evaluator)


def _distribution(axis: Axis) -> BaseDistribution:
    if isinstance(axis, Choice):
        return CategoricalDistribution(axis.values)
    if axis.integer:
        return IntDistribution(round(axis.low), round(axis.high), log=axis.log)
    return FloatDistribution(axis.low, axis.high, log=axis.log)


def _draw_best(axes: Axes, trials: Sequence[Trial]) -> None:
    axes.set_title("best so far", loc="left", color=_INK)
    for whole, marker, name in ((True, "o", "whole"), (False, "x", "ended early")):
        chosen = [trial for trial in trials if (trial.state == "whole") == whole]
        axes.scatter(
            [trial.number for trial in chosen],
            [trial.score or 0.0 for trial in chosen],
            marker=marker,
            color=_FADED,
            label=name,
        )
    whole = [trial for trial in trials if trial.state == "whole"]
    if whole:
        best = np.maximum.accumulate([trial.score or 0.0 for trial in whole])
        axes.step([trial.number for trial in whole], best, where="post", color=_BEST)
    axes.set_xlabel("trial")
    axes.set_ylabel("score")
    axes.legend(frameon=False)


def _draw_parallel(axes: Axes, trials: Sequence[Trial], space: dict[str, Axis]) -> None:
    axes.set_title("settings and score of each trial", loc="left", color=_INK)
    names = [*space, "score"]
    scores = np.array([trial.score for trial in trials], float)
    places = [
        [_place(axis, trial.values[name]) for trial in trials] for name, axis in space.items()
    ]
    low, high = (scores.min(), scores.max()) if len(scores) else (0.0, 1.0)
    shares = (scores - low) / ((high - low) or 1.0)
    for index in np.argsort(shares):
        line = [*(column[index] for column in places), shares[index]]
        axes.plot(range(len(names)), line, color=colormaps["viridis"](shares[index]), alpha=0.8)
    axes.set_xticks(range(len(names)), [*space, f"score\n{low:.3f} to {high:.3f}"], fontsize=8)
    axes.set_yticks([])
    axes.set_ylim(-0.1, 1.1)
    for place, name in enumerate(space):
        for share, text in zip((0.0, 1.0), _ends(space[name]), strict=True):
            shift = (0, 6 if share else -12)
            axes.annotate(
                text,
                (place, share),
                shift,
                textcoords="offset points",
                fontsize=8,
                color=_INK,
                ha="center",
            )
        axes.axvline(place, color=_FADED, linewidth=0.5)


def _place(axis: Axis, value: Any) -> float:
    if isinstance(axis, Choice):
        return axis.values.index(value) / max(len(axis.values) - 1, 1)
    scale = np.log if axis.log else float
    return float((scale(value) - scale(axis.low)) / (scale(axis.high) - scale(axis.low)))


def _ends(axis: Axis) -> tuple[str, str]:
    if isinstance(axis, Choice):
        return str(axis.values[0]), str(axis.values[-1])
    return f"{axis.low:g}", f"{axis.high:g}"


def _draw_importance(axes: Axes, shares: dict[str, float]) -> None:
    axes.set_title("which settings decide", loc="left", color=_INK)
    if not shares:
        axes.text(
            0.5,
            0.5,
            "too few trials, or too equal ones, to say",
            ha="center",
            transform=axes.transAxes,
        )
        axes.set_axis_off()
        return
    axes.barh(list(shares)[::-1], list(shares.values())[::-1], color=_FADED)
    axes.set_xlabel("importance (PED-ANOVA)")
