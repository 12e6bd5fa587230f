"""``hexray probe value``: does a value mean what it says, by stage of the game, and what mends it?

Correction is fitted on one half of the games and judged on the other: the temperature that divides
the value's logit, and a rising curve of winning chances (isotonic).
"""

from typing import Any, NamedTuple

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from hexray.evaluation import Evaluate
from hexray.game.frame import mover_cells
from hexray.play.solved import Solved
from hexray.probes.caption import caption
from hexray.probes.finding import BAD, GOOD, GRID, INK, Finding
from hexray.probes.unseen import Unseen, said_of
from hexray.ratings.calibration import STAGES, calibration, calibration_by_stage, stage_of
from hexray.ratings.correction import (
    cooled,
    isotonic_of,
    log_losses,
    stepped,
    temperature_of,
)
from hexray.ratings.elo import Estimate
from hexray.ratings.resampled import mean_over_games

PROBE = "value"
LEAST_GAMES = 40
SURE_ENOUGH = 1.25
"""A temperature between this and its inverse is taken for 1: it changes 73 % to 69 or 78 %."""
SKEWED = 0.02
"""Nats of log loss that a rising curve must save more than temperature does, to matter."""
_BINS = 10


class Judged(NamedTuple):
    """Values of positions of games, half of the games to judge a correction fitted on the others.

    cells, value, outcome  of the judged half
    cooled, stepped        the same values put right
    gain                   log loss in nats that temperature saves; ``isotonic_gain`` isotonic
    """

    games: int
    cells: NDArray[np.int8]
    value: NDArray[np.float64]
    outcome: NDArray[np.int8]
    temperature: float
    cooled: NDArray[np.float64]
    stepped: NDArray[np.float64]
    gain: Estimate
    isotonic_gain: Estimate


