"""What players cost: figures by hand, planted players that slow down or hoard, and real ones."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made_checkpoints import made
from numpy.typing import NDArray

from hexray.cli import probe_players
from hexray.cli.probe_players import memory, speed
from hexray.config import RunConfig
from hexray.errors import ActorDied, CheckpointError, SettingsError
from hexray.game.board import Boards
from hexray.net.checkpoint import save_checkpoint
from hexray.play.players import RandomPlayer
from hexray.probes.player_kinds import (
    KINDS,
    Bench,
    Measured,
    measure,
    measure_apart,
    player_of,
    search_of,
)
from hexray.probes.speed import find_memory, find_speed, memory_row, speed_row

STEADY = Measured(
    kind="network",
    ms=[2.0] * 38 + [10.0] * 2,
    per_s=3000.0,
    together=64,
    before_mb=300.0,
    peak_mb=420.0,
    later_mb=[400.0] * 50,
    tree_bytes=None,
)


class Hoarder(RandomPlayer):
    """Keeps a megabyte for every lot of moves."""

    kept: list[bytes]

    def choose(self, boards: Boards, histories: Sequence[Sequence[int]]) -> NDArray[np.int64]:
        self.kept = [*getattr(self, "kept", []), b"x" * 2**20]
        return super().choose(boards, histories)


def test_figures_by_hand() -> None:
    row = speed_row(STEADY)
    assert (row["ms_median"], row["moves"]) == (2.0, 40)
    assert row["alone_per_s"] == pytest.approx(1000 / 2.4)
    assert row["ms_p95"] == pytest.approx(2.0 + 0.05 * 8, abs=0.01)


def test_steady_players_are_only_measured() -> None:
    for found in (find_speed([STEADY], 7), find_memory([STEADY], 7)):
        assert found.is_sound
        assert found.verdict == "1 kinds of players measured"


def test_a_player_that_slows_down_is_named() -> None:
    slow = STEADY._replace(kind="mcts", ms=list(np.linspace(1, 3, 30)) + [20.0] * 15)
    found = find_speed([STEADY, slow], 7)
    assert (found.verdict, found.is_sound) == ("slows down: mcts", False)


def test_too_few_moves_are_not_called_fine() -> None:
    found = find_speed([STEADY._replace(ms=[5.0] * 4)], 7)
    assert (found.verdict, found.is_sound) == ("too few moves to judge: network", False)


def test_a_player_that_takes_ever_more_memory_is_named() -> None:
    growing = STEADY._replace(kind="minimax", later_mb=list(np.linspace(400, 600, 50)))
    found = find_memory([STEADY, growing], 7)
    assert (found.verdict, found.is_sound) == ("takes ever more: minimax", False)


def test_memory_that_is_kept_is_seen() -> None:
    bench = Bench(None, 3, 0.6, 1)
    grows = memory_row(measure("random", Hoarder(1), bench, None))["growth_mb"]
    stays = memory_row(measure("random", RandomPlayer(1), bench, None))["growth_mb"]
    assert grows > stays + 5


def test_a_network_searches_as_its_run_does() -> None:
    config = RunConfig()
    assert search_of(config, "mcts", None).simulations == config.search.simulations
    assert search_of(config, "mcts", 33).simulations == 33
    assert search_of(config, "minimax", None).widths == config.search.widths


def test_what_fails_in_the_other_process_is_told() -> None:
    with pytest.raises(ActorDied, match=r"mcts cannot play 5x5: .*nowhere"):
        measure_apart("mcts", Bench("nowhere", 5, 0.1, 0))


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_plays_whole_games(kind: str, tmp_path: Path) -> None:
    save_checkpoint(tmp_path / "run" / "checkpoints", made(3))
    bench = Bench(str(tmp_path / "run"), 3, 0.05, 1)
    player, tree = player_of(kind, bench)
    found = measure(kind, player, bench, tree)
    assert found.per_s > 0
    assert len(found.ms) >= 1
    assert (found.tree_bytes is not None) == (kind == "mcts")


def test_each_kind_is_measured_in_a_process_of_its_own(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run, results = tmp_path / "run", tmp_path / "results"
    save_checkpoint(run / "checkpoints", made(3))
    assert memory(run, ("mcts",), seconds=0.2, results=results, json_output=True) == 0
    said = capsys.readouterr()
    found = json.loads(said.out)
    row = found["numbers"]["kinds"]["mcts"]
    assert 20 < row["before_mb"] <= row["peak_mb"] < 4000
    assert row["tree_bytes"] > 3 * 3 * 16
    assert "peak_mb" in said.err
    assert (Path(found["folder"]) / "picture.png").read_bytes()[:4] == b"\x89PNG"


def test_speed_writes_a_table_and_a_picture(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(probe_players, "measure_apart", lambda *_: STEADY)
    assert speed(Path("shipped"), ("network",), board=3, results=tmp_path) == 0
    said = capsys.readouterr()
    assert "network 3,000 moves/s, 2 ms a move alone (95 % within 2.4)" in said.out
    assert "ms_p95" in said.err
    assert len(list(tmp_path.rglob("picture.png"))) == 1


@pytest.mark.parametrize(
    ("options", "said"),
    [({"seconds": 0.0}, "--seconds"), ({"board": 20}, "--board"), ({"simulations": 0}, "--sim")],
)
def test_mistakes_are_named(options: dict[str, Any], said: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=said):
        speed(Path("shipped"), ("random",), results=tmp_path, **options)


def test_a_network_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="nowhere"):
        memory(Path("nowhere"), results=tmp_path)
