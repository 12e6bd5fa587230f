"""The owner of the games: acknowledged means on disk, and a restart finds the same window."""

import asyncio
import json
import os
import threading
from pathlib import Path

import numpy as np
import pytest
from random_games import assert_same, random_block, slow_rows
from training_rows import random_rows

from hexray.actors.replay import Replay, Replays
from hexray.config import ReplaySettings
from hexray.data.games import GameBlock, concat_games, take_games
from hexray.data.held_out import is_held_out
from hexray.data.rows import Further, Rows
from hexray.data.store import GameStore
from hexray.data.window import Window
from hexray.errors import StoreError


def replay_in(
    folder: Path, window_rows: int = 1000, seed: int = 0, held_out: float = 0, **extra: object
) -> Replay:
    """A replay of 4x4 games that commits at the first chance."""
    settings = ReplaySettings(
        window_rows=window_rows, min_rows=1, commit_seconds=0, held_out=held_out
    )
    return Replay(folder, 4, settings, seed, **extra)


def send(replay: Replay, *blocks: GameBlock) -> list[tuple[str, ...]]:
    """Send blocks one after another, each after the last was acknowledged."""

    async def one_by_one() -> list[tuple[str, ...]]:
        return [await replay.append(block) for block in blocks]

    return asyncio.run(one_by_one())


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def on_disk(folder: Path) -> list[GameBlock]:
    return list(GameStore(folder, 4).newest(10**9))


def spoilt(block: GameBlock) -> GameBlock:
    """The same games, of which the second is said to be won by the other side."""
    winner = block.winner * np.array([1, -1, 1], np.int8)
    return block._replace(winner=winner, ended=np.zeros(3, np.int8))


def hold_up_renames(monkeypatch: pytest.MonkeyPatch) -> tuple[threading.Event, threading.Event]:
    """Stop every rename: the first event says that one is reached, the second lets it go on."""
    reached, may_go_on = threading.Event(), threading.Event()
    true_replace = os.replace

    def held_up(*paths: Path) -> None:
        reached.set()
        assert may_go_on.wait(30)
        true_replace(*paths)

    monkeypatch.setattr(os, "replace", held_up)
    return reached, may_go_on


class Gate:
    """A sleep that ends when the test says so, and tells how long it was to be."""

    def __init__(self) -> None:
        self.asked: list[float] = []
        self.open = asyncio.Event()

    async def __call__(self, seconds: float) -> None:
        self.asked.append(seconds)
        await self.open.wait()


async def settled(replay: Replay, tasks: list[asyncio.Task], waiting: int) -> None:
    """Wait, without a clock, until ``waiting`` blocks wait for the commit or are answered."""
    while len(replay._gathered) + sum(task.done() for task in tasks) < waiting:
        await asyncio.sleep(0)


def send_together(replay: Replay, *blocks: GameBlock) -> list[tuple[str, ...] | BaseException]:
    """Send blocks in one commit, in any order; a refusal stands in its place."""

    async def together() -> list:
        replay._sleep = gate = Gate()
        sent = [asyncio.create_task(replay.append(block)) for block in blocks]
        await settled(replay, sent, len(sent))
        gate.open.set()
        return await asyncio.gather(*sent, return_exceptions=True)

    return asyncio.run(together())


def test_every_game_acknowledged_is_on_disk(tmp_path: Path) -> None:
    block = random_block(4, 5, 1)
    assert send(replay_in(tmp_path), block) == [block.game_id]
    assert_same(on_disk(tmp_path)[0], block)


def test_nothing_is_acknowledged_before_it_is_on_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replay, block = replay_in(tmp_path), random_block(4, 3, 1)
    reached, may_go_on = hold_up_renames(monkeypatch)

    async def scenario() -> None:
        sent = asyncio.create_task(replay.append(block))
        await asyncio.to_thread(reached.wait, 30)
        assert not sent.done()
        assert (await replay.stats())["window_rows"] == 0  # the loop answers while it writes
        may_go_on.set()
        assert await sent == block.game_id
        assert (await replay.stats())["window_rows"] == len(block.version)

    asyncio.run(scenario())


