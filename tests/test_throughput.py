"""The self-play benchmark measures what it says."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from hexray.config import InferenceSettings, NetSettings, with_overrides
from hexray.net.speed import measure_speed
from hexray.presets import quick
from hexray.throughput import measure_selfplay

NET = NetSettings(blocks=1, channels=8)
PLAIN = InferenceSettings(precision="float32")


def test_the_bare_network_is_measured_for_every_batch() -> None:
    speeds = measure_speed(NET, PLAIN, 3, [4, 64], 0.1)
    assert [speed.batch_rows for speed in speeds] == [4, 64]
    assert speeds[1].evaluations_per_s > speeds[0].evaluations_per_s > 0
    assert {speed.precision for speed in speeds} == {"float32"}


@pytest.mark.ray
def test_self_play_asks_for_the_promised_evaluations_a_move(ray_here: None) -> None:
    config = with_overrides(
        quick(7),
        {
            "net": {"blocks": 1, "channels": 8},
            "inference": {"precision": "float32"},
            "search": {"simulations": 9, "candidates": 4},
            "selfplay": {"players": 1, "games": 8},
        },
    )
    speed = measure_selfplay(config, 2.0)
    # Each move asks for its root and at most nine more; positions already won cost nothing.
    assert 8 < speed.evaluations_per_s / speed.moves_per_s <= 10.5
    assert speed.games_per_s > 0
    assert speed.batch_mean >= 8


@pytest.mark.process
@pytest.mark.timeout(180)
def test_the_command_ends_with_a_line_of_json(tmp_path: Path) -> None:
    shape = "--board 3 --blocks 1 --channels 8 --simulations 4 --seconds 1"
    done = subprocess.run(
        [sys.executable, "-m", "hexray.cli", "bench", "selfplay", *shape.split(), "--json"],
        env={**os.environ, "HOME": str(tmp_path), "CXX": "no-compiler-so-that-it-is-quick"},
        capture_output=True,
        text=True,
        timeout=170,
    )
    assert done.returncode == 0, done.stderr
    record = json.loads(done.stdout.splitlines()[-1])
    assert {"evaluations_per_s", "moves_per_s", "games_per_s", "batch_mean"} <= record.keys()
    assert record["precision"] in ("float32", "bfloat16")
    made, possible = record["evaluations_per_s"], record["net_evaluations_per_s"]
    assert record["fraction_of_net"] == pytest.approx(made / possible)
