"""A network with a memory answers as it does without, and is asked less."""

from collections import Counter

import numpy as np
import pytest
from evaluators import hashed
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from training_rows import random_rows

from hexray.config import InferenceSettings, NetSettings, SearchSettings, SelfplaySettings
from hexray.errors import EvaluationError
from hexray.evaluation import Evaluation, Leaves, drive
from hexray.game.table import WAYS
from hexray.net.backend import Format
from hexray.net.cache import CachedEvaluator
from hexray.net.evaluator import Evaluator
from hexray.net.trainer import fresh_weights
from hexray.play.selfplay import SelfPlay

SIZE, AREA = 3, 9
POOL = np.array([[n // 3**cell % 3 - 1 for cell in range(AREA)] for n in range(30)], np.int8)
EVENTS = st.lists(
    st.one_of(st.integers(1, 3), st.lists(st.integers(0, 29), min_size=1, max_size=40)), max_size=12
)
"""A number loads a version, a list asks for positions of the pool."""


class HandMade:
    """Stands for the network: says what position and ``weights`` determine; keeps every batch."""

    precision: Format = "float32"
    choice = "as the test wants it"

    def __init__(self) -> None:
        self.version: int | None = None
        self.weights = 0.0
        self.batches: list[NDArray[np.int8]] = []

    def load(self, version: int, weights: float) -> None:
        self.version, self.weights = version, weights

    def __call__(self, leaves: Leaves) -> Evaluation:
        if self.version is None:
            raise EvaluationError("no weights are loaded; call load first")
        self.batches.append(leaves.cells.copy())
        said = [hashed(row) for row in leaves.cells.tolist()]
        logits = np.array([logits for logits, _ in said], np.float16) + np.float16(self.weights)
        value = np.array([value for _, value in said], np.float32) / np.float32(1 + self.weights)
        return Evaluation(logits, value, self.version)


def made(positions: int = 64, weights: float = 0.0) -> tuple[CachedEvaluator, HandMade]:
    network = HandMade()
    cached = CachedEvaluator(network, positions)
    cached.load(1, weights)
    return cached, network


def assert_said(evaluation: Evaluation, expected: Evaluation) -> None:
    np.testing.assert_array_equal(evaluation.logits, expected.logits)
    np.testing.assert_array_equal(evaluation.value, expected.value)
    assert (evaluation.logits.dtype, evaluation.value.dtype) == (np.float16, np.float32)
    assert evaluation.version == expected.version


@settings(max_examples=150, deadline=None)
@given(capacity=st.integers(4, 64), events=EVENTS)
def test_answers_are_those_of_the_network_alone(
    capacity: int, events: list[int | list[int]]
) -> None:
    cached, _ = made(capacity)
    alone = HandMade()
    alone.load(1, 0.0)
    for count, event in enumerate(events):
        if isinstance(event, int):
            for network in (cached, alone):
                network.load(event, float(count))
        else:
            leaves = Leaves(POOL[event], SIZE)
            assert_said(cached(leaves), alone(leaves))


@settings(max_examples=150, deadline=None)
@given(capacity=st.integers(4, 64), events=EVENTS)
def test_no_batch_repeats_a_position_and_the_counts_add_up(
    capacity: int, events: list[int | list[int]]
) -> None:
    cached, network = made(capacity)
    asked = 0
    for event in events:
        if isinstance(event, int):
            cached.load(event, 0.0)
        else:
            cached(Leaves(POOL[event], SIZE))
            asked += len(event)
    for batch in network.batches:
        assert set(Counter(row.tobytes() for row in batch).values()) == {1}
    assert cached.asked == asked
    assert cached.hits == asked - sum(map(len, network.batches))


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.one_of(st.none(), st.lists(st.integers(0, WAYS - 1), min_size=1, max_size=9)),
        max_size=12,
    )
)
def test_what_fits_in_a_set_is_remembered_as_by_a_memory_without_bound(
    events: list[list[int] | None],
) -> None:
    cached, network = made(WAYS)
    known, expected = set[int](), list[list[int]]()
    for event in events:
        if event is None:
            cached.load(1, 0.0)
            known.clear()
            continue
        cached(Leaves(POOL[event], SIZE))
        new = [number for number in dict.fromkeys(event) if number not in known]
        known.update(new)
        if new:
            expected.append(new)
    assert len(network.batches) == len(expected)
    for batch, numbers in zip(network.batches, expected, strict=True):
        np.testing.assert_array_equal(batch, POOL[numbers])


@pytest.mark.parametrize("version", [1, 2])
def test_new_weights_are_asked_again_also_under_the_same_version(version: int) -> None:
    cached, network = made()
    leaves = Leaves(POOL, SIZE)
    old = cached(leaves)
    cached.load(version, 1.0)
    new = cached(leaves)
    assert_said(new, network(leaves))
    assert new.version == version
    assert (new.logits != old.logits).all()


def test_old_weights_that_come_back_are_asked_again() -> None:
    cached, network = made()
    leaves = Leaves(POOL[:1], SIZE)
    for version in (1, 2, 1):
        cached.load(version, float(version))
        cached(leaves)
    assert len(network.batches) == 3


def test_when_everything_is_known_the_network_is_left_alone() -> None:
    cached, network = made()
    first = cached(Leaves(POOL[:3], SIZE))
    again = cached(Leaves(POOL[[2, 0, 0]], SIZE))
    assert [len(batch) for batch in network.batches] == [3]
    np.testing.assert_array_equal(again.logits, first.logits[[2, 0, 0]])
    assert (cached.asked, cached.hits) == (6, 3)


def test_known_rows_are_read_before_new_ones_take_their_slots() -> None:
    cached, network = made(WAYS)
    cached(Leaves(POOL[:WAYS], SIZE))
    every = Leaves(POOL, SIZE)
    assert_said(cached(every), network(every))
    assert len(network.batches[1]) == len(POOL) - WAYS


def test_an_answer_is_a_copy_that_stays_as_it_is() -> None:
    cached, network = made(WAYS)
    leaves = Leaves(POOL[:WAYS], SIZE)
    first = cached(leaves)
    second = cached(leaves)
    first.logits[...] = first.value[...] = 9
    cached(Leaves(POOL, SIZE))
    assert_said(second, network(leaves))
    assert_said(cached(leaves), network(leaves))


def test_what_the_network_refused_is_not_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: HandMade, leaves: Leaves) -> Evaluation:
        raise EvaluationError("no")

    cached, network = made()
    cached(Leaves(POOL[:2], SIZE))
    with monkeypatch.context() as broken:
        broken.setattr(HandMade, "__call__", refuse)
        with pytest.raises(EvaluationError):
            cached(Leaves(POOL[:4], SIZE))
    assert (cached.asked, cached.hits) == (2, 0)
    assert_said(cached(Leaves(POOL[:4], SIZE)), network(Leaves(POOL[:4], SIZE)))
    np.testing.assert_array_equal(network.batches[1], POOL[2:4])


