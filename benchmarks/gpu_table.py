"""Turn what benchmarks/gpu.sh wrote into a table: ``gpu_table.py FOLDER``."""

import csv
import json
import statistics
import sys
from pathlib import Path

HEAD = (
    "board",
    "players",
    "bare network, evaluations/s",
    "self-play, evaluations/s",
    "fraction",
    "batch fill",
    "server busy",
    "GPU busy",
)


def table(folder: Path) -> str:
    """Lay out the lines of ``results.jsonl``; ``GPU busy`` is the mean of ``gpu-N.csv``."""
    lines = (folder / "results.jsonl").read_text().splitlines()
    rows = [HEAD, ("---",) * len(HEAD)]
    for number, line in enumerate(lines, start=1):
        record = json.loads(line)
        busy = gpu_busy(folder / f"gpu-{number}.csv")
        for made in record["rows"]:
            is_last = made is record["rows"][-1]
            rows.append(
                (
                    f"{record['board']}x{record['board']}",
                    f"{made['players']}",
                    f"{record['net_evaluations_per_s'] / 1000:.1f} k",
                    f"{made['evaluations_per_s'] / 1000:.1f} k",
                    f"{made['evaluations_per_s'] / record['net_evaluations_per_s']:.2f}",
                    f"{made['batch_fill']:.2f}",
                    f"{made['busy_share']:.2f}",
                    f"{busy:.2f}" if is_last else "",
                )
            )
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def gpu_busy(path: Path) -> float:
    """Return the mean share of time in which the GPUs worked, from samples of nvidia-smi."""
    with path.open(newline="") as samples:
        shares = [float(row[1].strip().removesuffix(" %")) / 100 for row in csv.reader(samples)]
    return statistics.mean(shares)


if __name__ == "__main__":
    print(table(Path(sys.argv[1])))
