"""The inference server: everybody gets their own rows, whatever the others do."""

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hexray.actors import inference
from hexray.actors.inference import InferenceServer
from hexray.config import InferenceSettings, NetSettings
from hexray.errors import CheckpointError, EvaluationError
from hexray.evaluation import BEST, HOME, LIVE, RIVAL, Evaluation, Leaves
from hexray.net.cache import CachedEvaluator
from hexray.net.evaluator import Evaluator
from hexray.net.trainer import fresh_weights

NET = NetSettings(blocks=1, channels=8, value_hidden=4)
PATIENT = 600_000.0
"""Milliseconds that no test survives waiting for."""


class HandMade:
    """Stands for the network: a row's logits are its cells, its value is their mean.

    It keeps every batch, refuses those that hold a cell of 3, and can be held up: ``reached``
    tells that a batch is under way, and ``may_go_on`` lets it end.
    """

    def __init__(
        self, net: NetSettings, settings: InferenceSettings, size: int, cores: int
    ) -> None:
        self.version: int | None = None
        self.precision = "float32"
        self.batches: list[Leaves] = []
        self.reached, self.may_go_on = threading.Event(), threading.Event()
        self.may_go_on.set()

    def load(self, version: int, weights: object) -> None:
        if weights == "spoilt":
            raise CheckpointError("weights of another network")
        self.version = version

    def __call__(self, leaves: Leaves) -> Evaluation:
        self.batches.append(leaves)
        self.reached.set()
        assert self.may_go_on.wait(30)
        if (leaves.cells == 3).any():
            raise EvaluationError("a three")
        assert self.version is not None
        return Evaluation(
            leaves.cells.astype(np.float16), leaves.cells.mean(1, dtype=np.float32), self.version
        )


Scene = Callable[[InferenceServer, HandMade], Awaitable[None]]


def play_out(scene: Scene, clients: int = 1, **asked: object) -> None:
    """Let a scene happen to a server that has a hand-made network, version 1, and ``clients``."""

    async def scene_with_server() -> None:
        server = InferenceServer(NET, InferenceSettings.model_validate(asked), 3)
        await server.register(clients)
        await server.load((1, {}))
        network = network_of(server, LIVE)
        await scene(server, network)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(inference, "Evaluator", HandMade)
        asyncio.run(asyncio.wait_for(scene_with_server(), 30))


def network_of(server: InferenceServer, slot: int) -> HandMade:
    network = server._evaluators[slot]
    if isinstance(network, CachedEvaluator):
        network = network._network
    assert isinstance(network, HandMade)
    return network


def leaves_of(rng: np.random.Generator, rows: int, size: int) -> np.ndarray:
    return rng.integers(-1, 2, (rows, size * size)).astype(np.int8)


def assert_own(evaluation: Evaluation, cells: np.ndarray) -> None:
    np.testing.assert_array_equal(evaluation.logits, cells)
    np.testing.assert_array_equal(evaluation.value, cells.mean(1, dtype=np.float32))


async def queued(server: InferenceServer, count: int) -> None:
    """Wait, without a clock, until ``count`` requests are in the queue."""
    while (await server.stats())["queue"] < count:
        await asyncio.sleep(0)


async def until(event: threading.Event) -> None:
    while not event.is_set():
        await asyncio.sleep(0)


@pytest.mark.parametrize("cache_positions", [0, 4, 1000])
def test_hundreds_of_requests_are_each_answered_with_their_own_rows(cache_positions: int) -> None:
    async def scene(server: InferenceServer, network: HandMade) -> None:
        await server.load((1, {}), RIVAL)
        rng = np.random.default_rng(0)
        asked = [
            (leaves_of(rng, int(rng.integers(1, 40)), size), size, slot)
            for size, slot in zip(rng.integers(2, 8, 400), rng.integers(0, 2, 400), strict=True)
        ]
        answers = await asyncio.gather(
            *(server.evaluate(cells, int(size), int(slot)) for cells, size, slot in asked)
        )
        for (cells, _, _), answer in zip(asked, answers, strict=True):
            assert_own(answer, cells)

    play_out(scene, 30, batch_rows=64, wait_ms=1.0, cache_positions=cache_positions)


