"""The picture of values: every cell its colour and number, the truth beside it, errors ringed."""

import re
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

from hexray.game.values_picture import values_svg

SVG = "{http://www.w3.org/2000/svg}"
Cells = list[tuple[str, str]]


def boards(svg: str) -> tuple[ElementTree.Element, ElementTree.Element | None]:
    root = ElementTree.fromstring(svg)
    return root, root.find(f"{SVG}g")


def cells_in(element: ElementTree.Element) -> Cells:
    """Return the description and the colour of the cells right in an element, not deeper."""
    found = []
    for cell in element.findall(f"{SVG}polygon[@class='cell']"):
        title = cell.find(f"{SVG}title")
        assert title is not None
        found.append((str(title.text), cell.attrib["style"].removeprefix("fill: ")))
    return found


def rgb(colour: str) -> np.ndarray:
    return np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)])


@pytest.mark.parametrize("size", [2, 3, 5, 8, 11, 19])
def test_every_cell_is_there_on_both_boards(size: int) -> None:
    area = size * size
    value = np.linspace(-1, 1, area)
    root, truth = boards(values_svg(size, value.tolist(), [True] * area, title="t"))
    assert truth is not None
    assert [len(cells_in(part)) for part in (root, truth)] == [area, area]
    edges = root.iter(f"{SVG}polygon")
    assert sum(edge.get("class") == "edge" for edge in edges) == 8
    coordinates = [e.text for e in root.iter(f"{SVG}text") if e.get("class") == "coordinate"]
    for name in ["a", chr(ord("a") + size - 1), "1", str(size)]:
        assert coordinates.count(name) == 4


def test_a_cell_says_its_name_and_value() -> None:
    root, truth = boards(
        values_svg(2, [0.125, -0.5, 1, -0.004], [True, False, True, True], title="")
    )
    assert [words for words, _ in cells_in(root)] == [
        "a1 +0.12",
        "b1 -0.50",
        "a2 +1.00",
        "b2 -0.00",
    ]
    assert truth is not None
    assert [words for words, _ in cells_in(truth)] == ["a1 Red", "b1 Blue", "a2 Red", "b2 Red"]
    numbers = [e.text for e in root.findall(f"{SVG}text") if e.text and e.text[0] in "+-"]
    assert numbers[:4] == ["+0.12", "-0.50", "+1.00", "-0.00"]


def test_the_colour_goes_from_blue_over_pale_to_red() -> None:
    value = np.linspace(-1, 1, 361)
    root, _ = boards(values_svg(19, value.tolist(), None, title=""))
    colours = np.array([rgb(colour) for _, colour in cells_in(root)])
    redder = colours[:, 0] - colours[:, 2]
    assert np.all(np.diff(redder) >= 0)
    assert redder[0] < -100
    assert redder[-1] > 100
    assert colours[180].min() > 240
    # The bands at Red's sides have the colour of a move that wins for Red.
    edges = [e.attrib["fill"] for e in root.iter(f"{SVG}polygon") if e.get("class") == "edge"]
    assert (colours[-1] == rgb(edges[0])).all()
    assert (colours[0] == rgb(edges[1])).all()


def test_just_the_wrong_values_are_ringed() -> None:
    value, truth = [0.3, -0.3, 0.0, 0.3], [True, True, False, False]
    root, _ = boards(values_svg(2, value, truth, title=""))
    cells = root.findall(f"{SVG}polygon[@class='cell']")
    rings = root.findall(f"{SVG}polygon[@class='wrong']")
    assert [middle(ring) for ring in rings[:3]] == [middle(cells[at]) for at in (1, 2, 3)]
    assert len(rings) == 4  # and the one of the legend


def middle(shape: ElementTree.Element) -> tuple[int, int]:
    points = np.array([p.split(",") for p in shape.attrib["points"].split()], float)
    x, y = points.mean(axis=0)
    return round(x), round(y)


def test_without_the_truth_there_is_one_board_and_no_ring() -> None:
    root, truth = boards(values_svg(3, [0.0] * 9, None, title=""))
    assert truth is None
    assert not [e for e in root.iter(f"{SVG}polygon") if e.get("class") == "wrong"]


@pytest.mark.parametrize("size", range(2, 20))
@pytest.mark.parametrize("with_truth", [False, True])
def test_everything_lies_within_the_picture_and_the_boards_do_not_touch(
    size: int, with_truth: bool
) -> None:
    area = size * size
    truth = [True] * area if with_truth else None
    root, other = boards(values_svg(size, [0.5] * area, truth, title="values"))
    left, top, width, height = map(float, root.attrib["viewBox"].split())
    points = list(absolute(root))
    if other is not None:
        shift = float(re.findall(r"translate\(([0-9.]+) 0\)", other.attrib["transform"])[0])
        beside = [(x + shift, y) for x, y in absolute(other)]
        rows = {y for _, y in absolute(other)} & {y for _, y in points}
        for row in rows:
            mine = [x for x, y in points if y == row and y < 1.5 * 30 * size]
            theirs = [x for x, y in beside if y == row]
            assert not mine or max(mine) + 15 < min(theirs)
        points += beside
    for x, y in points:
        assert left + 8 < x < left + width - 8
        assert top < y < top + height


def absolute(element: ElementTree.Element) -> list[tuple[float, float]]:
    """The corners and text positions right in an element."""
    found = [
        tuple(map(float, point.split(",")))
        for shape in element.findall(f"{SVG}polygon")
        for point in shape.attrib["points"].split()
    ]
    found += [(float(t.attrib["x"]), float(t.attrib["y"])) for t in element.findall(f"{SVG}text")]
    return [(x, y) for x, y in found]


@pytest.mark.parametrize("title", ["</title><script>alert(1)</script>", "\x00\ud800&<", "x" * 999])
def test_a_hostile_title_stays_text(title: str) -> None:
    root = ElementTree.fromstring(values_svg(2, [0.0] * 4, None, title=title).encode())
    assert not list(root.iter(f"{SVG}script"))
