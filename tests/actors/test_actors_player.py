"""A player: no finished game is lost, and no group waits for another."""

import asyncio
import itertools
import time
from collections.abc import Callable
from contextlib import suppress
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hexray.actors import player as player_module
from hexray.actors.player import Player
from hexray.config import RunConfig, with_overrides
from hexray.data.checks import check_block
from hexray.data.games import GameBlock, take_games
from hexray.data.rows import rows_of
from hexray.errors import EvaluationError, StoreError
from hexray.evaluation import EvaluateAsync, Evaluation, Leaves, know_nothing

SMALL = with_overrides(
    RunConfig(board=3),
    {"selfplay": {"games": 5}, "search": {"simulations": 2, "candidates": 2}},
)


class Clock:
    """A clock that the evaluators wind."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(player_module, "time", time_of(clock))
    return clock


def time_of(clock: Clock, thread_time: Callable[[], float] = time.thread_time) -> SimpleNamespace:
    return SimpleNamespace(monotonic=clock, thread_time=thread_time)


class Network:
    """Knows nothing, takes ``seconds`` for an answer, and fails at the calls it is told to."""

    def __init__(self, clock: Clock, seconds: float = 0.01, fails: frozenset[int] = frozenset()):
        self._clock, self._seconds, self._fails = clock, seconds, fails
        self.calls = self.asking = self.most_asking = 0

    async def __call__(self, leaves: Leaves) -> Evaluation:
        self.calls += 1
        number = self.calls
        self.asking += 1
        self.most_asking = max(self.most_asking, self.asking)
        await asyncio.sleep(0)
        self._clock.now += self._seconds
        self.asking -= 1
        if number in self._fails:
            raise EvaluationError("out of order")
        return know_nothing(leaves)


class Store:
    """Keeps what is delivered, or refuses it as often as it is told to."""

    def __init__(self, refusals: int = 0) -> None:
        self.refusals = refusals
        self.seen: list[GameBlock] = []
        self.kept: list[GameBlock] = []

    async def __call__(self, block: GameBlock) -> tuple[str, ...]:
        await asyncio.sleep(0)
        self.seen.append(block)
        if self.refusals:
            self.refusals -= 1
            raise StoreError("disk full")
        self.kept.append(block)
        return block.game_id

    def games(self) -> list[str]:
        return [name for block in self.kept for name in block.game_id]


def player_of(
    evaluate: EvaluateAsync, store: Store, halves: int = 2, config: RunConfig = SMALL
) -> Player:
    asked = with_overrides(config, {"selfplay": {"halves": halves}})
    return Player(asked, "me", (0, 1), evaluate, store)


def serials_of(store: Store, group: int) -> list[int]:
    """Return the serial numbers of the games of one group, in the order delivered."""
    names = [name.rsplit("-", 1) for name in store.games()]
    return [int(serial) for start, serial in names if start == f"me-{group}"]


def assert_whole(store: Store, halves: int) -> None:
    """Every game arrived once; serials go up, so none is missing but the 5 in progress."""
    for block in store.kept:
        check_block(block)
    assert len(set(store.games())) == len(store.games())
    for group in range(halves):
        serials = serials_of(store, group)
        assert len(set(range(max(serials, default=-1) + 1)) - set(serials)) < 5


def test_finished_games_are_delivered_in_the_next_round_and_once(clock: Clock) -> None:
    async def scene() -> None:
        store = Store()
        player = player_of(Network(clock), store)
        await player.play(2.0)
        assert not store.seen
        for _ in range(6):
            await player.play(0.5)
        await player.deliver()
        assert len(store.games()) > 30
        assert_whole(store, 2)
        rows = sum(len(rows_of(block).outcome) for block in store.kept)
        before = len(store.seen)
        await player.deliver()
        assert len(store.seen) == before
        assert rows > 0

    asyncio.run(scene())


def test_moves_are_counted_for_every_game_of_every_group(clock: Clock) -> None:
    async def scene() -> None:
        store = Store()
        player = player_of(Network(clock), store)
        moves = sum([(await player.play(0.3))["moves"] for _ in range(6)])
        await player.deliver()
        rows = sum(len(rows_of(block).outcome) for block in store.kept)
        assert moves % 5 == 0
        # What is missing are the moves of the games in progress, at most 9 in each.
        assert rows <= moves <= rows + 2 * 5 * 9

    asyncio.run(scene())


def test_a_round_without_a_finished_game_delivers_nothing(clock: Clock) -> None:
    async def scene() -> None:
        store = Store()
        unending = {"random_share": 0.0, "adjudicate_share": 0.0}
        quiet = with_overrides(SMALL, {"selfplay": unending})
        player = player_of(Network(clock, 1.0), store, config=quiet)
        assert (await player.play(0.5))["moves"] == 10
        await player.deliver()
        assert not store.seen

    asyncio.run(scene())


def test_refused_games_are_kept_and_sent_again_with_the_new_ones(clock: Clock) -> None:
    async def scene() -> None:
        store = Store(refusals=2)
        player = player_of(Network(clock), store)
        await player.play(1.0)
        for _ in range(2):
            with pytest.raises(StoreError):
                await player.play(1.0)
        await player.play(1.0)
        first, second, third = (block.game_id for block in store.seen)
        assert first == second[: len(first)]
        assert second == third[: len(second)]
        assert 0 < len(first) < len(second) < len(third)
        await player.deliver()
        assert not set(store.seen[-1].game_id) & set(third)
        assert_whole(store, 2)

    asyncio.run(scene())


def test_a_refused_delivery_does_not_cut_the_round_short(clock: Clock) -> None:
    async def scene() -> None:
        store, network = Store(), Network(clock)
        player = player_of(network, store)
        await player.play(1.0)
        calls, store.refusals = network.calls, 1
        with pytest.raises(StoreError):
            await player.play(1.0)
        assert network.calls >= 1.9 * calls
        assert network.asking == 0

    asyncio.run(scene())


def test_deliveries_that_overlap_lose_nothing(clock: Clock) -> None:
    async def scene() -> None:
        store = Store()
        player = player_of(Network(clock), store)
        await player.play(1.0)
        await asyncio.gather(player.play(1.0), player.deliver(), player.deliver())
        await player.deliver()
        assert_whole(store, 2)

    asyncio.run(scene())


@settings(max_examples=20, deadline=None)
@given(
    refusals=st.integers(0, 3),
    fails=st.frozensets(st.integers(1, 120), max_size=4),
    halves=st.integers(1, 4),
    rounds=st.lists(st.floats(0.01, 0.5), min_size=1, max_size=6),
)
def test_whatever_fails_every_finished_game_arrives_once_and_whole(
    refusals: int, fails: frozenset[int], halves: int, rounds: list[float]
) -> None:
    async def scene() -> None:
        clock = Clock()
        store, network = Store(refusals), Network(clock, fails=fails)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(player_module, "time", time_of(clock))
            player = player_of(network, store, halves)
            for seconds in [*rounds, 0.5, 0.5]:
                with suppress(EvaluationError, StoreError):
                    await player.play(seconds)
                assert network.asking == 0
            store.refusals = 0
            await player.deliver()
        assert network.most_asking <= halves
        assert_whole(store, halves)

    asyncio.run(scene())


def test_while_one_group_waits_the_others_ask() -> None:
    """Nobody is answered before all four have asked."""

    async def scene() -> None:
        waiting, all_wait = 0, asyncio.Event()

        async def evaluate(leaves: Leaves) -> Evaluation:
            nonlocal waiting
            waiting += 1
            if waiting == 4:
                all_wait.set()
            await all_wait.wait()
            return know_nothing(leaves)

        await player_of(evaluate, Store(), halves=4).play(0.005)

    asyncio.run(asyncio.wait_for(scene(), 30))


def test_an_evaluator_that_fails_stops_every_group_before_it_is_told(clock: Clock) -> None:
    async def scene() -> None:
        network = Network(clock, fails=frozenset({7}))
        player = player_of(network, Store(), halves=3)
        with pytest.raises(EvaluationError, match="out of order"):
            await player.play(1.0)
        calls = network.calls
        for _ in range(50):
            await asyncio.sleep(0)
        assert (network.calls, network.asking) == (calls, 0)

    asyncio.run(scene())


def share_of(clock: Clock, waits: Callable[[], float], halves: int) -> float:
    async def evaluate(leaves: Leaves) -> Evaluation:
        await asyncio.sleep(0)
        clock.now += waits()
        return know_nothing(leaves)

    return asyncio.run(player_of(evaluate, Store(), halves).play(1.0))["wait_share"]


def test_the_wait_share_of_a_group_that_only_waits_is_one(clock: Clock) -> None:
    assert share_of(clock, lambda: 0.01, halves=1) == pytest.approx(1.0)


@given(seconds=st.lists(st.floats(0, 0.3), min_size=1, max_size=9), halves=st.integers(1, 4))
@settings(max_examples=25, deadline=None)
def test_the_wait_share_lies_between_nothing_and_all(seconds: list[float], halves: int) -> None:
    clock, calls = Clock(), 0

    def waits() -> float:
        nonlocal calls
        calls += 1
        return seconds[calls % len(seconds)] + 1e-3

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(player_module, "time", time_of(clock))
        assert 0 <= share_of(clock, waits, halves) <= 1 + 1e-9


def test_the_wait_share_begins_anew_with_every_call(clock: Clock) -> None:
    async def scene() -> None:
        player = player_of(Network(clock), Store())
        for _ in range(5):
            assert 0 <= (await player.play(0.3))["wait_share"] <= 1 + 1e-9

    asyncio.run(scene())


def test_only_the_time_between_two_evaluations_is_spent_on_search(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock, ticks = Clock(), itertools.count()
    monkeypatch.setattr(player_module, "time", time_of(clock, lambda: float(next(ticks))))

    async def scene() -> None:
        network = Network(clock)
        player = player_of(network, Store(), halves=1)
        await player.play(1.0)
        # The clock moves by one whenever it is read: once for each wait, and once at the end.
        assert player.spent == {"search": network.calls + 1}
        assert network.calls > 50

    asyncio.run(scene())


def test_what_happened_to_decided_games_is_told_once_for_all_groups(clock: Clock) -> None:
    """A network that calls every game for Red at once: all but the first search are light."""
    decided = {"decided_simulations": 1, "decided_plies": 1, "decided_verify": 0.5}
    # Filled boards would not tell by their stones who is to move.
    changes = {"selfplay": {**decided, "decided_value": 0.5}, "search": {"connections": False}}
    config = with_overrides(SMALL, changes)

    async def sure(leaves: Leaves) -> Evaluation:
        said = await Network(clock)(leaves)
        value = np.where(leaves.cells.sum(1) == 0, 0.9, -0.9).astype(np.float32)
        return said._replace(value=value)

    async def scene() -> list[dict[str, float]]:
        player = player_of(sure, Store(), config=config)
        return [await player.play(0.3) for _ in range(20)]

    rounds = asyncio.run(scene())
    total = {name: sum(done[name] for done in rounds) for name in rounds[0]}
    assert 0 < total["light_searches"] < total["moves"]
    assert 0 < total["decided_false"] < total["decided_verified"]
    assert all(done["light_searches"] <= done["moves"] for done in rounds)


def test_no_time_at_all_is_no_error() -> None:
    done = asyncio.run(player_of(Network(Clock()), Store()).play(0.0))
    assert (done["moves"], done["wait_share"]) == (0, 0)


def test_players_and_their_groups_play_different_games(clock: Clock) -> None:
    async def scene() -> None:
        games: list[list[int]] = []
        for index in range(2):
            store = Store()
            player = Player(SMALL, f"p{index}", (0, index), Network(clock), store)
            await player.play(1.0)
            await player.deliver()
            of_group = np.array(
                [name.startswith(f"p{index}-{SMALL.board}-0-") for name in store.games()]
            )
            for mine in (of_group, ~of_group):
                games.append(take_games(store.kept[0], mine).moves[:60].tolist())
        assert len({tuple(game) for game in games}) == 4

    asyncio.run(scene())
