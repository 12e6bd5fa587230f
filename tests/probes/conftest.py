"""Every picture that a probe draws in a test is looked at: what it says must be within it."""

from typing import Any

import pytest
from matplotlib.axis import Tick
from matplotlib.figure import Figure
from matplotlib.text import Text

# A tick that is off its axis has words too, which are not drawn; so ticks are not looked at.
_SLACK = 1.0
"""Pixels by which a letter may reach over the edge."""


@pytest.fixture(autouse=True)
def _no_words_leave_a_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    save = Figure.savefig

    def looked_at(figure: Figure, *arguments: Any, **others: Any) -> None:
        save(figure, *arguments, **others)
        page = figure.bbox
        ticks = {tick for axes in figure.axes for tick in axes.findobj(Tick)}
        unseen = {text for tick in ticks for text in tick.findobj(Text)}
        for text in set(figure.findobj(Text)) - unseen:
            if isinstance(text, Text) and text.get_visible() and text.get_text():
                box = text.get_window_extent()
                assert box.x0 >= page.x0 - _SLACK, text.get_text()
                assert box.x1 <= page.x1 + _SLACK, text.get_text()
                assert box.y0 >= page.y0 - _SLACK, text.get_text()
                assert box.y1 <= page.y1 + _SLACK, text.get_text()

    monkeypatch.setattr(Figure, "savefig", looked_at)
