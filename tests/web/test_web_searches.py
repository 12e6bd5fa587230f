"""The line of searches: one at a time, in turn, stopped when nobody listens, and no longer."""

import asyncio
import itertools
import threading
from collections.abc import Callable

import pytest
from asked_app import RANDOM, Client, asked, scene, until

from hexray.evaluation import Evaluation, Leaves, know_nothing
from hexray.htp.game import Game
from hexray.play.think import ROUND, Limit, Thinker
from hexray.web.nets import Net, ReadyNets
from hexray.web.refused import Refused
from hexray.web.searches import Emit, IsStopped, Searches
from hexray.web.thinking import TimeUp, analyse, judged

LONG = {"size": 19, "moves": ["c3"], "simulations": 20000, "seconds": 60}


class Counting:
    """Knows nothing, and counts how often it was asked, on which threads."""

    def __init__(self) -> None:
        self.asked, self.threads = 0, set[int]()

    def __call__(self, leaves: Leaves) -> Evaluation:
        self.asked += len(leaves.cells)
        self.threads.add(threading.get_ident())
        return know_nothing(leaves)


def _until_stopped(order: list[str], name: str) -> Callable[[Emit, IsStopped], str]:
    def work(emit: Emit, is_stopped: IsStopped) -> str:
        order.append(name)
        emit(name)
        while not is_stopped():
            threading.Event().wait(0.001)
        return name

    return work


def _nothing(emit: Emit, is_stopped: IsStopped) -> str:
    return "done"


def _line(play: Callable[[Searches], object]) -> None:
    async def whole() -> None:
        searches = Searches(2)
        try:
            await play(searches)  # pyright: ignore[reportGeneralTypeIssues]
        finally:
            searches.close()

    asyncio.run(whole())


def test_searches_go_on_one_at_a_time_and_in_turn() -> None:
    order: list[str] = []

    async def play(searches: Searches) -> None:
        first, second = (searches.begin(_until_stopped(order, name)) for name in "ab")
        await until(lambda: order == ["a"])
        assert (searches.is_busy, searches.waiting) == (True, 1)
        first.stop()
        await until(lambda: order == ["a", "b"])
        second.stop()
        assert await searches.begin(_nothing).result() == "done"
        await until(lambda: not searches.is_busy)

    _line(play)


def test_a_full_line_refuses_and_a_stopped_search_gives_its_place_up() -> None:
    order: list[str] = []

    async def play(searches: Searches) -> None:
        going, waiting, last = (searches.begin(_until_stopped(order, name)) for name in "abc")
        with pytest.raises(Refused) as caught:
            searches.begin(_nothing)
        assert caught.value.status == 503
        waiting.stop()
        following = searches.begin(_nothing)
        going.stop()
        last.stop()
        assert await following.result() == "done"
        assert "b" not in order

    _line(play)


def test_a_stopped_search_answers_at_once_even_while_it_works() -> None:
    is_free = threading.Event()

    def work(emit: Emit, is_stopped: IsStopped) -> None:
        is_free.wait()

    async def play(searches: Searches) -> None:
        search = searches.begin(work)
        search.stop()
        with pytest.raises(Refused, match="stopped"):
            await search.result()
        assert [item async for item in search.news()] == []
        is_free.set()

    _line(play)


def test_news_that_nobody_reads_does_not_pile_up() -> None:
    def work(emit: Emit, is_stopped: IsStopped) -> str:
        for number in range(1000):
            emit(number)
        return "done"

    async def play(searches: Searches) -> None:
        last, few = searches.begin(work), searches.begin(work, keeps=3)
        assert await last.result() == await few.result() == "done"
        assert [item async for item in last.news()] == [999]
        assert [item async for item in few.news()] == [997, 998, 999]

    _line(play)


def test_what_the_work_raises_is_raised_for_who_waits_and_the_next_goes_on() -> None:
    def work(emit: Emit, is_stopped: IsStopped) -> None:
        raise TimeUp("too late")

    async def play(searches: Searches) -> None:
        failing, following = searches.begin(work), searches.begin(_nothing)
        with pytest.raises(TimeUp, match="too late"):
            await failing.result()
        assert await following.result() == "done"

    _line(play)


