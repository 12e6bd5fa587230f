"""Curves over training time as inline SVG, in the colours of the page they stand on."""

import math
from collections.abc import Callable, Mapping, Sequence
from html import escape
from itertools import pairwise
from typing import Any, NamedTuple

MOST_POINTS = 400
_MOST_RATES = 80
_WIDTH, _HEIGHT = 640.0, 260.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 58.0, 10.0, 10.0, 34.0
_COLOURS = 6

Form = Callable[[float], str]


class Curve(NamedTuple):
    """A line through ``(minutes, value)``; ``band`` holds a low and a high value for each."""

    name: str
    points: list[tuple[float, float]]
    band: list[tuple[float, float]] | None = None


def curve_of(
    metrics: Sequence[Mapping[str, Any]], key: str, name: str, band: tuple[str, str] | None = None
) -> Curve:
    """Take a curve from the lines of ``metrics.jsonl``; ``band`` names two other keys."""
    held = [line for line in metrics if all(k in line for k in (key, *(band or ())))]
    points = [(float(line["minutes"]), float(line[key])) for line in held]
    if band is None:
        return Curve(name, _thinned(points))
    low, high = band
    return Curve(name, points, [(float(line[low]), float(line[high])) for line in held])


def rate_of(metrics: Sequence[Mapping[str, Any]], key: str, name: str) -> Curve:
    """Take what a total grew by in a second, between lines that are some way apart."""
    held = [(float(line["minutes"]), float(line[key])) for line in metrics if key in line]
    held = held[:: max(1, len(held) // _MOST_RATES)]
    points = [
        (now, (total - before) / (60 * (now - then)))
        for (then, before), (now, total) in pairwise(held)
        if now > then and total >= before
    ]
    return Curve(name, points)


def chart(title: str, curves: Sequence[Curve], form: Form, *, from_zero: bool = False) -> str:
    """Draw curves on common axes as a figure of HTML; those without points are left out.

    ``form`` writes a value. Without any points the figure says so.
    """
    shown = [curve for curve in curves if curve.points]
    head = f"<figcaption>{escape(title)}</figcaption>"
    if not shown:
        return f'<figure>{head}<p class="missing">not measured yet</p></figure>'
    low, high = _range(shown, from_zero)
    last = max(minute for curve in shown for minute, _ in curve.points)
    scale = _Scale(max(last, 1e-3), low, high)
    body = [*_axes(scale, form)]
    for index, curve in enumerate(shown):
        body += _drawn(curve, scale, f"c{index % _COLOURS}")
    legend = "".join(
        f'<li><span class="key c{index % _COLOURS}"></span>{escape(curve.name)} '
        f"<b>{form(curve.points[-1][1])}</b></li>"
        for index, curve in enumerate(shown)
    )
    svg = (
        f'<svg class="chart" viewBox="0 0 {_WIDTH:g} {_HEIGHT:g}" role="img" '
        f'aria-label="{escape(title)}">{"".join(body)}</svg>'
    )
    return f'<figure>{head}{svg}<ul class="legend">{legend}</ul></figure>'


def ticks(low: float, high: float, most: int = 6) -> list[float]:
    """Return round numbers from ``low`` to ``high``, both included where they are round."""
    if not high > low:
        return [low]
    rough = (high - low) / most
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 2.5, 5, 10) if power * factor >= rough)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [index * step for index in range(first, last + 1)]


class _Scale(NamedTuple):
    """From minutes and values to pixels."""

    last: float
    low: float
    high: float

    def x(self, minutes: float) -> float:
        return _LEFT + (_WIDTH - _LEFT - _RIGHT) * minutes / self.last

    def y(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low)
        return _HEIGHT - _BOTTOM - (_HEIGHT - _TOP - _BOTTOM) * share


def _range(curves: Sequence[Curve], from_zero: bool) -> tuple[float, float]:
    values = [value for curve in curves for _, value in curve.points]
    values += [value for curve in curves for pair in curve.band or () for value in pair]
    low, high = min(values), max(values)
    if from_zero:
        low = min(low, 0.0)
    room = 0.05 * (high - low) or 0.05 * abs(high) or 1.0
    return (low if from_zero and low == 0 else low - room), high + room


def _axes(scale: _Scale, form: Form) -> list[str]:
    parts = []
    for value in ticks(scale.low, scale.high):
        y = scale.y(value)
        parts.append(f'<path class="grid" d="M{_LEFT:g} {y:.1f}H{_WIDTH - _RIGHT:g}"/>')
        parts.append(f'<text class="tick y" x="{_LEFT - 8:g}" y="{y:.1f}">{form(value)}</text>')
    unit, minutes = ("hours", 60.0) if scale.last > 180 else ("minutes", 1.0)
    for value in ticks(0.0, scale.last / minutes, 8):
        x, y = scale.x(value * minutes), _HEIGHT - _BOTTOM + 16
        parts.append(f'<text class="tick x" x="{x:.1f}" y="{y:g}">{value:g}</text>')
    middle = (_LEFT + _WIDTH - _RIGHT) / 2
    words = f"training time ({unit})"
    parts.append(f'<text class="tick x" x="{middle:g}" y="{_HEIGHT - 2:g}">{words}</text>')
    return parts


def _drawn(curve: Curve, scale: _Scale, colour: str) -> list[str]:
    at = [(scale.x(minutes), scale.y(value)) for minutes, value in curve.points]
    parts = []
    if curve.band:
        xs = [x for x, _ in at]
        above = [(x, scale.y(high)) for x, (_, high) in zip(xs, curve.band, strict=True)]
        below = [(x, scale.y(low)) for x, (low, _) in zip(xs, curve.band, strict=True)]
        parts.append(f'<polygon class="band {colour}" points="{_joined(above + below[::-1])}"/>')
    parts.append(f'<polyline class="curve {colour}" points="{_joined(at)}"/>')
    x, y = at[-1]
    parts.append(f'<circle class="end {colour}" cx="{x:.1f}" cy="{y:.1f}" r="3.5"/>')
    return parts


def _joined(points: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)


def _thinned(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return means of neighbours where there are many points; the last one stays as it is."""
    group = -(-len(points) // MOST_POINTS)
    if group <= 1:
        return points
    parts = [points[first : first + group] for first in range(0, len(points) - 1, group)]
    means = [(sum(x for x, _ in p) / len(p), sum(y for _, y in p) / len(p)) for p in parts]
    return [*means, points[-1]]