@settings(max_examples=40, deadline=None)
@given(
    asked=st.lists(st.tuples(st.integers(1, 50), st.integers(2, 4)), min_size=1, max_size=30),
    batch_rows=st.integers(1, 60),
    clients=st.integers(1, 40),
)
def test_no_batch_is_larger_than_allowed_unless_one_request_is(
    asked: list[tuple[int, int]], batch_rows: int, clients: int
) -> None:
    async def scene(server: InferenceServer, network: HandMade) -> None:
        rng = np.random.default_rng(0)
        await asyncio.gather(
            *(server.evaluate(leaves_of(rng, rows, size), size) for rows, size in asked)
        )
        single = [rows for rows, _ in asked]
        for batch in network.batches:
            assert batch.cells.shape[1] == batch.size**2
            assert len(batch.cells) <= batch_rows or len(batch.cells) in single
        assert sum(len(batch.cells) for batch in network.batches) == sum(single)

    play_out(scene, clients, batch_rows=batch_rows, wait_ms=0.5)


def test_requests_that_come_together_share_a_batch() -> None:
    async def scene(server: InferenceServer, network: HandMade) -> None:
        cells = leaves_of(np.random.default_rng(0), 8, 3)
        await asyncio.gather(*(server.evaluate(cells, 3) for _ in range(6)))
        assert [len(batch.cells) for batch in network.batches] == [48]

    play_out(scene, clients=6, batch_rows=48, wait_ms=PATIENT)


def test_a_lonely_request_waits_as_long_as_set_and_no_longer_than_that() -> None:
    async def scene(server: InferenceServer, network: HandMade) -> None:
        begun = time.monotonic()
        await server.evaluate(np.zeros((1, 9), np.int8), 3)
        assert time.monotonic() - begun >= 0.02
        assert (await server.stats())["wait_ms_p50"] >= 20.0

    play_out(scene, clients=2, wait_ms=20.0)


def test_without_waiting_time_a_request_goes_at_once() -> None:
    async def scene(server: InferenceServer, network: HandMade) -> None:
        await server.evaluate(np.zeros((1, 9), np.int8), 3)

    play_out(scene, clients=1_000, wait_ms=0.0)


@pytest.mark.parametrize("rows", [4, 5])
def test_a_full_batch_waits_for_nobody(rows: int) -> None:
    async def scene(server: InferenceServer, network: HandMade) -> None:
        await server.evaluate(np.zeros((rows, 9), np.int8), 3)

    play_out(scene, clients=1_000, batch_rows=4, wait_ms=PATIENT)


def test_a_request_that_comes_later_fills_the_batch_of_one_that_waits() -> None:
    async def scene(server: InferenceServer, network: HandMade) -> None:
        first = asyncio.create_task(server.evaluate(np.zeros((3, 9), np.int8), 3))
        await queued(server, 1)
        assert not network.batches
        await asyncio.gather(first, server.evaluate(np.zeros((1, 9), np.int8), 3))
        assert len(network.batches) == 1

    play_out(scene, clients=1_000, batch_rows=4, wait_ms=PATIENT)


def test_registering_fewer_clients_sends_off_those_that_wait() -> None:
    async def scene(server: InferenceServer, network: HandMade) -> None:
        waiting = [
            asyncio.create_task(server.evaluate(np.zeros((1, 9), np.int8), 3)) for _ in range(3)
        ]
        await queued(server, 3)
        await asyncio.sleep(0.002)
        assert not network.batches
        await server.register(3)
        await asyncio.gather(*waiting)
        assert len(network.batches) == 1

    play_out(scene, clients=4, wait_ms=PATIENT)


