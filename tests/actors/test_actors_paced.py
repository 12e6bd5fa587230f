"""Work at a share of the time: never more than it, whatever a piece costs."""

import asyncio
import threading
from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from hexray.actors import paced
from hexray.actors.paced import Budget, Pace, PacedPlayer, Stopped
from hexray.game.board import Boards, new_boards
from hexray.play.players import RandomPlayer


class Clock:
    """Time passes only when someone sleeps."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        assert seconds >= 0
        self.now += seconds


@given(
    share=st.floats(0.001, 0.05),
    pieces=st.lists(st.tuples(st.floats(0.0, 3.0), st.floats(0.0, 50.0)), max_size=40),
)
def test_any_minute_holds_no_more_than_the_share_and_one_piece(
    share: float, pieces: list[tuple[float, float]]
) -> None:
    """Each piece comes after an idle time; its cost is counted when it begins."""
    clock = Clock()
    budget = Budget(share, clock)
    done = []
    for cost, idle in pieces:
        clock.sleep(idle)
        clock.sleep(budget.wait_s())
        done.append((clock.now, cost))
        clock.sleep(cost)
        budget.spend(cost)
    for start, _ in done:
        minute = [cost for begun, cost in done if start <= begun < start + 60]
        assert sum(minute) <= 60 * share + max(minute) + 1e-6
    assert budget.spent_s == pytest.approx(sum(cost for cost, _ in pieces))


def test_work_waits_nineteen_times_as_long_as_it_took_at_a_twentieth() -> None:
    clock = Clock()
    budget = Budget(0.05, clock)
    assert budget.wait_s() == 0
    clock.sleep(1.0)
    budget.spend(1.0)
    assert budget.wait_s() == pytest.approx(20)
    clock.sleep(5.0)
    assert budget.wait_s() == pytest.approx(15)
    clock.sleep(1000.0)
    assert budget.wait_s() == 0
    budget.spend(0.1)
    assert budget.wait_s() == pytest.approx(2)


@pytest.mark.parametrize("share", [0.01, 0.04, 0.05])
@pytest.mark.parametrize("piece_s", [0.005, 0.3])
def test_self_play_keeps_all_but_the_share_of_its_evaluations(share: float, piece_s: float) -> None:
    """Counters of a server that makes 1000 evaluations a second for whoever it works for."""
    clock = Clock()
    budget = Budget(share, clock)
    counters = {"players": 0.0, "judge": 0.0}
    seen = []
    while clock.now < 1000:
        wait_s = budget.wait_s()
        counters["players"] += 1000 * wait_s
        clock.sleep(wait_s)
        counters["judge"] += 1000 * piece_s
        clock.sleep(piece_s)
        budget.spend(piece_s)
        seen.append((clock.now, dict(counters)))
    by_minute = [max(s for s in seen if s[0] <= 100 + 60 * m) for m in range(1, 15)]
    for (_, before), (_, after) in pairwise(by_minute):
        judged = after["judge"] - before["judge"]
        made = judged + after["players"] - before["players"]
        assert judged <= share * made + 1000 * piece_s
        assert judged >= 0.8 * share * made


def _paced(scene: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> None:
    """Run ``scene(pace, ...)`` in a thread beside an event loop, with hand-made clocks."""
    clock, cpu, elsewhere = Clock(), Clock(), Clock()
    budget, stopping = Budget(0.05, clock), threading.Event()
    monkeypatch.setattr(paced.time, "process_time", cpu)

    async def cost() -> float:
        return elsewhere.now

    async def run() -> None:
        pace = Pace(budget, stopping, cost, clock.sleep)
        await asyncio.to_thread(scene, pace, cpu, elsewhere, budget, stopping)

    asyncio.run(run())


def test_a_piece_costs_what_it_took_here_and_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    def scene(pace: Pace, cpu: Clock, elsewhere: Clock, budget: Budget, _: object) -> None:
        for _ in range(3):
            with pace.paid():
                cpu.sleep(0.2)
                elsewhere.sleep(0.3)
            cpu.sleep(7.0)  # not for this work
        assert budget.spent_s == pytest.approx(1.5)

    _paced(scene, monkeypatch)


def test_a_piece_that_fails_is_paid_for(monkeypatch: pytest.MonkeyPatch) -> None:
    def scene(pace: Pace, cpu: Clock, elsewhere: Clock, budget: Budget, _: object) -> None:
        def fail() -> None:
            with pace.paid():
                elsewhere.sleep(0.3)
                raise ValueError("no")

        with pytest.raises(ValueError, match="no"):
            fail()
        assert budget.spent_s == pytest.approx(0.3)

    _paced(scene, monkeypatch)


def test_a_player_pauses_before_each_move_and_stops_when_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    boards, histories = new_boards(2, 3), [[], []]

    def scene(
        pace: Pace, cpu: Clock, elsewhere: Clock, budget: Budget, stopping: threading.Event
    ) -> None:
        class Slow(RandomPlayer):
            def choose(
                self, boards: Boards, histories: Sequence[Sequence[int]]
            ) -> NDArray[np.int64]:
                cpu.sleep(0.1)
                return super().choose(boards, histories)

        player = PacedPlayer(Slow(0), pace)
        assert (player.name, player.at_once) == ("random", RandomPlayer(0).at_once)
        expected = RandomPlayer(0)
        for _ in range(3):
            np.testing.assert_array_equal(
                player.choose(boards, histories), expected.choose(boards, histories)
            )
            assert budget.wait_s() == pytest.approx(2.0)
        stopping.set()
        with pytest.raises(Stopped):
            player.choose(boards, histories)
        assert budget.spent_s == pytest.approx(0.3)

    _paced(scene, monkeypatch)


def test_a_pause_ends_as_soon_as_the_work_is_to_stop() -> None:
    """With the event's own wait: nobody sleeps for the hour that the budget asks for."""

    async def cost() -> float:
        return 0.0

    async def run() -> None:
        stopping, budget = threading.Event(), Budget(0.001, lambda: 0.0)
        budget.spend(3.6)
        pace = Pace(budget, stopping, cost)
        work = asyncio.create_task(asyncio.to_thread(pace.pause))
        await asyncio.sleep(0)
        stopping.set()
        with pytest.raises(Stopped):
            await asyncio.wait_for(work, 30)

    asyncio.run(run())
