"""Two-distance and resistance by hand, against slow definitions, and under the symmetries."""

import random
from collections.abc import Sequence

import numpy as np
import oracle
import pytest
from numpy.typing import NDArray

from hexray.game.symmetry import half_turn, reflect
from hexray.search.heuristic import Kind, judge
from hexray.search.resistance import new_circuit, resistance
from hexray.search.threats import WINS, mark_threats
from hexray.search.two_distance import FAR, new_distances, two_distance

each_kind = pytest.mark.parametrize("kind", ["two-distance", "resistance"])


def _drawn(drawing: str) -> NDArray[np.int8]:
    return np.array(oracle.parse_board(drawing), np.int8)


def _random_cells(size: int, count: int, seed: int, stones: Sequence[int]) -> list[NDArray]:
    rng = random.Random(seed)
    made = []
    for _ in range(count):
        moves = oracle.random_position(size, rng.choice(stones), rng)
        made.append(np.array(oracle.replay(size, moves)[0], np.int8))
    return made


def _distance(drawing: str) -> tuple[int, int]:
    cells = _drawn(drawing)
    size = round(len(cells) ** 0.5)
    return two_distance(cells, size, new_distances(size))


def _ohms(drawing: str) -> float:
    cells = _drawn(drawing)
    size = round(len(cells) ** 0.5)
    return resistance(cells, size, new_circuit(size))


@pytest.mark.parametrize(
    ("drawing", "least", "mobility"),
    [
        # a1 and b1 touch the top, a2 needs both (2), b2 has b1 at 1 and a2 at 2 (3); and turned.
        (". .  . .", 3, 2),
        # a2 is 1 from the top through the stone and 1 from the bottom; so is b2 through it.
        (". R  . .", 2, 2),
        # One way only: the opponent steps into it, so that no cell but an end is ever reached.
        ("B . B  B . B  B . B", 1 + FAR, 2),
    ],
)
def test_two_distance_by_hand(drawing: str, least: int, mobility: int) -> None:
    assert _distance(drawing) == (least, mobility)


@pytest.mark.parametrize("size", [3, 5, 6])
def test_two_distances_are_what_the_definition_says(size: int) -> None:
    for cells in _random_cells(size, 60, size, range(size * size - size)):
        room = new_distances(size)
        two_distance(cells, size, room)
        top = _slow_distances(cells.tolist(), size)
        bottom = _slow_distances(cells[::-1].tolist(), size)[::-1]
        expected = [one + other for one, other in zip(top, bottom, strict=True)]
        empty = cells == 0
        assert room.total[empty].tolist() == np.array(expected)[empty].tolist()


def _slow_distances(cells: list[int], size: int) -> list[int]:
    """Repeat the definition until nothing changes."""
    near = [_slow_neighbours(cells, size, cell) for cell in range(size * size)]
    found = [FAR] * (size * size)
    while True:
        before = list(found)
        for cell, (others, has_side) in enumerate(near):
            if cells[cell] == 0:
                second = sorted([FAR, FAR, *(before[other] for other in others)])[1]
                found[cell] = 1 if has_side else min(FAR, second + 1)
        if found == before:
            return found


def _slow_neighbours(cells: list[int], size: int, start: int) -> tuple[set[int], bool]:
    """Return the empty cells next to one, through own stones too, and whether the top is."""
    found, chain, waiting = set(), set(), [start]
    while waiting:
        for other in oracle.neighbours(waiting.pop(), size):
            if cells[other] == 0 and other != start:
                found.add(other)
            elif cells[other] == 1 and other not in chain:
                chain.add(other)
                waiting.append(other)
    return found, any(cell < size for cell in {start, *chain})


@pytest.mark.parametrize(
    ("drawing", "ohms"),
    [
        # b1 and a2 are at half; a1 is at (1 + 1/4 + 1/4) / 2 = 3/4, so 1/4 + 1/2 + 1/2 flows.
        (". .  . .", 0.8),
        # 1 from the side to the middle of a cell, 2 from middle to middle.
        ("B . B  B . B  B . B", 6.0),
        ("B . B  B R B  B . B", 4.0),
        ("B R B  B R B  B . B", 2.0),
        # A whole bridge to the bottom costs nothing.
        ("B . B  B R B  . . B", 2.0),
    ],
)
def test_resistance_by_hand(drawing: str, ohms: float) -> None:
    assert _ohms(drawing) == pytest.approx(ohms, rel=1e-3)


@pytest.mark.parametrize(
    ("drawing", "is_whole"),
    [
        (". . .  . R .  . . .", True),
        (". B .  . R .  . . .", False),
        (". . .  . R .  . B .", False),
        (". . R .  . . . .  . R . .  . . . .", True),
        (". . R .  . B . .  . R . .  . . . .", False),
        (". . R .  . . B .  . R . .  . . . .", False),
        (". R . B  . . R .  . . . .  . R . .", True),
        (". R . B  . B R .  . . . .  . R . .", False),
        (". R B B  . . R .  . . . .  . R . .", False),
        (". . . R  . . . R  . R . .  . . . .", True),
        (". . . R  . . B R  . R . .  . . . .", False),
        (". . . R  . . . R  . R B .  . . . .", False),
    ],
)
def test_bridges_join_stones_and_sides_while_they_are_whole(drawing: str, is_whole: bool) -> None:
    assert (_ohms(drawing) < 0.01) == is_whole