def test_new_weights_fall_between_two_batches_and_no_answer_is_stale() -> None:
    async def scene(server: InferenceServer, network: HandMade) -> None:
        network.may_go_on.clear()
        cells = np.zeros((1, 9), np.int8)
        under_way = asyncio.create_task(server.evaluate(cells, 3))
        await until(network.reached)
        loading = asyncio.create_task(server.load((2, {})))
        await asyncio.sleep(0)
        waiting = asyncio.create_task(server.evaluate(cells, 3))
        await queued(server, 1)
        assert not loading.done()
        network.may_go_on.set()
        assert await loading == 2
        later = await server.evaluate(cells, 3)
        versions = [(await under_way).version, (await waiting).version, later.version]
        assert versions == [1, 2, 2]

    play_out(scene)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_whoever_asks_after_a_load_is_answered_with_it_or_newer(seed: int) -> None:
    async def scene(server: InferenceServer, network: HandMade) -> None:
        rng = np.random.default_rng(seed)
        loaded = 1

        async def ask() -> None:
            for _ in range(12):
                for _ in range(rng.integers(4)):
                    await asyncio.sleep(0)
                least = loaded
                answer = await server.evaluate(np.zeros((rng.integers(1, 6), 9), np.int8), 3)
                assert least <= answer.version

        async def publish() -> None:
            nonlocal loaded
            for version in range(2, 12):
                loaded = await server.load((version, {}))

        await asyncio.gather(publish(), *(ask() for _ in range(8)))

    play_out(scene, clients=8, batch_rows=16, wait_ms=0.2)


def test_the_two_slots_keep_their_own_weights() -> None:
    async def scene(server: InferenceServer, network: HandMade) -> None:
        await server.load((7, {}), RIVAL)
        await server.load((2, {}))
        cells = np.zeros((2, 9), np.int8)
        answers = await asyncio.gather(
            *(server.evaluate(cells, 3, slot) for slot in (LIVE, RIVAL, LIVE, RIVAL))
        )
        assert [answer.version for answer in answers] == [2, 7, 2, 7]

    play_out(scene, clients=4)


@pytest.mark.parametrize("slot", [HOME, RIVAL])
def test_a_side_of_a_match_waits_for_nobody(slot: int) -> None:
    """Nor does it hold up those behind it: its batch goes though other clients might come."""

    async def scene(server: InferenceServer, network: HandMade) -> None:
        await server.load((7, {}), slot)
        assert (await server.evaluate(np.zeros((2, 9), np.int8), 3, slot)).version == 7

    play_out(scene, clients=3, wait_ms=PATIENT)


def test_the_time_of_matches_is_counted_apart() -> None:
    async def scene(server: InferenceServer, network: HandMade) -> None:
        for slot in (HOME, RIVAL, BEST):
            await server.load((7, {}), slot)
        cells = np.zeros((2, 9), np.int8)
        for slot in (LIVE, BEST):
            await server.evaluate(cells, 3, slot)
        assert await server.match_seconds() == 0.0
        busy_s = (await server.stats())["busy_s"]
        for slot in (HOME, RIVAL):
            await server.evaluate(cells, 3, slot)
        stats = await server.stats()
        assert 0 < await server.match_seconds() == pytest.approx(stats["busy_s"] - busy_s)
        assert stats["wait_ms_p99"] == 0.0  # nobody else has asked since

    play_out(scene)


@pytest.mark.parametrize("backend", ["auto", "compiled", "graphs"])
def test_the_sides_of_a_match_are_neither_measured_nor_compiled(backend: str) -> None:
    made: list[InferenceSettings] = []

    class Noted(HandMade):
        def __init__(
            self, net: NetSettings, settings: InferenceSettings, size: int, cores: int
        ) -> None:
            super().__init__(net, settings, size, cores)
            made.append(settings)

    async def scene() -> None:
        asked = InferenceSettings.model_validate({"backend": backend, "threads": 0})
        server = InferenceServer(NET, asked, 3)
        for slot in (HOME, RIVAL, BEST):
            await server.load((1, {}), slot)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(inference, "Evaluator", Noted)
        asyncio.run(scene())
    live, home, rival, best = made
    assert live == best
    assert live.backend == backend
    assert home == rival
    assert (home.backend, home.precision, home.threads) == ("eager", "float32", 1)


def test_an_empty_slot_is_named_and_hurts_nobody() -> None:
    async def scene(server: InferenceServer, network: HandMade) -> None:
        cells = np.zeros((2, 9), np.int8)
        bad, good = await asyncio.gather(
            server.evaluate(cells, 3, RIVAL), server.evaluate(cells, 3), return_exceptions=True
        )
        assert isinstance(bad, EvaluationError)
        assert str(RIVAL) in str(bad)
        assert_own(good, cells)

    play_out(scene)


