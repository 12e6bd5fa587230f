"""The SVG picture of a board: well-formed, complete, and true to what is to be shown."""

import random
import xml.etree.ElementTree as ElementTree
from itertools import pairwise
from typing import Any

import networkx
import numpy as np
import oracle
import pytest

from hexray.errors import HexrayError, IllegalMove, OffBoard, SettingsError
from hexray.game.board import BLUE, RED, play_sequence
from hexray.game.notation import move_name, parse_moves
from hexray.game.picture import board_svg
from hexray.game.shown import Mark, Shown, after_moves, winning_chain

SVG = "{http://www.w3.org/2000/svg}"
# Red: a1 a2 a3 joins top and bottom in the last move.
RED_WINS = parse_moves("a1 b1 a2 b2 a3", 3)
# Blue: a2 b2 c1 joins left and right; b3 is no part of it.
BLUE_WINS = parse_moves("a1 a2 b1 b3 a3 c1 c3 b2", 3)


def random_game(size: int, seed: int) -> list[int]:
    """Play random moves until the board module says somebody has won."""
    moves: list[int] = []
    for cell in np.random.default_rng(seed).permutation(size * size):
        moves.append(int(cell))
        if play_sequence(size, moves).winner[0]:
            break
    return moves


def drawn(svg: str, tag: str, kind: str) -> list[ElementTree.Element]:
    """Find the elements of one class in a picture, which must be well-formed XML."""
    return [e for e in ElementTree.fromstring(svg).iter(SVG + tag) if e.get("class") == kind]


@pytest.mark.parametrize("size", range(2, 20))
def test_every_size_has_its_cells_coordinates_and_edges(size: int) -> None:
    svg = board_svg(after_moves(size, [], title="empty"))
    assert len(drawn(svg, "polygon", "cell")) == size * size
    assert len(drawn(svg, "polygon", "edge")) == 4
    names = [element.text for element in drawn(svg, "text", "coordinate")]
    letters = [chr(ord("a") + column) for column in range(size)]
    numbers = [str(row + 1) for row in range(size)]
    assert sorted(map(str, names)) == sorted(2 * (letters + numbers))


@pytest.mark.parametrize("size", range(2, 20))
def test_everything_lies_within_the_picture(size: int) -> None:
    root = ElementTree.fromstring(board_svg(after_moves(size, random_game(size, 1), title="game")))
    left, top, width, height = map(float, root.attrib["viewBox"].split())
    points = [p for e in root.iter() for p in e.get("points", "").split()]
    points += [f"{e.get('x')},{e.get('y')}" for e in root.iter(SVG + "text")]
    for point in points:
        x, y = map(float, point.split(","))
        assert left < x < left + width
        assert top < y < top + height


def test_red_owns_the_edges_above_and_below_and_blue_those_at_the_sides() -> None:
    edges = drawn(board_svg(after_moves(5, [], title="")), "polygon", "edge")
    middles = {}
    for name, edge in zip(["top", "right", "bottom", "left"], edges, strict=True):
        points = np.array([p.split(",") for p in edge.attrib["points"].split()], float)
        middles[name] = points.mean(axis=0)
    assert edges[0].get("fill") == edges[2].get("fill") != edges[1].get("fill")
    assert edges[1].get("fill") == edges[3].get("fill")
    assert middles["top"][1] < middles["bottom"][1]
    assert middles["left"][0] < middles["right"][0]


def test_stones_carry_their_number_in_the_game_and_the_last_one_a_ring() -> None:
    svg = board_svg(after_moves(3, RED_WINS, title="game"))
    assert len(drawn(svg, "circle", "stone")) == 5
    assert [e.text for e in drawn(svg, "text", "number")] == ["1", "2", "3", "4", "5"]
    [ring], last = drawn(svg, "circle", "last"), drawn(svg, "circle", "stone")[-1]
    assert (ring.get("cx"), ring.get("cy")) == (last.get("cx"), last.get("cy"))


