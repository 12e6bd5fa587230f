"""Self-play, the bare network and the server are measured as they say."""

import os

import pytest

from hexray.config import InferenceSettings, NetSettings, RunConfig, with_overrides
from hexray.net.speed import measure_speed
from hexray.presets import quick
from hexray.throughput import network
from hexray.throughput.network import measure_net
from hexray.throughput.selfplay import measure_selfplay
from hexray.throughput.server import measure_server

NET = NetSettings(blocks=1, channels=8)
PLAIN = InferenceSettings(precision="float32")


def test_the_bare_network_is_measured_for_every_batch() -> None:
    speeds = measure_speed(NET, PLAIN, 3, [4, 64], 0.1)
    assert [speed.batch_rows for speed in speeds] == [4, 64]
    assert speeds[1].evaluations_per_s > speeds[0].evaluations_per_s > 0
    assert {(speed.precision, speed.backend) for speed in speeds} == {("float32", "eager")}


@pytest.mark.ray
def test_the_best_of_all_batches_runs_on_every_core(
    ray_here: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(network, "PROBE_SECONDS", 0.1)
    monkeypatch.setenv("CXX", "no-compiler-so-that-it-is-quick")
    config = with_overrides(RunConfig(board=3), {"net": NET.model_dump()})
    notes: list[str] = []
    speed = measure_net(config, [2, 128], 0.5, notes.append)
    assert [tried.batch_rows for tried in speed.tried] == [2, 128]
    assert speed.best.batch_rows == 128
    assert speed.processes <= (os.cpu_count() or 1)
    assert speed.evaluations_per_s > speed.tried[0].evaluations_per_s
    assert len(notes) == 3


@pytest.mark.ray
def test_a_server_is_measured_with_every_number_of_clients(ray_here: None) -> None:
    config = with_overrides(
        quick(3), {"net": NET.model_dump(), "inference": {"precision": "float32"}}
    )
    speeds = measure_server(config, [1, 2], [8, 64], 0.5)
    assert [(speed.clients, speed.rows) for speed in speeds] == [(1, 8), (1, 64), (2, 8), (2, 64)]
    for speed in speeds:
        # Each client has two requests under way, and a batch with all of them goes at once.
        assert speed.rows <= speed.batch_mean <= 2 * speed.clients * speed.rows
        assert 0 < speed.busy_share < 1
        assert speed.wait_ms_p99 >= speed.wait_ms_p50 > 0


@pytest.mark.ray
def test_self_play_asks_for_the_promised_evaluations_a_move(ray_here: None) -> None:
    config = with_overrides(
        quick(7),
        {
            "net": {"blocks": 1, "channels": 8},
            "inference": {"precision": "float32"},
            "search": {"simulations": 9, "candidates": 4, "connections": False},
            "selfplay": {"players": 1, "games": 8},
        },
    )
    speed = measure_selfplay(config, 2.0)
    # Each move asks for its root and at most nine more; positions already won cost nothing, and
    # without connections there are few of them.
    assert 8 < speed.evaluations_per_s / speed.moves_per_s <= 10.5
    assert speed.games_per_s > 0
    assert speed.batch_mean >= 8
    assert 0 < speed.busy_share < 1
    assert speed.batch_fill == pytest.approx(speed.batch_mean / 512)
