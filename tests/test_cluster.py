"""The actors connected through Ray, in one session."""

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from oracle import winner_of
from random_games import random_block

from hexray import cluster
from hexray.actors.learner import Learner
from hexray.cluster import fetch
from hexray.config import with_overrides
from hexray.crew import Crew
from hexray.data.store import GameStore
from hexray.errors import CheckpointError, SettingsError, StoreError
from hexray.evaluation import Evaluation, Leaves, know_nothing
from hexray.net.checkpoint import load_net
from hexray.presets import quick
from hexray.starting import Actors

pytestmark = pytest.mark.ray

TINY = with_overrides(
    quick(3),
    {
        "net": {"blocks": 1, "channels": 8},
        "selfplay": {"players": 2, "games": 4},
        "learner": {"batch_rows": 16, "batches": 2, "precision": "float32"},
        "inference": {"precision": "float32", "batch_rows": 64},
        "replay": {"commit_seconds": 0.0, "min_rows": 16},
        "judge": {"match_pairs": 4, "share": 0.05},
    },
)


@pytest.fixture(scope="module")
def run(ray_here: None, tmp_path_factory: pytest.TempPathFactory) -> tuple[Actors, Path]:
    folder = tmp_path_factory.mktemp("run")
    return Crew(TINY, folder, "test", 1).actors, folder


def test_players_games_reach_the_store_and_train_the_learner(run: tuple[Actors, Path]) -> None:
    actors, _ = run
    _play_some(actors, 20)
    stats = fetch(actors.replay.stats.remote())[3]
    assert stats["games"] > 0
    assert stats["window_rows"] + stats["held_out_rows"] == stats["rows"]
    losses = fetch(actors.learner.train.remote(actors.replay.sample.remote(32, 3), 0.0))
    assert losses["rows_trained"] >= 32
    assert np.isfinite(losses["loss"])


def _play_some(actors: Actors, rows: int) -> None:
    """Play rounds until there are so many rows: kernels may have to be compiled first."""
    for _ in range(60):
        fetch([player.play.remote(0.5) for player in actors.players.values()])
        fetch([player.deliver.remote() for player in actors.players.values()])
        if fetch(actors.replay.stats.remote())[3]["rows"] >= rows:
            return
    pytest.fail("the players made no games in half a minute")


def test_published_weights_are_what_later_evaluations_carry(run: tuple[Actors, Path]) -> None:
    actors, _ = run
    number, published = actors.learner.publish.remote()
    version = fetch(actors.servers[0].load.remote(published))
    evaluation = fetch(actors.servers[0].evaluate.remote(np.zeros((2, 9), np.int8), 3))
    assert evaluation.version == version == fetch(number) == fetch(published)[0]
    assert evaluation.logits.dtype == np.float16