def test_opening_stones_are_paler_and_have_no_number() -> None:
    svg = board_svg(after_moves(3, RED_WINS, title="game", opening=2))
    assert [e.text for e in drawn(svg, "text", "number")] == ["3", "4", "5"]
    fills = [e.get("fill") for e in drawn(svg, "circle", "stone")]
    assert fills[0] != fills[2]
    assert fills[2] == fills[4]


def test_two_neighbours_touch_and_two_strangers_do_not() -> None:
    cells = drawn(board_svg(after_moves(3, [], title="")), "polygon", "cell")
    corners = [set(cell.attrib["points"].split()) for cell in cells]
    b1, a2, a1, b2 = (parse_moves(name, 3)[0] for name in ("b1", "a2", "a1", "b2"))
    assert len(corners[b1] & corners[a2]) == 2
    assert len(corners[a1] & corners[b2]) == 0


@pytest.mark.parametrize(
    ("moves", "chain"),
    [(RED_WINS, "a1 a2 a3"), (BLUE_WINS, "a2 b2 c1"), (RED_WINS[:-1], ""), ([], "")],
)
def test_the_chain_is_the_shortest_from_side_to_side(moves: list[int], chain: str) -> None:
    cells = after_moves(3, moves, title="").cells
    assert winning_chain(3, cells) == parse_moves(chain, 3)


def shortest(size: int, cells: list[int], colour: int) -> int:
    """Count the stones of a shortest chain from side to side by networkx; 0 without any."""
    graph: networkx.Graph[Any] = networkx.Graph()
    graph.add_nodes_from(["first", "last"])
    own = [cell for cell in range(size * size) if cells[cell] == colour]
    for cell in own:
        depth = divmod(cell, size)[0 if colour == RED else 1]
        graph.add_edges_from(
            (cell, other) for other in oracle.neighbours(cell, size) if other in own
        )
        graph.add_edges_from([("first", cell)] if depth == 0 else [])
        graph.add_edges_from([("last", cell)] if depth == size - 1 else [])
    if not networkx.has_path(graph, "first", "last"):
        return 0
    return len(networkx.shortest_path(graph, "first", "last")) - 2


@pytest.mark.parametrize("size", [2, 3, 5, 8, 11, 19])
@pytest.mark.parametrize("seed", range(8))
def test_the_chain_of_stones_that_lie_in_any_way_is_as_short_as_networkx_finds(
    size: int, seed: int
) -> None:
    rng = random.Random(seed)
    cells = [rng.choices([RED, BLUE, 0], [5, 5 - seed % 4, seed % 3])[0] for _ in range(size**2)]
    chain = winning_chain(size, cells)
    winner = oracle.winner_of(cells, size)
    assert {cells[cell] for cell in chain} == ({winner} if winner else set())
    assert len(chain) == (shortest(size, cells, winner) if winner else 0)
    for one, other in pairwise(chain):
        assert other in oracle.neighbours(one, size)
    ends = [divmod(cell, size)[0 if winner == RED else 1] for cell in chain]
    assert ends[:1] + ends[-1:] == ([0, size - 1] if winner else [])


def test_a_line_is_drawn_through_the_chain_only_when_somebody_has_won() -> None:
    assert len(drawn(board_svg(after_moves(3, RED_WINS, title="")), "polyline", "chain")) == 1
    assert len(drawn(board_svg(after_moves(3, RED_WINS[:-1], title="")), "polyline", "chain")) == 0


@pytest.mark.parametrize(
    "title",
    ['</title><script>alert("1")</script>', "a & b", "<", "\x00\x1b[31m\n", "\ud800", "x" * 5000],
)
def test_a_hostile_title_stays_text(title: str) -> None:
    svg = board_svg(after_moves(3, [], title=title))
    root = ElementTree.fromstring(svg.encode("utf-8"))
    assert not list(root.iter(SVG + "script"))
    assert len(list(root.iter(SVG + "title"))) == 1


def test_an_illegal_game_is_refused() -> None:
    with pytest.raises(IllegalMove, match="a1 is occupied"):
        board_svg(after_moves(3, [0, 0], title=""))