def test_without_weights_the_network_says_so() -> None:
    with pytest.raises(EvaluationError, match="call load first"):
        CachedEvaluator(HandMade(), 64)(Leaves(POOL, SIZE))


@pytest.mark.parametrize("cells", [POOL[:0], POOL[:, :8], POOL[0]])
def test_cells_of_another_shape_are_refused(cells: np.ndarray) -> None:
    with pytest.raises(ValueError, match="no rows of 9 cells"):
        made()[0](Leaves(cells, SIZE))


def test_board_sizes_are_kept_apart_and_share_the_memory() -> None:
    cached, network = made(64)
    empty = {size: Leaves(np.zeros((1, size * size), np.int8), size) for size in (2, 3, 4)}
    for _ in range(2):
        for leaves in empty.values():
            assert_said(cached(leaves), network(leaves))
    slots = [len(memory.value) for memory in cached._memories.values()]
    assert slots == [24, 24, 24]  # a third of 64 each, in whole sets
    # Every new size makes the others forget once.
    network.batches.clear()
    for leaves in empty.values():
        cached(leaves)
    assert network.batches == []


def test_all_sizes_forget_when_weights_are_loaded() -> None:
    cached, network = made()
    for version in (1, 2):
        cached.load(version, float(version))
        for size in (2, 3):
            leaves = Leaves(np.zeros((1, size * size), np.int8), size)
            assert_said(cached(leaves), network(leaves))


def test_precision_and_version_are_those_of_the_network() -> None:
    cached, network = made()
    cached.load(5, 0.0)
    assert (cached.version, cached.precision) == (5, network.precision)
    assert cached.choice == network.choice


def test_the_true_network_is_answered_for_to_the_bit() -> None:
    net = NetSettings(blocks=1, channels=8, value_hidden=4)
    alone = Evaluator(net, InferenceSettings(precision="float32"), 5)
    cached = CachedEvaluator(alone, 1000)
    cached.load(3, fresh_weights(net, 0))
    leaves = Leaves(np.unique(random_rows(40, 5, seed=1).cells, axis=0), 5)
    expected = alone(leaves)
    for _ in range(2):
        assert_said(cached(leaves), expected)
    assert cached.hits == len(leaves.cells)


def test_self_play_through_a_memory_plays_the_same_games() -> None:
    def games(evaluate: CachedEvaluator | HandMade) -> list[bytes]:
        play = SelfPlay(4, SelfplaySettings(games=8), SearchSettings(simulations=8), "x", 0, (0,))
        blocks = [drive(play.step(), evaluate) for _ in range(24)]
        return [block.moves.tobytes() + block.policy.tobytes() for block in blocks if block]

    cached, network = made(256)
    alone = HandMade()
    alone.load(1, 0.0)
    assert games(cached) == games(alone) != []
    assert sum(map(len, network.batches)) < 0.9 * sum(map(len, alone.batches))
