"""Curves as SVG: where points come to lie, what is drawn of much and of nothing."""

import re
from xml.etree import ElementTree

import pytest

from hexray.page.curves import MOST_POINTS, Curve, chart, curve_of, rate_of, ticks

SVG = "{http://www.w3.org/2000/svg}"


def drawn(figure: str) -> ElementTree.Element:
    """Parse the SVG of a figure."""
    [svg] = re.findall(r"<svg.*</svg>", figure)
    return ElementTree.fromstring(svg)


def lines(figure: str) -> list[list[tuple[float, float]]]:
    """Return the points of every curve, in pixels."""
    return [
        [(float(x), float(y)) for x, y in (pair.split(",") for pair in line.get("points").split())]
        for line in drawn(figure).iter("polyline")
    ]


def test_time_goes_to_the_right_and_values_up_within_the_picture() -> None:
    figure = chart(
        "Loss", [Curve("policy", [(0.0, 1.0), (5.0, 3.0), (10.0, 2.0)])], "{:.0f}".format
    )
    [[first, middle, last]] = lines(figure)
    assert first[0] < middle[0] < last[0]
    assert middle[1] < last[1] < first[1]
    width, height = (float(part) for part in drawn(figure).get("viewBox").split()[2:])
    assert all(0 <= x <= width and 0 <= y <= height for x, y in (first, middle, last))
    assert middle[0] - first[0] == pytest.approx(last[0] - middle[0], abs=0.2)


def test_a_curve_that_begins_at_zero_stands_on_the_axis() -> None:
    figure = chart("Speed", [Curve("all", [(0.0, 50.0), (1.0, 100.0)])], str, from_zero=True)
    labels = [part.text for part in drawn(figure).iter("text")]
    assert "0.0" in labels
    [[low, high]] = lines(figure)
    bottom = max(float(part.get("y")) for part in drawn(figure).iter("text") if part.text == "0.0")
    assert bottom - high[1] == pytest.approx(2 * (bottom - low[1]), abs=0.3)


def test_a_band_goes_from_low_to_high_around_its_curve() -> None:
    metrics = [
        {"minutes": 1.0, "elo": 10.0, "low": 0.0, "high": 30.0},
        {"minutes": 2.0, "elo": 20.0},  # not measured whole
        {"minutes": 3.0, "elo": 20.0, "low": 10.0, "high": 40.0},
    ]
    curve = curve_of(metrics, "elo", "newest", ("low", "high"))
    assert curve == Curve("newest", [(1.0, 10.0), (3.0, 20.0)], [(0.0, 30.0), (10.0, 40.0)])
    [band] = drawn(chart("Rating", [curve], str)).iter("polygon")
    assert len(band.get("points").split()) == 4


@pytest.mark.parametrize("points", [[], [(0.0, 0.0)], [(2.0, 5.0)], [(0.0, 1.0), (9.0, 1.0)]])
def test_little_is_drawn_too(points: list[tuple[float, float]]) -> None:
    figure = chart("Loss", [Curve("policy", points)], "{:.2f}".format)
    assert ("not measured yet" in figure) == (not points)
    assert figure.count("<polyline") == bool(points)
    assert "nan" not in figure


def test_of_many_points_their_means_are_drawn_and_the_last_as_it_is() -> None:
    metrics = [{"minutes": float(minute), "loss": minute % 2} for minute in range(10_000)]
    curve = curve_of(metrics, "loss", "policy")
    assert len(curve.points) <= MOST_POINTS + 1
    assert curve.points[-1] == (9999.0, 1.0)
    assert {value for _, value in curve.points[:-2]} <= {0.48, 0.52, 0.5}


def test_a_rate_is_what_a_total_grows_by_in_a_second() -> None:
    metrics = [{"minutes": 1.0, "games": 0}, {"minutes": 2.0, "games": 120}, {"minutes": 2.5}]
    metrics += [{"minutes": 3.0, "games": 60}, {"minutes": 4.0, "games": 120}]
    assert rate_of(metrics, "games", "games/s").points == [(2.0, 2.0), (4.0, 1.0)]


def test_names_are_text_and_no_markup() -> None:
    figure = chart("<Loss> & more", [Curve("<b>policy", [(0.0, 1.0)])], str)
    assert "&lt;Loss&gt; &amp; more" in figure
    assert "<b>policy" not in figure


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0.0, 1.0, [0, 0.2, 0.4, 0.6, 0.8, 1.0]),
        (0.0, 12.0, [0, 2, 4, 6, 8, 10, 12]),
        (-95.0, 231.0, [0, 100, 200]),
        (0.94, 1.003, [0.94, 0.96, 0.98, 1.0]),
        (3.0, 3.0, [3.0]),
    ],
)
def test_ticks_are_round_numbers(low: float, high: float, expected: list[float]) -> None:
    assert ticks(low, high) == pytest.approx(expected)
