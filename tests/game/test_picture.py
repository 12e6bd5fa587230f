"""The SVG picture of a game: well-formed, complete, and true to the game."""

import xml.etree.ElementTree as ElementTree
from itertools import pairwise

import numpy as np
import pytest

from hexray.errors import IllegalMove, SettingsError
from hexray.game.board import play_sequence
from hexray.game.notation import parse_moves
from hexray.game.picture import board_svg, winning_chain

SVG = "{http://www.w3.org/2000/svg}"
# Red: a1 a2 a3 joins top and bottom in the last move.
RED_WINS = parse_moves("a1 b1 a2 b2 a3", 3)
# Blue: a2 b2 c1 joins left and right; c2 is no part of a shortest chain.
BLUE_WINS = parse_moves("a1 a2 b1 c2 a3 c1 c3 b2", 3)


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
    svg = board_svg(size, [], title="empty")
    assert len(drawn(svg, "polygon", "cell")) == size * size
    assert len(drawn(svg, "polygon", "edge")) == 4
    names = [element.text for element in drawn(svg, "text", "coordinate")]
    letters = [chr(ord("a") + column) for column in range(size)]
    numbers = [str(row + 1) for row in range(size)]
    assert sorted(map(str, names)) == sorted(2 * (letters + numbers))


@pytest.mark.parametrize("size", range(2, 20))
def test_everything_lies_within_the_picture(size: int) -> None:
    root = ElementTree.fromstring(board_svg(size, random_game(size, 1), title="game"))
    left, top, width, height = map(float, root.attrib["viewBox"].split())
    points = [p for e in root.iter() for p in e.get("points", "").split()]
    points += [f"{e.get('x')},{e.get('y')}" for e in root.iter(SVG + "text")]
    for point in points:
        x, y = map(float, point.split(","))
        assert left < x < left + width
        assert top < y < top + height


def test_red_owns_the_edges_above_and_below_and_blue_those_at_the_sides() -> None:
    edges = drawn(board_svg(5, [], title=""), "polygon", "edge")
    middles = {}
    for name, edge in zip(["top", "right", "bottom", "left"], edges, strict=True):
        points = np.array([p.split(",") for p in edge.attrib["points"].split()], float)
        middles[name] = points.mean(axis=0)
    assert edges[0].get("fill") == edges[2].get("fill") != edges[1].get("fill")
    assert edges[1].get("fill") == edges[3].get("fill")
    assert middles["top"][1] < middles["bottom"][1]
    assert middles["left"][0] < middles["right"][0]


def test_stones_carry_their_number_in_the_game_and_the_last_one_a_ring() -> None:
    svg = board_svg(3, RED_WINS, title="game")
    assert len(drawn(svg, "circle", "stone")) == 5
    assert [e.text for e in drawn(svg, "text", "number")] == ["1", "2", "3", "4", "5"]
    [ring], last = drawn(svg, "circle", "last"), drawn(svg, "circle", "stone")[-1]
    assert (ring.get("cx"), ring.get("cy")) == (last.get("cx"), last.get("cy"))


def test_opening_stones_are_paler_and_have_no_number() -> None:
    svg = board_svg(3, RED_WINS, title="game", opening=2)
    assert [e.text for e in drawn(svg, "text", "number")] == ["3", "4", "5"]
    fills = [e.get("fill") for e in drawn(svg, "circle", "stone")]
    assert fills[0] != fills[2]
    assert fills[2] == fills[4]


def test_two_neighbours_touch_and_two_strangers_do_not() -> None:
    cells = drawn(board_svg(3, [], title=""), "polygon", "cell")
    corners = [set(cell.attrib["points"].split()) for cell in cells]
    b1, a2, a1, b2 = (parse_moves(name, 3)[0] for name in ("b1", "a2", "a1", "b2"))
    assert len(corners[b1] & corners[a2]) == 2
    assert len(corners[a1] & corners[b2]) == 0


@pytest.mark.parametrize(
    ("moves", "chain"),
    [(RED_WINS, "a1 a2 a3"), (BLUE_WINS, "a2 b2 c1"), (RED_WINS[:-1], ""), ([], "")],
)
def test_the_chain_is_the_shortest_from_side_to_side(moves: list[int], chain: str) -> None:
    assert winning_chain(3, moves) == parse_moves(chain, 3)


@pytest.mark.parametrize("size", [2, 5, 11, 19])
@pytest.mark.parametrize("seed", range(5))
def test_the_chain_of_any_won_game_joins_the_winners_sides(size: int, seed: int) -> None:
    moves = random_game(size, seed)
    chain = winning_chain(size, moves)
    owner = {move: ply % 2 for ply, move in enumerate(moves)}
    assert {owner[cell] for cell in chain} == {(len(moves) - 1) % 2}
    ends = [divmod(cell, size)[owner[cell]] for cell in (chain[0], chain[-1])]
    assert ends == [0, size - 1]
    steps = {(0, 1), (0, -1), (1, 0), (-1, 0), (-1, 1), (1, -1)}
    for one, other in pairwise(chain):
        assert (other // size - one // size, other % size - one % size) in steps


def test_a_line_is_drawn_through_the_chain_only_when_somebody_has_won() -> None:
    assert len(drawn(board_svg(3, RED_WINS, title=""), "polyline", "chain")) == 1
    assert len(drawn(board_svg(3, RED_WINS[:-1], title=""), "polyline", "chain")) == 0


@pytest.mark.parametrize(
    "title",
    ['</title><script>alert("1")</script>', "a & b", "<", "\x00\x1b[31m\n", "\ud800", "x" * 5000],
)
def test_a_hostile_title_stays_text(title: str) -> None:
    svg = board_svg(3, [], title=title)
    root = ElementTree.fromstring(svg.encode("utf-8"))
    assert not list(root.iter(SVG + "script"))
    assert len(list(root.iter(SVG + "title"))) == 1


def test_an_illegal_game_is_refused() -> None:
    with pytest.raises(IllegalMove, match="a1 is occupied"):
        board_svg(3, [0, 0], title="")


def test_more_opening_stones_than_moves_are_refused() -> None:
    with pytest.raises(IllegalMove, match="3 opening stones in a game of 2 moves"):
        board_svg(3, [0, 1], title="", opening=3)


@pytest.mark.parametrize("size", [-1, 0, 1, 20])
def test_a_size_out_of_range_is_refused(size: int) -> None:
    with pytest.raises(SettingsError, match="out of range"):
        board_svg(size, [], title="")
