"""``hexray probe speed`` and ``memory``: what each kind of player costs on this machine."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from hexray.machine import cpu_model
from hexray.probes.caption import caption
from hexray.probes.finding import BAD, GOOD, GRID, INK, OTHER, Finding
from hexray.probes.player_kinds import Measured
from hexray.report import label_ends

SPEED, MEMORY = "speed", "memory"
GROWTH_MB = 50.0
"""Memory that a player may gain in the later half of its play and is still taken to keep none."""
_FEW = 5


def find_speed(measured: Sequence[Measured], board: int) -> Finding:
    """Say how fast each kind plays, and which one slows down as it plays."""
    rows = {each.kind: speed_row(each) for each in measured}
    slowing = [each.kind for each in measured if _slows(each)]
    few = [each.kind for each in measured if len(each.ms) < _FEW]
    parts = [
        f"{kind} {row['per_s']:,.0f} moves/s, {row['ms_median']:.3g} ms a move alone "
        f"(95 % within {row['ms_p95']:.3g})"
        for kind, row in rows.items()
    ]
    sentence = f"{board}x{board} on {cpu_model()}: {'; '.join(parts)}"
    verdict = f"{len(measured)} kinds of players measured"
    if slowing:
        verdict = f"slows down: {', '.join(slowing)}"
        sentence += f". {', '.join(slowing)} takes twice as long a move in the end as in the middle"
    elif few:
        verdict = f"too few moves to judge: {', '.join(few)}"
        sentence += f". {', '.join(few)} made fewer than {_FEW} moves: give more --seconds"
    return Finding(
        SPEED, verdict, sentence, not slowing and not few, {"board": board, "kinds": rows}
    )


def find_memory(measured: Sequence[Measured], board: int) -> Finding:
    """Say how much memory each kind takes, and which one takes ever more."""
    rows = {each.kind: memory_row(each) for each in measured}
    growing = [kind for kind, row in rows.items() if row["growth_mb"] > GROWTH_MB]
    parts = [
        f"{kind} {row['peak_mb']:,.0f} MB, {row['before_mb']:,.0f} of it before it plays"
        + (f", a tree {row['tree_bytes'] / 1024:,.0f} KiB" if row["tree_bytes"] else "")
        for kind, row in rows.items()
    ]
    sentence = f"{board}x{board}, a process each, at most: {'; '.join(parts)}"
    verdict = f"{len(measured)} kinds of players measured"
    if growing:
        verdict = f"takes ever more: {', '.join(growing)}"
        most = max(rows[kind]["growth_mb"] for kind in growing)
        sentence += f". {', '.join(growing)} gained {most:,.0f} MB in the later half of its play"
    return Finding(MEMORY, verdict, sentence, not growing, {"board": board, "kinds": rows})


def speed_row(each: Measured) -> dict[str, Any]:
    """Return the figures of one kind: moves a second, and milliseconds of a move alone."""
    return {
        "per_s": each.per_s,
        "together": each.together,
        "alone_per_s": 1000 / float(np.mean(each.ms)),
        "ms_median": float(np.median(each.ms)),
        "ms_p95": float(np.percentile(each.ms, 95)),
        "moves": len(each.ms),
    }


def memory_row(each: Measured) -> dict[str, Any]:
    """Return the figures of one kind in MB; growth is that of the later half of its play."""
    middle = each.later_mb[len(each.later_mb) // 2]
    return {
        "before_mb": each.before_mb,
        "peak_mb": each.peak_mb,
        "growth_mb": each.later_mb[-1] - middle,
        "tree_bytes": each.tree_bytes,
        "together": each.together,
    }


def draw_costs(measured: Sequence[Measured], finding: Finding) -> Callable[[Figure], None]:
    """Return what draws either finding."""
    draw = _draw_speed if finding.probe == SPEED else _draw_memory
    return lambda figure: draw(figure, measured, finding)


def _draw_speed(figure: Figure, measured: Sequence[Measured], finding: Finding) -> None:
    """Draw moves a second and milliseconds a move of each kind."""
    left, right = figure.subplots(1, 2, sharey=True)
    kinds = [each.kind for each in measured]
    rows = [speed_row(each) for each in measured]
    places = np.arange(len(kinds))
    left.barh(places - 0.2, [row["per_s"] for row in rows], 0.38, color=GOOD, label="many at once")
    left.barh(places + 0.2, [row["alone_per_s"] for row in rows], 0.38, color=OTHER, label="alone")
    left.set_xscale("log")
    left.set_title("moves a second", fontsize=9, color=INK)
    left.legend(fontsize=8)
    right.barh(places, [row["ms_p95"] for row in rows], 0.5, color=GRID, label="95 % within")
    right.barh(places, [row["ms_median"] for row in rows], 0.25, color=OTHER, label="median")
    right.set_xscale("log")
    right.set_title("milliseconds a move, one game", fontsize=9, color=INK)
    right.legend(fontsize=8)
    left.set_yticks(places, kinds)
    left.invert_yaxis()
    caption(figure, finding.sentence)


def _draw_memory(figure: Figure, measured: Sequence[Measured], finding: Finding) -> None:
    """Draw what each kind takes, and memory over the time that it played."""
    left, right = figure.subplots(1, 2)
    kinds = [each.kind for each in measured]
    places = np.arange(len(kinds))
    left.barh(places, [each.peak_mb for each in measured], 0.6, color=GOOD, label="at most")
    left.barh(places, [each.before_mb for each in measured], 0.3, color=OTHER, label="at first")
    left.set_yticks(places, kinds)
    left.invert_yaxis()
    left.set_xlim(0, 1.35 * max(each.peak_mb for each in measured))
    left.set_title("MB of a process that plays", fontsize=9, color=INK)
    left.legend(fontsize=8, loc="upper right")
    for each in measured:
        grows = memory_row(each)["growth_mb"] > GROWTH_MB
        share = np.linspace(0, 1, len(each.later_mb))
        right.plot(share, each.later_mb, color=BAD if grows else GOOD, linewidth=1.2)
    right.set_title("MB while many games are played at once", fontsize=9, color=INK)
    right.set_ylim(0, 1.15 * max(max(each.later_mb) for each in measured))
    right.set_xlim(0, 1)
    label_ends(right, [(each.later_mb[-1], each.kind, INK) for each in measured])
    right.grid(color=GRID)
    right.set_axisbelow(True)
    caption(figure, finding.sentence)


def _slows(each: Measured) -> bool:
    """Whether moves take twice as long in the last third as in the one before."""
    third = len(each.ms) // 3
    if third < _FEW:
        return False
    before, last = np.median(each.ms[third : 2 * third]), np.median(each.ms[-third:])
    return bool(last > 2 * before)