def test_more_opening_stones_than_moves_are_refused() -> None:
    with pytest.raises(IllegalMove, match="3 opening stones in a game of 2 moves"):
        board_svg(after_moves(3, [0, 1], title="", opening=3))


@pytest.mark.parametrize("size", [-1, 0, 1, 20])
def test_a_size_out_of_range_is_refused(size: int) -> None:
    with pytest.raises(SettingsError, match="out of range"):
        board_svg(after_moves(size, [], title=""))


CELLS = oracle.parse_board("R . B  . R .  B . .")
PLAIN = Shown(3, CELLS)
"""R . B, then . R ., then B . ."""


def told(svg: str, tag: str, kind: str) -> list[str]:
    """Return what the elements of a class say to who asks."""
    return [str(element.findtext(f"{SVG}title", "")) for element in drawn(svg, tag, kind)]


@pytest.mark.parametrize("size", [2, 7, 19])
def test_every_stone_is_drawn_on_its_cell_in_its_colour_with_its_number(size: int) -> None:
    moves = random_game(size, 5)
    svg = board_svg(after_moves(size, moves, title=""))
    stones = told(svg, "circle", "stone")
    assert stones == [f"{ply}. {move_name(move, size)}" for ply, move in enumerate(moves, 1)]
    fills = [stone.attrib["fill"] for stone in drawn(svg, "circle", "stone")]
    red, blue = (drawn(svg, "polygon", "edge")[side].attrib["fill"] for side in (0, 1))
    assert fills == [blue if ply % 2 else red for ply in range(len(moves))]
    middles = [middle(cell) for cell in drawn(svg, "polygon", "cell")]
    for move, stone in zip(moves, drawn(svg, "circle", "stone"), strict=True):
        place = float(stone.attrib["cx"]), float(stone.attrib["cy"])
        assert place == pytest.approx(middles[move], abs=0.2)


def middle(shape: ElementTree.Element) -> tuple[float, float]:
    points = np.array([point.split(",") for point in shape.attrib["points"].split()], float)
    x, y = points.mean(axis=0)
    return float(x), float(y)


def test_stones_without_a_game_have_no_numbers() -> None:
    svg = board_svg(PLAIN)
    assert told(svg, "circle", "stone") == ["a1", "c1", "b2", "a3"]
    assert drawn(svg, "text", "number") == drawn(svg, "circle", "last") == []


def test_every_share_is_told_and_written_in_percent_and_the_greatest_is_darkest() -> None:
    heat = [0, 0.5, 0, 0.25, 0.0, 0.2, 0, 0.004, 0.046]
    svg = board_svg(PLAIN._replace(heat=heat, heat_of="prior"))
    names = ["a1", "b1", "c1", "a2", "b2", "c2", "a3", "b3", "c3"]
    said = ["0.0", "50.0", "0.0", "25.0", "0.0", "20.0", "0.0", "0.4", "4.6"]
    assert told(svg, "polygon", "cell") == [
        f"{name} {share}% prior" for name, share in zip(names, said, strict=True)
    ]
    written = [e.text for e in drawn(svg, "text", "share") + drawn(svg, "text", "share light")]
    assert sorted(map(str, written)) == ["20", "25", "5", "50"]
    styles = [cell.get("style", "") for cell in drawn(svg, "polygon", "cell")]
    greens = [int(style[-4:-2], 16) if style else 255 for style in styles]
    assert sorted(range(9), key=lambda cell: greens[cell])[:4] == [1, 3, 5, 8]
    assert [bool(style) for style in styles] == [share > 0 for share in heat]


