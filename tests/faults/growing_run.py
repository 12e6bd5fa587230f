"""A program: the training command on a cluster that loses a node with a GPU and gets another.

``python growing_run.py --run-dir ...`` begins a head without GPU and two nodes with one each,
trains, takes one of these away once both servers work (that of the number ``HEXRAY_TEST_PLACE``),
adds another when training has gone on, and tells on standard output. The training is a process of
its own: nodes are added by the main thread only.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from ray.cluster_utils import Cluster

from hexray.metrics import METRICS_FILE, latest_metrics

CPUS = 4


def main(arguments: list[str]) -> int:
    """Return the exit status of the training."""
    cluster = Cluster()
    cluster.add_node(num_cpus=1, num_gpus=0, include_dashboard=False)
    nodes = [cluster.add_node(num_cpus=CPUS, num_gpus=1) for _ in range(2)]
    command = [sys.executable, "-m", "hexray.loop", f"--address={cluster.address}"]
    training = subprocess.Popen([*command, *arguments])
    signal.signal(signal.SIGTERM, lambda *_: training.terminate())
    [given] = [text for text in arguments if text.startswith("--run-dir=")]
    metrics = Path(given.removeprefix("--run-dir=")) / METRICS_FILE

    def metric(name: str) -> float:
        return latest_metrics(metrics).get(name, 0.0)

    def wait_for(is_true: Callable[[], bool]) -> None:
        while not is_true() and training.poll() is None:
            time.sleep(0.2)

    rates = [f"server-{index}/evaluations_per_s" for index in range(2)]
    wait_for(lambda: all(map(metric, rates)) and metric("learner/rows_trained") > 0)
    cluster.remove_node(nodes[int(os.environ["HEXRAY_TEST_PLACE"])], allow_graceful=False)
    print("a node is gone", flush=True)
    wait_for(lambda: sum(metric(rate) == 0 for rate in rates) == 1)
    trained = metric("learner/rows_trained")
    wait_for(lambda: metric("learner/rows_trained") > trained + 500)
    print("training goes on", flush=True)
    cluster.add_node(num_cpus=CPUS, num_gpus=1)
    signal.signal(signal.SIGTERM, lambda *_: training.terminate())  # Ray has put its own in place
    print("another node is there", flush=True)
    status = training.wait()
    cluster.shutdown()
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
