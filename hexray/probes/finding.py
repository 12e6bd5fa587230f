"""What a probe found: a sentence for people, numbers for programs, and a picture."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from hexray.files import atomic_write

RESULTS_FILE, PICTURE_FILE = "results.json", "picture.png"
INK, GRID = "#33312e", "#e4e0d8"
GOOD, BAD, OTHER = "#1f6f78", "#d1662b", "#4b4e9d"
"""Colours of all pictures: as it should be, as it should not, and what it is compared with."""

Draw = Callable[[Figure], object]
"""Draws what was found into a figure that has its title already."""


class Finding(NamedTuple):
    """The answer of a probe.

    probe     its name
    verdict   the answer in a few words, which the picture says too
    sentence  what was found, with the numbers it rests on, and what to do about it
    is_sound  whether nothing is wrong
    numbers   all that was measured, as JSON takes it; a number that is not there is None
    """

    probe: str
    verdict: str
    sentence: str
    is_sound: bool
    numbers: Mapping[str, Any]


def write_finding(folder: Path, finding: Finding, draw: Draw | None = None) -> None:
    """Write ``results.json`` and, where there is something to see, ``picture.png``.

    ``draw`` draws below the title, which is probe and verdict. Raises ValueError for a number that
    is not finite, and OSError.
    """
    text = json.dumps(finding._asdict(), indent=2, allow_nan=False) + "\n"
    atomic_write(folder / RESULTS_FILE, text.encode())
    if draw is None:
        return
    figure = Figure(figsize=(9, 5.4), dpi=140, layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    title = f"{finding.probe}: {finding.verdict}"
    figure.suptitle(title, fontsize=13, fontweight="bold", color=INK, parse_math=False)
    draw(figure)
    atomic_write(folder / PICTURE_FILE, lambda file: figure.savefig(file, format="png"))