def test_every_mark_is_drawn_and_its_colour_tells_the_rank() -> None:
    marks = {
        1: Mark("61%", 1), 3: Mark("58%", 2), 5: Mark("9%", 3), 7: Mark("8%", 4), 8: Mark("A"),
        0: Mark("?"),
    }  # fmt: skip
    svg = board_svg(PLAIN._replace(marks=marks))
    words = [e.text for e in drawn(svg, "text", "mark")]
    assert words == ["61%", "58%", "9%", "8%", "A", "?"]
    fills = [label.attrib["fill"] for label in drawn(svg, "rect", "label")]
    assert fills[2] == fills[3]
    assert fills[4] == fills[5]
    assert len(set(fills)) == 4
    assert "b1 1. 61%" in told(svg, "polygon", "cell")
    assert "c3 A" in told(svg, "polygon", "cell")


def test_a_line_is_ghost_stones_in_turn_with_numbers() -> None:
    svg = board_svg(PLAIN._replace(line=parse_moves("b1 c2 a2", 3), to_move=BLUE))
    assert told(svg, "circle", "ghost") == [
        "1 in the line: b1", "2 in the line: c2", "3 in the line: a2",
    ]  # fmt: skip
    assert [e.text for e in drawn(svg, "text", "order blue")] == ["1", "3"]
    assert [e.text for e in drawn(svg, "text", "order red")] == ["2"]


def test_a_chain_is_found_without_knowing_the_moves() -> None:
    cells = oracle.parse_board("R . .  R . .  R . .")
    svg = board_svg(Shown(3, cells))
    assert len(drawn(svg, "polyline", "chain")) == 1


def test_notes_and_a_legend_are_told() -> None:
    svg = board_svg(PLAIN._replace(notes={3: "Red won 61%"}, legend="shares & wins"))
    assert "a2 Red won 61%" in told(svg, "polygon", "cell")
    assert "shares & wins" in [e.text for e in drawn(svg, "text", "coordinate")]


@pytest.mark.parametrize("size", range(2, 20))
def test_marks_shares_and_legend_lie_within_the_picture(size: int) -> None:
    area = size * size
    shown = Shown(
        size,
        [0] * area,
        heat=[1 / area] * area,
        marks={cell: Mark("100%", 1) for cell in range(area)},
        line=range(size),
        legend="as long as this",
    )
    root = ElementTree.fromstring(board_svg(shown))
    left, top, width, height = map(float, root.attrib["viewBox"].split())
    for box in [*root.iter(SVG + "rect"), *root.iter(SVG + "text")]:
        x, y = float(box.attrib["x"]), float(box.attrib["y"])
        assert left <= x <= x + float(box.get("width", 0)) <= left + width
        assert top <= y <= y + float(box.get("height", 0)) <= top + height


@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        ({"size": 20}, SettingsError, "size 20 is out of range"),
        ({"cells": [0] * 8}, SettingsError, "8 cells for a 3x3 board; give 9"),
        ({"cells": [2] * 9}, SettingsError, "each 1, -1 or 0"),
        ({"heat": [0.5] * 8}, SettingsError, "heat is not 9 shares"),
        ({"heat": [1.5] * 9}, SettingsError, "heat is not 9 shares"),
        ({"heat": [float("nan")] * 9}, SettingsError, "heat is not 9 shares"),
        ({"marks": {9: Mark("A")}}, OffBoard, "cell 9 is off the 3x3 board"),
        ({"marks": {1: Mark("\x1b[31m")}}, SettingsError, "control characters"),
        ({"notes": {-1: "x"}}, OffBoard, "cell -1 is off"),
        ({"notes": {1: "\x00"}}, SettingsError, "control characters"),
        ({"numbers": {1: 1}}, IllegalMove, "b1 was played, yet holds no stone"),
        ({"last": 1}, IllegalMove, "b1 was played, yet holds no stone"),
        ({"last": 99}, OffBoard, "cell 99 is off"),
        ({"pale": {1}}, IllegalMove, "b1 was played, yet holds no stone"),
        ({"line": [0]}, IllegalMove, "a1 in the line is occupied"),
        ({"line": [1, 3, 1]}, IllegalMove, "b1 in the line is occupied"),
    ],
)
def test_what_cannot_be_is_refused(
    changes: dict[str, Any], error: type[HexrayError], words: str
) -> None:
    with pytest.raises(error, match=words):
        board_svg(PLAIN._replace(**changes))