@pytest.mark.parametrize("size", [3, 5, 6])
def test_resistance_is_that_of_the_circuit_in_which_chains_are_one_node(size: int) -> None:
    for cells in _random_cells(size, 60, size, range(size * size - size)):
        found = resistance(cells, size, new_circuit(size))
        assert found == pytest.approx(_slow_ohms(cells.tolist(), size), rel=0.01, abs=0.01)


def _slow_ohms(cells: list[int], size: int) -> float:
    """Solve Kirchhoff's laws by least squares, own stones and sides joined merged beforehand."""
    area = size * size
    top, bottom = area, area + 1
    node = list(range(area + 2))
    wires = []
    for one in range(area):
        for other in range(one + 1, area):
            if cells[one] >= 0 and cells[other] >= 0 and _is_wired(cells, size, one, other):
                wires.append((one, other, 2 - cells[one] - cells[other]))
        for side, row in ((top, one // size), (bottom, size - 1 - one // size)):
            if cells[one] >= 0 and _is_wired_to_side(cells, size, one, side == bottom, row):
                wires.append((one, side, 1 - cells[one]))
    for one, other, ohms in wires:
        if ohms == 0:
            kept, gone = node[one], node[other]
            node = [kept if name == gone else name for name in node]
    if node[top] == node[bottom]:
        return 0.0
    laws = np.zeros((area + 2, area + 2))
    for one, other, ohms in wires:
        if ohms and node[one] != node[other]:
            law = np.zeros(area + 2)
            law[node[one]], law[node[other]] = 1, -1
            laws += np.outer(law, law) / ohms
    current = np.zeros(area + 2)
    current[node[top]], current[node[bottom]] = 1, -1
    volt = np.linalg.lstsq(laws, current, rcond=None)[0]
    return float(volt[node[top]] - volt[node[bottom]])


def _is_wired(cells: list[int], size: int, one: int, other: int) -> bool:
    near = set(oracle.neighbours(one, size))
    between = near & set(oracle.neighbours(other, size))
    if other in near:
        return True
    has_stone = cells[one] == 1 or cells[other] == 1
    return has_stone and len(between) == 2 and not any(cells[cell] for cell in between)


def _is_wired_to_side(cells: list[int], size: int, cell: int, is_bottom: bool, away: int) -> bool:
    edge = range(size * size - size, size * size) if is_bottom else range(size)
    between = [one for one in oracle.neighbours(cell, size) if one in edge]
    return away == 0 or (away == 1 and len(between) == 2 and not any(cells[c] for c in between))


@pytest.mark.parametrize(
    ("drawing", "shares"),
    [
        # Of 5/4 in all, 1/4 enters by a1; b1 takes 1/2 from the top and half of what a1 has.
        (". .  . .", [0.2, 0.5, 0.5, 0.2]),
        # No way around b1 and the stone, none needed for the bridge below it.
        ("B . B  B R B  . . B", [0, 1, 0, 0, 1, 0, 0, 0, 0]),
    ],
)
def test_shares_of_the_current_by_hand(drawing: str, shares: list[float]) -> None:
    cells = _drawn(drawing)
    size = round(len(cells) ** 0.5)
    circuit = new_circuit(size)
    resistance(cells, size, circuit)
    np.testing.assert_allclose(circuit.flow, shares, atol=1e-3)


@each_kind
@pytest.mark.parametrize("size", [4, 7])
def test_the_half_turn_changes_nothing(kind: Kind, size: int) -> None:
    for cells in _random_cells(size, 30, 1, range(size * size // 2)):
        score, urgency = judge(cells, kind)
        turned_score, turned = judge(np.ascontiguousarray(half_turn(cells)), kind)
        assert turned_score == score
        np.testing.assert_allclose(half_turn(turned), urgency, atol=1e-6)


@each_kind
@pytest.mark.parametrize("size", [4, 7])
def test_seen_by_the_other_colour_the_score_is_its_opposite(kind: Kind, size: int) -> None:
    for cells in _random_cells(size, 30, 2, range(size * size // 2)):
        score, urgency = judge(cells, kind)
        other_score, other = judge(reflect(cells), kind)
        assert other_score == -score
        np.testing.assert_allclose(other.reshape(size, size).T.ravel(), urgency, atol=1e-9)


@each_kind
def test_a_stone_in_the_middle_is_good_for_its_owner(kind: Kind) -> None:
    cells = np.zeros(49, np.int8)
    assert judge(cells, kind)[0] == 0
    cells[24] = 1
    assert judge(cells, kind)[0] > 0


@pytest.mark.parametrize("size", [3, 5])
def test_cells_that_win_at_once_are_those_after_which_the_sides_are_joined(size: int) -> None:
    seen = 0
    for cells in _random_cells(size, 100, 3, range(size, size * size - size)):
        marks, stack = np.empty(size * size, np.int8), np.empty(size * size, np.int64)
        count = mark_threats(cells, size, marks, stack)
        wins = [
            cell
            for cell in np.flatnonzero(cells == 0).tolist()
            if oracle.has_joined(
                np.where(np.arange(size * size) == cell, 1, cells).tolist(), size, 1
            )
        ]
        assert np.flatnonzero(marks == WINS).tolist() == wins
        assert count == len(wins)
        seen += count
    assert seen > 30
