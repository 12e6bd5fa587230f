"""The picture of short trainings: nothing of it may lie outside."""

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from hexray.probes.lesson_picture import Line, draw_lessons

NOTE = "(gradient 2.35, 0% clipped)"


@pytest.mark.parametrize(
    "losses",
    [
        {"learner": [1.64, 1.69], "plain loop": [1.84, 1.97, 2.2, 2.25]},
        {"learner": [1.64, 1.69], "best": [1.2, 1.61], "worst": [1.7, 9.0]},
        {"learner": [1.5, 1.5], "same": [1.5]},
        {"learner": [2.0, None], "broken": [None, None]},
    ],
)
def test_every_seed_and_every_label_is_within_the_axes(
    losses: dict[str, list[float | None]],
) -> None:
    figure = Figure(figsize=(12.6, 7.5))
    canvas = FigureCanvasAgg(figure)
    lines = [Line(name, seeds, "teal", NOTE) for name, seeds in losses.items()]
    draw_lessons(figure, lines, "nothing hurts", "learner")
    canvas.draw()
    (axes,) = figure.axes
    low, high = axes.get_xlim()
    drawn = [float(x) for line in axes.get_lines() for x in line.get_xdata()]
    assert all(low < x < high for x in drawn)
    assert {loss for seeds in losses.values() for loss in seeds if loss} <= set(drawn)
    inside = axes.get_window_extent()
    for text in axes.texts:
        label = text.get_window_extent()
        assert inside.x0 <= label.x0, text.get_text()
        assert label.x1 <= inside.x1, text.get_text()
