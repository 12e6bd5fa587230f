"""F28: the same seed, the same games, rows and weights, byte for byte."""

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

pytestmark = [pytest.mark.process, pytest.mark.timeout(180)]

RUN = {
    "board": 3,
    "seed": 5,
    "net": {"blocks": 1, "channels": 8},
    "search": {"simulations": 4, "candidates": 4},
    "selfplay": {"games": 16},
    "inference": {"precision": "float32"},
    "learner": {"batch_rows": 32, "batches": 4, "precision": "float32"},
    "cluster": {"dashboard": False},
}


def _made(folder: Path, home: dict[str, str], seed: int) -> dict[str, str]:
    """Play, train and play again with the network trained; return the hash of every file."""
    folder.mkdir()
    settings = folder / "pipeline.yaml"
    given = {
        "work": str(folder / "work"),
        "workers": 1,
        "cycles": 2,
        "target_positions": 200,
        "task_games": 16,
        "keep": True,
        "steps": {"buckets": 2, "epochs": 2, "checkpoint_rows": 256},
        "run": {**RUN, "seed": seed},
    }
    settings.write_text(yaml.safe_dump(given))
    command = [sys.executable, "-m", "hexray.cli", "pipeline", "--config", str(settings)]
    subprocess.run(command, env=home, check=True, stdout=subprocess.DEVNULL)
    kinds = ("*.parquet", "*.safetensors")
    files = [path for kind in kinds for path in (folder / "work").rglob(kind)]
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
    }


@pytest.mark.long
def test_the_same_seed_makes_the_same_games_and_weights(
    tmp_path: Path, home: dict[str, str]
) -> None:
    first, second, other = (
        _made(tmp_path / name, home, seed) for name, seed in (("a", 5), ("b", 5), ("c", 6))
    )
    assert first == second
    assert sum(name.endswith("served.safetensors") for name in first) >= 2
    assert sum("selfplay" in name for name in first) >= 2
    for kind in ("served.safetensors", "selfplay"):
        of_kind = [{hash for name, hash in made.items() if kind in name} for made in (first, other)]
        assert not of_kind[0] & of_kind[1]