def test_appends_within_the_commit_time_become_one_file(tmp_path: Path) -> None:
    blocks = [random_block(4, 2, seed) for seed in range(4)]

    async def scenario() -> tuple[list[float], dict[str, int]]:
        gate = Gate()
        settings = ReplaySettings(window_rows=1000, min_rows=1, commit_seconds=2.5)
        replay = Replay(tmp_path, 4, settings, 0, sleep=gate)
        sent = [asyncio.create_task(replay.append(block)) for block in blocks]
        await settled(replay, sent, 4)
        assert files(tmp_path) == []
        gate.open.set()
        assert await asyncio.gather(*sent) == [block.game_id for block in blocks]
        return gate.asked, await replay.stats()

    asked, stats = asyncio.run(scenario())
    assert asked == [2.5]
    assert files(tmp_path) == ["games-00000000.parquet"]
    assert (stats["commits"], stats["games"]) == (1, 8)


def test_a_block_that_comes_during_a_write_goes_into_the_next_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replay = replay_in(tmp_path)
    first, second, third = (random_block(4, 2, seed) for seed in range(3))
    reached, may_go_on = hold_up_renames(monkeypatch)

    async def scenario() -> None:
        sent = [asyncio.create_task(replay.append(first))]
        await asyncio.to_thread(reached.wait, 30)
        sent += [asyncio.create_task(replay.append(block)) for block in (second, third)]
        await settled(replay, sent, 2)
        may_go_on.set()
        await asyncio.gather(*sent)

    asyncio.run(scenario())
    assert [len(block.game_id) for block in on_disk(tmp_path)] == [2, 4]


def test_a_restart_finds_the_identical_window(tmp_path: Path) -> None:
    replay = replay_in(tmp_path, window_rows=100)
    send(replay, *(random_block(4, 3, seed) for seed in range(12)))
    send_together(replay, *(random_block(4, 3, seed) for seed in range(20, 26)))
    before = asyncio.run(replay.digest())
    assert asyncio.run(replay.stats())["window_rows"] == 100
    assert asyncio.run(replay_in(tmp_path, window_rows=100).digest()) == before


def test_rows_are_drawn_by_the_sampling_that_was_set(tmp_path: Path) -> None:
    send(replay_in(tmp_path), random_block(4, 40, seed=1), random_block(4, 40, seed=2))
    games = on_disk(tmp_path)
    versions = np.concatenate([slow_rows(block).version for block in games])
    settings = ReplaySettings(min_rows=1, held_out=0, sampling="recent", newest_share=0.1)
    drawn = asyncio.run(Replay(tmp_path, 4, settings, 0).sample(2000)).version
    newest = versions[-int(np.ceil(0.1 * len(versions))) :]
    assert set(drawn) == set(newest)


def test_further_targets_are_there_when_asked_for_also_after_a_restart(tmp_path: Path) -> None:
    both = Further(reply=True, owner=True)
    replay = replay_in(tmp_path, further=both)
    send(replay, random_block(4, 3, seed=1))
    expected = Window(1000, 4)
    for block in on_disk(tmp_path):
        expected.add(slow_rows(block, both))
    assert asyncio.run(replay.digest()) == expected.digest()
    assert asyncio.run(replay_in(tmp_path, further=both).digest()) == expected.digest()
    assert asyncio.run(replay_in(tmp_path).sample(3)).owner.shape == (3, 0)


def test_the_window_holds_the_rows_of_the_games_in_the_order_of_the_files(tmp_path: Path) -> None:
    replay, expected = replay_in(tmp_path, window_rows=30), Window(30, 4)
    send_together(replay, *(random_block(4, 3, seed) for seed in range(3)))
    send(replay, random_block(4, 3, 3))
    for block in on_disk(tmp_path):
        expected.add(slow_rows(block))
    assert asyncio.run(replay.digest()) == expected.digest()


def test_a_block_sent_again_after_a_restart_is_acknowledged_and_kept_once(tmp_path: Path) -> None:
    block = random_block(4, 4, 1)
    send(replay_in(tmp_path), block)
    restarted = replay_in(tmp_path)
    before = asyncio.run(restarted.digest())
    assert send(restarted, block, block) == [block.game_id] * 2
    assert asyncio.run(restarted.digest()) == before
    assert asyncio.run(restarted.stats())["games"] == 4
    assert len(on_disk(tmp_path)) == 1


def test_a_block_twice_in_one_commit_is_kept_once(tmp_path: Path) -> None:
    replay, block = replay_in(tmp_path), random_block(4, 4, 1)
    assert send_together(replay, block, block, block) == [block.game_id] * 3
    assert_same(*on_disk(tmp_path), block)
    assert asyncio.run(replay.stats())["window_rows"] == len(block.version)