def test_the_end_stops_every_search_and_lets_none_begin() -> None:
    async def play(searches: Searches) -> None:
        every = [searches.begin(_until_stopped([], name)) for name in "abc"]
        searches.stop_all()
        for search in every:
            with pytest.raises(Refused, match="the server has ended"):
                await search.result()
        with pytest.raises(Refused, match="about to end"):
            searches.begin(_nothing)

    _line(play)


@pytest.mark.parametrize("path", ["/api/analyse", "/api/move", "/api/judge", "/calculate-move"])
def test_a_client_that_goes_away_stops_its_search(path: str) -> None:
    counting = Counting()
    nets = (Net("1", "counting", 19, (), lambda: counting),)
    game = {"size": 19, "movesHistory": "c3"}
    said = {"game": game, "ai": {"simulations": 20000}} if path == "/calculate-move" else LONG

    async def play(client: Client) -> None:
        asking = client.begin("POST", path, said)
        await until(lambda: counting.asked > 0)
        asking.leave()
        await asking.answer()
        await until(lambda: not client.searches.is_busy)
        assert counting.asked < 20_000
        after = counting.asked
        assert (await client.ask("GET", "/api/about")).status == 200
        assert counting.asked == after

    scene(play, nets)


def test_all_searches_are_made_on_one_thread_that_is_not_the_loops() -> None:
    counting = Counting()
    nets = (Net("1", "counting", 5, (), lambda: counting),)
    said = {"size": 5, "moves": [], "simulations": 8}

    async def play(client: Client) -> None:
        askings = [client.begin("POST", "/api/move", said) for _ in range(5)]
        assert [(await asking.answer()).status for asking in askings] == [200] * 5

    scene(play, nets)
    assert len(counting.threads) == 1
    assert threading.get_ident() not in counting.threads


@pytest.mark.parametrize("simulations", [1, 33, 200])
def test_no_more_simulations_are_made_than_are_asked_for(simulations: int) -> None:
    counting = Counting()
    nets = (Net("1", "counting", 19, (), lambda: counting),)
    said = {"size": 19, "moves": ["c3"], "simulations": simulations}
    answer = asked("POST", "/api/move", said, nets=nets)
    assert answer.json["opinion"]["simulations"] == simulations
    assert counting.asked <= simulations + 1  # and the position itself


def test_an_analysis_ends_with_its_seconds() -> None:
    game = Game(9)
    ticks = itertools.count()
    limit = Limit(20_000, 4.0)
    thinker = Thinker(know_nothing, None, clock=lambda: float(next(ticks)), most=20_000)
    found = analyse(game, thinker, limit, lambda _: None, lambda: False)
    # The clock is looked at once before the rounds and twice in each, the round and what is between
    # two of them taking a second: two rounds end by 4 and a third would not.
    assert found.simulations == 2 * ROUND


def test_progress_is_told_ten_times_a_second_at_most() -> None:
    told: list[object] = []
    now = iter(number * 0.04 for number in range(10_000))
    thinker = Thinker(know_nothing, None, most=20 * ROUND)
    analyse(
        Game(9), thinker, Limit(20 * ROUND), told.append, lambda: False, clock=lambda: next(now)
    )
    assert 2 <= len(told) <= 10


def test_a_game_is_not_judged_beyond_its_seconds() -> None:
    game = Game(9)
    game.play(1, 40)
    now = iter([0.0, 1.0, 3.0])
    with pytest.raises(TimeUp, match="2 seconds were enough for 1 of 1 moves"):
        list(judged(game, know_nothing, Limit(8, 2.0), lambda: False, clock=lambda: next(now)))


def test_few_networks_are_kept_and_the_one_used_longest_ago_goes() -> None:
    made: list[str] = []

    def net(name: str) -> Net:
        def evaluate() -> Callable[[Leaves], Evaluation]:
            made.append(name)
            return know_nothing

        return RANDOM._replace(id=name, evaluate=evaluate)

    ready = ReadyNets(2)
    for name in "abacab":
        ready.of(net(name))
    assert made == ["a", "b", "c", "b"]


def test_an_analysis_goes_on_from_the_one_before() -> None:
    counting = Counting()
    nets = (Net("1", "counting", 9, (), lambda: counting),)
    said = {"size": 9, "moves": [], "simulations": 300}

    async def play(client: Client) -> None:
        for _ in range(2):
            assert (await client.ask("POST", "/api/analyse", said)).status == 200

    scene(play, nets)
    assert counting.asked <= 301
