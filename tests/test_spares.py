"""A run takes over the processes of the one before it, and nothing else of it."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import ray
from ray.exceptions import RayActorError

from hexray.cluster import NotBuilt, fetch, here, place_actor
from hexray.config import RunConfig, with_overrides
from hexray.crew import Crew
from hexray.net.checkpoint import newest_checkpoint
from hexray.presets import quick
from hexray.run_folder import open_run_folder
from hexray.spares import Shape, Spares
from hexray.starting import Actors
from hexray.training import train_quietly

pytestmark = pytest.mark.ray

TINY = with_overrides(
    quick(3),
    {
        "net": {"blocks": 1, "channels": 8},
        "selfplay": {"players": 1, "games": 4},
        "learner": {"batch_rows": 16, "batches": 2, "precision": "float32"},
        "inference": {"precision": "float32", "batch_rows": 64},
        "replay": {"commit_seconds": 0.0, "min_rows": 16},
    },
)


class Counting:
    """An actor that remembers what it counted, and can be kept at work."""

    def __init__(self, begin: int) -> None:
        self.count = begin

    async def add(self) -> int:
        self.count += 1
        return self.count

    async def ask(self, other: Any) -> int:
        return await other.evaluate.remote()

    async def evaluate(self) -> int:
        return self.count


class Watched(Spares):
    """Spares that remember whether they had what was asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.had: list[bool] = []

    def take(self, shape: Shape) -> Actors | None:
        taken = super().take(shape)
        self.had.append(taken is not None)
        return taken


@pytest.fixture
def spares(ray_here: None) -> Iterator[Spares]:
    kept = Spares()
    yield kept
    kept.end()


def crew_of(folder: Path, spares: Spares, config: RunConfig = TINY) -> Crew:
    return Crew(config, folder, folder.name, 1, f"spares-{id(spares)}-", spares)


def pids(crew: Crew) -> dict[str, int]:
    every = crew.actors.named()
    return dict(
        zip(every, fetch([each.__ray_call__.remote(_pid) for each in every.values()]), strict=True)
    )


def _pid(_: Any) -> int:
    return os.getpid()


def play_some(crew: Crew) -> int:
    """Play until there is a game; return how many there are."""
    while True:
        player = crew.actors.players[0]
        fetch(player.play.remote(0.2))
        fetch(player.deliver.remote())
        if games := fetch(crew.actors.replay.stats.remote())[3]["games"]:
            return games


def test_a_vacated_process_waits_to_be_built_as_a_new_one(ray_here: None) -> None:
    actor = place_actor(Counting, "vacated", here())
    fetch(actor.build.remote(0, 5))
    fetch(actor.open.remote())
    assert fetch(actor.add.remote()) == 6
    before = fetch(actor.__ray_call__.remote(_pid))
    assert fetch(actor.vacate.remote())
    with pytest.raises(NotBuilt):
        fetch(actor.add.remote())
    asked = actor.evaluate.remote()  # one that waits for the actor to be open again
    assert fetch(actor.beat.remote())[0] is False
    fetch(actor.build.remote(0, 70))
    assert ray.wait([asked], timeout=0.5)[0] == []
    fetch(actor.open.remote())
    assert fetch(asked) == 70
    assert fetch(actor.__ray_call__.remote(_pid)) == before


def test_an_actor_at_work_is_not_vacated(ray_here: None) -> None:
    actor, other = (place_actor(Counting, name, here()) for name in ("at work", "late"))
    fetch([actor.build.remote(0, 1), other.build.remote(0, 9)])
    fetch(actor.open.remote())
    asked = actor.ask.remote(other)  # which is not open yet
    ray.wait([asked], timeout=0.5)
    assert fetch(actor.vacate.remote()) is False
    fetch(other.open.remote())
    assert fetch(asked) == 9
    assert fetch(actor.add.remote()) == 2
    assert fetch(actor.vacate.remote())


def test_the_next_run_has_the_processes_and_nothing_else(spares: Spares, tmp_path: Path) -> None:
    first = crew_of(tmp_path / "first", spares)
    made, before = play_some(first), pids(first)
    first.leave()
    other = with_overrides(TINY, {"board": 4, "seed": 5})
    second = crew_of(tmp_path / "second", spares, other)
    assert pids(second) == before
    stats = fetch(second.actors.replay.stats.remote())
    assert stats[4]["games"] == 0
    assert second.version == 1
    logits = fetch(second.actors.servers[0].evaluate.remote(np.zeros((1, 16), np.int8), 4)).logits
    second.leave()
    # As with processes of its own.
    alone = Crew(other, tmp_path / "alone", "second", 1, "alone-")
    again = fetch(alone.actors.servers[0].evaluate.remote(np.zeros((1, 16), np.int8), 4)).logits
    np.testing.assert_array_equal(logits, again)
    alone.end()
    back = crew_of(tmp_path / "first", spares)
    assert fetch(back.actors.replay.stats.remote())[3]["games"] == made
    assert pids(back) == before
    back.end()


def test_a_run_of_another_shape_has_processes_of_its_own(spares: Spares, tmp_path: Path) -> None:
    first = crew_of(tmp_path / "first", spares)
    servers = first.actors.servers[0]
    first.leave()
    second = crew_of(
        tmp_path / "second", spares, with_overrides(TINY, {"selfplay": {"players": 2}})
    )
    with pytest.raises(RayActorError):
        fetch(servers.beat.remote())
    assert len(pids(second)) == 6
    second.end()


def test_where_one_is_at_work_none_is_kept(spares: Spares, tmp_path: Path) -> None:
    first = crew_of(tmp_path / "first", spares)
    playing = first.actors.players[0].play.remote(60.0)
    ray.wait([playing], timeout=1.0)
    first.leave()
    with pytest.raises(RayActorError):
        fetch(playing)
    for actor in first.actors.named().values():
        with pytest.raises(RayActorError):
            fetch(actor.beat.remote())


def test_a_process_that_died_while_it_was_kept_is_another(spares: Spares, tmp_path: Path) -> None:
    first = crew_of(tmp_path / "first", spares)
    before = pids(first)
    first.leave()
    ray.kill(first.actors.replay, no_restart=False)
    second = crew_of(tmp_path / "second", spares)
    after = pids(second)
    assert after.pop("replay") != before.pop("replay")
    assert after == before
    play_some(second)
    second.end()


def test_processes_are_not_kept_for_ever(
    spares: Spares, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hexray.spares.MOST_RUNS", 2)
    seen = []
    for index in range(3):
        crew = crew_of(tmp_path / str(index), spares)
        seen.append(pids(crew))
        crew.leave()
    assert seen[1] == seen[0]
    assert not set(seen[2].values()) & set(seen[0].values())


def test_whole_runs_follow_each_other_in_the_same_processes(ray_here: None, tmp_path: Path) -> None:
    spares = Watched()
    for index in range(2):
        config = with_overrides(TINY, {"minutes": 0.05, "seed": index})
        folder = tmp_path / str(index)
        with open_run_folder(folder, config) as run, (tmp_path / "log").open("a") as log:
            train_quietly(run, config, log, lambda *_: None, "after-", spares=spares)
        found, _ = newest_checkpoint(folder / "checkpoints")
        assert found is not None
        assert found.config.seed == index
        assert found.counters["trained_s"] >= 3
    spares.end()
    assert spares.had == [False, True]