def test_a_block_with_some_known_games_adds_the_others(tmp_path: Path) -> None:
    replay, block = replay_in(tmp_path), random_block(4, 6, 1)
    half = np.arange(6) < 3
    send(replay, take_games(block, half))
    assert send(replay, block) == [block.game_id]
    assert asyncio.run(replay.stats())["window_rows"] == len(block.version)
    assert asyncio.run(replay.digest()) == asyncio.run(replay_in(tmp_path).digest())


def test_a_bad_block_is_refused_and_its_neighbours_are_stored(tmp_path: Path) -> None:
    replay = replay_in(tmp_path)
    good, bad, other = (random_block(4, 3, seed) for seed in range(3))
    first, refusal, last = send_together(replay, good, spoilt(bad), other)
    assert [first, last] == [good.game_id, other.game_id]
    assert bad.game_id[1] in str(refusal)
    found = concat_games(on_disk(tmp_path))
    for block in (good, other):
        kept = np.isin(found.game_id, block.game_id)
        assert_same(take_games(found, kept), block)
    assert len(found.game_id) == 6


def test_a_block_of_another_board_names_both_sizes(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"5x5 board.*4x4"):
        send(replay_in(tmp_path), random_block(5, 1, 1))


def test_blocks_of_different_settings_keep_theirs(tmp_path: Path) -> None:
    replay = replay_in(tmp_path)
    blocks = [random_block(4, 2, seed, settings) for seed, settings in enumerate("aba")]
    send_together(replay, *blocks)
    found = concat_games(on_disk(tmp_path))
    for block in blocks:
        kept = np.isin(found.game_id, block.game_id)
        assert take_games(found, kept).settings == block.settings
    assert asyncio.run(replay.digest()) == asyncio.run(replay_in(tmp_path).digest())


def test_a_full_disk_is_told_to_every_sender_and_the_blocks_can_come_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replay, blocks = replay_in(tmp_path), [random_block(4, 2, seed) for seed in range(3)]

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(os, "fsync", full)
        answers = send_together(replay, *blocks)
    assert all(isinstance(a, StoreError) and "No space" in str(a) for a in answers)
    assert asyncio.run(replay.stats())["window_rows"] == 0
    assert send(replay, *blocks) == [block.game_id for block in blocks]
    assert asyncio.run(replay.digest()) == asyncio.run(replay_in(tmp_path).digest())


def test_a_sender_that_gives_up_does_not_stop_the_others(tmp_path: Path) -> None:
    first, second = random_block(4, 2, 1), random_block(4, 2, 2)

    async def scenario() -> None:
        gate = Gate()
        replay = replay_in(tmp_path, sleep=gate)
        sent = [asyncio.create_task(replay.append(block)) for block in (first, second)]
        await settled(replay, sent, 2)
        sent[0].cancel()
        gate.open.set()
        assert await sent[1] == second.game_id

    asyncio.run(scenario())
    (found,) = on_disk(tmp_path)
    assert set(found.game_id) == {*first.game_id, *second.game_id}


def draw(replay: Replay) -> bytes:
    return asyncio.run(replay.sample(64)).version.tobytes()


def test_draws_repeat_for_the_same_seed_and_folder(tmp_path: Path) -> None:
    send(replay_in(tmp_path), random_block(4, 9, 1))
    one, same, other = (replay_in(tmp_path, seed=seed) for seed in (7, 7, 8))
    first = draw(one)
    assert draw(same) == first
    assert draw(other) != first
    assert draw(one) != first


def test_a_restart_after_more_games_draws_differently_from_an_equal_window(tmp_path: Path) -> None:
    block = random_block(4, 9, 1)
    send(replay_in(tmp_path / "short"), block)
    send(replay_in(tmp_path / "long"), random_block(4, 9, 2), block)
    rows = len(block.version)
    short, long = (replay_in(tmp_path / name, window_rows=rows) for name in ("short", "long"))
    assert asyncio.run(short.digest()) == asyncio.run(long.digest())
    assert draw(short) != draw(long)


def values(rows: Rows) -> set[float]:
    """What tells a row from others: its root value, drawn from a continuum."""
    return set(rows.root_value.tolist())


def test_held_out_rows_are_never_drawn_to_train_on(tmp_path: Path) -> None:
    replay, block = replay_in(tmp_path, held_out=0.3), random_block(4, 40, 1)
    send(replay, block)
    held = np.array([is_held_out(name, 0.3) for name in block.game_id])
    theirs, others = (values(slow_rows(take_games(block, part))) for part in (held, ~held))
    for started in (replay, replay_in(tmp_path, held_out=0.3)):
        assert values(asyncio.run(started.sample(5000))) == others
        both = asyncio.run(started.sample_both(len(theirs)))
        assert both is not None
        assert values(both.held_out) <= theirs
        assert values(both.training) <= others
        assert len(both.training.outcome) == len(both.held_out.outcome) == len(theirs)
        stats = asyncio.run(started.stats())
        assert (stats["window_rows"], stats["held_out_rows"]) == (len(others), len(theirs))


