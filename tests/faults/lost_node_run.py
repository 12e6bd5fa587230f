"""A program: the training command on a cluster of which the node with the GPU is lost (F6).

``python lost_node_run.py --run-dir ...`` begins a head without GPU and a node with one, trains,
takes that node away once there is training, adds another 5 s later, and tells on standard output.
The training is a process of its own: nodes are added by the main thread only.
"""

import signal
import subprocess
import sys
import time
from pathlib import Path

from ray.cluster_utils import Cluster

from hexray.metrics import METRICS_FILE, latest_metrics

CPUS = 6


def main(arguments: list[str]) -> int:
    """Return the exit status of the training."""
    cluster = Cluster()
    cluster.add_node(num_cpus=CPUS, num_gpus=0, include_dashboard=False)
    node = cluster.add_node(num_cpus=CPUS, num_gpus=1)
    command = [sys.executable, "-m", "hexray.loop", f"--cluster.address={cluster.address}"]
    training = subprocess.Popen([*command, *arguments])
    signal.signal(signal.SIGTERM, lambda *_: training.terminate())
    [given] = [text for text in arguments if text.startswith("--run-dir=")]
    metrics = Path(given.removeprefix("--run-dir=")) / METRICS_FILE
    while not latest_metrics(metrics).get("learner/rows_trained") and training.poll() is None:
        time.sleep(0.2)
    time.sleep(2)
    cluster.remove_node(node, allow_graceful=False)
    print("the node is gone", flush=True)
    time.sleep(5)
    cluster.add_node(num_cpus=CPUS, num_gpus=1)
    signal.signal(signal.SIGTERM, lambda *_: training.terminate())  # Ray has put its own in place
    print("another node is there", flush=True)
    status = training.wait()
    cluster.shutdown()
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
