"""The sentence below a picture."""

import textwrap

from matplotlib.figure import Figure

from hexray.probes.finding import INK

_LETTERS = 13
"""To an inch, at this size."""


def caption(figure: Figure, sentence: str) -> None:
    """Write what was found below all that is drawn."""
    text = textwrap.fill(sentence, int(_LETTERS * figure.get_figwidth()))
    figure.supxlabel(text, fontsize=9, color=INK, x=0.01, ha="left", parse_math=False)