def test_too_few_held_out_rows_are_not_compared_unless_there_is_no_room_for_more(
    tmp_path: Path,
) -> None:
    replay = replay_in(tmp_path, window_rows=40, held_out=0.2)  # and 10 held-out rows
    assert asyncio.run(replay.sample_both(5)) is None
    send(replay, random_block(4, 40, 1))
    assert asyncio.run(replay.stats())["held_out_rows"] == 10
    for count in (10, 11, 1000):
        both = asyncio.run(replay.sample_both(count))
        assert both is not None
        assert len(both.held_out.outcome) == count
    roomy = replay_in(tmp_path, window_rows=10_000, held_out=0.2)
    held = asyncio.run(roomy.stats())["held_out_rows"]
    assert asyncio.run(roomy.sample_both(held)) is not None
    assert asyncio.run(roomy.sample_both(held + 1)) is None
    assert asyncio.run(replay_in(tmp_path, held_out=0).sample_both(1)) is None


def test_comparing_does_not_change_what_is_trained_on(tmp_path: Path) -> None:
    send(replay_in(tmp_path), random_block(4, 40, 1))
    plain, compared = (replay_in(tmp_path, held_out=0.3) for _ in range(2))
    assert asyncio.run(compared.sample_both(5)) is not None
    assert draw(compared) == draw(plain)


def test_drawing_before_the_first_game_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no rows"):
        asyncio.run(replay_in(tmp_path).sample(1))


def test_stats_count_what_is_stored_and_held(tmp_path: Path) -> None:
    replay, blocks = replay_in(tmp_path, window_rows=20), [random_block(4, 6, s) for s in (1, 2)]
    send(replay, *blocks)
    assert asyncio.run(replay.stats()) == {
        "games": 12,
        "rows": sum(len(block.version) for block in blocks),
        "disk_bytes": sum(path.stat().st_size for path in tmp_path.iterdir()),
        "window_rows": 20,
        "held_out_rows": 0,
        "window_bytes": 20 * (16 + 32 + 1 + 4 + 4),
        "commits": 2,
    }


def test_each_board_has_a_folder_and_a_window_of_its_own(tmp_path: Path) -> None:
    settings = ReplaySettings(window_rows=1000, min_rows=1, commit_seconds=0)
    replays = Replays(tmp_path / "games", (3, 4), settings, 0)
    blocks = {size: random_block(size, 5, seed=size) for size in (3, 4)}

    async def fill() -> None:
        for size in (3, 4, 3):  # what comes twice is kept once
            assert await replays.append(blocks[size]) == blocks[size].game_id

    asyncio.run(fill())
    stats = asyncio.run(replays.stats())
    for size in (3, 4):
        assert stats[size]["games"] == 5
        assert stats[size]["rows"] == len(blocks[size].version)
        assert asyncio.run(replays.sample(7, size)).cells.shape == (7, size * size)
        [stored] = GameStore(tmp_path / "games" / f"{size}x{size}", size).newest(10**9)
        assert_same(stored, blocks[size])
    newest = max(int(block.version.max()) for block in blocks.values())
    assert asyncio.run(replays.newest_version()) == newest
    with pytest.raises(StoreError, match=r"a 5x5 board came to a replay of \[3, 4\]"):
        asyncio.run(replays.append(random_block(5, 2, seed=0)))


def test_rows_of_several_boards_put_aside_at_once_each_get_a_folder(tmp_path: Path) -> None:
    replays = Replays(tmp_path / "games", (3, 4), ReplaySettings(min_rows=1), 0)

    async def together() -> list[Path]:
        asked = (
            replays.put_aside(random_rows(5, size, seed), f"block {seed}")
            for seed, size in enumerate((3, 4) * 4)
        )
        return await asyncio.gather(*asked)

    folders = asyncio.run(together())
    assert sorted(folders) == [tmp_path / "suspects" / f"{n:04d}" for n in range(1, 9)]
    reasons = {json.loads((path / "report.json").read_text())["reason"] for path in folders}
    assert reasons == {f"block {seed}" for seed in range(8)}
