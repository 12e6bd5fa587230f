"""The scripts in benchmarks/."""

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent


def test_a_table_is_made_of_what_the_gpu_script_wrote(tmp_path: Path) -> None:
    made = {"players": 7, "evaluations_per_s": 50_000.0, "batch_fill": 0.5, "busy_share": 0.8}
    more = {"players": 14, "evaluations_per_s": 80_000.0, "batch_fill": 0.75, "busy_share": 0.9}
    record = {"board": 11, "net_evaluations_per_s": 100_000.0, "rows": [made, more]}
    (tmp_path / "results.jsonl").write_text(json.dumps(record) + "\n")
    (tmp_path / "gpu-1.csv").write_text(
        "2026/11/21 10:00:00.000, 90 %, 4000 MiB\n2026/11/21 10:00:00.500, 80 %, 4000 MiB\n"
    )
    script = ROOT / "benchmarks" / "gpu_table.py"
    done = subprocess.run(
        [sys.executable, str(script), str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[2:] == [
        "| 11x11 | 7 | 100.0 k | 50.0 k | 0.50 | 0.50 | 0.80 |  |",
        "| 11x11 | 14 | 100.0 k | 80.0 k | 0.80 | 0.75 | 0.90 | 0.85 |",
    ]


def test_without_a_gpu_the_gpu_script_says_what_is_missing(tmp_path: Path) -> None:
    done = subprocess.run(
        ["bash", str(ROOT / "benchmarks" / "gpu.sh"), str(tmp_path / "out")],
        env={**os.environ, "PYTHON": sys.executable, "CUDA_VISIBLE_DEVICES": ""},
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert done.returncode == 1
    assert "torch finds no GPU here; install a CUDA build of torch" in done.stderr
