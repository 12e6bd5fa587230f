"""The rater: a ladder that survives whatever ends it, and rates what was really played."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Awaitable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made_checkpoints import CONFIG, TRAINER
from oracle import winner_of

from hexray.actors import rater as module
from hexray.actors.rater import Published, Rater, Slots
from hexray.config import RunConfig, with_overrides
from hexray.errors import CheckpointError, FileFormatError
from hexray.evaluation import BEST, HOME, RIVAL, EvaluateAsync, Evaluation, Leaves
from hexray.net.kept import BEST_FILE, kept_path, kept_versions
from hexray.play.arena import MatchGame, play_match
from hexray.play.openings import draw_openings
from hexray.ratings.ladder_file import LADDER_FILE, read_ladder

TESTED = with_overrides(
    CONFIG,
    {
        "search": {"connections": False},  # it would play 3x3 perfectly whatever the version
        "judge": {"match_pairs": 8, "match_simulations": 4, "versions": 4},
        "promotion": {"elo0": 0.0, "elo1": 100.0},
    },
)
WEIGHTS = TRAINER.published()


class Died(Exception):
    """The process was killed."""


class Servers:
    """Stand for the inference servers: odd versions play perfectly, even ones as badly."""

    def __init__(self) -> None:
        self.loaded: dict[int, int] = {}
        self.loads: list[tuple[int, int]] = []
        self.asked: dict[int, int] = {HOME: 0, RIVAL: 0}
        self.die_after: int | None = None

    def slots(self) -> Slots:
        async def load(published: Published, slot: int) -> None:
            version, weights = published
            assert weights.keys() == WEIGHTS.keys()
            self.loaded[slot] = version
            self.loads.append((slot, version))

        async def match_seconds() -> float:
            return 1e-6 * sum(self.asked.values())

        return Slots(self._evaluate, load, match_seconds)

    def _evaluate(self, slot: int) -> EvaluateAsync:
        def answer(leaves: Leaves) -> Awaitable[Evaluation]:
            return self._answer(leaves, slot)

        return answer

    async def _answer(self, leaves: Leaves, slot: int) -> Evaluation:
        self.asked[slot] += len(leaves.cells)
        if self.die_after is not None and sum(self.asked.values()) > self.die_after:
            raise ConnectionError("the server died")
        version = self.loaded[slot]
        sign = 1 if version % 2 else -1
        said = [perfect(tuple(cells)) for cells in leaves.cells.tolist()]
        logits = np.array([logits for logits, _ in said], np.float32)
        value = np.array([value for _, value in said], np.float32)
        return Evaluation(sign * logits, sign * value, version)


@cache
def perfect(cells: tuple[int, ...]) -> tuple[list[float], float]:
    """Solve a 3x3 position in the mover's view: logits 9 for winning moves, value 0.9 or -0.9."""
    logits = []
    for cell, stone in enumerate(cells):
        after = list(cells)
        after[cell] = 1
        wins = stone == 0 and (
            winner_of(after, 3) == 1
            or perfect(tuple(-after[3 * (k % 3) + k // 3] for k in range(9)))[1] < 0
        )
        logits.append(9.0 * wins)
    return logits, 0.9 if any(logits) else -0.9


def rater_of(run: Path, servers: Servers, config: RunConfig = TESTED) -> Rater:
    now = [0.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    return Rater(config, run, servers.slots(), lambda: now[0], sleep)


def rated(rater: Rater, *versions: int) -> list[dict[str, float]]:
    async def run() -> list[dict[str, float]]:
        return [await rater.rate((version, WEIGHTS)) for version in versions]

    return asyncio.run(run())


def test_the_first_version_is_the_best_without_a_game(tmp_path: Path) -> None:
    servers = Servers()
    [metrics] = rated(rater_of(tmp_path, servers), 3)
    assert metrics["best/version"] == 3
    assert "rating/elo" not in metrics
    assert sum(servers.asked.values()) == 0
    assert json.loads((tmp_path / BEST_FILE).read_text())["version"] == 3
    assert kept_versions(tmp_path) == [3]


def test_the_second_version_plays_the_first_and_is_rated(tmp_path: Path) -> None:
    servers = Servers()
    _, metrics = rated(rater_of(tmp_path, servers), 2, 5)
    assert servers.loaded == {HOME: 5, RIVAL: 2}
    assert metrics["rating/version"] == 5
    assert metrics["rating/games"] == 16
    assert metrics["rating/elo"] > 0
    assert metrics["rating/low"] < metrics["rating/elo"] < metrics["rating/high"]
    assert metrics["rating/cost_s"] > 0


def test_a_stronger_version_becomes_the_best_and_a_weaker_one_does_not(tmp_path: Path) -> None:
    rater = rater_of(tmp_path, Servers())
    *_, metrics = rated(rater, 2, *range(5, 25, 2))
    assert metrics["best/version"] >= 5
    assert metrics["best/promotions"] >= 1
    ladder = read_ladder(tmp_path)
    assert json.loads((tmp_path / BEST_FILE).read_text())["version"] == ladder.best

    other = tmp_path / "other"
    other.mkdir()
    *_, metrics = rated(rater_of(other, Servers()), 1, *range(4, 24, 2))
    assert (metrics["best/version"], metrics["best/promotions"]) == (1, 0)


def test_the_pairs_on_disk_are_those_that_were_played(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[MatchGame] = []

    def watched(*arguments: Any) -> Any:
        for game in play_match(*arguments):
            seen.append(game)
            yield game

    monkeypatch.setattr(module, "play_match", watched)
    rated(rater_of(tmp_path, Servers()), 2, 5)
    [batch] = read_ladder(tmp_path).batches
    won = dict.fromkeys(range(8), 0)
    for game in seen:
        won[game.opening] += game.winner == 0
    points = list(won.values())
    assert (batch.player, batch.opponent) == (5, 2)
    assert list(batch.pairs) == [points.count(point) for point in (0, 1, 2)]


def test_no_game_of_two_versions_is_played_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Over several starts, until all 72 openings of two stones on 3x3 have been played."""
    games: list[tuple[int, tuple[int, ...]]] = []

    def watched(*arguments: Any) -> Any:
        for game in play_match(*arguments):
            games.append((game.red, game.moves))
            yield game

    monkeypatch.setattr(module, "play_match", watched)
    config = with_overrides(TESTED, {"judge": {"match_pairs": 20}})
    for _ in range(6):
        rated(rater_of(tmp_path, Servers(), config), 2, 5)
    assert len(games) == len(set(games)) == 2 * 72
    assert {game[1][:2] for game in games} == set(draw_openings("pairs", 3, 72, 0))


def test_weights_kept_are_bounded_in_number(tmp_path: Path) -> None:
    rated(rater_of(tmp_path, Servers()), *range(1, 31, 2))
    kept, ladder = kept_versions(tmp_path), read_ladder(tmp_path)
    assert len(kept) == 4
    assert {1, ladder.newest, ladder.best} <= set(kept)
    assert len(ladder.batches) == 14


@pytest.mark.parametrize("after", [0, 20, 100])
def test_a_batch_that_a_dead_server_ends_counts_for_nothing(tmp_path: Path, after: int) -> None:
    servers = Servers()
    rater = rater_of(tmp_path, servers)
    rated(rater, 2)
    servers.die_after = after
    with pytest.raises(ConnectionError, match="the server died"):
        rated(rater, 5)
    assert read_ladder(tmp_path).batches == ()
    again = rated(rater_of(tmp_path, Servers()), 5)[-1]
    assert again["rating/games"] == 16


def test_a_restart_goes_on_with_what_was_played(tmp_path: Path) -> None:
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    for folder in (whole, parts):
        folder.mkdir()
    versions = (2, 5, 7, 8, 11, 12)
    rated(rater_of(whole, Servers()), *versions)
    for version in versions:
        rated(rater_of(parts, Servers()), version)
    assert read_ladder(parts) == read_ladder(whole)
    assert (parts / BEST_FILE).read_bytes() == (whole / BEST_FILE).read_bytes()
    assert kept_versions(parts) == kept_versions(whole)


@pytest.mark.parametrize("step", range(12))
def test_death_between_any_two_writes_leaves_a_run_that_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    """A death at each rename: weights, ladder and pointer are written one after another."""
    from hexray import files

    renames = [0]
    rename = files.os.replace

    def dying(*paths: Any) -> None:
        renames[0] += 1
        if renames[0] > step:
            raise Died
        rename(*paths)

    with monkeypatch.context() as patch:
        patch.setattr(files.os, "replace", dying)
        with pytest.raises(Died):
            rated(rater_of(tmp_path, Servers()), 2, *range(5, 31, 2))
    before = read_ladder(tmp_path)
    rater = rater_of(tmp_path, Servers())
    rated(rater, 31, 33, 35)
    ladder = read_ladder(tmp_path)
    assert ladder.batches[: len(before.batches)] == before.batches
    assert len(ladder.batches) >= len(before.batches) + 2
    assert json.loads((tmp_path / BEST_FILE).read_text())["version"] == ladder.best


def test_weights_that_nothing_names_are_removed_at_the_start(tmp_path: Path) -> None:
    """Their number may come again, with other weights, after a crash."""
    rated(rater_of(tmp_path, Servers()), 2, 5)
    kept_path(tmp_path, 9).write_bytes(b"left by a crash")
    rater_of(tmp_path, Servers())
    assert kept_versions(tmp_path) == [2, 5]


def test_a_candidate_whose_weights_are_gone_is_none_any_more(tmp_path: Path) -> None:
    rated(rater_of(tmp_path, Servers()), 2, 5)
    assert read_ladder(tmp_path).candidate == 5
    kept_path(tmp_path, 5).unlink()
    metrics = rated(rater_of(tmp_path, Servers()), 7)[-1]
    assert read_ladder(tmp_path).candidate == 7
    assert metrics["rating/version"] == 7


@pytest.mark.parametrize(
    "damage", [lambda path: path.unlink(), lambda path: path.write_bytes(b"x")]
)
def test_a_best_whose_weights_are_gone_is_named_with_the_remedy(
    tmp_path: Path, damage: Any
) -> None:
    rated(rater_of(tmp_path, Servers()), 2, 5)
    damage(kept_path(tmp_path, 2))
    with pytest.raises(CheckpointError, match=r"00000002\.safetensors.*remove .*ratings\.json"):
        rater_of(tmp_path, Servers())
    (tmp_path / LADDER_FILE).unlink()
    assert rated(rater_of(tmp_path, Servers()), 7)[-1]["best/version"] == 7


def test_a_lost_pointer_is_written_anew(tmp_path: Path) -> None:
    rated(rater_of(tmp_path, Servers()), 2, 5)
    (tmp_path / BEST_FILE).unlink()
    rater_of(tmp_path, Servers())
    assert json.loads((tmp_path / BEST_FILE).read_text())["version"] == 2


def test_a_damaged_ladder_is_named(tmp_path: Path) -> None:
    (tmp_path / LADDER_FILE).write_text("{")
    with pytest.raises(FileFormatError, match=r"ratings\.json"):
        rater_of(tmp_path, Servers())


def test_a_stopped_rater_plays_no_more_and_keeps_nothing_half(tmp_path: Path) -> None:
    async def run() -> dict[str, float]:
        rater = rater_of(tmp_path, Servers())
        await rater.rate((2, WEIGHTS))
        await rater.stop()
        return await rater.rate((5, WEIGHTS))

    assert asyncio.run(run()) == {}
    assert read_ladder(tmp_path).batches == ()


def test_players_that_use_the_best_get_its_weights_when_it_changes(tmp_path: Path) -> None:
    config = with_overrides(TESTED, {"promotion": {"players_use": "best"}})
    servers = Servers()
    rater = rater_of(tmp_path, servers, config)
    asyncio.run(rater.begin((1, WEIGHTS)))
    assert servers.loaded[BEST] == 1
    rated(rater, 2, *range(5, 25, 2))
    assert servers.loaded[BEST] == read_ladder(tmp_path).best != 2
    again = Servers()
    asyncio.run(rater_of(tmp_path, again, config).begin((99, WEIGHTS)))
    assert again.loaded[BEST] == read_ladder(tmp_path).best


def test_players_that_run_ahead_get_nothing_from_the_rater(tmp_path: Path) -> None:
    servers = Servers()
    rater = rater_of(tmp_path, servers)
    asyncio.run(rater.begin((1, WEIGHTS)))
    rated(rater, 2, *range(5, 25, 2))
    assert BEST not in dict(servers.loads)


@pytest.mark.parametrize("module", ["remote_judge", "remote_player", "actors.replay"])
def test_processes_that_ask_a_server_do_without_torch(module: str) -> None:
    """It would take two seconds and 180 MB of each."""
    look = f"import sys, hexray.{module}; print('torch' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True)
    assert said.stdout == "False\n"