def test_a_failing_batch_fails_exactly_its_own_requests() -> None:
    async def scene(server: InferenceServer, network: HandMade) -> None:
        good, bad = np.zeros((2, 9), np.int8), np.full((2, 9), 3, np.int8)
        small = np.zeros((2, 4), np.int8)
        answers = await asyncio.gather(
            server.evaluate(good, 3),
            server.evaluate(bad, 3),
            server.evaluate(good, 3),
            server.evaluate(good, 3),
            server.evaluate(small, 2),
            return_exceptions=True,
        )
        failed = [isinstance(answer, EvaluationError) for answer in answers]
        assert failed == [True, True, False, False, False]
        assert_own(await server.evaluate(good, 3), good)

    play_out(scene, batch_rows=4, wait_ms=0.0)


@pytest.mark.parametrize("cells", [np.zeros((0, 9)), np.zeros((2, 8)), np.zeros(9)])
def test_a_request_that_makes_no_sense_does_not_spoil_the_batch_of_others(
    cells: np.ndarray,
) -> None:
    async def scene(server: InferenceServer, network: HandMade) -> None:
        good = np.ones((2, 9), np.int8)
        first, bad, second = await asyncio.gather(
            server.evaluate(good, 3),
            server.evaluate(cells.astype(np.int8), 3),
            server.evaluate(good, 3),
            return_exceptions=True,
        )
        assert isinstance(bad, ValueError)
        assert_own(first, good)
        assert_own(second, good)

    play_out(scene, clients=3, wait_ms=1.0)


@settings(max_examples=30, deadline=None)
@given(
    rows=st.lists(st.integers(1, 9), min_size=2, max_size=12),
    gone=st.sets(st.integers(0, 11)),
    is_under_way=st.booleans(),
)
def test_clients_that_give_up_hurt_nobody(
    rows: list[int], gone: set[int], is_under_way: bool
) -> None:
    async def scene(server: InferenceServer, network: HandMade) -> None:
        rng = np.random.default_rng(0)
        asked = [leaves_of(rng, count, 3) for count in rows]
        network.may_go_on.clear()
        if not is_under_way:
            first = asyncio.create_task(server.evaluate(leaves_of(rng, 200, 3), 3))
            await until(network.reached)
        tasks = [asyncio.create_task(server.evaluate(cells, 3)) for cells in asked]
        if is_under_way:
            await until(network.reached)
        else:
            await queued(server, len(tasks))
        for index in gone & set(range(len(tasks))):
            tasks[index].cancel()
        await asyncio.sleep(0)
        network.may_go_on.set()
        if not is_under_way:
            await first
        for index, (task, cells) in enumerate(zip(tasks, asked, strict=True)):
            if index not in gone:
                assert_own(await task, cells)

    play_out(scene, clients=len(rows), batch_rows=200, wait_ms=PATIENT)


def test_a_client_that_gives_up_is_not_told_of_an_error() -> None:
    async def scene(server: InferenceServer, network: HandMade) -> None:
        network.may_go_on.clear()
        bad = [
            asyncio.create_task(server.evaluate(np.full((1, 9), 3, np.int8), 3)) for _ in range(2)
        ]
        await until(network.reached)
        bad[0].cancel()
        await asyncio.sleep(0)
        network.may_go_on.set()
        with pytest.raises(EvaluationError):
            await bad[1]
        good = np.zeros((1, 9), np.int8)
        assert_own(await server.evaluate(good, 3), good)

    play_out(scene, clients=2, wait_ms=1.0)


def test_statistics_add_up() -> None:
    async def scene(server: InferenceServer, network: HandMade) -> None:
        empty = await server.stats()
        assert (empty["evaluations"], empty["batches"], empty["busy_s"]) == (0, 0, 0)
        assert (empty["wait_ms_p50"], empty["queue"], empty["batch_rows"]) == (0, 0, 32)
        rng, begun = np.random.default_rng(1), time.monotonic()
        rows = rng.integers(1, 20, 60).tolist()
        await asyncio.gather(*(server.evaluate(leaves_of(rng, n, 3), 3) for n in rows))
        elapsed, stats = time.monotonic() - begun, await server.stats()
        assert stats["evaluations"] == sum(rows)
        assert stats["batches"] == len(network.batches)
        assert 0 < stats["busy_s"] <= elapsed
        assert 0 < stats["wait_ms_p50"] <= stats["wait_ms_p99"] <= elapsed * 1000
        assert stats["queue"] == 0
        assert stats["cache_asked"] == stats["cache_hits"] == 0

    play_out(scene, clients=10, batch_rows=32, wait_ms=1.0)


