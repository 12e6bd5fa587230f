"""Pictures of the entropy probe; each shows what its verdict rests on."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter, ScalarFormatter

from hexray.probes.entropy.checking import BESIDE
from hexray.probes.entropy.one import Single
from hexray.probes.entropy.scaling import Group, groups_of
from hexray.probes.entropy.study import Outcome
from hexray.probes.finding import BAD, GOOD, GRID, INK, OTHER, Finding

_ARMS = (
    ("fixed", "se_given_update", "one update", GOOD),
    ("redrawn", "se_total", "updates drawn anew", OTHER),
)
_ENDS = (0.85, 1.02)


def draw_scaling(figure: Figure, finding: Finding, outcomes: Sequence[Outcome]) -> None:
    """Draw rms error and mean prediction over B_E, with what a sound estimator does."""
    groups = groups_of(outcomes)
    left, right = figure.subplots(1, 2)
    for axes in (left, right):
        _plain(axes)
        axes.set_xscale("log", base=2)
        axes.xaxis.set_major_formatter(ScalarFormatter())
        axes.set_xlabel("evaluated positions B_E", color=INK)
    if groups:
        colour = GOOD if finding.is_sound else BAD
        _draw_errors(left, groups, finding, colour)
        _draw_means(right, groups, finding, colour)


def draw_checked(figure: Figure, finding: Finding, outcomes: Sequence[Outcome]) -> None:
    """Draw predicted over exact first-order change, bars of two standard errors, and coverage."""
    left, right = figure.subplots(1, 2, width_ratios=(3, 2))
    _plain(left)
    _plain(right)
    ends: list[float] = []
    for arm, error, label, colour in _ARMS:
        of_arm = [each.single for each in outcomes if each.task.arm == arm]
        found = [single for single in of_arm if single is not None]
        exact, predicted = (
            [getattr(one, name) for one in found] for name in ("first_order", "predicted")
        )
        bars = [2 * getattr(one, error) for one in found]
        left.errorbar(
            exact, predicted, bars, fmt="o", ms=3, lw=0.7, alpha=0.7, color=colour, label=label
        )
        ends += [*exact, *predicted]
    left.axline((0, 0), slope=1, color=INK, lw=1, ls="--", label="as predicted")
    if ends:
        low, high = min(ends), max(ends)
        room = 0.1 * (high - low) or 1.0
        left.set_xlim(low - room, high + room)
    left.locator_params(axis="x", nbins=5)
    left.set_xlabel("exact first-order change of entropy (nats)", color=INK)
    left.set_ylabel("predicted, with 2 standard errors (nats)", color=INK)
    left.legend(frameon=False, fontsize=9)
    _draw_covers(right, finding)


def draw_single(figure: Figure, found: Single, finding: Finding) -> None:
    """Draw all estimates of one step with bars of two standard errors, and the exact change."""
    axes = figure.subplots()
    _plain(axes)
    lines = (
        ("predicted (update given)", found.predicted, found.se_given_update, GOOD),
        ("predicted (update redrawn)", found.predicted, found.se_total, GOOD),
        ("U-statistic of one batch", found.u_statistic, found.u_statistic_se, OTHER),
        ("importance sampling", found.sampled, found.sampled_se, OTHER),
        ("exact first order", found.first_order, 0.0, INK),
        ("exact", found.exact, 0.0, INK),
    )
    for place, (_, value, error, colour) in enumerate(lines):
        axes.errorbar(value, place, xerr=2 * error, fmt="o", capsize=4, color=colour)
        told = f"{value:+.3g}" + (f" +- {error:.2g}" if error else "")
        box = {"facecolor": "white", "edgecolor": "none", "pad": 1}
        axes.annotate(
            told, (value, place), (0, 8), textcoords="offset points", ha="center", bbox=box
        )
    axes.axvline(found.exact, color=INK if finding.is_sound else BAD, lw=1, ls="--")
    axes.axvline(0, color=GRID, lw=2, zorder=0)
    axes.set_yticks(range(len(lines)), [name for name, *_ in lines])
    axes.set_ylim(len(lines) - 0.5, -0.7)
    axes.set_xlabel("change of entropy (nats), bars of 2 standard errors", color=INK)


def _draw_errors(axes: Axes, groups: Sequence[Group], finding: Finding, colour: str) -> None:
    sizes = np.array([group.size for group in groups], np.float64)
    rms = np.array([np.sqrt((group.errors**2).mean()) for group in groups])
    reach = np.array([2 / np.sqrt(2 * len(group.errors)) for group in groups])
    bars = (rms * (1 - np.exp(-reach)), rms * (np.exp(reach) - 1))
    axes.errorbar(
        sizes, rms, bars, fmt="o-", capsize=3, color=colour, label=_exponent(finding, "error")
    )
    if (rms > 0).all():
        middle = np.exp(np.log(rms).mean() + 0.5 * np.log(sizes).mean())
        axes.plot(sizes, middle / np.sqrt(sizes), color=INK, lw=1, ls="--", label="B_E^-1/2")
        axes.set_yscale("log")
    axes.set_ylabel("rms error against exact first order (nats)", color=INK)
    axes.legend(frameon=False, fontsize=9)


def _draw_means(axes: Axes, groups: Sequence[Group], finding: Finding, colour: str) -> None:
    sizes = np.array([group.size for group in groups], np.float64)
    means = np.array([group.predicted.mean() for group in groups])
    bars = [2 * group.predicted.std(ddof=1) / np.sqrt(len(group.predicted)) for group in groups]
    exact = [group.exact.mean() for group in groups]
    axes.errorbar(
        sizes, means, bars, fmt="o-", capsize=3, color=colour, label=_exponent(finding, "mean")
    )
    axes.plot(sizes, exact, color=INK, lw=1, ls="--", label="exact first order")
    axes.plot(sizes, means[0] * sizes[0] / sizes, color=INK, lw=1, ls=":", label="1/B_E")
    axes.axhline(0, color=GRID, lw=2, zorder=0)
    axes.set_ylabel("mean prediction, with 2 standard errors (nats)", color=INK)
    axes.legend(frameon=False, fontsize=9)


def _exponent(finding: Finding, name: str) -> str:
    exponent = finding.numbers.get(f"{name}_exponent")
    if exponent is None:
        return "measured"
    return (
        f"measured: B_E^{exponent['value']:.2f} ({exponent['low']:.2f} to {exponent['high']:.2f})"
    )


def _draw_covers(axes: Axes, finding: Finding) -> None:
    covers = finding.numbers.get("cover", {})
    axes.axhspan(0.93, 0.97, color=GRID, zorder=0, label="93 to 97 %")
    judged = GOOD if finding.is_sound else BAD
    for place, (name, cover) in enumerate(covers.items()):
        value, low, high = cover["coverage"].values()
        bars = [[value - low], [high - value]]
        colour = OTHER if name == BESIDE else judged
        axes.errorbar(place, value, bars, fmt="o", capsize=4, color=colour)
    names = ["U-statistic\n(not judged)" if name == BESIDE else str(name) for name in covers]
    axes.set_xticks(range(len(covers)), names)
    axes.set_xlim(-0.6, max(len(covers), 1) - 0.4)
    lowest = [cover["coverage"]["low"] - 0.02 for cover in covers.values()]
    axes.set_ylim(min([_ENDS[0], *lowest]), _ENDS[1])
    axes.yaxis.set_major_formatter(PercentFormatter(1))
    axes.set_ylabel("runs whose 2 standard errors hold the truth", color=INK)
    axes.legend(frameon=False, fontsize=9)


def _plain(axes: Axes) -> None:
    axes.grid(color=GRID, lw=0.6)
    axes.set_axisbelow(True)
    axes.tick_params(colors=INK)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
