#!/usr/bin/env bash
# Measure hexray on the GPUs of this machine in under 8 minutes; needs no network connection.
#
#     benchmarks/gpu.sh [FOLDER]        results go to FOLDER, by default gpu-results
#
# Writes the machine and the versions to machine.txt, one JSON line a benchmark to results.jsonl,
# what the GPU did meanwhile to gpu-N.csv, and a table to read to table.md. PYTHON names the Python
# that has hexray installed, SECONDS_EACH the seconds of self-play in each benchmark.
set -euo pipefail
cd "$(dirname "$0")/.."

out=${1:-gpu-results}
python=${PYTHON:-python3}
seconds=${SECONDS_EACH:-30}
if ! "$python" -c "import hexray, torch" 2> /dev/null; then
    echo "benchmarks/gpu.sh: $python has no hexray or no torch; name another by PYTHON" >&2
    exit 1
fi
mkdir -p "$out"

"$python" - > "$out/machine.txt" <<'PY'
import os, platform, sys, torch
if not torch.cuda.is_available():
    sys.exit("benchmarks/gpu.sh: torch finds no GPU here; install a CUDA build of torch")
gpus = [torch.cuda.get_device_name(index) for index in range(torch.cuda.device_count())]
print(f"{', '.join(gpus)}; {os.cpu_count()} cores, {platform.processor() or platform.machine()}")
print(f"torch {torch.__version__}, Python {platform.python_version()}")
PY
cat "$out/machine.txt"

batches=(--batches 512 1024 2048 4096)
nvidia-smi --query-gpu=timestamp,utilization.gpu,memory.used --format=csv --loop-ms=500 \
    > "$out/gpu.csv" &
watcher=$!
trap 'kill "$watcher" 2> /dev/null || true' EXIT

# A core is left to each server, one to the driver.
gpus=$(nvidia-smi --list-gpus | wc -l)
players=$((($(nproc) - gpus - 1) / gpus))
: > "$out/results.jsonl"

selfplay() {
    "$python" -m hexray.cli bench selfplay --simulations 32 --servers "$gpus" \
        "${batches[@]}" --seconds "$seconds" --json "$@" | tail -n 1 >> "$out/results.jsonl"
    # The last thing a benchmark does is self-play with the most players.
    tail -n "$((2 * seconds - 2))" "$out/gpu.csv" > "$out/gpu-$(wc -l < "$out/results.jsonl").csv"
}

selfplay --board 11 --blocks 10 --channels 128 --players "$((players / 2))" "$players"
selfplay --board 9 --blocks 6 --channels 64 --players "$((players / 2))" "$players"

"$python" benchmarks/gpu_table.py "$out" | tee "$out/table.md"