def test_with_a_cache_hits_are_not_evaluations() -> None:
    async def scene(server: InferenceServer, network: HandMade) -> None:
        await server.load((7, {}), RIVAL)
        cells = np.unique(leaves_of(np.random.default_rng(0), 6, 3), axis=0)
        for slot in (LIVE, LIVE, RIVAL, RIVAL):
            await server.evaluate(cells, 3, slot)
        stats, rows = await server.stats(), len(cells)
        assert stats["evaluations"] == stats["cache_hits"] == 2 * rows
        assert (stats["cache_asked"], stats["batches"]) == (4 * rows, 4)

    play_out(scene, cache_positions=100)


def test_with_a_cache_each_slot_remembers_its_own_until_it_is_loaded_again() -> None:
    async def scene(server: InferenceServer, network: HandMade) -> None:
        await server.load((7, {}), RIVAL)
        rival, cells = network_of(server, RIVAL), np.zeros((1, 9), np.int8)

        async def both_asked() -> tuple[int, int]:
            for slot in (LIVE, RIVAL):
                await server.evaluate(cells, 3, slot)
            return len(network.batches), len(rival.batches)

        assert await both_asked() == await both_asked() == (1, 1)
        await server.load((2, {}), LIVE)
        assert await both_asked() == (2, 1)
        await server.load((7, {}), RIVAL)
        assert await both_asked() == (2, 2)

    play_out(scene, cache_positions=100)


def test_the_queue_is_counted_while_the_network_is_busy() -> None:
    async def scene(server: InferenceServer, network: HandMade) -> None:
        network.may_go_on.clear()
        cells = np.zeros((1, 9), np.int8)
        tasks = [asyncio.create_task(server.evaluate(cells, 3))]
        await until(network.reached)
        tasks += [asyncio.create_task(server.evaluate(cells, 3)) for _ in range(5)]
        await queued(server, 5)
        network.may_go_on.set()
        await asyncio.gather(*tasks)

    play_out(scene)


def test_weights_that_do_not_fit_are_refused_and_the_old_ones_stay() -> None:
    async def scene(server: InferenceServer, network: HandMade) -> None:
        with pytest.raises(CheckpointError):
            await server.load((2, "spoilt"))
        assert (await server.evaluate(np.zeros((1, 9), np.int8), 3)).version == 1

    play_out(scene)


@pytest.fixture(scope="module")
def true_server() -> tuple[InferenceServer, Evaluator]:
    asked = InferenceSettings(precision="float32", batch_rows=64, wait_ms=1.0)
    alone = Evaluator(NET, asked, 3)
    alone.load(5, fresh_weights(NET, 0))
    return InferenceServer(NET, asked, 3), alone


def test_the_true_network_answers_each_request_as_it_would_alone(
    true_server: tuple[InferenceServer, Evaluator],
) -> None:
    server, alone = true_server

    async def scene() -> None:
        await server.register(20)
        await server.load((5, fresh_weights(NET, 0)))
        rng = np.random.default_rng(0)
        asked = [
            (leaves_of(rng, int(rng.integers(1, 30)), size), size)
            for size in rng.integers(2, 6, 100).tolist()
        ]
        answers = await asyncio.gather(*(server.evaluate(*leaves) for leaves in asked))
        for (cells, size), answer in zip(asked, answers, strict=True):
            expected = alone(Leaves(cells, size))
            assert answer.version == 5
            np.testing.assert_allclose(answer.logits, expected.logits, atol=2e-3)
            np.testing.assert_allclose(answer.value, expected.value, atol=1e-5)
        assert await server.precision() == "float32"

    asyncio.run(scene())