def test_large_requests_travel_in_parts_and_come_back_in_order(
    run: tuple[Actors, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    actors, _ = run
    cells = np.random.default_rng(0).integers(-1, 2, (300, 9)).astype(np.int8)
    whole = asyncio.run(_evaluate(actors.servers[0], cells))
    monkeypatch.setattr(cluster, "_INLINE_BYTES", 400)
    parts = asyncio.run(_evaluate(actors.servers[0], cells))
    np.testing.assert_allclose(whole.logits, parts.logits, atol=1e-2)
    np.testing.assert_allclose(whole.value, parts.value, atol=1e-3)
    assert len(parts.value) == 300


def test_no_message_is_larger_than_a_batch(run: tuple[Actors, Path]) -> None:
    actors, _ = run
    before = fetch(actors.servers[0].stats.remote())
    cells = np.zeros((200, 9), np.int8)
    evaluate = cluster.remote_evaluate(actors.servers[0], 64)

    async def ask() -> Any:
        return await evaluate(Leaves(cells, 3))

    assert len(asyncio.run(ask()).value) == 200
    after = fetch(actors.servers[0].stats.remote())
    assert after["batches"] - before["batches"] >= 4


class _Recorder:
    """A server that answers in this process and keeps the sizes of messages."""

    def __init__(self) -> None:
        self.rows: list[int] = []
        self.evaluate = SimpleNamespace(remote=self._answer)

    async def _answer(self, cells: np.ndarray, size: int, slot: int) -> Evaluation:
        self.rows.append(len(cells))
        return know_nothing(Leaves(cells, size))


@pytest.mark.parametrize(
    ("rows", "size", "messages"),
    [(1, 3, [1]), (64, 3, [64]), (65, 3, [33, 32]), (200, 3, [50, 50, 50, 50])],
)
def test_messages_are_few_and_of_equal_size(rows: int, size: int, messages: list[int]) -> None:
    server = _Recorder()
    leaves = Leaves(np.zeros((rows, size * size), np.int8), size)

    async def ask() -> Evaluation:
        return await cluster.remote_evaluate(server, 64)(leaves)

    assert len(asyncio.run(ask()).value) == rows
    assert server.rows == messages


def test_answers_to_large_boards_travel_inline() -> None:
    server = _Recorder()
    leaves = Leaves(np.zeros((512, 361), np.int8), 19)

    async def ask() -> Evaluation:
        return await cluster.remote_evaluate(server, 512)(leaves)

    asyncio.run(ask())
    # An answer takes two bytes a cell and four for the value; Ray keeps 100 KB inline.
    assert max(server.rows) * (2 * 361 + 4) < 100_000


async def _evaluate(server: Any, cells: np.ndarray) -> Any:
    return await cluster.remote_evaluate(server, 10**6)(Leaves(cells, 3))


def test_players_share_no_game_and_no_id(run: tuple[Actors, Path]) -> None:
    actors, folder = run
    _play_some(actors, 20)
    stored = list(GameStore(folder / "games" / "3x3", 3).newest(10**9))
    ids = [game_id for block in stored for game_id in block.game_id]
    assert len(set(ids)) == len(ids)
    assert {game_id.split("-")[2] for game_id in ids} == {"0", "1"}


def test_the_judge_plays_a_whole_game(run: tuple[Actors, Path]) -> None:
    actors, _ = run
    moves = fetch(actors.judge.sample_game.remote(3, 8))
    cells = [0] * 9
    for ply, move in enumerate(moves):
        assert cells[move] == 0
        assert winner_of(cells, 3) == 0
        cells[move] = -1 if ply % 2 else 1
    assert winner_of(cells, 3) != 0
    assert fetch(actors.judge.first_moves.remote(3, 8)).counts["openings"] == 9
    assert fetch(actors.judge.measure.remote(3, 8)) == {}


def test_the_judge_rates_a_published_version_against_an_earlier_one(
    run: tuple[Actors, Path],
) -> None:
    """Its games leave LIVE alone, and their time is counted where they were evaluated."""
    actors, folder = run
    server, before = actors.servers[0], fetch(actors.servers[0].match_seconds.remote())
    live = fetch(server.evaluate.remote(np.zeros((1, 9), np.int8), 3)).version
    first = fetch(actors.judge.rate.remote(actors.learner.publish.remote()[1]))
    assert "rating/elo" not in first
    second = fetch(actors.judge.rate.remote(actors.learner.publish.remote()[1]))
    assert second["rating/version"] > first["best/version"]
    assert second["rating/games"] == 2 * TINY.judge.match_pairs
    assert second["rating/cost_s"] > fetch(server.match_seconds.remote()) - before > 0
    assert fetch(server.evaluate.remote(np.zeros((1, 9), np.int8), 3)).version == live
    assert load_net(Path(f"{folder}@best")).version == first["best/version"]


def test_a_bad_block_is_refused_with_the_errors_own_class(run: tuple[Actors, Path]) -> None:
    actors, _ = run
    block = random_block(3, 4, seed=1)
    broken = block._replace(winner=-block.winner, ended=np.zeros(4, np.int8))
    with pytest.raises(StoreError, match="winner"):
        fetch(actors.replay.append.remote(broken))


def test_damaged_checkpoints_refuse_the_learner_by_name(ray_here: None, tmp_path: Path) -> None:
    damaged = tmp_path / "checkpoints" / "00000007"
    damaged.mkdir(parents=True)
    (damaged / "manifest.json").write_text("{}")
    learner = cluster.place_actor(Learner, "damaged", cluster.here())
    with pytest.raises(CheckpointError, match=r"no checkpoint in .* is valid.*\n.*00000007"):
        fetch(learner.build.remote(0, TINY, tmp_path / "checkpoints", 0))


def test_versions_grow_past_those_of_stored_games(ray_here: None, tmp_path: Path) -> None:
    learner = cluster.place_actor(Learner, "late", cluster.here())
    fetch(learner.build.remote(0, TINY, tmp_path, 41))
    assert fetch(learner.publish.remote()[0]) == 42
    fetch(learner.save.remote(12.5))
    again = cluster.place_actor(Learner, "again", cluster.here())
    fetch(again.build.remote(0, TINY, tmp_path, 0))
    status = fetch(again.status.remote())
    assert (status["version"], status["trained_s"]) == (43, 12.5)


def test_more_processes_than_the_cluster_has_cpus_are_refused(
    ray_here: None, tmp_path: Path
) -> None:
    many = with_overrides(TINY, {"selfplay": {"players": 500}})
    with pytest.raises(SettingsError, match=r"selfplay\.players 500\) .* need 502 CPUs"):
        Crew(many, tmp_path, "many", 1)