def judge_values(unseen: Unseen, evaluate: Evaluate, rng: np.random.Generator) -> Judged | None:
    """Fit on one half of the games and judge on the other; None where they are too few."""
    games = len(unseen.block.game_id)
    if games < LEAST_GAMES:
        return None
    rows = unseen.rows
    value = said_of(rows.cells, unseen.block.size, evaluate).value.astype(np.float64)
    fits = (rng.permutation(games) < games // 2)[unseen.game]
    temperature = temperature_of(value[fits], rows.outcome[fits])
    isotonic = isotonic_of(value[fits], rows.outcome[fits])
    cells, raw, outcome = rows.cells[~fits], value[~fits], rows.outcome[~fits]
    game, losses = unseen.game[~fits], log_losses(raw, outcome)
    one, other = cooled(raw, temperature), stepped(raw, isotonic)
    gains = [
        mean_over_games(losses - log_losses(put_right, outcome), game, rng)
        for put_right in (one, other)
    ]
    return Judged(games, cells, raw, outcome, temperature, one, other, gains[0], gains[1])


def judge_solved(solved: Solved, evaluate: Evaluate, temperature: float) -> dict[str, float]:
    """Measure the values of solved positions, as they are and put right."""
    boards = solved.boards
    cells = mover_cells(boards.cells, boards.to_move)
    value = said_of(cells, boards.size, evaluate).value
    outcome = np.where(solved.wins, 1, -1)
    found = calibration(value, outcome, _BINS)
    return {
        **found._asdict(),
        "log_loss": float(log_losses(value, outcome).mean()),
        "log_loss_corrected": float(log_losses(cooled(value, temperature), outcome).mean()),
    }


def find_value(judged: Judged | None, games: int, solved: dict[str, float] | None) -> Finding:
    """Say whether values mean what they say."""
    if judged is None:
        sentence = (
            f"{games} games, and {LEAST_GAMES} are needed to tell: name more with --games, or let "
            "the run go on"
        )
        return Finding(PROBE, "too few games to judge", sentence, False, {"games": games})
    raw, put_right = (
        calibration(value, judged.outcome, _BINS) for value in (judged.value, judged.cooled)
    )
    verdict = _verdict(judged)
    numbers: dict[str, Any] = {
        "games": judged.games,
        "temperature": judged.temperature,
        "gain_nats": judged.gain._asdict(),
        "isotonic_gain_nats": judged.isotonic_gain._asdict(),
        "as_it_is": raw._asdict(),
        "corrected": put_right._asdict(),
        "isotonic": calibration(judged.stepped, judged.outcome, _BINS)._asdict(),
        "stages": _stages(judged, judged.value),
        "stages_corrected": _stages(judged, judged.cooled),
        "solved": solved,
    }
    sentence = (
        f"{_meaning(judged, verdict)}; winning chances are off by {raw.ece:.3f} on average, by "
        f"{put_right.ece:.3f} with temperature {judged.temperature:.2f}, which saves "
        f"{_interval(judged.gain)} nats of log loss, isotonic {_interval(judged.isotonic_gain)}, "
        f"on {raw.rows:,} positions of games that neither was fitted on"
    )
    if solved is not None:
        sentence += f"; of {solved['rows']} solved positions the winner is named in "
        sentence += f"{solved['accuracy']:.1%}"
    return Finding(PROBE, verdict, sentence, verdict == "calibrated", numbers)


def draw_value(figure: Figure, judged: Judged, finding: Finding) -> None:
    """Draw how much of what is called won is won, for all positions and by stage."""
    figure.set_size_inches(13, 4.6)
    stage = stage_of(judged.cells)
    parts = [("all", np.ones(len(stage), np.bool_))]
    parts += [(name, stage == number) for number, name in enumerate(STAGES)]
    for axes, (name, rows) in zip(figure.subplots(1, len(parts), sharey=True), parts, strict=True):
        axes.plot([0, 1], [0, 1], color=INK, linewidth=1, linestyle=":")
        raw = BAD if finding.verdict != "calibrated" else GOOD
        _reliability(axes, judged.value[rows], judged.outcome[rows], raw, "as it is", "o-")
        label = f"temperature {judged.temperature:.2f}"
        _reliability(axes, judged.cooled[rows], judged.outcome[rows], INK, label, "x--")
        axes.set_title(f"{name}: {rows.sum():,} positions", fontsize=10, color=INK)
        axes.set_xlabel("winning chance said", fontsize=9)
        axes.set_aspect("equal")
        axes.grid(color=GRID)
        axes.set_axisbelow(True)
        axes.legend(fontsize=8, loc="upper left")
        if name == "all":
            axes.set_ylabel("share won", fontsize=9)
    caption(figure, finding.sentence)


def _verdict(judged: Judged) -> str:
    if judged.isotonic_gain.low > max(0.0, judged.gain.value) + SKEWED:
        return "skewed"
    if judged.gain.low > 0 and judged.temperature > SURE_ENOUGH:
        return "overconfident"
    if judged.gain.low > 0 and judged.temperature < 1 / SURE_ENOUGH:
        return "underconfident"
    return "calibrated"


def _meaning(judged: Judged, verdict: str) -> str:
    bias = float((judged.value - judged.outcome).mean()) / 2
    where = f"chances said are {abs(bias):.3f} too {'high' if bias > 0 else 'low'} in the mean"
    if verdict == "calibrated":
        return f"values mean what they say, no correction helps enough to matter; {where}"
    if verdict == "skewed":
        return f"values are wrong in a way that no temperature mends, isotonic does: {where}"
    much = "too sure" if verdict == "overconfident" else "not sure enough"
    return f"values are {much}: divide their logit by {judged.temperature:.2f}"


def _stages(judged: Judged, value: NDArray) -> dict[str, Any]:
    found = calibration_by_stage(value, judged.outcome, judged.cells, _BINS)
    return {name: stage._asdict() for name, stage in found.items()}


def _interval(estimate: Estimate) -> str:
    return f"{estimate.value:+.4f} ({estimate.low:+.4f} to {estimate.high:+.4f})"


def _reliability(
    axes: Any, value: NDArray, outcome: NDArray, colour: str, label: str, form: str
) -> None:
    """Draw the share won over the mean chance said, in ten intervals of it."""
    chance = (value + 1) / 2
    place = np.minimum((chance * _BINS).astype(int), _BINS - 1)
    count = np.bincount(place, minlength=_BINS)
    there = count > 0
    said = np.bincount(place, chance, _BINS)[there] / count[there]
    won = np.bincount(place, outcome > 0, _BINS)[there] / count[there]
    axes.plot(said, won, form, color=colour, label=label, markersize=4, linewidth=1.2)
